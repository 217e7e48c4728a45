"""``openbell bench`` prints what the contract names, on accounts small enough for a test."""

from __future__ import annotations

import itertools
import json
import multiprocessing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from ledger.errors import NightError
from pipelines import measure_night
from pipelines.cli import EXIT_FAILED, app
from pipelines.lot_maker import LOTS_MAX, odds_of
from pipelines.measure import next_day
from pipelines.measure_night import projected, shares_of
from pipelines.meters import TreeWatch
from solvers.evaluate import judge
from solvers.problem import SolveSettings, Status
from solvers.shard import solve_shard
from tests.solver_cases import random_shard


def test_bench_solve_prints_one_document_with_all_figures() -> None:
    ran = CliRunner().invoke(
        app, ["bench", "solve", "--names", "12", "--factors", "3", "--accounts", "3", "--seed", "1"]
    )
    assert ran.exit_code == 0, ran.output
    figures = json.loads(ran.stdout)
    for run in (figures, figures["clarabel_only_where_uncertified"]):
        for day in ("cold", "next_day"):
            assert run[day]["accounts_per_second"] > 0.0
            assert 0.0 <= run[day]["share_within_0.01_bp"] <= 1.0
        assert run["one_account_alone_ms"]["p50"] <= run["one_account_alone_ms"]["p99"]
    first = figures["before_rounding"]
    assert first["used"] + first["to_more_rounds"] == 3
    assert 0.0 <= first["violation_max"] <= 1e-7
    assert 0.0 <= first["direction_fixed_gap_max"] <= 1e-7
    for name in ("naive_cvxpy", "full_clarabel_qp"):
        assert figures[f"ratio_to_{name}"] > 0.0
        assert figures[name]["accounts"] == 3
    assert {"processor", "cores", "python", "versions", "load_average_before"} <= figures["machine"].keys()


def test_bench_instances_writes_files_that_solve_reads(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    made = CliRunner().invoke(
        app, ["bench", "instances", str(folder), "--names", "6", "--factors", "2", "--accounts", "2", "--json"]
    )
    assert made.exit_code == 0, made.output
    rows = json.loads(made.stdout)["optima"]
    assert [row["status"] for row in rows] == ["CERTIFIED", "CERTIFIED"]
    for row in rows:
        solved = CliRunner().invoke(app, ["solve", str(folder / f"{row['instance']}.json")])
        assert json.loads(solved.stdout)["objective"] == row["objective"]


def test_the_next_day_starts_from_the_orders_of_the_day_before() -> None:
    problems = random_shard(names=20, factors=4, accounts=6, seed=2, households=False)
    answers = solve_shard(problems, SolveSettings())
    later = next_day(problems, answers, seed=2)
    bought = int(answers.order_micro_shares[answers.order_is_buy].sum())
    sold = int(answers.order_micro_shares[~answers.order_is_buy].sum())
    assert int(later.lot_micro_shares.sum()) == int(problems.lot_micro_shares.sum()) + bought - sold
    assert (later.cash_microusd == answers.cash_after_microusd).all()
    again = solve_shard(later, SolveSettings())
    assert judge(later, again).offences == ()
    assert again.status.count(Status.CERTIFIED) >= 4
    assert np.diff(later.lot_start).min() > 0


def test_a_lot_that_an_account_holds_is_one_of_as_many_as_were_asked_for() -> None:
    numbers = np.arange(1, LOTS_MAX + 1)
    for lots in (1.0, 1.7, 3.0, 5.5, 6.0):
        odds = odds_of(lots)
        assert odds.min() >= 0.0
        assert abs(odds.sum() - 1.0) < 1e-12
        assert abs(odds @ numbers - lots) < 1e-6


def test_the_parts_of_a_night_add_up_to_its_processor_time() -> None:
    facts: dict[str, Any] = {"process": 1, "wall_seconds": 2.0, "peak_bytes": 7}
    parts = [
        facts | {"kind": "errand", "name": "validate feeds", "cpu_seconds": 1.0},
        facts | {"kind": "stage", "name": "lots", "cpu_seconds": 3.0},
        facts | {"kind": "stage", "name": "lots", "cpu_seconds": 2.0, "peak_bytes": 9},
        facts | {"kind": "run", "name": "s000", "cpu_seconds": 6.0, "peak_bytes": None},
    ]
    rows = {row["part"]: row for row in shares_of(parts, cpu_seconds=10.0)}
    assert rows["lots"] == {
        "part": "lots", "times": 2, "wall_seconds": 4.0, "cpu_seconds": 5.0, "peak_bytes": 9,
        "read_bytes": 0, "written_bytes": 0, "share": 0.5,
    }  # fmt: skip
    assert (rows["dagster"]["cpu_seconds"], rows["start"]["cpu_seconds"]) == (1.0, 3.0)
    assert sum(row["cpu_seconds"] for row in rows.values()) == 10.0


def test_a_measured_night_tells_every_stage_and_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there"
    ran = CliRunner().invoke(
        app,
        ["bench", "night", "--accounts", "6", "--names", "12", "--nights", "1", "--shards", "1", "--folder",
         str(folder)],
    )  # fmt: skip
    assert ran.exit_code == 0, ran.output
    figures = json.loads(ran.stdout)
    (night,) = figures["nights"]
    named = {row["part"] for row in night["parts"]}
    assert {"validate feeds", "lots", "proposals", "reconciliation", "trades", "dagster", "start"} <= named
    assert sum(night["accounts_by_status"].values()) == 6
    assert night["peak_bytes_all_processes"] > 0 < night["bytes_on_disk"]["published"]
    assert [row["accounts"] for row in figures["projection"]] == [6, 200_000, 200_000, 200_000]
    assert not any(folder.iterdir())


def write_without_end(path: Path, **_: object) -> None:
    """Write one file after another beside ``path``: a night that nobody ends."""
    for number in itertools.count():
        (path.parent / f"{number % 1000}").write_bytes(b"")


def test_an_interrupted_measurement_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: TreeWatch) -> None:
        if any(tmp_path.glob("*/*")):
            raise KeyboardInterrupt

    monkeypatch.setattr(measure_night, "_make", write_without_end)
    monkeypatch.setattr(TreeWatch, "sample", interrupted)
    with pytest.raises(KeyboardInterrupt):
        measure_night.measure_night(tmp_path, accounts=6, names=12, lots=3, nights=1, seed=1)
    assert multiprocessing.active_children() == []
    assert not any(tmp_path.iterdir())


def test_a_measurement_that_fails_says_so_in_one_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failed(job: object, path: Path, **_: object) -> None:
        raise NightError(
            code="RUN-009", where="measured process", found="exit status 3", expected="0", remedy="See above."
        )

    monkeypatch.setattr(measure_night, "_apart", failed)
    ran = CliRunner().invoke(app, ["bench", "night", "--folder", str(tmp_path)])
    assert json.loads(ran.stdout)["error"]["code"] == "RUN-009"
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    "command", [["bench", "night", "--accounts", "6", "--folder"], ["bench", "instances"], ["init"]], ids=" ".join
)
def test_a_file_where_a_folder_belongs_is_told(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    ran = CliRunner().invoke(app, [*command, str(tmp_path / "file" / "within")])
    assert ran.exit_code == EXIT_FAILED
    assert "DISK-001" in ran.output
    assert "Name a folder" in ran.output
    assert (tmp_path / "file").read_text(encoding="utf-8") == "not a folder"


def test_more_cores_shorten_only_what_shards_do_side_by_side() -> None:
    parts = [{"part": "start", "cpu_seconds": 3.0}]
    night = {"parts": parts, "serial_cpu_seconds": 10.0, "shard_cpu_seconds": 40.0}
    here = projected(night, accounts=100, workers=2, to=None, cores=None)
    assert here["wall_seconds"] == 11.0 + 20.0
    later = projected(night, accounts=100, workers=2, to=200, cores=8)
    assert (later["of_which_serial"], later["wall_seconds"]) == (1.0 + 20.0, 21.0 + 10.0)
