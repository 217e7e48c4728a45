"""The page of a published night: its figures, drawn and tabled, as one HTML document."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from assets.night_facts import NightFacts
from assets.sessions import session_after
from reports.charts import COLOURS, bars, chart, dollars, pairs
from reports.night_figures import ORDERS_SHOWN, QUANTILES, NightFigures, night_figures
from reports.page import rendered
from reports.tables import Column, table
from reports.words import LOSSES, OUTCOMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OUTCOME_COLUMNS = (
    Column("status", "Outcome"),
    Column("accounts", "Accounts", "count"),
    Column("share", "Share", "percent"),
    Column("nav_microusd", "Value, USD", "usd"),
    Column("orders", "Orders", "count"),
    Column("harvested_loss_microusd", "Losses harvested, USD", "usd"),
    Column("realized_gain_microusd", "Realised gain, USD", "usd"),
    Column("tax_saved_microusd", "Tax saved, USD", "usd"),
)
HELD_COLUMNS = (
    Column("account_id", "Account"),
    Column("status", "Outcome"),
    Column("nav_microusd", "Value, USD", "usd"),
    Column("reasons", "Reason", "prose"),
    Column("remedy", "What to do", "prose"),
)
REST_COLUMNS = (
    Column("status", "Outcome"), Column("accounts", "Accounts", "count"), Column("nav_microusd", "Value, USD", "usd")
)  # fmt: skip
LOSS_COLUMNS = (
    Column("label", "Open losses"),
    Column("loss_microusd", "Loss, USD", "usd"),
    Column("share", "Share of all", "percent"),
    Column("of_possible", "Share of possible", "percent"),
)
QUANTILE_COLUMNS = (
    Column("figure", "Figure"),
    Column("accounts", "Accounts", "count"),
    *(Column(name, name.capitalize(), "two") for name in QUANTILES),
)
TRACKING_COLUMNS = (
    Column("bin", "Tracking error, bp"), Column("before", "Before", "count"), Column("after", "After", "count")
)  # fmt: skip
GAP_COLUMNS = (Column("bin", "Gap, bp of value"), Column("accounts", "Accounts", "count"))
REASON_COLUMNS = (
    Column("told", "Why"),
    Column("allocations", "Allocations", "count"),
    Column("accounts", "Accounts", "count"),
    Column("estimated_microusd", "Value, USD", "usd"),
    Column("gain_microusd", "Realised gain, USD", "usd"),
)
ORDER_COLUMNS = (
    Column("symbol", "Symbol"),
    Column("name", "Name"),
    Column("side", "Side"),
    Column("micro_shares", "Shares", "shares"),
    Column("estimated_microusd", "Value, USD", "usd"),
    Column("accounts", "Accounts", "count"),
)
PAST_COLUMNS = (
    Column("night", "Night", "day"),
    Column("accounts", "Accounts", "count"),
    Column("certified", "Trading", "count"),
    Column("without_trade", "No trade", "count"),
    Column("relaxed", "Relaxed", "count"),
    Column("held", "Held", "count"),
    Column("orders", "Orders", "count"),
    Column("traded_microusd", "Traded, USD", "usd"),
    Column("harvested_loss_microusd", "Losses harvested, USD", "usd"),
    Column("tax_saved_microusd", "Tax saved, USD", "usd"),
    Column("tracking_error_bps_median", "Median tracking error, bp", "bps"),
    Column("gap_bp_max", "Largest gap, bp", "fine"),
)
DIGEST_COLUMNS = (Column("name", "What"), Column("digest", "sha256", "code"))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """How the night ran, as Dagster recorded the first successful run of each shard; no answer depends on it."""

    shards: int
    accounts: int
    worker_seconds: float
    seconds: float
    """From the start of the first shard to the end of the last."""
    answered_at: dt.datetime
    """When the last shard had answered, in the exchange's time."""
    deadline: dt.datetime | None
    """None for a night that is made up for later, or simulated: it has no opening bell to be ready for."""


def night_page(facts: NightFacts, *, run: RunFacts | None) -> str:
    """Return the page of the night as HTML."""
    figures = night_figures(facts)
    night = facts.published.night
    return rendered(
        "night.html.j2",
        {
            "night": night,
            "trade_date": session_after(night),
            "book": facts.published.manifest["settings"]["book"]["name"],
            "manifest": facts.published.manifest,
            "figures": figures,
            "totals": figures.totals,
            "possible": dict(figures.losses.select("state", "of_possible").iter_rows())["harvested"],
            "medians": dict(figures.quantiles.select("figure", "half").iter_rows()),
            "unanswered": facts.unanswered,
            "nights": facts.past.height,
            "run": run,
        },
        charts=_charts(facts, figures),
        tables=_tables(facts, figures),
    )


def _tables(facts: NightFacts, figures: NightFigures) -> Mapping[str, str]:
    night = facts.published.night
    reasons = facts.reasons.with_columns(told=pl.col("side") + ": " + pl.col("reason"))
    manifest = facts.published.manifest
    digests = {
        "inputs": manifest["inputs"], "files": manifest["files"], "store": manifest["store"],
    }  # fmt: skip
    tables = {
        "outcomes": table(
            "outcomes",
            with_sum(figures.outcomes, name="status"),
            caption=f"Accounts by outcome, night of {night}",
            columns=OUTCOME_COLUMNS,
            has_total=True,
        ),
        "losses": table(
            "losses",
            with_sum(figures.losses, name="label", blank=("of_possible",)),
            caption="Losses of taxable and trust accounts at the night's close",
            columns=LOSS_COLUMNS,
            has_total=True,
        ),
        "quantiles": table(
            "quantiles", figures.quantiles, caption="How accounts are spread: the account that so many are below",
            columns=QUANTILE_COLUMNS,
        ),
        "tracking": table(
            "tracking", with_sum(figures.tracking, name="bin"), caption="Accounts by tracking error",
            columns=TRACKING_COLUMNS, has_total=True,
        ),
        "gaps": table(
            "gaps", with_sum(figures.gaps, name="bin"), caption="Certified accounts by gap", columns=GAP_COLUMNS,
            has_total=True,
        ),
        "past": table(
            "past", facts.past.reverse(), caption=f"The last {facts.past.height} published nights, this one first",
            columns=PAST_COLUMNS,
        ),
    }  # fmt: skip
    if figures.held.height:
        tables["held"] = table("held", figures.held, caption="Held accounts, largest first", columns=HELD_COLUMNS)
    if figures.held_rest.height:
        tables["held_rest"] = table(
            "held-rest", figures.held_rest, caption="Held accounts that are not listed", columns=REST_COLUMNS
        )
    if facts.orders.height:
        tables["orders"] = table(
            "orders", facts.orders.head(ORDERS_SHOWN), caption="Largest block orders", columns=ORDER_COLUMNS
        )
        tables["reasons"] = table(
            "reasons",
            with_sum(reasons, name="told", blank=("accounts",)),
            caption="Allocations by reason",
            columns=REASON_COLUMNS,
            has_total=True,
        )
    for name, found in digests.items():
        rows = pl.DataFrame({"name": sorted(found), "digest": [found[key] for key in sorted(found)]})
        caption = {"inputs": "What was read", "files": "What was published", "store": "What it was made in"}[name]
        tables[name] = table(f"digests-{name}", rows, caption=caption, columns=DIGEST_COLUMNS)
    return tables


def with_sum(frame: pl.DataFrame, *, name: str, blank: tuple[str, ...] = ()) -> pl.DataFrame:
    """Return ``frame`` with a last row of its sums, called All in column ``name``; a ``blank`` column has none."""
    numbers = [column for column, kind in frame.schema.items() if kind.is_numeric() and column not in blank]
    summed = frame.select(pl.col(numbers).sum()).with_columns(pl.lit("All").alias(name))
    return pl.concat([frame, summed.cast({column: frame.schema[column] for column in numbers})], how="diagonal")


def _charts(facts: NightFacts, figures: NightFigures) -> Mapping[str, str]:
    outcomes, losses = figures.outcomes, figures.losses
    told = ", ".join(f"{status} {accounts}" for status, accounts in outcomes.select("status", "accounts").iter_rows())
    return {
        "outcomes": chart(
            "chart-outcomes",
            title="Accounts by outcome",
            description=f"One bar per outcome: {told}.",
            height=28 * outcomes.height + 14,
            draw=lambda figure: bars(
                figure.subplots(),
                labels=[status.replace("CERTIFIED_", "").replace("_", " ").lower() for status in outcomes["status"]],
                values=outcomes["accounts"].to_list(),
                roles=[OUTCOMES[status].role for status in outcomes["status"]],
                told=[f"{accounts:,}" for accounts in outcomes["accounts"]],
            ),
        ),
        "losses": chart(
            "chart-losses",
            title="Losses harvested against those possible",
            description="One bar per state of the open losses; the table beside has the same dollars.",
            height=154,
            draw=lambda figure: bars(
                figure.subplots(),
                labels=losses["label"].to_list(),
                values=(losses["loss_microusd"] / 1e6).to_list(),
                roles=[LOSSES[state][0] for state in losses["state"]],
                told=[dollars(loss / 1e6) for loss in losses["loss_microusd"]],
            ),
        ),
        "tracking": chart(
            "chart-tracking",
            title="Tracking error before and after tonight's orders",
            description="Accounts by tracking error in basis points, two bars per bin: before and after.",
            height=230,
            draw=lambda figure: _draw_tracking(figure, figures),
        ),
        "past": chart(
            "chart-past",
            title="Trend over past nights",
            description="A panel each for tax saved, losses harvested, median tracking error and held accounts.",
            height=360,
            draw=lambda figure: _draw_past(figure, facts.past),
        ),
    }


def _draw_tracking(figure: Figure, figures: NightFigures) -> None:
    axes = figure.subplots()
    bins = figures.tracking
    labels = [label.removeprefix("up to ").partition("–") for label in bins["bin"]]
    pairs(
        axes,
        labels=[*(end or start for start, _, end in labels[:-1]), "more"],
        one=bins["before"].to_list(),
        two=bins["after"].to_list(),
        names=("before", "after"),
    )
    axes.set_xlabel("tracking error up to, bp")
    axes.set_ylabel("accounts")


def _draw_past(figure: Figure, past: pl.DataFrame) -> None:
    """Draw a panel per figure over the nights, with their dates at the ends alone."""
    panels = figure.subplots(4, 1, sharex=True)
    places = list(range(past.height))
    for axes, name, title in (
        (panels[0], "tax_saved_microusd", "tax saved"),
        (panels[1], "harvested_loss_microusd", "losses harvested"),
    ):
        axes.bar(places, (past[name] / 1e6).to_list(), width=0.7, color=COLOURS["one"])
        axes.yaxis.set_major_formatter(lambda value, _: dollars(value))
        axes.set_title(title)
    panels[2].plot(places, past["tracking_error_bps_median"].to_list(), color=COLOURS["one"], marker="o", markersize=4)
    panels[2].set_title("median tracking error, bp")
    panels[2].set_ylim(bottom=0, top=1.15 * (panels[2].get_ylim()[1] or 1.0))
    panels[3].bar(places, past["held"].to_list(), width=0.7, color=COLOURS["bad"])
    panels[3].set_title("held accounts")
    for axes in panels:
        _plain(axes)
    panels[3].set_xlim(-0.6, max(places[-1] + 0.6, 4.6))
    ends = [places[0], places[-1]] if len(places) > 1 else places
    panels[3].set_xticks(ends, [str(past["night"][place]) for place in ends])


def _plain(axes: Axes) -> None:
    axes.yaxis.grid(visible=True)
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="y", nbins=3)
