"""``openbell bench`` prints what the contract names, on accounts small enough for a test."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.measure import next_day
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
