"""What each BPMN element does with a token: Spiff task specs of our own, one class a behaviour.

They follow BPMN 2.0 clause 13 where SpiffWorkflow's own specs do not (joins inside loops, events
that happen more than once), look one step ahead only, and keep no data in tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.control import SimpleBpmnTask
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.diagrams import Element

LIVE = TaskState.WAITING | TaskState.READY | TaskState.STARTED


class StepFailed(Exception):
    """An automatic step can't be done now: the token stays where it is, with an incident."""


class Step(BpmnTaskSpec):
    """A spec that looks one step ahead only and keeps no data in its tokens."""

    element: Element | None = None

    def _predict(
        self, my_task: Task, seen: Any = None, looked_ahead: int = 0, mask: int = 0
    ) -> None:
        pass

    def _update(self, my_task: Task) -> None:
        if self._update_hook(my_task):
            self._look_ahead(my_task)
            my_task._ready()

    def _look_ahead(self, my_task: Task) -> None:
        if not my_task._children:
            my_task._sync_children(self.outputs, TaskState.FUTURE)

    def _update_hook(self, my_task: Task) -> bool:
        return True

    def test(self) -> None:
        pass


class UserTask(Step):
    def __init__(self, wf_spec: BpmnProcessSpec, name: str) -> None:
        super().__init__(wf_spec, name, manual=True)


class CallActivity(UserTask):
    """A wait state: the called process is an instance of its own."""


class Work(Step):
    """A service task or business rule task: done by the host before the token moves on."""

    def _run_hook(self, my_task: Task) -> bool:
        my_task.workflow.top_workflow.run.host.perform(self.element)
        return True


class Activation(Step):
    """Stands before an activity with boundary events: starts it and arms them."""

    def _on_complete_hook(self, my_task: Task) -> None:
        run = my_task.workflow.top_workflow.run
        main, *events = my_task.children
        number = run.number(main)
        for event in events:
            event.internal_data["on"] = number


class CatchEvent(Step):
    def _update_hook(self, my_task: Task) -> bool:
        if my_task.internal_data.get("fired"):
            return True
        my_task._set_state(TaskState.WAITING)
        return False


class ThrowEvent(Step):
    def _on_complete_hook(self, my_task: Task) -> None:
        if self.element is not None and self.element.event is not None:
            my_task.workflow.top_workflow.run.throw(my_task, self.element, self.element.event)


class TerminateEvent(Step):
    """BPMN 2.0 13.5.6: ends its process or sub-process at once."""

    def _on_complete_hook(self, my_task: Task) -> None:
        for task in list(my_task.workflow.tasks.values()):
            if task is not my_task and task._state & LIVE:
                task.cancel()
        my_task.workflow._mark_complete(my_task)


class SubProcess(Step, SubWorkflowTask):
    def __init__(self, wf_spec: BpmnProcessSpec, name: str) -> None:
        super().__init__(wf_spec, name, subworkflow_spec=name)

    def _update_hook(self, my_task: Task) -> bool:
        workflow = my_task.workflow.top_workflow.get_subprocess(my_task)
        if workflow is None:
            my_task._set_state(TaskState.STARTED)
            self._look_ahead(my_task)
            self.start_workflow(my_task)
            return False
        return bool(workflow.completed)


class Choice(Step):
    """An exclusive, or the splitting side of an inclusive gateway (BPMN 2.0 13.4.2, 13.4.3)."""

    def __init__(self, wf_spec: BpmnProcessSpec, name: str, several: bool) -> None:
        super().__init__(wf_spec, name)
        self.several = several
        self.flows: list[tuple[str, str | None, str, bool]] = []

    def _look_ahead(self, my_task: Task) -> None:
        pass

    def _run_hook(self, my_task: Task) -> bool:
        chosen, targets = self._choose(my_task)
        my_task.internal_data["chose"] = chosen
        my_task._sync_children(
            [self._wf_spec.task_specs[target] for target in targets], TaskState.FUTURE
        )
        return True

    def _choose(self, my_task: Task) -> tuple[list[str], list[str]]:
        host = my_task.workflow.top_workflow.run.host
        chosen: list[str] = []
        targets: list[str] = []
        for flow, condition, target, is_default in self.flows:
            if is_default:
                continue
            if condition is None or host.evaluate(condition) is True:
                chosen.append(flow)
                targets.append(target)
                if not self.several:
                    return chosen, targets
        if not chosen:
            for flow, _, target, is_default in self.flows:
                if is_default:
                    return [flow], [target]
            raise StepFailed(
                "No condition on the flows out of this gateway is met, and none of them is the "
                "default. Draw a default flow."
            )
        return chosen, targets


class EventGateway(Step):
    """BPMN 2.0 13.4.4: the first of the events behind it that happens wins."""

    def _on_complete_hook(self, my_task: Task) -> None:
        number = my_task.workflow.top_workflow.run.number(my_task)
        for child in my_task.children:
            child.internal_data["race"] = number


class Join(Step):
    """Waits for tokens on its incoming flows and consumes one of each (BPMN 2.0 13.4.1)."""

    def _arrivals(self, my_task: Task) -> dict[str, Task]:
        """The token that came first on each incoming flow, this one included."""
        my_task.internal_data.setdefault("from", my_task.parent.task_spec.name)
        first: dict[str, Task] = {}
        for task in my_task.workflow.tasks.values():
            if task.task_spec is self and (task is my_task or task._state == TaskState.WAITING):
                first.setdefault(task.internal_data["from"], task)
        return first

    def _may_pass(self, my_task: Task, arrivals: Mapping[str, Task]) -> bool:
        return len(arrivals) == len(set(self._inputs))

    def _update_hook(self, my_task: Task) -> bool:
        if len(self._inputs) < 2:
            return True
        arrivals = self._arrivals(my_task)
        if not self._may_pass(my_task, arrivals):
            my_task._set_state(TaskState.WAITING)
            return False
        passing = arrivals[my_task.internal_data["from"]]
        for task in arrivals.values():
            if task is not passing:
                task.cancel()
        if passing is my_task:
            return True
        # Several tokens came by this flow: the one that waited longest goes on.
        my_task._set_state(TaskState.WAITING)
        self._look_ahead(passing)
        passing._ready()
        return False


class ParallelGateway(Join):
    pass


class InclusiveGateway(Choice, Join):
    """BPMN 2.0 13.4.3: waits for every token that can still arrive, then chooses."""

    def __init__(self, wf_spec: BpmnProcessSpec, name: str) -> None:
        super().__init__(wf_spec, name, several=True)
        self._reach: dict[str, frozenset[str]] | None = None

    def _update_hook(self, my_task: Task) -> bool:
        return Join._update_hook(self, my_task)

    def _may_pass(self, my_task: Task, arrivals: Mapping[str, Task]) -> bool:
        reach = self._reachability()
        empty = [name for name in self._inputs if name not in arrivals]
        for task in my_task.workflow.tasks.values():
            if not task._state & LIVE or task.task_spec is self:
                continue
            if task._state == TaskState.WAITING and "on" in task.internal_data:
                continue
            at = task.task_spec.name
            if any(at in reach[name] for name in empty) and not any(
                at in reach[name] for name in arrivals
            ):
                return False
        return True

    def _reachability(self) -> dict[str, frozenset[str]]:
        """For each input: the specs from which it is reached without passing this gateway."""
        if self._reach is None:
            self._reach = {}
            for name in set(self._inputs):
                seen = {name}
                todo = [name]
                while todo:
                    for before in self._wf_spec.task_specs[todo.pop()]._inputs:
                        if before not in seen and before != self.name:
                            seen.add(before)
                            todo.append(before)
                self._reach[name] = frozenset(seen)
        return self._reach


class ScopeEnd(Step):
    """Ends the process or sub-process when no token is left in it."""

    def _update_hook(self, my_task: Task) -> bool:
        for task in list(my_task.workflow.tasks.values()):
            if task is my_task or not task._state & LIVE:
                continue
            if task.task_spec is self:
                task.cancel()
            else:
                my_task._set_state(TaskState.WAITING)
                return False
        return True


class Scope(BpmnProcessSpec):
    """The spec of one process or sub-process."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        for stock in (f"{name}.EndJoin", "End"):
            del self.task_specs[stock]
        self.end: Step = ScopeEnd(self, f"{name}:end")
        self.end.connect(SimpleBpmnTask(self, "End"))
