"""From `ShardProblems` to the arrays that the kernels read, once per shard."""

from __future__ import annotations

import numpy as np

from solvers.amounts import net_asset_values
from solvers.answer import AccountAnswer
from solvers.arrays import ABSENT
from solvers.prepare import Tables
from solvers.problem import NO_GAIN_LIMIT, Flags, Mode, ShardProblems, Status


def tables_of(problems: ShardProblems) -> Tables:
    """Return the shard's tables with limits as rows and permissions copied, so that the waves may close them."""
    market = problems.market
    sectors = len(market.sectors)
    accounts = len(problems.account_ids)
    group_order = np.argsort(market.identical_group, kind="stable")
    groups = int(market.identical_group.max()) + 1
    exposures = np.ascontiguousarray(market.exposures, np.float64)
    budget = np.where(
        problems.net_gain_budget_microusd == NO_GAIN_LIMIT, np.inf, problems.net_gain_budget_microusd.astype(float)
    )
    limits = (
        problems.risk_aversion,
        problems.cost_rate,
        problems.cash_min,
        problems.cash_max,
        problems.sector_band,
        problems.turnover_max,
        budget,
        problems.tracking_error_max,
        problems.factor_band,
    )
    rates = (
        problems.short_gain_rate,
        problems.long_gain_rate,
        problems.short_loss_rate,
        problems.long_loss_rate,
        problems.loss_margin,
    )
    return Tables(
        F=exposures,
        FT=np.ascontiguousarray(exposures.T),
        D=np.ascontiguousarray(market.specific_variance, np.float64),
        sector=market.sector.astype(np.int64),
        group=market.identical_group.astype(np.int64),
        group_at=np.searchsorted(market.identical_group[group_order], np.arange(groups + 1)).astype(np.int64),
        group_member=group_order.astype(np.int64),
        price=market.price_microusd.astype(np.int64),
        weights=np.ascontiguousarray(market.benchmark_weights, np.float64),
        benchmark=problems.benchmark.astype(np.int64),
        taxable=problems.taxable.astype(np.bool_),
        mode=problems.mode.astype(np.int64),
        cash=problems.cash_microusd.astype(np.int64),
        flow=problems.flow_microusd.astype(np.int64),
        nav=net_asset_values(
            problems.lot_start,
            problems.lot_security,
            problems.lot_micro_shares,
            market.price_microusd,
            problems.cash_microusd,
        ),
        rates=np.ascontiguousarray(np.stack(rates, axis=1), np.float64),
        limits=np.ascontiguousarray(np.stack(limits, axis=1), np.float64),
        relaxed=np.zeros((accounts, 4 + 2 * sectors + 2 * exposures.shape[1])),
        max_weight=np.ascontiguousarray(np.minimum(problems.max_weight, ABSENT), np.float64),
        can_buy=np.array(problems.can_buy, np.bool_),
        can_sell=np.ascontiguousarray(problems.can_sell, np.bool_),
        lot_start=problems.lot_start.astype(np.int64),
        lot_security=problems.lot_security.astype(np.int64),
        lot_shares=problems.lot_micro_shares.astype(np.int64),
        lot_basis=problems.lot_basis_microusd.astype(np.int64),
        lot_long=problems.lot_long_term.astype(np.bool_),
        lot_allowed=problems.lot_sale_allowed.astype(np.bool_),
        lot_loss_allowed=np.array(problems.lot_loss_sale_allowed, np.bool_),
        share_step=problems.share_step_micro.astype(np.int64),
        min_trade=problems.min_trade_microusd.astype(np.int64),
        trigger=problems.trigger.astype(np.float64),
        relaxation_rank=problems.relaxation_rank.astype(np.int64),
        same_lot=continued_lots(problems),
    )


def continued_lots(problems: ShardProblems) -> Flags:
    """Return (L,) where a row is a later sublot of the custodian lot in the row before."""
    number, security = problems.lot_number, problems.lot_security
    same = np.zeros(len(number), np.bool_)
    same[1:] = (number[1:] == number[:-1]) & (security[1:] == security[:-1])
    same[problems.lot_start[:-1][problems.lot_start[:-1] < len(number)]] = False
    return same


def refusals(problems: ShardProblems, tables: Tables) -> dict[int, AccountAnswer]:
    """Return the accounts that are not solved: no value, a number that is none, or a mode that does not trade."""
    least = {
        "risk_aversion": problems.risk_aversion,
        "cost_rate": problems.cost_rate,
        "short_gain_rate": problems.short_gain_rate,
        "long_gain_rate": problems.long_gain_rate,
        "short_loss_rate": problems.short_loss_rate,
        "long_loss_rate": problems.long_loss_rate,
        "loss_margin": problems.loss_margin,
        "sector_band": problems.sector_band,
        "turnover_max": problems.turnover_max,
        "factor_band": problems.factor_band,
        "tracking_error_max": problems.tracking_error_max,
        "trigger": problems.trigger,
        "share_step_micro": problems.share_step_micro.astype(np.float64) - 1.0,
    }
    wrong: dict[str, Flags] = {name: ~(column >= 0.0) for name, column in least.items()}
    wrong["risk_aversion"] |= ~((problems.risk_aversion > 0.0) & np.isfinite(problems.risk_aversion))
    crossed = problems.cash_max < problems.cash_min
    wrong |= {"cash_min": np.isnan(problems.cash_min) | crossed, "cash_max": np.isnan(problems.cash_max) | crossed}
    wrong["max_weight"] = np.asarray(np.isnan(problems.max_weight).any(axis=1))
    bad_lots = np.flatnonzero((problems.lot_micro_shares <= 0) | (problems.lot_basis_microusd < 0))
    wrong["lots"] = np.zeros(len(problems.account_ids), np.bool_)
    wrong["lots"][np.searchsorted(problems.lot_start, bad_lots, side="right") - 1] = True
    answers: dict[int, AccountAnswer] = {}
    for a in np.flatnonzero(problems.mode == Mode.HOLD).tolist():
        answers[a] = AccountAnswer(status=Status.HELD_FROZEN, reason="mode hold")
    for a in np.flatnonzero(tables.nav <= 0).tolist():
        answers[a] = AccountAnswer(status=Status.HELD_DATA, reason="the account is worth nothing")
    for a in np.flatnonzero(np.any(list(wrong.values()), axis=0)).tolist():
        names = sorted(name for name, accounts in wrong.items() if accounts[a])
        answers[a] = AccountAnswer(status=Status.HELD_DATA, reason="no sensible number in " + ", ".join(names))
    return answers
