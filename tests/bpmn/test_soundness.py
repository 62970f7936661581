"""The shipped diagrams are proved sound, quickly, and the proof plays them as the engine does."""

from __future__ import annotations

import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.bpmn import read_diagram
from engine.soundness import check_soundness
from tests.engine.test_soundness import walk_together


def test_it_is_sound_and_proved_in_less_than_a_second(diagram: Path) -> None:
    start = time.process_time()
    processes, findings = read_diagram(diagram.read_bytes(), diagram.name)
    for process in processes:
        findings += check_soundness(process)
    assert [str(finding) for finding in findings] == []
    assert time.process_time() - start < 1


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_the_proof_plays_it_as_the_engine_runs_it(diagram: Path, data: st.DataObject) -> None:
    processes, _ = read_diagram(diagram.read_bytes(), diagram.name)
    for process in processes:
        assert not walk_together(process, data, steps=20)
