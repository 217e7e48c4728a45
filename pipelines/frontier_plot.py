"""A frontier as a picture: tax paid against tracking error, one point for each value of a limit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from assets.explained_words import Row

SIZE_INCHES = (8.0, 5.0)


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
        for row, x, y in zip(solved, tax, risk, strict=True):
            axes.annotate(str(row[column]), (x, y), textcoords="offset points", xytext=(6, 6), fontsize=8)
        axes.set_xlabel("tax on tonight's orders, dollars (below zero saved)")
        axes.set_ylabel("tracking error after, basis points")
        axes.set_title(title)
        axes.grid(visible=True, color="#cccccc", linewidth=0.5)
        figure.savefig(path, format="svg", metadata={"Date": None, "Title": title})
    return len(solved)
