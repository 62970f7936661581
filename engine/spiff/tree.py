"""SpiffWorkflow's task tree, as light as an instance needs it that is restored for one step.

Spiff's own tree is made to be kept: tasks have random ids, every change of state is logged with
all that is known of the task, events are offered to listeners, and what may follow is looked for
by walking the tree. Ours lives for one transaction. These subclasses of 3.2.0, the one version
that is pinned, leave all of that out and change nothing of what a task goes through.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState
from SpiffWorkflow.workflow import Workflow

FUTURE, WAITING, READY, STARTED = (
    TaskState.FUTURE,
    TaskState.WAITING,
    TaskState.READY,
    TaskState.STARTED,
)
COMPLETED = TaskState.COMPLETED
LIVE = WAITING | READY | STARTED


class Place(Task):
    """A task whose id counts within its instance, and which keeps no data of its own."""

    def __init__(
        self,
        workflow: Workflow,
        task_spec: TaskSpec,
        parent: Task | None = None,
        state: int = FUTURE,
    ) -> None:
        self.id = next(workflow.top_workflow.ids)
        self.workflow = workflow
        self.task_spec = task_spec
        self._parent = None
        self._children: list[int] = []
        self._state = state
        self.triggered = False
        self.internal_data: dict[str, Any] = {}
        workflow.tasks[self.id] = self
        if parent is not None:
            self._parent = parent.id
            parent._children.append(self.id)

    def _add_child(self, task_spec: TaskSpec, state: int = FUTURE) -> Place:
        return Place(self.workflow, task_spec, self, state)

    def _set_state(self, value: int) -> None:
        self._state = value

    def _ready(self) -> None:
        if not self._state & (COMPLETED | TaskState.CANCELLED):
            self._state = READY

    def run(self) -> bool:
        self.task_spec._run_hook(self)
        self.complete()
        return True

    def complete(self) -> None:
        self._state = COMPLETED
        self.task_spec._on_complete(self)


class _Tree:
    """What the workflows of an instance have in common."""

    tasks: dict[int, Place]
    completed: bool

    def _begin(self, spec: Any) -> None:
        self.spec = spec
        self.tasks = {}
        self.completed = False
        self.task_tree = Place(self, spec.start)

    def _task_completed_notify(self, task: Place) -> None:
        if task.task_spec is self.spec.last:
            self.completed = True
        if self.completed:
            self._on_completed()
        else:
            self.update_waiting_tasks()

    def _on_completed(self) -> None:
        pass

    def _mark_complete(self, task: Place) -> None:
        self.completed = True

    def cancel(self) -> None:
        self.completed = True
        for task in list(self.tasks.values()):
            if task._state & TaskState.NOT_FINISHED_MASK:
                task.cancel()

    def update_waiting_tasks(self) -> None:
        """Examine again what another token's move can set free: joins and the end of the scope."""
        for task in [task for task in self.tasks.values() if task._state == WAITING]:
            if task.task_spec in self.spec.joins:
                task.task_spec._update(task)


class Branch(_Tree, BpmnSubWorkflow):
    """The tree of a running sub-process; `around` is the token that stands at it meanwhile."""

    def __init__(self, spec: Any, around: Place, top_workflow: Trunk) -> None:
        self.around = around
        self.parent_task_id = around.id
        self.top_workflow = top_workflow
        self._begin(spec)

    def _on_completed(self) -> None:
        self.around._set_state(READY)


class Trunk(_Tree, BpmnWorkflow):
    """The tree of an instance; `run` is the `engine.spiff.run.Run` that moves it."""

    def __init__(self, spec: Any, subprocess_specs: dict[str, Any], run: Any) -> None:
        self.run = run
        self.ids: Iterator[int] = count(1)
        self.subprocess_specs = subprocess_specs
        self.subprocesses: dict[int, Branch] = {}
        self._begin(spec)

    @property
    def script_engine(self) -> Any:
        """Stands where Spiff looks for its evaluator of Python, so that nothing can reach one."""
        raise AttributeError("no script is ever run")

    def create_subprocess(self, my_task: Place, spec_name: str) -> Branch:
        branch = Branch(self.subprocess_specs[spec_name], my_task, self)
        self.subprocesses[my_task.id] = branch
        return branch
