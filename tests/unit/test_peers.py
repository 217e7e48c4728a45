"""Peers are given the same accounts, and their answers are weighed by the same evaluator as ours."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from ledger.amounts import MICRO
from ledger.errors import SettingError
from pipelines import peers
from pipelines.peers import Answer, baseline_answers, package_answers, package_document, shared_problem
from solvers.generator import random_shard
from solvers.problem import ShardAnswers, ShardProblems, SolveSettings
from solvers.shard import solve_shard

HOLDS_ALL = """
class Portfolio:
    @classmethod
    def from_tax_lots(cls, lots, *, prices, cash):
        found = cls()
        found.lots = lots
        return found
class UnitedStatesLots:
    def __init__(self, **rates): pass
class RebalanceConfig:
    def __init__(self, **settings): pass
class Result:
    feasible = True
    def __init__(self, lots):
        lot = lots[0]
        self.trades = [{"ticker": lot.ticker, "side": "SELL", "lot_id": lot.lot_id, "shares": lot.shares}]
    def summary(self): return {"relaxed_lower_bound": None}
def rebalance(portfolio, **_): return Result(portfolio.lots)
"""
LOT = """
import dataclasses
@dataclasses.dataclass
class TaxLot:
    lot_id: str
    ticker: str
    shares: float
    basis_per_share: float
    days_held: int
"""


@pytest.fixture(scope="module")
def shard() -> ShardProblems:
    return shared_problem(random_shard(names=12, factors=3, accounts=3, seed=5, households=False, share_step=1))


@pytest.fixture(scope="module")
def ours(shard: ShardProblems) -> ShardAnswers:
    return solve_shard(shard, SolveSettings())


def as_answers(problems: ShardProblems, ours: ShardAnswers) -> list[Answer]:
    """Return our own orders as if a peer had given them."""
    found = []
    for a in range(len(problems.account_ids)):
        lo, hi = int(problems.lot_start[a]), int(problems.lot_start[a + 1])
        sold, bought = np.zeros(hi - lo, np.int64), np.zeros(len(problems.market.security_ids), np.int64)
        for order in np.flatnonzero(ours.order_account == a).tolist():
            shares = ours.order_micro_shares[order]
            if ours.order_is_buy[order]:
                bought[ours.order_security[order]] += shares
            else:
                sold[ours.order_lot[order] - lo] += shares
        found.append(Answer(0.001, sold, bought, True, float(ours.bound[a])))
    return found


def test_our_own_orders_are_weighed_as_we_weigh_them(shard: ShardProblems, ours: ShardAnswers) -> None:
    row = peers._row(shard, ours, as_answers(shard, ours))
    assert row["usable"] == 1.0
    assert row["above_our_bound_bp"]["max"] == pytest.approx(
        float(((ours.objective - ours.bound) * 1e4).max()), abs=1e-6
    )


def test_the_packages_terms_have_the_objective_that_ours_have(shard: ShardProblems, ours: ShardAnswers) -> None:
    """The package minimises dollars: aversion x equity x variance, plus rate x gain of what is sold."""
    document = json.loads(json.dumps(package_document(shard)))
    ids = shard.market.security_ids
    price = np.array([document["prices"][name] for name in ids])
    for a, (account, answer) in enumerate(zip(document["accounts"], as_answers(shard, ours), strict=True)):
        after, tax = answer.bought / MICRO, 0.0
        equity = account["cash"]
        for lot, sold in zip(account["lots"], answer.sold / MICRO, strict=True):
            at = ids.index(lot["security"])
            after[at] += lot["shares"] - sold
            equity += lot["shares"] * price[at]
            rate = account["long_rate"] if lot["long_term"] else account["short_rate"]
            tax += rate * (price[at] - lot["basis_per_share"]) * sold
        active = after * price / equity - np.array([account["target_weights"][name] for name in ids])
        risk = account["risk_aversion"] * float(active @ np.array(document["covariance"]) @ active)
        assert risk + tax / equity == pytest.approx(float(ours.objective[a]), abs=2e-9)


@pytest.mark.parametrize("peer", ["cvxpy", "clarabel_full_qp"])
def test_an_undecided_program_is_never_below_what_it_proves(
    shard: ShardProblems, ours: ShardAnswers, peer: str
) -> None:
    for a, answer in enumerate(baseline_answers(shard, peer=peer)):
        assert answer.says_feasible
        assert answer.lower_bound is not None
        assert answer.lower_bound <= float(ours.objective[a]) + 1e-8


def test_one_name_bought_and_sold_is_not_usable(shard: ShardProblems, ours: ShardAnswers) -> None:
    answers = as_answers(shard, ours)
    lots = slice(int(shard.lot_start[0]), int(shard.lot_start[1]))
    sold, bought = np.zeros_like(answers[0].sold), np.zeros_like(answers[0].bought)
    sold[0] = shard.lot_micro_shares[lots][0]
    bought[shard.lot_security[lots][0]] = sold[0]
    answers[0] = dataclasses.replace(answers[0], sold=sold, bought=bought)
    row = peers._row(shard, ours, answers)
    assert row["buys_and_sells_one_name"] == 1
    assert row["usable"] == pytest.approx(2 / 3)


def test_a_limit_passed_beyond_noise_is_not_usable(shard: ShardProblems, ours: ShardAnswers) -> None:
    answers = as_answers(shard, ours)
    bought = answers[1].bought.copy()
    bought[0] += 10 * int(shard.cash_microusd[1] + shard.market.price_microusd[0])
    answers[1] = dataclasses.replace(answers[1], bought=bought)
    assert peers._row(shard, ours, answers)["usable"] == pytest.approx(2 / 3)


def test_the_package_answers_from_its_own_environment(
    shard: ShardProblems, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package, module, text in (
        ("taxrebalance", "__init__", HOLDS_ALL), ("tax_rebalancing", "models", LOT), ("tax_rebalancing", "__init__", "")
    ):  # fmt: skip
        (tmp_path / package).mkdir(exist_ok=True)
        (tmp_path / package / f"{module}.py").write_text(text)
    for package in ("taxrebalance", "osqp"):
        info = tmp_path / f"{package}-0.2.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.2.0\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    answers, versions = package_answers(shard, python=Path(sys.executable))
    assert versions["taxrebalance"] == "0.2.0"
    for a, answer in enumerate(answers):
        held = shard.lot_micro_shares[int(shard.lot_start[a])]
        assert answer.sold[0] == held
        assert not answer.sold[1:].any()
        assert not answer.bought.any()


@pytest.mark.parametrize("python", ["no/such/python", sys.executable])
def test_a_python_without_the_package_is_refused(
    shard: ShardProblems, python: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with pytest.raises(SettingError, match="SET-024"):
        package_answers(shard, python=Path(python))
