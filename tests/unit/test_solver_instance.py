"""An instance document is solved, or refused with its code, place, found, expected and remedy."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from solvers.instance import InstanceError, covariance_root, read_instance, solve_instance

Document = dict[str, Any]


def instance() -> Document:
    """Two names, one of them with a loss to harvest."""
    return {
        "format": "openbell-instance/1",
        "account_id": "A1",
        "cash_usd": 12_000.0,
        "securities": [
            {"security_id": "S2", "price_usd": 50.0, "benchmark_weight": 0.6, "sector": "Technology",
             "exposures": [0.2, 0.1], "specific_variance": 0.05, "max_weight": 0.6, "can_buy": True, "can_sell": True,
             "identical_group": "S2"},
            {"security_id": "S1", "price_usd": 101.25, "benchmark_weight": 0.4, "sector": "Energy",
             "exposures": [0.16, 0.0], "specific_variance": 0.06, "max_weight": 0.8, "can_buy": True, "can_sell": True,
             "identical_group": "S1"},
        ],
        "factor_covariance": [[1.0, 0.25], [0.25, 1.0]],
        "lots": [
            {"lot_id": "L1", "security_id": "S1", "shares": 5_000.0, "basis_usd": 600_000.0, "term": "short",
             "loss_sale_allowed": True},
            {"lot_id": "L2", "security_id": "S2", "shares": 9_500.0, "basis_usd": 300_000.0, "term": "long",
             "loss_sale_allowed": True},
        ],
        "rates": {"short_gain": 0.408, "long_gain": 0.238, "short_loss": 0.408, "long_loss": 0.238},
        "policy": {"risk_aversion": 50.0, "cost_rate": 0.0005, "cash_min": 0.002, "cash_max": 0.3, "sector_band": 0.3,
                   "turnover_max": 0.2, "net_gain_budget_usd": 1000.0, "tracking_error_max": None,
                   "share_step": 0.0001, "min_trade_usd": 0.0},
    }  # fmt: skip


def test_an_instance_is_solved_and_certified() -> None:
    answer = solve_instance(instance())
    assert answer["format"] == "openbell-solution/1"
    assert answer["status"] == "CERTIFIED"
    assert 0.0 <= answer["gap_bp"] < 0.01
    sale = answer["orders"][0]
    assert (sale["security_id"], sale["side"], sale["reason"]) == ("S1", "sell", "harvest")
    assert sale["shares"] == pytest.approx(sum(lot["shares"] for lot in sale["lots"]))
    assert answer["net_gain_usd"] < 0.0
    assert answer["turnover"] <= 0.2
    assert answer["shadow_prices_usd"]["turnover"] > 0.0


def test_the_order_of_rows_changes_nothing() -> None:
    turned = instance()
    turned["securities"].reverse()
    turned["lots"].reverse()
    assert solve_instance(turned) == solve_instance(instance())


def test_a_missing_limit_is_no_limit() -> None:
    document = instance()
    document["policy"] = {"risk_aversion": 50.0}
    problems = read_instance(document)
    assert problems.turnover_max[0] == problems.sector_band[0] == problems.tracking_error_max[0] == np.inf
    assert solve_instance(document)["status"] == "CERTIFIED"


def test_limits_that_cannot_be_kept_are_named_with_their_amounts() -> None:
    document = instance()
    document["flow_usd"] = -400_000.0
    answer = solve_instance(document)
    assert answer["status"] == "HELD_INFEASIBLE"
    assert answer["objective"] is None
    assert {row["limit"] for row in answer["conflict"]} >= {"turnover"}
    assert all(row["needed"] > 0.0 for row in answer["conflict"])


def test_the_covariance_root_multiplies_back() -> None:
    random = np.random.default_rng(0)
    half = random.normal(size=(6, 4))
    covariance = half @ half.T
    covariance = (covariance + covariance.T) / 2.0
    root = covariance_root(covariance.tolist(), 6)
    assert np.abs(root @ root.T - covariance).max() < 1e-7


CHANGES: dict[str, tuple[str, Callable[[Document], Any]]] = {
    "a wrong format tag": ("INST-001", lambda d: d.update(format="openbell-instance/2")),
    "a missing part": ("INST-002", lambda d: d.pop("rates")),
    "a security without a price": ("INST-002", lambda d: d["securities"][0].pop("price_usd")),
    "no securities": ("INST-002", lambda d: d.update(securities=[])),
    "a security twice": ("INST-003", lambda d: d["securities"].append(d["securities"][0])),
    "a nan": ("INST-004", lambda d: d.update(cash_usd=float("nan"))),
    "a word for a number": ("INST-004", lambda d: d["lots"][0].update(shares="many")),
    "a negative price": ("INST-005", lambda d: d["securities"][0].update(price_usd=-1.0)),
    "no shares": ("INST-005", lambda d: d["lots"][0].update(shares=0.0)),
    "exposures of the wrong length": ("INST-006", lambda d: d["securities"][1].update(exposures=[0.1])),
    "a benchmark that does not sum to one": ("INST-007", lambda d: d["securities"][0].update(benchmark_weight=0.5)),
    "a covariance of the wrong shape": ("INST-008", lambda d: d.update(factor_covariance=[[1.0, 0.0]])),
    "an indefinite covariance": ("INST-009", lambda d: d.update(factor_covariance=[[1.0, 2.0], [2.0, 1.0]])),
    "an asymmetric covariance": ("INST-009", lambda d: d.update(factor_covariance=[[1.0, 0.5], [0.2, 1.0]])),
    "a lot of an unknown security": ("INST-010", lambda d: d["lots"][0].update(security_id="S9")),
    "a term that is none": ("INST-011", lambda d: d["lots"][0].update(term="middling")),
    "a cash band upside down": ("INST-012", lambda d: d["policy"].update(cash_max=0.001)),
    "a rate that is missing": ("INST-002", lambda d: d["rates"].pop("long_loss")),
    "no risk aversion": ("INST-005", lambda d: d["policy"].update(risk_aversion=0.0)),
}


@pytest.mark.parametrize("case", CHANGES, ids=str)
def test_bad_input_is_refused_by_name(case: str) -> None:
    code, change = CHANGES[case]
    document = copy.deepcopy(instance())
    change(document)
    with pytest.raises(InstanceError) as refusal:
        solve_instance(document)
    facts = refusal.value.as_dict()
    assert facts["code"] == code
    assert all(facts.values())
