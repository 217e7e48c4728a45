"""What the charts of an account's page draw."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import polars as pl

from reports.charts import COLOURS, dollars

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BARS_SHOWN = 24
"""Windows that the timeline draws, the last to end first."""
DAYS_OF_YEAR = 365.25
LEGEND: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "borderaxespad": 0.0, "handlelength": 1.0}


def sectors(figure: Figure, rows: pl.DataFrame, *, band: float | None) -> None:
    """Draw active weights by sector before and after, and the band."""
    axes = figure.subplots()
    places = range(rows.height)
    for shift, name, role, label in ((-0.19, "active", "calm", "before"), (0.19, "active_after", "one", "after")):
        axes.barh(
            [place + shift for place in places],
            (rows[name] * 100).to_list(),
            height=0.36,
            color=COLOURS[role],
            label=label,
        )
    if band is not None:
        axes.vlines([-100 * band, 100 * band], -0.5, rows.height - 1.5, color=COLOURS["bad"], lw=1.2, ls=(0, (3, 2)))
        axes.plot([], [], color=COLOURS["bad"], lw=1.2, ls=(0, (3, 2)), label=f"band ±{100 * band:g}%")
    axes.axvline(0, color=COLOURS["soft"], lw=0.8)
    axes.set_yticks(list(places), [_short(name, 24) for name in rows["sector"]], color=COLOURS["ink"])
    axes.invert_yaxis()
    axes.xaxis.grid(visible=True)
    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:+.3g}%".replace("-", "−") if value else "0%")
    axes.spines["left"].set_visible(False)
    axes.legend(ncols=3, columnspacing=1.2, **LEGEND)


def lots(figure: Figure, rows: pl.DataFrame) -> None:
    """Draw a mark per lot, losses and gains apart, and the year from which a gain is long-term."""
    axes = figure.subplots()
    known = rows.drop_nulls("gain_share")
    for name, role, marker, of in (
        ("gain", "one", "o", known.filter(pl.col("gain_microusd") >= 0)),
        ("loss", "two", "v", known.filter(pl.col("gain_microusd") < 0)),
    ):
        axes.plot(
            (of["days_held"] / DAYS_OF_YEAR).to_list(),
            (of["gain_share"] * 100).to_list(),
            ls="none",
            marker=marker,
            markersize=3.6,
            markeredgewidth=0,
            alpha=0.75,
            color=COLOURS[role],
            label=name,
        )
    axes.axhline(0, color=COLOURS["soft"], lw=0.8)
    axes.axvline(1, color=COLOURS["soft"], lw=0.8, ls=(0, (3, 2)), label="one year")
    axes.set_xlim(left=0)
    axes.set_xlabel("years held")
    axes.set_ylabel("unrealised gain of basis")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0f}%".replace("-", "−"))
    _plain(axes)
    axes.legend(ncols=3, **LEGEND)


def windows_shown(windows: pl.DataFrame) -> pl.DataFrame:
    """Return what the timeline draws: a row per group and what is closed, from the first trade to the last day."""
    rows = windows.group_by("identical_group", "symbols", "closes").agg(pl.min("first_day"), pl.max("last_day"))
    return rows.sort("last_day", "identical_group", "closes", descending=[True, False, False]).head(BARS_SHOWN)


def windows(figure: Figure, rows: pl.DataFrame, *, trade_date: dt.date) -> None:
    """Draw a bar per row on the calendar, and the trade date."""
    axes = figure.subplots()
    placed = rows.with_row_index("place")
    for closes, role in (("buying", "one"), ("loss sales", "two")):
        of = placed.filter(pl.col("closes") == closes)
        if of.height:
            axes.barh(
                of["place"].to_list(),
                ((of["last_day"] - of["first_day"]).dt.total_days() + 1).to_list(),
                left=[_day(day) for day in of["first_day"]],
                height=0.6,
                color=COLOURS[role],
                label=f"closed to {closes}",
            )
    axes.axvline(_day(trade_date), color=COLOURS["ink"], lw=1.0, ls=(0, (3, 2)), label="trade date")
    axes.set_yticks(range(rows.height), [_short(symbols) for symbols in rows["symbols"]], color=COLOURS["ink"])
    axes.set_ylim(rows.height - 0.4, -0.6)
    axes.locator_params(axis="x", nbins=5, integer=True)
    axes.xaxis.set_major_formatter(lambda day, _: f"{dt.date.fromordinal(int(day)):%m-%d}")
    axes.xaxis.grid(visible=True)
    axes.spines["left"].set_visible(False)
    axes.legend(ncols=2, columnspacing=1.2, **LEGEND)


def realized(figure: Figure, rows: pl.DataFrame, *, tonight: int, budget: int | None, night: dt.date) -> None:
    """Draw the year's net gain as booked, what tonight's orders make of it, and the budget."""
    axes = figure.subplots()
    nights = rows["night"].to_list() or [night]
    booked = (rows["net_microusd"] / 1e6).to_list() or [0.0]
    places = list(range(len(nights)))
    axes.plot(places, booked, marker="o", markersize=4, color=COLOURS["one"], label="booked")
    axes.plot(
        [places[-1], places[-1] + 1], [booked[-1], booked[-1] + tonight / 1e6], ls=(0, (2, 2)), marker="o",
        markersize=4, markerfacecolor="none", color=COLOURS["one"], label="with tonight",
    )  # fmt: skip
    if budget is not None:
        axes.axhline(budget / 1e6, color=COLOURS["bad"], lw=1.2, ls=(0, (3, 2)), label="budget")
    axes.axhline(0, color=COLOURS["soft"], lw=0.8)
    axes.margins(y=0.12)
    axes.yaxis.set_major_formatter(lambda value, _: dollars(value))
    axes.set_xticks(
        [*({0, places[-1]}), places[-1] + 1], [*dict.fromkeys((str(nights[0]), str(nights[-1]))), "tonight"]
    )
    _plain(axes)
    axes.legend(ncols=3, columnspacing=1.2, **LEGEND)


def tracking(figure: Figure, past: pl.DataFrame, *, cap: float | None) -> None:
    """Draw tracking error before and after over the nights, and the cap."""
    axes = figure.subplots()
    places = list(range(past.height))
    for name, role, label in (("before", "calm", "before"), ("after", "one", "after")):
        values = past[f"tracking_error_{name}_bps"].to_list()
        axes.plot(places, values, marker="o", markersize=4, color=COLOURS[role], label=label)
    if cap is not None:
        axes.axhline(cap, color=COLOURS["bad"], lw=1.2, ls=(0, (3, 2)), label="cap")
    axes.set_ylim(0, 1.12 * axes.get_ylim()[1])
    ends = sorted({0, places[-1]})
    axes.set_xticks(ends, [str(past["night"][place]) for place in ends])
    axes.set_xlim(-0.6, max(places[-1] + 0.6, 2.6))
    axes.set_ylabel("bp")
    _plain(axes)
    axes.legend(ncols=3, **LEGEND)


def _day(day: dt.date) -> float:
    return float(day.toordinal())


def _short(name: str, length: int = 14) -> str:
    return name if len(name) <= length else f"{name[: length - 1]}…"


def _plain(axes: Axes) -> None:
    axes.yaxis.grid(visible=True)
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="y", nbins=5)
