"""The figures of a night's page: every table as a frame, from the night's facts; money in micro-dollars, whole."""

from __future__ import annotations

import dataclasses
import itertools

import polars as pl

from assets.night_facts import NightFacts
from reports.words import LOSSES, OUTCOMES, POSSIBLE

HELD_SHOWN = 200
"""Held accounts that the page lists, the most valuable first; the rest is summed by status."""
ORDERS_SHOWN = 15
CLOSE_BP = 0.01
EDGES_BPS = (25, 50, 75, 100, 150, 200, 300, 500, 1000)
"""Where the bins of tracking error end."""
EDGES_GAP_BP = (0.0001, 0.001, 0.01, 0.1, 1.0)
HELD = pl.col("status").str.starts_with("HELD")
MONEY = ("harvested_loss", "realized_gain", "tax_saved", "cash_before", "cash_after", "bought", "sold")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NightFigures:
    """The tables of the page, in its order; `totals` are sums over the published accounts."""

    totals: dict[str, int]
    outcomes: pl.DataFrame
    held: pl.DataFrame
    held_rest: pl.DataFrame
    """Held accounts beyond those listed, by status."""
    losses: pl.DataFrame
    tracking: pl.DataFrame
    """Accounts by tracking error before and after."""
    quantiles: pl.DataFrame
    """Tracking error, turnover, cash and gap of the account that so many are below."""
    gaps: pl.DataFrame
    certificate: dict[str, float | int | None]


def night_figures(facts: NightFacts) -> NightFigures:
    """Return the figures of the night's page."""
    accounts = facts.accounts.with_columns(
        traded_microusd=pl.col("bought_microusd") + pl.col("sold_microusd"),
        turnover=(pl.col("bought_microusd") + pl.col("sold_microusd")) / pl.col("nav_microusd"),
        cash_before=pl.col("cash_before_microusd") / pl.col("nav_microusd"),
        cash_after=pl.col("cash_after_microusd") / pl.col("nav_microusd"),
    )
    held = accounts.filter(HELD).sort("nav_microusd", "account_id", descending=[True, False], nulls_last=True)
    return NightFigures(
        totals=_totals(accounts),
        outcomes=_outcomes(accounts),
        held=held.head(HELD_SHOWN).with_columns(remedy=pl.col("status").replace_strict(_remedies())),
        held_rest=held.slice(HELD_SHOWN)
        .group_by("status")
        .agg(accounts=pl.len(), nav_microusd=pl.col("nav_microusd").sum())
        .sort("status"),
        losses=_losses(facts, harvested=int(accounts["harvested_loss_microusd"].sum())),
        tracking=_binned(
            {
                "before": accounts["tracking_error_before_bps"],
                "after": accounts["tracking_error_after_bps"],
            },
            edges=EDGES_BPS,
        ),
        quantiles=_quantiles(accounts),
        gaps=_binned({"accounts": accounts["gap_bp"]}, edges=EDGES_GAP_BP),
        certificate=_certificate(accounts),
    )


def _remedies() -> dict[str, str]:
    return {status: outcome.remedy for status, outcome in OUTCOMES.items()}


def _totals(accounts: pl.DataFrame) -> dict[str, int]:
    """Return sums in micro-dollars, and counts."""
    sums = {name: int(accounts[f"{name}_microusd"].sum()) for name in (*MONEY, "nav")}
    return sums | {
        "accounts": accounts.height,
        "held": accounts.filter(HELD).height,
        "trading": accounts.filter(pl.col("orders") > 0).height,
        "orders": int(accounts["orders"].sum()),
        "traded": sums["bought"] + sums["sold"],
    }


def _outcomes(accounts: pl.DataFrame) -> pl.DataFrame:
    """Return one row per outcome that there is tonight, in the order of the words, and their sum."""
    summed = [pl.col(name).sum() for name in ("nav_microusd", "orders", "harvested_loss_microusd")]
    summed += [pl.col(name).sum() for name in ("realized_gain_microusd", "tax_saved_microusd")]
    place = {status: number for number, status in enumerate(OUTCOMES)}
    return (
        accounts.group_by("status")
        .agg(pl.len().cast(pl.Int64).alias("accounts"), *summed)
        .sort(pl.col("status").replace_strict(place))
        .with_columns(share=pl.col("accounts") / accounts.height)
        .with_columns(meaning=pl.col("status").replace_strict({name: word.meaning for name, word in OUTCOMES.items()}))
    )


def _losses(facts: NightFacts, *, harvested: int) -> pl.DataFrame:
    """Return the open losses of taxed accounts by what may be done with them.

    What was possible is what may be sold at a loss before anything is; what tonight's orders take of it is published.
    """
    found = facts.open_losses.group_by("state").agg(
        pl.col("account_id").n_unique().cast(pl.Int64).alias("accounts"), pl.col("loss_microusd").sum()
    )
    loss = dict(found.select("state", "loss_microusd").iter_rows())
    loss |= {"harvested": harvested, "left": max(loss.pop("open", 0) - harvested, 0)}
    possible, all_losses = sum(loss[state] for state in POSSIBLE), sum(loss.values())
    return pl.DataFrame(
        [
            {
                "state": state,
                "label": label,
                "meaning": meaning,
                "loss_microusd": loss.get(state, 0),
                "share": loss.get(state, 0) / all_losses if all_losses else None,
                "of_possible": loss[state] / possible if state in POSSIBLE and possible else None,
            }
            for state, (_, label, meaning) in LOSSES.items()
        ],
        schema_overrides={"share": pl.Float64, "of_possible": pl.Float64, "loss_microusd": pl.Int64},
    )


def _binned(columns: dict[str, pl.Series], *, edges: tuple[float, ...]) -> pl.DataFrame:
    """Return how many values of each column lie in each bin: above the edge before, up to its own."""
    low = [f"{edge:g}" for edge in edges]
    labels = [f"up to {low[0]}", *[f"{a}–{b}" for a, b in itertools.pairwise(low)], f"above {low[-1]}"]
    ends = [*edges, float("inf")]
    begins = [float("-inf"), *edges]
    counted = {
        name: [int(((values > a) & (values <= b)).sum()) for a, b in zip(begins, ends, strict=True)]
        for name, values in columns.items()
    }
    return pl.DataFrame({"bin": labels, **counted})


QUANTILES = {"lowest": 0.0, "10%": 0.1, "half": 0.5, "90%": 0.9, "highest": 1.0}


def _quantiles(accounts: pl.DataFrame) -> pl.DataFrame:
    """Return the distribution over accounts of what is told per account, a row per figure."""
    trading = accounts.filter(pl.col("orders") > 0)
    rows = (
        ("Tracking error before, bp", accounts["tracking_error_before_bps"]),
        ("Tracking error after, bp", accounts["tracking_error_after_bps"]),
        ("Turnover of trading accounts, % of value", trading["turnover"] * 100),
        ("Cash before, % of value", accounts["cash_before"] * 100),
        ("Cash after, % of value", accounts["cash_after"] * 100),
    )
    return pl.DataFrame(
        [
            {"figure": figure, "accounts": values.drop_nulls().len()}
            | {name: values.drop_nulls().quantile(share, "nearest") for name, share in QUANTILES.items()}
            for figure, values in rows
        ],
        schema_overrides={"accounts": pl.Int64, **dict.fromkeys(QUANTILES, pl.Float64)},
    )


def _certificate(accounts: pl.DataFrame) -> dict[str, float | int | None]:
    """Return the gaps of the certified accounts, in basis points of their value, and what they are worth in sum."""
    gaps = accounts["gap_bp"].drop_nulls()
    close = int((gaps <= CLOSE_BP).sum())
    return {
        "certified": gaps.len(),
        "median_bp": _number(gaps.median()),
        "largest_bp": _number(gaps.max()),
        "close": close,
        "close_share": close / gaps.len() if gaps.len() else None,
        "gap_microusd": int(accounts["gap_microusd"].sum()),
    }


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
