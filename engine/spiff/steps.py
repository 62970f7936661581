"""What each BPMN element does with a token: Spiff task specs of our own, one class a behaviour.

They follow BPMN 2.0 clause 13 where SpiffWorkflow's own specs do not (joins inside loops, events
that happen more than once), look one step ahead only, and keep no data in tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.util.task import TaskState

from engine.diagrams import Element
from engine.spiff.tree import LIVE, STARTED, WAITING, Place


class StepFailed(Exception):
    """An automatic step can't be done now: the token stays where it is, with an incident."""


class Step(BpmnTaskSpec):
    """A spec that makes what follows a token only when the token moves on."""

    element: Element | None = None

    @cached_property
    def following(self) -> tuple[Step, ...]:
        """What stands behind this step; known once the whole scope is connected."""
        return tuple(self._wf_spec.task_specs[name] for name in self._outputs)

    def _predict(
        self, my_task: Place, seen: Any = None, looked_ahead: int = 0, mask: int = 0
    ) -> None:
        pass

    def _update(self, my_task: Place) -> None:
        if self._update_hook(my_task):
            my_task._ready()

    def _update_hook(self, my_task: Place) -> bool:
        return True

    def _run_hook(self, my_task: Place) -> bool:
        return True

    def _chosen(self, my_task: Place) -> Iterable[Step]:
        """The steps that a token of this one goes on to."""
        return self.following

    def _on_complete(self, my_task: Place) -> None:
        tasks = [my_task._add_child(step) for step in self._chosen(my_task)]
        self._on_complete_hook(my_task)
        for task in tasks:
            if not task._state & TaskState.FINISHED_MASK:
                task.task_spec._update(task)
        my_task.workflow._task_completed_notify(my_task)

    def _on_complete_hook(self, my_task: Place) -> None:
        pass

    def _on_cancel(self, my_task: Place) -> None:
        pass


class First(Step):
    """Before the start event of a scope; Spiff hangs everything below it."""


class Last(Step):
    """Behind the end of a scope; reaching it completes the scope."""


class UserTask(Step):
    def __init__(self, wf_spec: BpmnProcessSpec, name: str) -> None:
        super().__init__(wf_spec, name, manual=True)


class CallActivity(UserTask):
    """A wait state: the called process is an instance of its own."""


class Work(Step):
    """A service task or business rule task: done by the host before the token moves on."""

    def _run_hook(self, my_task: Place) -> bool:
        my_task.workflow.top_workflow.run.host.perform(self.element)
        return True


class Activation(Step):
    """Stands before an activity with boundary events: starts it and arms them."""

    def _on_complete_hook(self, my_task: Place) -> None:
        run = my_task.workflow.top_workflow.run
        main, *events = my_task.children
        number = run.number(main)
        for event in events:
            event.internal_data["on"] = number


class CatchEvent(Step):
    def _update_hook(self, my_task: Place) -> bool:
        if my_task.internal_data.get("fired"):
            return True
        my_task._set_state(WAITING)
        return False


class ThrowEvent(Step):
    def _on_complete_hook(self, my_task: Place) -> None:
        if self.element is not None and self.element.event is not None:
            my_task.workflow.top_workflow.run.throw(my_task, self.element, self.element.event)


class TerminateEvent(Step):
    """BPMN 2.0 13.5.6: ends its process or sub-process at once."""

    def _on_complete_hook(self, my_task: Place) -> None:
        for task in list(my_task.workflow.tasks.values()):
            if task is not my_task and task._state & LIVE:
                task.cancel()
        my_task.workflow._mark_complete(my_task)


class SubProcess(Step, SubWorkflowTask):
    def __init__(self, wf_spec: BpmnProcessSpec, name: str) -> None:
        super().__init__(wf_spec, name, subworkflow_spec=name)

    def _update_hook(self, my_task: Place) -> bool:
        workflow = my_task.workflow.top_workflow.get_subprocess(my_task)
        if workflow is None:
            my_task._set_state(STARTED)
            branch = my_task.workflow.top_workflow.create_subprocess(my_task, self.spec)
            branch.task_tree.run()
            return False
        return bool(workflow.completed)

    def _on_cancel(self, my_task: Place) -> None:
        SubWorkflowTask._on_cancel(self, my_task)


class Choice(Step):
    """An exclusive, or the splitting side of an inclusive gateway (BPMN 2.0 13.4.2, 13.4.3)."""

    def __init__(self, wf_spec: BpmnProcessSpec, name: str, several: bool) -> None:
        super().__init__(wf_spec, name)
        self.several = several
        self.flows: list[tuple[str, str | None, str, bool]] = []

    def _run_hook(self, my_task: Place) -> bool:
        chosen = self._choose(my_task)
        my_task.internal_data["chose"] = [flow for flow, _ in chosen]
        my_task.internal_data["to"] = [target for _, target in chosen]
        return True

    def _chosen(self, my_task: Place) -> Iterable[Step]:
        specs = self._wf_spec.task_specs
        return [specs[target] for target in my_task.internal_data["to"]]

    def _choose(self, my_task: Place) -> list[tuple[str, str]]:
        """The flows that are taken, each with the name of the step that it leads to."""
        host = my_task.workflow.top_workflow.run.host
        chosen: list[tuple[str, str]] = []
        for flow, condition, target, is_default in self.flows:
            if is_default:
                continue
            if condition is None or host.evaluate(condition) is True:
                chosen.append((flow, target))
                if not self.several:
                    return chosen
        if not chosen:
            for flow, _, target, is_default in self.flows:
                if is_default:
                    return [(flow, target)]
            raise StepFailed(
                "No condition on the flows out of this gateway is met, and none of them is the "
                "default. Draw a default flow."
            )
        return chosen


class EventGateway(Step):
    """BPMN 2.0 13.4.4: the first of the events behind it that happens wins."""

    def _on_complete_hook(self, my_task: Place) -> None:
        number = my_task.workflow.top_workflow.run.number(my_task)
        for child in my_task.children:
            child.internal_data["race"] = number


class Join(Step):
    """Waits for tokens on its incoming flows and consumes one of each (BPMN 2.0 13.4.1)."""

    def _arrivals(self, my_task: Place) -> dict[str, Place]:
        """The token that came first on each incoming flow, this one included."""
        my_task.internal_data.setdefault("from", my_task.parent.task_spec.name)
        first: dict[str, Place] = {}
        for task in my_task.workflow.tasks.values():
            if task.task_spec is self and (task is my_task or task._state == WAITING):
                first.setdefault(task.internal_data["from"], task)
        return first

    def _may_pass(self, my_task: Place, arrivals: Mapping[str, Place]) -> bool:
        return len(arrivals) == len(set(self._inputs))

    def _update_hook(self, my_task: Place) -> bool:
        if len(self._inputs) < 2:
            return True
        arrivals = self._arrivals(my_task)
        if not self._may_pass(my_task, arrivals):
            my_task._set_state(WAITING)
            return False
        passing = arrivals[my_task.internal_data["from"]]
        for task in arrivals.values():
            if task is not passing:
                task.cancel()
        if passing is my_task:
            return True
        # Several tokens came by this flow: the one that waited longest goes on.
        my_task._set_state(WAITING)
        passing._ready()
        return False


class ParallelGateway(Join):
    pass


class InclusiveGateway(Choice, Join):
    """BPMN 2.0 13.4.3: waits for every token that can still arrive, then chooses."""

    def __init__(self, wf_spec: BpmnProcessSpec, name: str) -> None:
        super().__init__(wf_spec, name, several=True)
        self._reach: dict[str, frozenset[str]] | None = None

    def _update_hook(self, my_task: Place) -> bool:
        return Join._update_hook(self, my_task)

    def _may_pass(self, my_task: Place, arrivals: Mapping[str, Place]) -> bool:
        reach = self._reachability()
        empty = [name for name in self._inputs if name not in arrivals]
        for task in my_task.workflow.tasks.values():
            if not task._state & LIVE or task.task_spec is self:
                continue
            if task._state == WAITING and "on" in task.internal_data:
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

    def _update_hook(self, my_task: Place) -> bool:
        for task in list(my_task.workflow.tasks.values()):
            if task is my_task or not task._state & LIVE:
                continue
            if task.task_spec is self:
                task.cancel()
            else:
                my_task._set_state(WAITING)
                return False
        return True


class Scope(BpmnProcessSpec):
    """The spec of one process or sub-process."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.task_specs.clear()
        self.start: Step = First(self, "Start")
        self.end: Step = ScopeEnd(self, f"{name}:end")
        self.last: Step = Last(self, "End")
        self.end.connect(self.last)

    @cached_property
    def joins(self) -> frozenset[Step]:
        """The steps at which a token may wait for others."""
        return frozenset(
            step for step in self.task_specs.values() if isinstance(step, (Join, ScopeEnd))
        )
