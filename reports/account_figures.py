"""The figures of an account's page: every table as a frame, from the account's facts; money in micro-dollars."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import polars as pl

from assets.account_facts import AccountFacts
from reports.words import REASONS, STOPS, limit_of

ACTIVE_SHOWN = 20
LOTS_SHOWN = 400
"""Lots that the page draws and lists, the largest unrealised gains and losses first; the table by age sums all."""
WINDOWS_SHOWN = 200
AGES = ((30, "up to 30 days"), (90, "31–90 days"), (180, "91–180 days"), (366, "181 days – 1 year"), (731, "1–2 years"),
        (1827, "2–5 years"))  # fmt: skip
OLDEST = "above 5 years"
CASH = "Cash"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AccountFigures:
    """The tables of the page, in its order."""

    sectors: pl.DataFrame
    """Weights by sector, cash last; they sum to one."""
    holdings: pl.DataFrame
    """Every security that the account or its benchmark holds, the largest active weight after tonight first."""
    ages: pl.DataFrame
    lots: pl.DataFrame
    """The `LOTS_SHOWN` largest by gain or loss."""
    lots_in_all: int
    windows: pl.DataFrame
    orders: pl.DataFrame
    reasons: dict[str, str]
    """The reasons of those orders, in words."""
    non_trades: pl.DataFrame
    limits: pl.DataFrame
    conflicts: pl.DataFrame
    restrictions: pl.DataFrame
    realized: pl.DataFrame
    budget_microusd: int | None
    realized_microusd: int
    """Net gain of the tax year as booked, before tonight's orders."""


def account_figures(facts: AccountFacts) -> AccountFigures:
    """Return the figures of the page of an account whose shard has answered."""
    outcome, tables = facts.outcome, facts.tables
    nav = max(int(outcome["nav_microusd"]), 1)
    holdings = _holdings(tables["holding"], nav=nav)
    lots = tables["lot"].sort(pl.col("gain_microusd").abs(), descending=True, maintain_order=True)
    of_tonight = facts.realized.filter(pl.col("night") == facts.published.night)
    return AccountFigures(
        sectors=_sectors(holdings, outcome, nav=nav),
        holdings=holdings,
        ages=_ages(tables["lot"]),
        lots=lots.head(LOTS_SHOWN).with_columns(
            term=pl.when("is_long").then(pl.lit("long")).otherwise(pl.lit("short")), gain_share=_gain_share()
        ),
        lots_in_all=lots.height,
        windows=tables["window"].sort("last_day", descending=True, maintain_order=True),
        orders=tables["order"].with_columns(
            gain_microusd=pl.when(pl.col("side") == "sell").then("gain_microusd"),
        ),
        reasons={word: told for word, told in REASONS.items() if word in set(tables["order"]["reason"])},
        non_trades=tables["non_trade"].with_columns(
            stop=pl.concat_str(
                pl.col("stopped_by").replace_strict(STOPS),
                pl.when(pl.col("detail") != "").then(pl.format(": {}", "detail")).otherwise(pl.lit("")),
            )
        ),
        limits=_limits(tables["shadow_price"]),
        conflicts=tables["conflict"].with_columns(pl.col("limit_name").str.replace_all(r"[_:]", " ").alias("limit")),
        restrictions=tables["restriction"].with_columns(pl.col("kind").str.replace("_", " ")),
        realized=facts.realized,
        budget_microusd=outcome["net_gain_budget_microusd"],
        realized_microusd=int(of_tonight["net_microusd"].sum()),
    )


def _holdings(rows: pl.DataFrame, *, nav: int) -> pl.DataFrame:
    """Return weights before and after tonight, as fractions of value; the after is at tonight's close, before costs."""
    weight = pl.col("value_microusd") / nav
    after = (pl.col("value_microusd") + pl.col("traded_microusd")) / nav
    return rows.with_columns(
        weight=weight,
        weight_after=after,
        active=weight - pl.col("benchmark_weight"),
        active_after=after - pl.col("benchmark_weight"),
        gain_microusd=pl.col("value_microusd") - pl.col("basis_microusd"),
    ).sort(pl.col("active_after").abs(), "security_id", descending=[True, False])


def _sectors(holdings: pl.DataFrame, outcome: Mapping[str, Any], *, nav: int) -> pl.DataFrame:
    summed = ("weight", "weight_after", "benchmark_weight", "active", "active_after")
    rows = holdings.group_by("sector").agg(pl.col(summed).sum()).sort("sector")
    before, after = (outcome[f"cash_{when}_microusd"] / nav for when in ("before", "after"))
    cash = pl.DataFrame(
        {
            "sector": [CASH], "weight": [before], "weight_after": [after], "benchmark_weight": [0.0],
            "active": [before], "active_after": [after],
        }
    )  # fmt: skip
    return pl.concat([rows, cash], how="vertical_relaxed")


def _ages(lots: pl.DataFrame) -> pl.DataFrame:
    """Return lots by age since their holding start: how many, their value, their gains and losses."""
    labels = [label for _, label in AGES] + [OLDEST]
    upto = [pl.when(pl.col("days_held") <= days).then(pl.lit(label)) for days, label in AGES]
    placed = lots.with_columns(age=pl.coalesce(*upto, pl.lit(OLDEST)))
    sums = placed.group_by("age").agg(
        pl.len().cast(pl.Int64).alias("lots"),
        pl.col("value_microusd").sum(),
        pl.col("gain_microusd").clip(lower_bound=0).sum().alias("gains_microusd"),
        pl.col("gain_microusd").clip(upper_bound=0).sum().alias("losses_microusd"),
    )
    every = pl.DataFrame({"age": labels}).join(sums, on="age", how="left", maintain_order="left")
    return every.with_columns(pl.col(pl.Int64).fill_null(0))


def _gain_share() -> pl.Expr:
    """Return the gain as a fraction of the basis; null where there is no basis."""
    return pl.when(pl.col("basis_microusd") > 0).then(pl.col("gain_microusd") / pl.col("basis_microusd"))


def _limits(prices: pl.DataFrame) -> pl.DataFrame:
    told = [(limit_of(name), price) for name, price in prices.select("limit_name", "usd_per_unit").iter_rows()]
    return pl.DataFrame(
        {
            "limit": [limit.name for limit, _ in told],
            "more": [limit.told for limit, _ in told],
            "worth": [limit.step * price for limit, price in told],
        },
        schema={"limit": pl.String, "more": pl.String, "worth": pl.Float64},
    )
