"""A shard's answers: outcomes, modes, households, rounding, what is refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from ledger.amounts import MICRO
from ledger.errors import InputError
from solvers.block import put
from solvers.evaluate import judge
from solvers.prepare import prepare
from solvers.problem import Mode, ShardAnswers, ShardProblems, SolveSettings, Status
from solvers.shard import solve_shard
from solvers.tables import tables_of
from tests.solver_cases import random_shard, some_accounts, with_sublots

SETTINGS = SolveSettings()


def small(**changes: Any) -> ShardProblems:  # noqa: ANN401 - any field
    return random_shard(names=30, factors=6, accounts=8, seed=11, **changes)


def orders_of(answers: ShardAnswers, a: int) -> set[tuple[int, int, int]]:
    chosen = answers.order_account == a
    return set(
        zip(
            answers.order_security[chosen].tolist(),
            answers.order_lot[chosen].tolist(),
            answers.order_micro_shares[chosen].tolist(),
            strict=True,
        )
    )


def test_every_account_is_certified_and_the_judge_agrees() -> None:
    problems = small()
    answers = solve_shard(problems, SETTINGS)
    judgement = judge(problems, answers)
    assert set(answers.status) == {Status.CERTIFIED}
    assert judgement.offences == ()
    assert np.abs(judgement.objective - answers.objective).max() < 1e-14
    assert (answers.gap_continuous <= 1e-6).all()
    assert (answers.objective < answers.objective_idle + 1e-15)[judgement.objective_idle > 1.0].all()


def test_the_judge_sees_a_bound_that_is_too_good() -> None:
    problems = small()
    answers = solve_shard(problems, SETTINGS)
    better = dataclasses.replace(answers, bound=answers.objective + 1e-6)
    assert any("bound" in text for _, text in judge(problems, better).offences)


def test_the_judge_sees_directions_that_no_leaf_covers() -> None:
    problems = small()
    answers = solve_shard(problems, SETTINGS)
    decided = answers.certificate.leaf_directions.copy()
    decided[:, 0] = 1
    narrowed = dataclasses.replace(answers.certificate, leaf_directions=decided)
    assert any(
        "leaves" in text for _, text in judge(problems, dataclasses.replace(answers, certificate=narrowed)).offences
    )


def test_what_a_limit_may_give_does_not_depend_on_securities_out_of_reach() -> None:
    """A share of half a million that the account neither holds nor may buy is no step of its orders."""
    usual = random_shard(names=30, factors=6, accounts=2, seed=11, sector_band=0.005, turnover_max=0.01)
    answers = solve_shard(usual, SETTINGS)
    a = [status is Status.CERTIFIED_RELAXED for status in answers.status].index(True)
    price = usual.market.price_microusd.copy()
    far = int(np.flatnonzero(~np.isin(np.arange(30), usual.lot_security))[0])
    price[far] = 4_000_000 * MICRO
    can_buy = usual.can_buy.copy()
    can_buy[:, far] = False
    problems = dataclasses.replace(
        usual, market=dataclasses.replace(usual.market, price_microusd=price), can_buy=can_buy,
        share_step_micro=np.full(2, MICRO),
    )  # fmt: skip
    answers = solve_shard(problems, SETTINGS)
    assert judge(problems, answers).offences == ()
    relaxed = answers.certificate.relaxed.copy()
    row = int(relaxed[a].argmax())
    dearest = np.delete(price, far).max() / answers.nav_microusd[a]
    breach = -float(prepare(tables_of(problems), np.array([a])).r[0, row])
    relaxed[a, row] = breach + 1.1e-5 + 2.0 * dearest
    wider = dataclasses.replace(answers, certificate=dataclasses.replace(answers.certificate, relaxed=relaxed))
    assert (a, "a limit is relaxed without need") in judge(problems, wider).offences


def test_the_judge_sees_an_order_that_breaks_a_limit() -> None:
    problems = small()
    answers = solve_shard(problems, SETTINGS)
    larger = answers.order_micro_shares.copy()
    purchases = np.flatnonzero(answers.order_is_buy)
    larger[purchases] *= 40
    offences = judge(problems, dataclasses.replace(answers, order_micro_shares=larger)).offences
    assert any(text in {"cash_min", "turnover"} for _, text in offences)


def test_an_account_in_mode_hold_does_not_trade() -> None:
    answers = solve_shard(small(mode=int(Mode.HOLD)), SETTINGS)
    assert set(answers.status) == {Status.HELD_FROZEN}
    assert set(answers.reasons) == {"mode hold"}
    assert len(answers.order_account) == 0


def test_an_account_in_mode_buy_only_sells_nothing() -> None:
    answers = solve_shard(small(mode=int(Mode.BUY_ONLY)), SETTINGS)
    assert answers.order_is_buy.all()
    assert len(answers.order_account) > 0


def test_a_tax_unaware_account_still_keeps_the_wash_rules() -> None:
    problems = small(mode=int(Mode.TAX_UNAWARE), pairs=10)
    answers = solve_shard(problems, SETTINGS)
    assert judge(problems, answers).offences == ()


def test_nothing_worth_the_trigger_is_no_trade_with_a_proof() -> None:
    problems = small(trigger=1.0, cash_max=0.5, cash_min=0.0, sector_band=1.0)
    answers = solve_shard(problems, SETTINGS)
    assert set(answers.status) == {Status.CERTIFIED_NO_TRADE}
    assert len(answers.order_account) == 0
    assert (answers.objective == judge(problems, answers).objective_idle).all() or np.allclose(
        answers.objective, answers.objective_idle, rtol=0.0, atol=1e-15
    )
    assert (answers.objective_idle - answers.bound < 1.0).all()


@pytest.mark.parametrize("share_step", [100, 1_000_000])
def test_orders_are_whole_steps_or_whole_lots(share_step: int) -> None:
    problems = random_shard(names=30, factors=6, accounts=12, seed=3, share_step=share_step)
    answers = solve_shard(problems, SETTINGS)
    for lot, shares in zip(answers.order_lot.tolist(), answers.order_micro_shares.tolist(), strict=True):
        assert shares % share_step == 0 or shares == problems.lot_micro_shares[lot]
    assert judge(problems, answers).offences == ()


def test_no_order_is_below_the_minimum_trade() -> None:
    least = 300 * MICRO
    problems = small(min_trade_microusd=least)
    answers = solve_shard(problems, SETTINGS)
    value: dict[tuple[int, int], int] = {}
    for a, i, shares in zip(
        answers.order_account.tolist(),
        answers.order_security.tolist(),
        answers.order_micro_shares.tolist(),
        strict=True,
    ):
        value[a, i] = value.get((a, i), 0) + shares * int(problems.market.price_microusd[i])
    assert min(value.values()) >= least * MICRO
    assert judge(problems, answers).offences == ()


def test_a_withdrawal_is_raised_and_a_deposit_invested() -> None:
    usual = small()
    answers = {
        flow: solve_shard(dataclasses.replace(usual, flow_microusd=np.full(8, flow, np.int64)), SETTINGS)
        for flow in (-5_000 * MICRO, 5_000 * MICRO)
    }
    for flow, answer in answers.items():
        solved = np.array([not status.is_held for status in answer.status])
        cash = (answer.cash_after_microusd + flow) / answer.nav_microusd
        assert solved.any()
        assert (cash[solved] >= 0.002 - 1e-9).all()
        assert (cash[solved] <= 0.012 + 1e-9).all()


def test_a_loss_sold_closes_the_purchases_of_the_household() -> None:
    problems = random_shard(names=20, factors=4, accounts=40, seed=5, pairs=4)
    answers = solve_shard(problems, SETTINGS)
    assert judge(problems, answers).offences == ()
    closed = problems.can_buy & ~answers.certificate.can_buy
    assert closed.any()
    assert (problems.lot_loss_sale_allowed & ~answers.certificate.lot_loss_sale_allowed).any()


def test_retirement_accounts_pay_no_tax_and_sell_losses_freely() -> None:
    problems = small(taxable=False, lot_loss_sale_allowed=False)
    answers = solve_shard(problems, SETTINGS)
    sold = answers.order_lot[~answers.order_is_buy]
    value = problems.lot_micro_shares[sold] / MICRO * problems.market.price_microusd[problems.lot_security[sold]]
    assert (value < problems.lot_basis_microusd[sold]).any()
    assert (answers.net_gain_microusd == 0).all()


def test_a_lot_that_may_not_be_sold_below_basis_is_not() -> None:
    problems = small(lot_loss_sale_allowed=False, taxable=True)
    answers = solve_shard(problems, SETTINGS)
    sold = answers.order_lot[~answers.order_is_buy]
    value = problems.lot_micro_shares[sold] / MICRO * problems.market.price_microusd[problems.lot_security[sold]]
    assert (value >= problems.lot_basis_microusd[sold]).all()


def test_sublots_of_one_lot_leave_in_position_order() -> None:
    usual = random_shard(names=60, factors=6, accounts=12, seed=21)
    for adjustment in (-0.05, 0.05):
        problems = with_sublots(usual, share=0.1, adjustment=adjustment, seed=1)
        answers = solve_shard(problems, SETTINGS)
        assert judge(problems, answers).offences == ()
        assert sum(status is Status.CERTIFIED for status in answers.status) >= 10


def test_sublots_cheaper_to_sell_behind_dearer_ones_are_certified_all_the_same() -> None:
    """The bound knows their order; the envelope of their costs alone left one in ten of such accounts held."""
    usual = random_shard(names=100, factors=10, accounts=24, seed=950, households=False)
    problems = with_sublots(usual, share=0.1, adjustment=0.02, seed=1)
    answers = solve_shard(problems, SETTINGS)
    assert set(answers.status) == {Status.CERTIFIED}, answers.reasons
    assert judge(problems, answers).offences == ()
    assert np.median(answers.gap_continuous) < 0.02e-4


def test_a_drifted_account_approaches_its_band_and_says_so() -> None:
    problems = small(sector_band=0.005, turnover_max=0.01)
    answers = solve_shard(problems, SETTINGS)
    relaxed = [a for a, status in enumerate(answers.status) if status is Status.CERTIFIED_RELAXED]
    assert relaxed
    assert all("approaching" in answers.reasons[a] for a in relaxed)
    assert judge(problems, answers).offences == ()


def test_an_impossible_withdrawal_names_the_limits_in_conflict() -> None:
    problems = small(flow_microusd=-(10**15))
    answers = solve_shard(problems, SETTINGS)
    assert set(answers.status) == {Status.HELD_INFEASIBLE}
    assert "cash_min" in answers.conflict_limit
    assert (answers.conflict_needed > 0.0).all()
    assert len(answers.order_account) == 0


def test_a_tracking_error_cap_is_kept_and_certified() -> None:
    usual = random_shard(names=60, factors=6, accounts=12, seed=4, households=False)
    free = solve_shard(usual, SETTINGS)
    capped = dataclasses.replace(usual, tracking_error_max=0.95 * free.tracking_error_after)
    answers = solve_shard(capped, SETTINGS)
    certified = np.array([status is Status.CERTIFIED for status in answers.status])
    assert certified.sum() >= 8
    assert (answers.tracking_error_after <= capped.tracking_error_max)[certified].all()
    assert (answers.gap_continuous[certified] <= 1e-4).all()
    assert "tracking_error_max" in answers.shadow_limit
    assert judge(capped, answers).offences == ()


def test_numbers_that_make_no_sense_hold_their_own_account_only() -> None:
    usual = small()
    aversion = usual.risk_aversion.copy()
    aversion[2] = np.nan
    answers = solve_shard(dataclasses.replace(usual, risk_aversion=aversion), SETTINGS)
    assert answers.status[2] is Status.HELD_DATA
    assert "risk_aversion" in answers.reasons[2]
    assert sum(status is Status.CERTIFIED for status in answers.status) == 7


def test_a_cash_band_that_is_empty_holds_its_own_account_only() -> None:
    usual = small()
    cash_min = usual.cash_min.copy()
    cash_min[2] = 0.5
    answers = solve_shard(dataclasses.replace(usual, cash_min=cash_min), SETTINGS)
    assert answers.status[2] is Status.HELD_DATA
    assert answers.reasons[2] == "no sensible number in cash_max, cash_min"
    assert sum(status is Status.CERTIFIED for status in answers.status) == 7


def test_an_account_worth_nothing_is_held() -> None:
    problems = random_shard(names=5, factors=2, accounts=1, seed=1, cash_microusd=-(10**15))
    answers = solve_shard(problems, SETTINGS)
    assert answers.status == (Status.HELD_DATA,)


def test_two_accounts_of_a_household_in_one_wave_are_refused() -> None:
    with pytest.raises(InputError, match="SHARD-001"):
        solve_shard(small(household=0, wave=0), SETTINGS)


def test_a_gap_above_the_accepted_one_holds_the_account() -> None:
    problems = random_shard(names=30, factors=6, accounts=8, seed=11)
    strict = SolveSettings(gap_bp_max=1e-12, gap_bp_target=1.0, nodes_max=0)
    answers = solve_shard(problems, strict)
    held = [reason for status, reason in zip(answers.status, answers.reasons, strict=True) if status.is_held]
    assert held
    assert all("gap" in reason for reason in held)


def test_shadow_prices_name_limits_that_bind() -> None:
    answers = solve_shard(small(), SETTINGS)
    assert set(answers.shadow_limit) & {"cash_max", "cash_min", "turnover"}
    assert (answers.shadow_usd_per_unit > 0.0).all()


def test_every_order_has_a_reason_of_the_vocabulary() -> None:
    answers = solve_shard(small(), SETTINGS)
    known = {"harvest", "rebalance", "raise cash", "invest cash", "exclusion", "transition"}
    assert set(answers.order_reason) <= known
    assert "harvest" in answers.order_reason


def reason_of(problems: ShardProblems, a: int, *, security: int, lot: int) -> str:
    """Return an order's reason as `solvers.explain` states it, of one order by itself."""
    prices, lots = problems.market.price_microusd, range(int(problems.lot_start[a]), int(problems.lot_start[a + 1]))
    value = {j: problems.lot_micro_shares[j] / MICRO * prices[problems.lot_security[j]] for j in lots}
    nav = problems.cash_microusd[a] + sum(value.values())
    idle = (problems.cash_microusd[a] + problems.flow_microusd[a]) / nav
    if lot < 0:
        return "invest cash" if idle > problems.cash_max[a] else "rebalance"
    if value[lot] < problems.lot_basis_microusd[lot] and problems.taxable[a]:
        return "harvest"
    if sum(value[j] for j in lots if problems.lot_security[j] == security) / nav > problems.max_weight[a, security]:
        return "exclusion"
    if problems.market.benchmark_weights[problems.benchmark[a], security] == 0.0:
        return "transition"
    return "raise cash" if idle < problems.cash_min[a] else "rebalance"


def test_an_order_has_the_first_reason_that_applies() -> None:
    usual = random_shard(names=30, factors=6, accounts=30, seed=11, households=True)
    weights = usual.market.benchmark_weights.copy()
    weights[:, ::5] = 0.0
    caps = usual.max_weight.copy()
    caps[::2, 3] = 0.0
    problems = dataclasses.replace(
        usual,
        market=dataclasses.replace(usual.market, benchmark_weights=weights / weights.sum(axis=1, keepdims=True)),
        max_weight=caps,
        can_buy=usual.can_buy & (weights[usual.benchmark] > 0.0),
        flow_microusd=usual.cash_microusd * np.resize([0, 3, -3], 30),
    )
    answers = solve_shard(problems, SETTINGS)
    orders = zip(
        answers.order_account.tolist(), answers.order_security.tolist(), answers.order_lot.tolist(), strict=True
    )
    assert [reason_of(problems, a, security=i, lot=lot) for a, i, lot in orders] == list(answers.order_reason)
    assert len(set(answers.order_reason)) == 6


@pytest.mark.parametrize(
    "name",
    ["cost_rate", "long_loss_rate", "loss_margin", "turnover_max", "trigger", "cash_max", "max_weight",
     "share_step_micro", "lot_basis_microusd"],
)  # fmt: skip
def test_what_makes_no_sense_is_named(name: str) -> None:
    usual = random_shard(names=12, factors=2, accounts=3, seed=2, households=False)
    column = getattr(usual, name).copy()
    at = int(usual.lot_start[2]) - 1 if name.startswith("lot_") else 1
    column[at] = np.nan if column.dtype.kind == "f" else -1
    answers = solve_shard(dataclasses.replace(usual, **{name: column}), SETTINGS)
    named = "lots" if name.startswith("lot_") else name
    assert (answers.status[1], answers.reasons[1]) == (Status.HELD_DATA, f"no sensible number in {named}")
    assert not answers.status[0].is_held
    assert not answers.status[2].is_held


def test_a_shard_whose_accounts_are_all_held_beforehand_has_no_answers_and_no_orders() -> None:
    problems = some_accounts(random_shard(names=12, accounts=2, seed=3), np.zeros(0, np.int64))
    answers = solve_shard(problems, SolveSettings())
    assert answers.status == ()
    assert answers.order_lot.dtype == np.int64
    assert len(answers.order_lot) == len(answers.objective) == 0


def scaled(problems: ShardProblems, factor: float) -> ShardProblems:
    """Return the same accounts with every amount of money times ``factor``, prices as they are."""
    return dataclasses.replace(
        problems,
        lot_micro_shares=np.maximum(np.round(problems.lot_micro_shares * factor), 1.0).astype(np.int64),
        lot_basis_microusd=np.round(problems.lot_basis_microusd * factor).astype(np.int64),
        cash_microusd=np.round(problems.cash_microusd * factor).astype(np.int64),
        net_gain_budget_microusd=np.round(problems.net_gain_budget_microusd * factor).astype(np.int64),
        share_step_micro=np.ones_like(problems.share_step_micro),
    )


@pytest.mark.parametrize("factor", [1e-6, 1e-5, 1e4], ids=["a dollar", "ten dollars", "ten billion"])
def test_accounts_of_any_size_are_certified(factor: float) -> None:
    usual = random_shard(names=60, factors=6, accounts=12, seed=31, households=False)
    problems = scaled(usual, factor)
    answers = solve_shard(problems, SETTINGS)
    assert set(answers.status) == {Status.CERTIFIED}
    assert (answers.gap_continuous <= 1e-6).all()
    assert judge(problems, answers).offences == ()


def test_an_account_of_five_thousand_lots_is_certified() -> None:
    usual = random_shard(names=100, factors=10, accounts=1, seed=3, households=False)
    parts = -(-5000 // len(usual.lot_ids))
    source = np.repeat(np.arange(len(usual.lot_ids)), parts)
    spread = np.exp(np.random.default_rng(1).normal(0.0, 0.2, len(source)))
    problems = dataclasses.replace(
        usual,
        lot_start=np.array([0, len(source)], np.int64),
        lot_ids=tuple(f"L{lot:06d}" for lot in range(len(source))),
        lot_number=np.arange(len(source)),
        lot_security=usual.lot_security[source],
        lot_micro_shares=np.maximum(usual.lot_micro_shares[source] // parts, 1),
        lot_basis_microusd=(usual.lot_basis_microusd[source] // parts * spread).astype(np.int64),
        lot_long_term=usual.lot_long_term[source],
        lot_sale_allowed=usual.lot_sale_allowed[source],
        lot_loss_sale_allowed=usual.lot_loss_sale_allowed[source],
    )
    answers = solve_shard(problems, SETTINGS)
    assert answers.status == (Status.CERTIFIED,)
    assert answers.gap_continuous[0] <= 1e-6
    assert judge(problems, answers).offences == ()


@pytest.mark.parametrize("share_step", [100, 1_000_000])
def test_a_hard_cap_on_tracking_error_leaves_no_account_without_orders(share_step: int) -> None:
    usual = random_shard(names=60, factors=6, accounts=60, seed=903, households=False, share_step=share_step)
    free = solve_shard(usual, SETTINGS)
    capped = dataclasses.replace(usual, tracking_error_max=0.9 * free.tracking_error_after)
    answers = solve_shard(capped, SETTINGS)
    assert all(status in {Status.CERTIFIED, Status.CERTIFIED_RELAXED} for status in answers.status), answers.reasons
    assert judge(capped, answers).offences == ()


def test_a_block_whose_storage_is_full_to_its_last_number_grows() -> None:
    full = np.arange(4.0)
    grown = put(full, 5, np.ones(2))
    assert grown[:4].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert grown[5:7].tolist() == [1.0, 1.0]
