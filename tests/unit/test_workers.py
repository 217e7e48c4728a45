"""Workers that die or hang: what comes back by itself, what is given up, and what the others notice of it."""

from __future__ import annotations

import collections
import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path

from pipelines.headless import failure_of
from pipelines.workers import Crew, Facts, Patience, Standing
from tests.errand_cases import errand, nothing

PATIENT = Patience(retries_max=2, seconds_max=3600)


def run(
    folder: Path, *errands: str, patience: Patience = PATIENT, is_over: Callable[[], bool] = lambda: False,
    seen: list[Standing] | None = None,
) -> Standing:  # fmt: skip
    crew = Crew(errand, number=2, warm_up=nothing)
    calls = {does: {"folder": folder, "does": does} for does in errands}
    try:
        return crew.run(
            calls,
            order=errands,
            patience=patience,
            is_over=is_over,
            watch=(seen if seen is not None else []).append,
        )
    finally:
        crew.close()


def attempts(folder: Path, does: str) -> int:
    return len(list(folder.glob(f"{does}.*")))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_shard_whose_worker_died_comes_back_by_itself_and_the_others_go_on(tmp_path: Path) -> None:
    standing = run(tmp_path, "dies once", "answers", "refuses")
    assert standing.outcomes == {"answers": None, "refuses": {"code": "X"}, "dies once": None}
    assert standing.deaths == ["dies once"]
    assert standing.unanswered == ["refuses"]
    assert [attempts(tmp_path, does) for does in ("dies once", "answers", "refuses")] == [2, 1, 1]


def test_a_shard_that_dies_too_often_is_given_up_alone(tmp_path: Path) -> None:
    standing = run(tmp_path, "dies always", "answers")
    assert standing.outcomes["answers"] is None
    assert standing.failed.keys() == {"dies always"}
    assert standing.failed["dies always"]["code"] == "RUN-003"
    assert "3 times" in standing.failed["dies always"]["found"]
    assert attempts(tmp_path, "dies always") == 3


def test_a_shard_that_hangs_is_ended_and_tried_again(tmp_path: Path) -> None:
    def monotonic() -> float:
        return 61.0 if attempts(tmp_path, "hangs once") else 0.0

    crew = Crew(errand, number=1, warm_up=nothing, monotonic=monotonic)
    standing = crew.run(
        {"hangs once": {"folder": tmp_path, "does": "hangs once"}},
        order=["hangs once"],
        patience=Patience(retries_max=1, seconds_max=60),
        is_over=lambda: False,
        watch=lambda _: None,
    )
    crew.close()
    assert standing.outcomes == {"hangs once": None}
    assert standing.deaths == ["hangs once"]


def test_at_the_deadline_what_hangs_is_ended_and_what_waits_is_not_begun(tmp_path: Path) -> None:
    def over() -> bool:
        return attempts(tmp_path, "answers") == 1 and attempts(tmp_path, "hangs") == 1

    standing = run(tmp_path, "hangs", "answers", is_over=over)
    assert "hangs" in standing.unanswered
    assert not standing.failed
    (mark,) = tmp_path.glob("hangs.*")
    assert not is_alive(int(mark.suffix[1:]))
    assert run(tmp_path, "never begun", is_over=lambda: True).unanswered == ["never begun"]
    assert attempts(tmp_path, "never begun") == 0


def test_the_first_in_order_is_begun_first(tmp_path: Path) -> None:
    seen: list[Standing] = []
    crew = Crew(errand, number=1, warm_up=nothing)
    calls = {does: {"folder": tmp_path, "does": does} for does in ("a", "b", "c")}
    standing = crew.run(calls, order=("c", "a", "b"), patience=PATIENT, is_over=lambda: False, watch=seen.append)
    crew.close()
    assert list(standing.outcomes) == ["c", "a", "b"]
    assert standing.seconds.keys() == {"a", "b", "c"}
    assert len({mark.suffix for mark in tmp_path.iterdir()}) == 1, "one worker is kept for all of them"
    assert seen


def test_the_error_of_several_shards_names_them_all() -> None:
    facts = {"code": "RUN-003", "where": "shard s001", "found": "nothing", "expected": "an answer", "remedy": "Again."}
    failed: dict[str, Facts | None] = {"s003": facts, "s000": None, "s001": facts}
    night = dt.date(2026, 9, 1)
    assert failure_of(Standing(waiting=collections.deque(), outcomes={"s000": None}), night=night) is None
    assert failure_of(Standing(waiting=collections.deque(), outcomes={"s001": facts}), night=night) == facts
    both = failure_of(Standing(waiting=collections.deque(), outcomes=failed), night=night)
    assert both is not None
    assert (both["code"], both["where"]) == ("RUN-007", "shards s001, s003 of 2026-09-01")
