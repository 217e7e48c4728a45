"""From a shard's tables to the arrays of its problems: floats begin here, and nowhere before.

Everything that closes a name to an account is folded into three flags per (account, security) and two per lot:
restrictions, frozen names, wash windows, benchmark membership, minimum holding days. The solver sees no rows
for them.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
import polars as pl

from ledger.amounts import MICRO
from solvers.problem import (
    NO_GAIN_LIMIT,
    NO_LIMIT,
    RELAXABLE,
    Flags,
    Floats,
    Integers,
    Market,
    Mode,
    ShardProblems,
    relaxation_ranks,
)

BASIS_POINT = 1e-4
VALUE_MICROUSD = pl.col("micro_shares") // MICRO * pl.col("close_microusd") + (
    (pl.col("micro_shares") % MICRO).cast(pl.Int128) * pl.col("close_microusd") // MICRO
).cast(pl.Int64)
"""``micro_shares * close_microusd // MICRO``, whole shares apart: only the rest needs 128 bits."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ShardFacts:
    """The rows that a shard's problems are made of, each frame in the order its query states."""

    universe: pl.DataFrame
    exposures: pl.DataFrame
    """security_id, factor, exposure."""
    benchmark_weights: pl.DataFrame
    accounts: pl.DataFrame
    lots: pl.DataFrame
    """By ``account`` and ``security``, rows of ``accounts`` and ``universe``; then by lot_id and position."""
    restricted: pl.DataFrame
    closed_groups: pl.DataFrame


def market_of(facts: ShardFacts) -> Market:
    """Return the night's market as arrays; the same for every shard but for names that only one shard owns."""
    universe = facts.universe
    names = universe["security_id"].to_list()
    row = pl.DataFrame({"security_id": names, "row": np.arange(len(names))})
    benchmark_ids = facts.benchmark_weights["benchmark_id"].unique().sort().to_list()
    weights = np.zeros((len(benchmark_ids), len(names)))
    placed = facts.benchmark_weights.join(row, on="security_id").with_columns(
        benchmark=pl.col("benchmark_id").replace_strict(
            benchmark_ids, np.arange(len(benchmark_ids)), return_dtype=pl.Int64
        )
    )
    weights[placed["benchmark"].to_numpy(), placed["row"].to_numpy()] = placed["weight"].to_numpy()
    for number, line in enumerate(weights):
        weights[number] = line / math.fsum(line)  # a benchmark name that never had a price is not in the universe
    factors = facts.exposures["factor"].max()
    exposures = np.zeros((len(names), int(factors) if isinstance(factors, int) else 0))
    known = facts.exposures.join(row, on="security_id")
    exposures[known["row"].to_numpy(), known["factor"].to_numpy() - 1] = known["exposure"].to_numpy()
    sectors = universe["sector"].unique().sort().to_list()
    groups = universe["identical_group"].unique(maintain_order=True).to_list()
    return Market(
        security_ids=tuple(names),
        price_microusd=_integers(universe["close_microusd"]),
        exposures=exposures,
        specific_variance=universe["specific_variance"].fill_null(1.0).to_numpy().astype(np.float64),
        sectors=tuple(sectors),
        sector=_index(universe["sector"], sectors),
        identical_group=_index(universe["identical_group"], groups),
        benchmark_ids=tuple(benchmark_ids),
        benchmark_weights=weights,
    )


def problems_of(facts: ShardFacts, market: Market, *, trade_date: dt.date, loss_margin: float) -> ShardProblems:
    """Return the problems of the accounts in ``facts`` for orders of ``trade_date``.

    A lot within ``loss_margin`` (a fraction) above its basis counts as a loss for wash sales.
    """
    accounts, lots = facts.accounts, facts.lots
    closed_to_buying, closed_to_loss_sales, open_purchase = _closed(facts, market)
    can_buy, can_sell, max_weight = _permissions(facts, market, closed_to_buying=closed_to_buying)
    lot_account, lot_security = _integers(lots["account"]), _integers(lots["security"])
    closed_lot = closed_to_loss_sales[lot_account, lot_security] if lots.height else np.zeros(0, np.bool_)
    few = np.flatnonzero(closed_lot & lots["bought_as"].is_not_null().to_numpy())
    bought_as = lots["bought_as"].gather(few).to_numpy().astype(np.object_)
    closed_lot[few] = open_purchase[lot_account[few], lot_security[few]] != bought_as
    held_days = lots.select((pl.lit(trade_date) - pl.col("acquired_date")).dt.total_days())["literal"]
    minimum_days = accounts["min_holding_days"].to_numpy()[lot_account]
    return ShardProblems(
        market=market,
        account_ids=tuple(accounts["account_id"].to_list()),
        household=_index(accounts["household_id"], accounts["household_id"].unique(maintain_order=True).to_list()),
        wave=_integers(accounts["wave"]),
        taxable=accounts["registration"].is_in(["taxable", "trust"]).to_numpy(),
        mode=_integers(accounts["mode"].replace_strict({mode.name.lower(): mode.value for mode in Mode})),
        benchmark=_index(accounts["benchmark_id"], list(market.benchmark_ids)),
        cash_microusd=_integers(accounts["cash_microusd"]),
        flow_microusd=_integers(accounts["flow_microusd"]),
        short_gain_rate=_floats(accounts["short_rate"]),
        long_gain_rate=_floats(accounts["long_rate"]),
        short_loss_rate=_floats(accounts["short_loss_rate"]),
        long_loss_rate=_floats(accounts["long_loss_rate"]),
        loss_margin=np.full(accounts.height, loss_margin),
        risk_aversion=_floats(accounts["risk_aversion"]),
        cost_rate=_floats(accounts["cost_bps"]) * BASIS_POINT,
        cash_min=_floats(accounts["cash_min"]),
        cash_max=_floats(accounts["cash_max"]),
        sector_band=_limits(accounts["sector_band"]),
        turnover_max=_limits(accounts["turnover_max"]),
        # A budget that fills have already exceeded forbids further gains; it does not force losses.
        net_gain_budget_microusd=_integers(
            (accounts["net_gain_budget_microusd"] - accounts["realized_microusd"])
            .clip(lower_bound=0)
            .fill_null(NO_GAIN_LIMIT)
        ),
        tracking_error_max=_limits(accounts["tracking_error_max_bps"]) * BASIS_POINT,
        factor_band=_limits(accounts["factor_band"]),
        relaxation_rank=_ranks(accounts["relaxation_order"]),
        trigger=_floats(accounts["trigger_bps"]) * BASIS_POINT,
        share_step_micro=_integers(accounts["share_step_micro"]),
        min_trade_microusd=_integers(accounts["min_trade_microusd"]),
        max_weight=max_weight,
        can_buy=can_buy,
        can_sell=can_sell,
        lot_start=np.searchsorted(lot_account, np.arange(accounts.height + 1)).astype(np.int64),
        lot_ids=lots["lot_id"],
        lot_number=_integers(lots.select(pl.struct("account", "security", "lot_id").rle_id()).to_series()),
        lot_security=lot_security,
        lot_micro_shares=_integers(lots["micro_shares"]),
        lot_basis_microusd=_integers(lots["basis_microusd"]),
        lot_long_term=lots["long_term_next"].to_numpy().astype(np.bool_),
        lot_sale_allowed=held_days.to_numpy() >= minimum_days,
        lot_loss_sale_allowed=~closed_lot,
    )


def lot_names(problems: ShardProblems, rows: Integers) -> pl.Series:
    """Return lot_id of each of the lots ``rows``; null where a row is negative."""
    names = pl.Series("lot_id", cast("Sequence[str]", problems.lot_ids), dtype=pl.String)
    at = pl.Series(rows, dtype=pl.Int64)
    return names.gather(at.set(at < 0, None))


def _permissions(facts: ShardFacts, market: Market, *, closed_to_buying: Flags) -> tuple[Flags, Flags, Floats]:
    """Return can_buy, can_sell and max_weight, each (accounts, securities)."""
    accounts = facts.accounts
    tradable = facts.universe["freeze_reason"].is_null().to_numpy()
    benchmark = _index(accounts["benchmark_id"], list(market.benchmark_ids))
    can_buy = (market.benchmark_weights[benchmark] > 0.0) & tradable & ~closed_to_buying
    can_sell = np.broadcast_to(tradable, can_buy.shape).copy()
    max_weight = np.full(can_buy.shape, 1.0)
    placed = facts.restricted.join(accounts.select("account_id").with_row_index("account"), on="account_id").join(
        facts.universe.select("security_id").with_row_index("security"), on="security_id"
    )
    cells = (placed["account"].to_numpy(), placed["security"].to_numpy())
    can_buy[cells] &= ~placed["no_buy"].to_numpy()
    can_sell[cells] &= ~placed["no_sell"].to_numpy()
    caps = placed["weight_max"].fill_null(1.0).to_numpy()
    max_weight[cells] = np.where(placed["excluded"].to_numpy(), 0.0, caps)
    return can_buy, can_sell, max_weight


def _closed(facts: ShardFacts, market: Market) -> tuple[Flags, Flags, npt.NDArray[np.object_]]:
    """Return, per (account, security), whether the household's windows close it to buying and to loss sales.

    The third names the purchase that may be sold at a loss all the same, where there is one.
    """
    accounts = facts.accounts
    groups = facts.universe["identical_group"].unique(maintain_order=True).to_list()
    shape = (accounts.height, len(groups))
    buying, loss_sales = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    purchase = np.full(shape, None, np.object_)
    placed = (
        accounts.select("household_id")
        .with_row_index("account")
        .join(facts.closed_groups, on="household_id")
        .join(pl.DataFrame({"identical_group": groups}).with_row_index("group"), on="identical_group")
    )
    cells = (placed["account"].to_numpy(), placed["group"].to_numpy())
    buying[cells] = placed["closed_to_buying"].to_numpy()
    loss_sales[cells] = placed["closed_to_loss_sales"].to_numpy()
    purchase[cells] = placed["open_to_purchase"].to_list()
    by_security = market.identical_group
    return buying[:, by_security], loss_sales[:, by_security], purchase[:, by_security]


def frozen_values(facts: ShardFacts) -> pl.DataFrame:
    """Return account_id, security_id, value_microusd, reason and distrusted of every owned name nobody may trade."""
    frozen = facts.universe.with_row_index("security").filter(pl.col("freeze_reason").is_not_null())
    return (
        facts.lots.select(pl.col("account", "security").cast(pl.UInt32), "micro_shares")
        .join(frozen, on="security")
        .join(facts.accounts.select("account_id").with_row_index("account"), on="account")
        .group_by("account_id", "security_id", "freeze_reason", "distrusted")
        .agg(VALUE_MICROUSD.sum().alias("value_microusd"))
        .rename({"freeze_reason": "reason"})
        .sort("account_id", "security_id")
    )


def account_values(facts: ShardFacts) -> pl.DataFrame:
    """Return account_id and nav_microusd: cash and open lots at the night's close."""
    held = (
        facts.lots.select(
            pl.col("account").cast(pl.UInt32),
            "micro_shares",
            close_microusd=facts.universe["close_microusd"].gather(facts.lots["security"]),
        )
        .group_by("account")
        .agg(VALUE_MICROUSD.sum().alias("held"))
    )
    return (
        facts.accounts.select("account_id", "cash_microusd")
        .with_row_index("account")
        .join(held, on="account", how="left")
        .select("account_id", nav_microusd=pl.col("cash_microusd") + pl.col("held").fill_null(0))
        .sort("account_id")
    )


def facts_without(facts: ShardFacts, held: pl.Series) -> ShardFacts:
    """Return ``facts`` without the held accounts and their lots; the others move up."""
    stays = ~facts.accounts["account_id"].is_in(held.implode()).to_numpy()
    if stays.all():
        return facts
    account = facts.lots["account"].to_numpy()
    row = pl.Series("account", (np.cumsum(stays) - 1)[account], facts.lots.schema["account"])
    return dataclasses.replace(
        facts, accounts=facts.accounts.filter(stays), lots=facts.lots.with_columns(row).filter(stays[account])
    )


def _integers(column: pl.Series) -> Integers:
    return column.cast(pl.Int64).to_numpy().astype(np.int64)


def _floats(column: pl.Series) -> Floats:
    return column.cast(pl.Float64).to_numpy().astype(np.float64)


def _limits(column: pl.Series) -> Floats:
    return _floats(column.cast(pl.Float64).fill_null(NO_LIMIT))


def _ranks(column: pl.Series) -> Integers:
    orders = [[] if order is None else order.split(";") for order in column.to_list()]
    return np.array([relaxation_ranks(order) for order in orders], np.int64).reshape(len(orders), len(RELAXABLE))


def _index(column: pl.Series, order: list[str]) -> Integers:
    position = {name: number for number, name in enumerate(order)}
    return np.array([position[name] for name in column.to_list()], dtype=np.int64)
