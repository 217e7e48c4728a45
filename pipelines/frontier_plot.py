"""A frontier as a picture: tax paid against tracking error, one point for each value of a limit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from assets.explained_words import Row
from assets.what_if import NO_LIMIT

SIZE_INCHES = (8.0, 5.0)
NEAR, MARGIN = 0.02, 0.1
"""Parts of the axis: how close two points may lie to bear two labels, and what is left beside them."""


def plot_frontier(path: Path, rows: Sequence[Row], *, column: str, title: str) -> int:
    """Write the frontier ``rows`` as an SVG file to ``path``; return how many of them have an answer to show."""
    solved = [row for row in rows if row["tracking_error_after_bps"] is not None]
    tax = [float(row["tax_usd"]) for row in solved]
    risk = [float(row["tracking_error_after_bps"]) for row in solved]
    # The ids of an SVG are drawn at random, and it names the day, unless both are stated.
    with mpl.rc_context({"svg.hashsalt": "openbell", "font.family": "sans-serif"}):
        figure = Figure(figsize=SIZE_INCHES, layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.plot(tax, risk, marker="o", color="#1f5a96")
        for at, (row, x, y) in enumerate(zip(solved, tax, risk, strict=True)):
            if at and abs(x - tax[at - 1]) <= NEAR * (max(tax) - min(tax)):
                continue  # its label would lie on the one before
            axes.annotate(_label(row[column], column), (x, y), textcoords="offset points", xytext=(6, 6), fontsize=8)
        axes.margins(x=MARGIN)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel("tax on tonight's orders, dollars (below zero saved)")
        axes.set_ylabel("tracking error after, basis points")
        axes.set_title(title)
        axes.grid(visible=True, color="#cccccc", linewidth=0.5)
        figure.savefig(path, format="svg", metadata={"Date": None, "Title": title})
    return len(solved)


def _label(value: object, column: str) -> str:
    """Return the value of a limit as a label: whole dollars where it is money.

    >>> _label("4879.320546", "net_gain_budget_usd"), _label("no limit", "cash_usd"), _label("30", "cost_bps")
    ('$4,879', 'no limit', '30')
    """
    text = str(value)
    is_money = column.endswith("_usd") and text != NO_LIMIT
    return f"${float(text):,.0f}".replace("$-", "-$") if is_money else text
