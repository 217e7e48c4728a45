"""Trades not made, in tables: the solve's stops told by the window, restriction or frozen name behind them."""

from __future__ import annotations

import polars as pl

from assets.problem_arrays import ShardFacts
from ledger.wash import WINDOW_DAYS
from solvers.non_trades import non_trades
from solvers.problem import ShardAnswers, ShardProblems


def non_trade_rows(problems: ShardProblems, answers: ShardAnswers, facts: ShardFacts) -> pl.DataFrame:
    """Return the rows of `non_trade`, by account and falling worth."""
    found = non_trades(problems, answers)
    rows = pl.DataFrame(
        {
            "account_id": [problems.account_ids[a] for a in found.account.tolist()],
            "security_id": [problems.market.security_ids[i] for i in found.security.tolist()],
            "side": ["buy" if is_buy else "sell" for is_buy in found.is_buy.tolist()],
            "stopped_by": list(found.stopped_by),
            "worth_usd": found.worth_usd,
        },
        schema={
            "account_id": pl.String,
            "security_id": pl.String,
            "side": pl.String,
            "stopped_by": pl.String,
            "worth_usd": pl.Float64,
        },
    ).with_row_index("place")
    accounts = facts.accounts.select("account_id", "household_id")
    told = (
        rows.join(accounts, on="account_id")
        .join(facts.universe.select("security_id", "identical_group", "freeze_reason"), on="security_id")
        .join(facts.restricted, on=["account_id", "security_id"], how="left")
        .join(facts.closed_groups, on=["household_id", "identical_group"], how="left")
        .with_columns(stopped_by=_stop(), until=_until())
        .with_columns(
            detail=pl.when(pl.col("stopped_by") == "frozen_name").then("freeze_reason").fill_null(""),
            opposite_date=pl.col("until").dt.offset_by(f"-{WINDOW_DAYS}d"),
        )
    )
    return told.sort("place").select(
        "account_id", "security_id", "side", "stopped_by", "detail", "opposite_date", "until", "worth_usd"
    )


def _stop() -> pl.Expr:
    """Return what stopped a trade, where the solve only knows that it may not be made."""
    word, buys = pl.col("stopped_by"), pl.col("side") == "buy"
    barred = word.is_in(["no_buy", "no_sell"])
    undated = pl.when(buys).then(pl.col("no_buy_until").is_null()).otherwise(pl.col("no_loss_sale_until").is_null())
    return (
        pl.when(barred & pl.col("freeze_reason").is_not_null())
        .then(pl.lit("frozen_name"))
        .when(barred & pl.col("in_dispute").fill_null(value=False))
        .then(pl.lit("dispute"))
        .when((word == "wash_window") & undated)
        .then(pl.lit("dispute"))
        .when((word == "no_buy") & pl.col("excluded").fill_null(value=False))
        .then(pl.lit("exclusion"))
        .when((word == "no_buy") & pl.col("no_buy").fill_null(value=False))
        .then(word)
        .when((word == "no_buy") & pl.col("no_buy_until").is_not_null())
        .then(pl.lit("wash_window"))
        .when((word == "no_buy") & pl.col("closed_to_buying").fill_null(value=False))
        .then(pl.lit("dispute"))
        .when(word == "no_buy")
        .then(pl.lit("not_in_benchmark"))
        .otherwise(word)
    )


def _until() -> pl.Expr:
    """Return the last day on which a window closes the trade; null where no window does."""
    word, buys = pl.col("stopped_by"), pl.col("side") == "buy"
    barred = pl.col("no_buy").fill_null(value=False) | pl.col("excluded").fill_null(value=False)
    return (
        pl.when(buys & (word == "no_buy") & ~barred & pl.col("freeze_reason").is_null())
        .then("no_buy_until")
        .when(~buys & (word == "wash_window"))
        .then("no_loss_sale_until")
    )
