"""The page of one account on a published night: holdings, lots, windows, gains, risk and orders, drawn and tabled."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from assets.account_facts import AccountFacts
from assets.sessions import session_after
from reports import account_charts as draw
from reports.account_figures import ACTIVE_SHOWN, LOTS_SHOWN, WINDOWS_SHOWN, AccountFigures, account_figures
from reports.charts import chart
from reports.night_page import with_sum
from reports.page import rendered
from reports.tables import Column, table
from reports.words import OUTCOMES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SECTOR_COLUMNS = (
    Column("sector", "Sector"),
    Column("weight", "Weight before", "weight"),
    Column("weight_after", "Weight after", "weight"),
    Column("benchmark_weight", "Benchmark", "weight"),
    Column("active", "Active before", "active"),
    Column("active_after", "Active after", "active"),
)
HOLDING_COLUMNS = (
    Column("symbol", "Symbol"),
    Column("name", "Name"),
    Column("sector", "Sector"),
    Column("micro_shares", "Shares", "shares"),
    Column("value_microusd", "Value, USD", "usd"),
    Column("gain_microusd", "Unrealised gain, USD", "usd"),
    Column("weight", "Weight before", "weight"),
    Column("benchmark_weight", "Benchmark", "weight"),
    Column("active", "Active before", "active"),
    Column("active_after", "Active after", "active"),
    Column("traded_microusd", "Traded tonight, USD", "usd"),
)
ACTIVE_COLUMNS = tuple(column for column in HOLDING_COLUMNS if column.name != "sector")
AGE_COLUMNS = (
    Column("age", "Held since holding start"),
    Column("lots", "Lots", "count"),
    Column("value_microusd", "Value, USD", "usd"),
    Column("gains_microusd", "Gains, USD", "usd"),
    Column("losses_microusd", "Losses, USD", "usd"),
)
LOT_COLUMNS = (
    Column("lot_id", "Lot"),
    Column("symbol", "Symbol"),
    Column("acquired_date", "Acquired", "day"),
    Column("days_held", "Days held", "count"),
    Column("term", "Term on the trade date"),
    Column("micro_shares", "Shares", "shares"),
    Column("basis_microusd", "Basis, USD", "cents"),
    Column("value_microusd", "Value, USD", "cents"),
    Column("gain_microusd", "Unrealised gain, USD", "cents"),
    Column("gain_share", "Gain of basis", "active"),
    Column("sold_micro_shares", "Sold tonight, shares", "shares"),
)
WINDOW_COLUMNS = (
    Column("symbols", "Securities"),
    Column("closes", "Closed to"),
    Column("first_day", "Because of a trade on", "day"),
    Column("last_day", "Closed until", "day"),
    Column("micro_shares", "Shares", "shares"),
    Column("loss_microusd", "Loss exposed, USD", "usd"),
)
ORDER_COLUMNS = (
    Column("symbol", "Symbol"),
    Column("name", "Name"),
    Column("side", "Side"),
    Column("micro_shares", "Shares", "shares"),
    Column("lot_id", "Lot"),
    Column("price_microusd", "Price, USD", "cents"),
    Column("estimated_microusd", "Value, USD", "cents"),
    Column("gain_microusd", "Gain, USD", "cents"),
    Column("term", "Term"),
    Column("reason", "Reason"),
)
NON_TRADE_COLUMNS = (
    Column("symbol", "Symbol"),
    Column("side", "Side"),
    Column("stop", "Stopped by", "prose"),
    Column("until", "Until", "day"),
    Column("worth_usd", "Worth, USD", "two"),
)
LIMIT_COLUMNS = (Column("limit", "Limit"), Column("more", "What for"), Column("worth", "Worth, USD", "two"))
CONFLICT_COLUMNS = (Column("limit", "Limit"), Column("needed", "Would have to give", "fine"))
RESTRICTION_COLUMNS = (
    Column("kind", "Kind"),
    Column("on_what", "On"),
    Column("symbol", "Of"),
    Column("weight_max", "Weight at most", "weight"),
    Column("reason", "Reason", "prose"),
)
PAST_COLUMNS = (
    Column("night", "Night", "day"),
    Column("status", "Outcome"),
    Column("orders", "Orders", "count"),
    Column("tracking_error_before_bps", "Tracking error before, bp", "bps"),
    Column("tracking_error_after_bps", "After, bp", "bps"),
    Column("harvested_loss_microusd", "Losses harvested, USD", "usd"),
    Column("tax_saved_microusd", "Tax saved, USD", "usd"),
    Column("cash_after_microusd", "Cash after, USD", "usd"),
)
REALIZED_COLUMNS = (
    Column("night", "At the close of", "day"),
    Column("short_gain_microusd", "Short-term gain, USD", "cents"),
    Column("long_gain_microusd", "Long-term gain, USD", "cents"),
    Column("disallowed_microusd", "Disallowed losses, USD", "cents"),
    Column("net_microusd", "Net gain, USD", "cents"),
)


def page_name(account: str) -> str:
    """Return the file of an account's page: what can be read of its id and a digest of it, whatever the id holds.

    >>> page_name("A000007"), page_name("../../etc/passwd")
    ('account-A000007-b36148694c8a.html', 'account-etc-passwd-3754d6cb3a38.html')
    """
    readable = re.sub(r"[^A-Za-z0-9]+", "-", account)[:40].strip("-")
    digest = hashlib.sha256(account.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"account-{readable}-{digest}.html" if readable else f"account-{digest}.html"


def account_page(facts: AccountFacts) -> str:
    """Return the page of the account as HTML."""
    night = facts.published.night
    figures = account_figures(facts) if facts.tables else None
    past = facts.past.reverse()
    tables = {"past": table("past", past, caption="Past nights, this one first", columns=PAST_COLUMNS)}
    charts = {
        "past": chart(
            "chart-past",
            title="Tracking error through time",
            description="Tracking error after each night's orders in basis points, and the cap where there is one.",
            height=190,
            draw=lambda figure: draw.tracking(figure, facts.past, cap=facts.outcome["tracking_error_max_bps"]),
        )
    }
    if figures is not None:
        tables |= _tables(figures)
        charts |= _charts(facts, figures)
    return rendered(
        "account.html.j2",
        {
            "night": night,
            "trade_date": session_after(night),
            "book": facts.published.manifest["settings"]["book"]["name"],
            "manifest": facts.published.manifest,
            "outcome": facts.outcome,
            "word": OUTCOMES[facts.outcome["status"]],
            "figures": figures,
            "pruned_nights": facts.pruned_nights,
            "shown": {"active": ACTIVE_SHOWN, "lots": LOTS_SHOWN, "windows": WINDOWS_SHOWN},
        },
        charts=charts,
        tables=tables,
    )


def _tables(figures: AccountFigures) -> Mapping[str, str]:
    """Return every table that has rows."""
    realized = figures.realized.reverse()
    if realized.height:
        realized = realized.with_columns(
            disallowed_microusd=pl.col("short_disallowed_microusd") + pl.col("long_disallowed_microusd")
        )
    wanted = (
        ("sectors", with_sum(figures.sectors, name="sector"), "Weights by sector, of value", SECTOR_COLUMNS),
        ("active", figures.holdings.head(ACTIVE_SHOWN), "Largest active weights", ACTIVE_COLUMNS),
        ("holdings", figures.holdings, "All securities of the account and its benchmark", HOLDING_COLUMNS),
        ("ages", with_sum(figures.ages, name="age"), "Lots by age", AGE_COLUMNS),
        ("lots", figures.lots, "Lots, the largest gains and losses first", LOT_COLUMNS),
        ("windows", figures.windows.head(WINDOWS_SHOWN), "Wash windows of the household", WINDOW_COLUMNS),
        ("orders", figures.orders, "Tonight's orders of the account", ORDER_COLUMNS),
        ("non_trades", figures.non_trades, "Trades not made, worth most first", NON_TRADE_COLUMNS),
        ("limits", figures.limits, "Limits that bind", LIMIT_COLUMNS),
        ("conflicts", figures.conflicts, "Limits that conflict", CONFLICT_COLUMNS),
        ("restrictions", figures.restrictions, "Restrictions in force", RESTRICTION_COLUMNS),
        ("realized", realized, "Realised in the tax year, as booked", REALIZED_COLUMNS),
    )
    return {
        name: table(
            name.replace("_", "-"), frame, caption=caption, columns=columns, has_total=name in ("sectors", "ages")
        )
        for name, frame, caption, columns in wanted
        if frame.height
    }


def _charts(facts: AccountFacts, figures: AccountFigures) -> Mapping[str, str]:
    charts = {
        "sectors": chart(
            "chart-sectors",
            title="Active weights by sector",
            description="Two bars per sector, before and after tonight's orders; the band where the policy has one.",
            height=26 * figures.sectors.height + 44,
            draw=lambda figure: draw.sectors(figure, figures.sectors, band=facts.outcome["sector_band"]),
        )
    }
    if figures.lots.height:
        charts["lots"] = chart(
            "chart-lots",
            title="Lots by age and unrealised gain",
            description="A mark per lot: years held across, gain as a share of its basis upwards; losses point down.",
            height=250,
            draw=lambda figure: draw.lots(figure, figures.lots),
        )
    if figures.windows.height:
        charts["windows"] = _window_chart(facts.published.night, figures.windows)
    if figures.realized.height or figures.budget_microusd is not None:
        charts["realized"] = chart(
            "chart-realized",
            title="Realised gains of the year against the budget",
            description="Net gain as booked at each close, what tonight's orders would make of it, and the budget.",
            height=200,
            draw=lambda figure: draw.realized(
                figure,
                figures.realized,
                tonight=facts.outcome["realized_gain_microusd"],
                budget=figures.budget_microusd,
                night=facts.published.night,
            ),
        )
    return charts


def _window_chart(night: dt.date, windows: pl.DataFrame) -> str:
    shown = draw.windows_shown(windows)

    def drawn(figure: Figure) -> None:
        draw.windows(figure, shown, trade_date=session_after(night))

    return chart(
        "chart-windows",
        title="Wash windows of the household",
        description="A bar per group of securities from the trade that opened it to its last day, by what it closes.",
        height=19 * shown.height + 58,
        draw=drawn,
    )
