"""Where nothing keeps all limits, the limits that the policy names give, in its order and by the least."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from solvers.answer import limit_names
from solvers.dual import account_of
from solvers.elastic import least_tracking_error
from solvers.evaluate import judge
from solvers.instance import read_instance, solve_instance
from solvers.prepare import prepare
from solvers.problem import RELAXABLE, SolveSettings, Status, relaxation_ranks
from solvers.shard import solve_shard
from solvers.tables import tables_of
from solvers.warm import tiny_instance
from tests.order_cases import tight_account
from tests.solver_cases import random_shard

NAV = 15_500.0
MARGIN = 1.1e-5
"""A limit in force is this much wider than the least."""


def withdrawal(*order: str, **policy: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    """Return an account of 500 in cash that must pay 3,000 and may turn a tenth over: 2,531 of sales are needed."""
    document = tiny_instance()
    document["flow_usd"] = -3000.0
    document["policy"] |= {"turnover_max": 0.1} | policy
    if order:
        document["policy"]["relaxation_order"] = list(order)
    return document


def two_sectors(*order: str, **policy: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    """Return an account too long of a sector it may not sell, too short of another it can buy with its cash only."""
    document = tiny_instance()
    document["securities"][0] |= {"can_sell": False, "can_buy": False}
    document["securities"][1] |= {"sector": "B", "can_sell": False}
    document["policy"] |= {"sector_band": 0.02, "relaxation_order": list(order)} | policy
    return document


def relaxed(document: dict[str, Any]) -> dict[str, float]:
    """Return what each limit gives, after the judge agreed."""
    problems = read_instance(document)
    answers = solve_shard(problems, SolveSettings(gap_bp_max=1e3))
    assert judge(problems, answers).offences == ()
    assert answers.status[0] is Status.CERTIFIED_RELAXED, (answers.status, answers.reasons)
    return amounts_told(answers.reasons[0])


def amounts_told(reason: str) -> dict[str, float]:
    """Return what each limit gives in all; one that gives again is told again, with the sum."""
    found: dict[str, float] = {}
    for clause in reason.split("; "):
        for name, amount in (one.split(" by ") for one in clause.partition(": ")[2].split(", ")):
            assert amount.endswith(" in all") == (name in found), reason
            found[name] = float(amount.removesuffix(" in all"))
    return found


def assert_gives(found: dict[str, float], expected: dict[str, float]) -> None:
    assert found.keys() == expected.keys()
    for name, amount in expected.items():
        assert amount - 1e-7 <= found[name] <= amount + MARGIN, (name, found[name], amount)


def test_the_first_limit_gives_alone_where_it_suffices() -> None:
    missing = (3000 - 500 + 0.002 * NAV) / NAV - 0.1
    assert_gives(relaxed(withdrawal("turnover")), {"turnover": missing})
    assert_gives(relaxed(withdrawal("turnover", "cash")), {"turnover": missing})
    assert_gives(relaxed(withdrawal("turnover", "sector_band", "cash", sector_band=1.0)), {"turnover": missing})


def test_the_next_limit_gives_only_what_the_first_cannot() -> None:
    # Cash may fall to zero, by 0.002 of the account; the turnover does the rest.
    missing = (3000 - 500) / NAV - 0.1
    found = relaxed(withdrawal("cash", "turnover"))
    assert found.keys() == {"cash_min", "turnover"}
    assert found["cash_min"] == pytest.approx(0.002, abs=1e-9)
    assert_gives({"turnover": found["turnover"]}, {"turnover": missing})


def test_the_sides_of_the_cash_band_are_named_apart_too() -> None:
    assert relaxed(withdrawal("cash_min", "turnover")).keys() == {"cash_min", "turnover"}
    assert relaxed(withdrawal("cash_max", "turnover")).keys() == {"turnover"}


def test_cash_never_gives_below_zero() -> None:
    answer = solve_instance(withdrawal("cash", "sector_band"))
    assert answer["status"] == Status.HELD_INFEASIBLE
    assert {row["limit"] for row in answer["conflict"]} <= {"turnover", "cash_min"}
    assert answer["conflict"]


def test_a_limit_that_is_not_named_stays() -> None:
    assert solve_instance(withdrawal("sector_band"))["status"] == Status.HELD_INFEASIBLE
    assert solve_instance(withdrawal("net_gain_budget", "factor_band"))["status"] == Status.HELD_INFEASIBLE


def test_a_sector_band_gives_by_sector() -> None:
    high = 10_000 / NAV - 0.6 - 0.02
    low = 0.4 - 5_000 / NAV - (500 - 0.002 * NAV) / NAV - 0.02
    names = {"sector:A high": high, "sector:B low": low}
    assert_gives(relaxed(two_sectors("sector_band")), names)
    assert_gives(relaxed(two_sectors("sector_band", "cash")), names)
    # With cash before it, the last of the cash is spent on the second sector first.
    found = relaxed(two_sectors("cash", "sector_band"))
    assert found.pop("cash_min") == pytest.approx(0.002, abs=1e-9)
    assert_gives(found, {"sector:A high": high, "sector:B low": low - 0.002})


def test_a_factor_band_gives_what_the_cash_band_does_not() -> None:
    document = tiny_instance()
    document["policy"] |= {"factor_band": 0.0001, "relaxation_order": ["factor_band"]}
    # Both names have an exposure of 0.2, and 0.002 of the account stays in cash.
    assert_gives(relaxed(document), {"factor:f01 low": 0.2 * 0.002 - 0.0001})
    document["policy"]["relaxation_order"] = ["cash", "factor_band"]
    assert_gives(relaxed(document), {"cash_min": 0.002 - 0.0001 / 0.2})


def test_a_gain_budget_gives_in_dollars() -> None:
    document = withdrawal("net_gain_budget", turnover_max=0.5, net_gain_budget_usd=0.0)
    document["lots"][0] |= {"basis_usd": 8_000.0}
    # Both lots hold a gain of a fifth of their value: selling 2,531 realises 506.2.
    found = relaxed(document)
    assert found.keys() == {"net_gain_budget"}
    assert found["net_gain_budget"] == pytest.approx(0.2 * 2_531, abs=MARGIN * NAV + 0.01)


def test_the_tracking_error_gives_down_to_the_least() -> None:
    document = two_sectors("tracking_error_max", sector_band=None, tracking_error_max=0.001)
    problems = read_instance(document)
    least = least_tracking_error(account_of(prepare(tables_of(problems), np.array([0])), 0))
    assert least is not None
    found = relaxed(document)
    assert found.keys() == {"tracking_error_max"}
    assert least - 0.001 <= found["tracking_error_max"] <= least - 0.001 + MARGIN


def test_other_limits_give_under_a_tracking_error_cap_that_does_not() -> None:
    document = tiny_instance()
    document["securities"][0] |= {"exposures": [0.5]}
    document["policy"] |= {"tracking_error_max": 0.012, "turnover_max": 0.01, "relaxation_order": ["turnover"]}
    problems = read_instance(document)
    found = relaxed(document)
    assert found.keys() == {"turnover"}
    least = found["turnover"] - MARGIN
    for share, status in ((1.001, Status.CERTIFIED), (0.99, Status.CERTIFIED_RELAXED)):
        wider = dataclasses.replace(problems, turnover_max=np.array([0.01 + share * (least + MARGIN)]))
        assert solve_shard(wider, SolveSettings(gap_bp_max=1e3)).status[0] is status


def test_whole_shares_keep_to_the_declared_limits() -> None:
    found = relaxed(withdrawal("turnover", share_step=1.0))
    assert found.keys() == {"turnover"}
    missing = (3000 - 500 + 0.002 * NAV) / NAV - 0.1
    assert missing <= found["turnover"] <= missing + 100.0 / NAV


def test_an_account_that_keeps_its_limits_is_as_before() -> None:
    plain, declared = tiny_instance(), tiny_instance()
    declared["policy"]["relaxation_order"] = ["turnover", "cash"]
    assert solve_instance(plain) == solve_instance(declared)


def test_the_judge_holds_a_relaxation_to_the_order() -> None:
    problems = read_instance(withdrawal("turnover"))
    answers = solve_shard(problems, SolveSettings(gap_bp_max=1e3))
    assert judge(problems, answers).offences == ()
    other = np.array([relaxation_ranks(["cash"])])
    told = judge(dataclasses.replace(problems, relaxation_rank=other), answers).offences
    assert (0, "a limit is relaxed without need") in told


@pytest.mark.parametrize("order", [("turnover",), ("factor_band", "turnover"), ("turnover", "factor_band", "cash")])
def test_random_accounts_are_relaxed_within_their_order_or_held(order: tuple[str, ...]) -> None:
    problems = random_shard(
        names=40, factors=6, accounts=20, seed=8, households=False, turnover_max=0.01, factor_band=0.002
    )
    ranks = np.tile(relaxation_ranks(order), (20, 1))
    problems = dataclasses.replace(problems, relaxation_rank=ranks)
    answers = solve_shard(problems, SolveSettings())
    assert judge(problems, answers).offences == ()
    counts = {status: answers.status.count(status) for status in Status}
    assert counts[Status.CERTIFIED_RELAXED] >= 5
    assert counts[Status.HELD_SOLVER] == 0
    named = {"turnover": "turnover", "factor_band": "factor:", "cash": "cash_"}
    allowed = tuple(named[name] for name in order)
    for reason, status in zip(answers.reasons, answers.status, strict=True):
        if status is Status.CERTIFIED_RELAXED:
            told = reason.partition(": ")[2].split(", ")
            assert all(one.startswith(allowed) for one in told), reason


def test_every_name_of_an_order_has_its_place() -> None:
    for at, name in enumerate(RELAXABLE):
        assert relaxation_ranks([name])[at] == 1
        assert sum(relaxation_ranks([name])) == 1
    assert relaxation_ranks(["cash"])[:2] == [1, 1]


def test_both_reasons_of_an_account_whose_limits_gave_twice_are_told() -> None:
    """Once for trades at all, then for orders in whole steps: every limit is named, with what is in force."""
    for seed, again in ((12, {"cash_max", "sector:Y low"}), (19, {"cash_max"})):
        problems = tight_account(seed)
        answers = solve_shard(problems, SolveSettings(gap_bp_max=1e4))
        approaching, widened = answers.reasons[0].split("; ")
        assert approaching.startswith("drifted out of its limits, approaching: cash_max by")
        assert widened.startswith("no orders in whole steps keep its limits, widened: cash_max by")
        told = amounts_told(answers.reasons[0])
        assert told.keys() == again
        names = limit_names(problems.market.sectors, problems.market.exposures.shape[1])
        in_force = dict(zip(names, answers.certificate.relaxed[0].tolist(), strict=True))
        assert told == pytest.approx({name: in_force[name] for name in again}, rel=1e-5)
        assert sum(amount > 0.0 for amount in in_force.values()) == len(again)
