"""One session at the simulated custodian, as pure functions of frames.

Shares and money are integers of one millionth. An event has account_id, kind, security_id, lot_id, micro_shares and
amount_microusd; amounts are positive, and the kind says which way the money goes (`CASH_SIGN`). A trade's amount is
the total paid or received, costs included.

A position is scaled as a whole: ``floor(shares * new / old)``, as the ledger's lots together are.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from ledger.amounts import MICRO
from pipelines.draws import keys_of, uniform
from pipelines.market import Floats

CASH_SIGN = {"buy": -1, "reinvest": -1, "withdrawal": -1, "fee": -1, "sell": 1, "dividend": 1, "deposit": 1}
SHARE_SIGN = {"buy": 1, "reinvest": 1, "sell": -1}
FEE_PER_YEAR = 0.0025
REINVESTING_SHARE = 0.1
CENT = MICRO // 100
PRICE_STEP = 100
"""Fill prices have four decimals."""
SCALING = ("split", "stock_dividend")
BOOKABLE = (*SCALING, "spinoff", "cash_dividend", "symbol_change")
"""Kinds of action whose terms the custodian knows; an order in a name with another lapses on that day."""

EVENT_COLUMNS = {
    "account_id": pl.String,
    "kind": pl.String,
    "security_id": pl.String,
    "lot_id": pl.String,
    "micro_shares": pl.Int64,
    "amount_microusd": pl.Int64,
}


def with_ratio(actions: pl.DataFrame, *, kinds: tuple[str, ...]) -> pl.DataFrame:
    """Return the actions of ``kinds`` with their ratio as whole numbers new and old."""
    terms = pl.col("ratio").str.split("/")
    return actions.filter(pl.col("kind").is_in(kinds)).with_columns(
        new=terms.list.get(0).cast(pl.Int64), old=terms.list.get(1).cast(pl.Int64)
    )


def believed(prices: pl.DataFrame, *, before: pl.DataFrame, actions: pl.DataFrame, jump_max: float) -> pl.DataFrame:
    """Return ``prices`` without those too far from the close before, splits accounted for: nobody trades at a bad tick.

    ``jump_max`` is the largest believed ``|ln|``. A name without a close before is believed.
    """
    ratios = with_ratio(actions, kinds=SCALING).select("security_id", "new", "old")
    moved = pl.col("close_microusd") / pl.col("close_before") * pl.col("new").fill_null(1) / pl.col("old").fill_null(1)
    return (
        prices.join(before.rename({"close_microusd": "close_before"}), on="security_id", how="left")
        .join(ratios, on="security_id", how="left")
        .filter((moved.log().abs() <= jump_max).fill_null(value=True))
        .select("security_id", "close_microusd")
        .sort("security_id")
    )


def after_actions(positions: pl.DataFrame, *, actions: pl.DataFrame) -> pl.DataFrame:
    """Return ``positions`` after the session's splits, stock dividends and spin-offs."""
    held = _scaled(positions, actions)
    spun = with_ratio(actions, kinds=("spinoff",)).select("security_id", "new_security_id", "new", "old")
    received = held.join(spun, on="security_id").select(
        "account_id", pl.col("new_security_id").alias("security_id"), micro_shares=_times("micro_shares")
    )
    return _summed(pl.concat([held, received]))


def _scaled(frame: pl.DataFrame, actions: pl.DataFrame) -> pl.DataFrame:
    """Return ``frame`` with micro_shares of split names multiplied by the ratio, rounded down."""
    ratios = with_ratio(actions, kinds=SCALING).select("security_id", "new", "old")
    return (
        frame.join(ratios, on="security_id", how="left", maintain_order="left")
        .with_columns(
            micro_shares=pl.when(pl.col("new").is_null()).then("micro_shares").otherwise(_times("micro_shares"))
        )
        .drop("new", "old")
    )


def _times(column: str) -> pl.Expr:
    return (pl.col(column).cast(pl.Int128) * pl.col("new") // pl.col("old")).cast(pl.Int64)


def _summed(positions: pl.DataFrame) -> pl.DataFrame:
    return (
        positions.group_by("account_id", "security_id")
        .agg(pl.col("micro_shares").sum())
        .filter(pl.col("micro_shares") > 0)
        .sort("account_id", "security_id")
    )


def dividends(positions: pl.DataFrame, *, actions: pl.DataFrame) -> pl.DataFrame:
    """Return the cash dividends of the session on ``positions``, which are those at the open, to the cent."""
    paid = actions.filter(pl.col("kind") == "cash_dividend").select("security_id", "cash_microusd")
    usd = pl.col("micro_shares") / MICRO * (pl.col("cash_microusd") / MICRO)
    return _events(positions.join(paid, on="security_id").with_columns(micro_shares=None, usd=usd), kind="dividend")


def reinvestments(
    dividend: pl.DataFrame, *, accounts: pl.DataFrame, prices: pl.DataFrame, night: dt.date, seed: int
) -> pl.DataFrame:
    """Return the purchases of the accounts that reinvest: about a tenth of those that hold fractions of shares."""
    draw = uniform("reinvests", seed=seed, day=0, keys=keys_of(accounts["account_id"]))
    reinvesting = accounts.filter(pl.Series(draw < REINVESTING_SHARE) & (pl.col("share_step_micro") < MICRO))
    shares = (pl.col("amount_microusd") / pl.col("close_microusd") * MICRO).floor().cast(pl.Int64)
    bought = (
        dividend.join(reinvesting, on="account_id", how="semi")
        .join(prices, on="security_id")
        .with_columns(micro_shares=shares, usd=pl.col("amount_microusd") / MICRO)
    )
    lot = pl.format("{}-{}-reinvest", pl.lit(night.isoformat()), "security_id")
    return _events(bought.with_columns(lot_id=lot), kind="reinvest").filter(pl.col("micro_shares") > 0)


def executions(
    allocations: pl.DataFrame,
    *,
    accounts: pl.DataFrame,
    positions: pl.DataFrame,
    actions: pl.DataFrame,
    prices: pl.DataFrame,
    night: dt.date,
    seed: int,
    slippage_bps: float,
    partial_fill_share: float,
) -> pl.DataFrame:
    """Return how the orders ``allocations`` were filled: buys and sells, before cash limits the buys.

    An order is in shares of the night before; a split of this session scales it. It lapses where its name has no
    believed price in ``prices``, or an action whose terms nobody knows, or where the custodian holds too few shares.
    """
    unclear = actions.filter(~pl.col("kind").is_in(BOOKABLE))
    orders = (
        _scaled(allocations, actions)
        .join(unclear, on="security_id", how="anti")
        .join(prices, on="security_id", maintain_order="left")
        .join(accounts, on="account_id", maintain_order="left")
    )
    orders = _without_uncovered(orders, positions=positions)
    filled = _filled_shares(orders, night=night, seed=seed, share=partial_fill_share)
    price = _fill_prices(orders, night=night, seed=seed, slippage_bps=slippage_bps)
    sign = pl.when(pl.col("side") == "buy").then(1.0).otherwise(-1.0)
    usd = pl.col("micro_shares") / MICRO * pl.col("price_usd") * (1.0 + sign * pl.col("cost_bps") / 1e4)
    lot = pl.when(pl.col("side") == "buy").then(pl.format("{}-{}", pl.lit(night.isoformat()), "security_id"))
    trades = (
        orders.with_columns(micro_shares=filled, price_usd=price)
        .with_columns(usd=usd, lot_id=lot.otherwise("lot_id"))
        .filter(pl.col("micro_shares") > 0)
    )
    return pl.concat([_events(trades.filter(pl.col("side") == side), kind=side) for side in ("buy", "sell")])


def _without_uncovered(orders: pl.DataFrame, *, positions: pl.DataFrame) -> pl.DataFrame:
    """Return ``orders`` without the sales of names of which an account holds less than it would sell."""
    key = ["account_id", "security_id"]
    asked = orders.filter(pl.col("side") == "sell").group_by(key).agg(asked=pl.col("micro_shares").sum())
    short = asked.join(positions, on=key, how="left").filter(pl.col("asked") > pl.col("micro_shares").fill_null(0))
    uncovered = orders.filter(pl.col("side") == "sell").join(short, on=key, how="semi")
    return orders.join(uncovered, on=[*key, "side"], how="anti", maintain_order="left")


def _filled_shares(orders: pl.DataFrame, *, night: dt.date, seed: int, share: float) -> pl.Series:
    """Return the micro-shares filled; a ``share`` of the orders is filled in part, in whole share steps."""
    keys = keys_of(f"{a}|{s}|{lot}" for a, s, lot in orders.select("account_id", "security_id", "lot_id").iter_rows())
    day = night.toordinal()
    in_part = uniform("partial", seed=seed, day=day, keys=keys) < share
    part = uniform("part", seed=seed, day=day, keys=keys)
    asked, step = orders["micro_shares"].to_numpy(), orders["share_step_micro"].to_numpy()
    return pl.Series(np.where(in_part, np.floor(asked * part / step).astype(np.int64) * step, asked))


def _fill_prices(orders: pl.DataFrame, *, night: dt.date, seed: int, slippage_bps: float) -> Floats:
    """Return the price of each order in USD: all orders of one name and side share one price."""
    keys = keys_of(f"{security}|{side}" for security, side in orders.select("security_id", "side").iter_rows())
    # Twelve uniform numbers less six are as good as normal here, and need no logarithm.
    draws = (uniform(f"slippage {i}", seed=seed, day=night.toordinal(), keys=keys) for i in range(12))
    normal = np.sum(list(draws), axis=0) - 6.0
    raw = orders["close_microusd"].to_numpy() * (1.0 + normal * slippage_bps / 1e4)
    price: Floats = np.maximum(np.rint(raw / PRICE_STEP), 1.0) * PRICE_STEP / MICRO
    return price


def fees(held_usd: pl.DataFrame, *, cash: pl.DataFrame) -> pl.DataFrame:
    """Return one month's fee of every account that holds something; ``cash`` must cover it, or it is waived."""
    due = held_usd.join(cash, on="account_id").with_columns(usd=pl.col("held_usd") * (FEE_PER_YEAR / 12.0))
    return _events(due.filter(pl.col("usd") * MICRO <= pl.col("cash_microusd") - CENT), kind="fee")


def flows_booked(flows: pl.DataFrame, *, cash: pl.DataFrame) -> pl.DataFrame:
    """Return deposits and withdrawals as expected the night before; ``cash`` must cover a withdrawal, or it lapses."""
    known = flows.join(cash, on="account_id").rename({"amount_microusd": "signed"})
    known = known.with_columns(usd=pl.col("signed").abs() / MICRO)
    covered = known.filter(pl.col("cash_microusd") + pl.col("signed") >= 0)
    return pl.concat(
        [
            _events(known.filter(pl.col("signed") > 0), kind="deposit"),
            _events(covered.filter(pl.col("signed") < 0), kind="withdrawal"),
        ]
    )


def within_cash(buys: pl.DataFrame, *, cash: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """Return ``buys`` cut back in proportion, to whole share steps, where an account's ``cash`` does not cover them."""
    total = pl.col("amount_microusd").sum().over("account_id")
    # A cent for each order, which rounding may add.
    spare = (pl.col("cash_microusd") - CENT * pl.len().over("account_id")).clip(lower_bound=0)
    known = buys.join(cash, on="account_id").join(accounts, on="account_id").with_columns(total=total, spare=spare)
    covered = pl.col("cash_microusd") >= pl.col("total")
    step = pl.col("share_step_micro")
    less = (pl.col("micro_shares") * (pl.col("spare") / pl.col("total")) / step).floor().cast(pl.Int64) * step
    cut = (
        known.filter(~covered)
        .with_columns(less=less)
        .filter(pl.col("less") > 0)
        .with_columns(usd=pl.col("amount_microusd") / MICRO * (pl.col("less") / pl.col("micro_shares")))
        .with_columns(micro_shares="less")
    )
    return pl.concat([known.filter(covered).select(EVENT_COLUMNS.keys()), _events(cut, kind="buy")])


def cash_after(cash: pl.DataFrame, *, events: pl.DataFrame) -> pl.DataFrame:
    """Return ``cash`` (account_id, cash_microusd) after ``events``."""
    signed = pl.col("amount_microusd") * pl.col("kind").replace_strict(CASH_SIGN, return_dtype=pl.Int64)
    moved = events.group_by("account_id").agg(moved=signed.sum())
    return cash.join(moved, on="account_id", how="left", maintain_order="left").select(
        "account_id", cash_microusd=pl.col("cash_microusd") + pl.col("moved").fill_null(0)
    )


def positions_after(positions: pl.DataFrame, *, events: pl.DataFrame) -> pl.DataFrame:
    """Return ``positions`` after the purchases and sales among ``events``."""
    signed = pl.col("micro_shares") * pl.col("kind").replace_strict(SHARE_SIGN, return_dtype=pl.Int64)
    traded = events.filter(pl.col("kind").is_in(list(SHARE_SIGN)))
    return _summed(pl.concat([positions, traded.select("account_id", "security_id", micro_shares=signed)]))


def _events(frame: pl.DataFrame, *, kind: str) -> pl.DataFrame:
    """Return events of one ``kind`` for ``usd``, to the cent; those of less than half a cent are none."""
    missing = [name for name in EVENT_COLUMNS if name not in frame.columns]
    amount = (pl.col("usd") * 100.0).round(mode="half_to_even").cast(pl.Int64) * CENT
    return (
        frame.with_columns(pl.lit(None).alias(name) for name in missing)
        .with_columns(kind=pl.lit(kind), amount_microusd=amount)
        .filter(pl.col("amount_microusd") > 0)
        .select(pl.col(name).cast(dtype) for name, dtype in EVENT_COLUMNS.items())
    )
