"""Keep the figures of `openbell bench night` in a table, and draw how cost grows.

python -P -m bench.night_curve --take FIGURES.json --state after    (adds its rows to bench/nights.csv)
python -P -m bench.night_curve                                      (draws docs/pictures/night-*.svg from it)
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator, StrMethodFormatter

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "bench" / "nights.csv"
PICTURES = ROOT / "docs" / "pictures"
COLUMNS = (
    "state", "accounts", "names", "shards", "workers", "night", "part",
    "cpu_seconds", "wall_seconds", "peak_bytes", "disk_bytes", "load_before", "load_after",
)  # fmt: skip
KINDS = ("first", "steady", "third")
"""The first night buys a whole book, the second has its fills, the third those of a night like itself."""
WHOLE = "whole"
NAMES = "200"
"""Securities of the books that are drawn; the table has others."""
SHOWN = 9
"""Parts with an area of their own; the cheapest are told together."""


def rows_of(figures: dict[str, Any], *, state: str) -> list[dict[str, object]]:
    """Return a row for each night's whole and for each of its parts."""
    rows: list[dict[str, object]] = []
    for night, kind in zip(figures["nights"], KINDS, strict=False):
        of_all = {name: figures[name] for name in ("accounts", "names", "shards", "workers")}
        of_all |= {"state": state, "night": kind, "load_before": night["load_average_before"]}
        of_all |= {"load_after": night["load_average_after"]}
        whole = {"part": WHOLE, "peak_bytes": night["peak_bytes_all_processes"]}
        whole |= {name: night[name] for name in ("cpu_seconds", "wall_seconds")}
        rows.append(of_all | whole | {"disk_bytes": night["bytes_on_disk_in_all"]})
        for part in night["parts"]:
            known = {name: part[name] for name in ("part", "cpu_seconds", "wall_seconds", "peak_bytes") if name in part}
            rows.append(of_all | known)
    return [
        {name: round(value, 4) if isinstance(value, float) else value for name, value in row.items()} for row in rows
    ]


def take(path: Path, *, state: str) -> None:
    """Add the figures of the file ``path`` to the table, in place of those of the same state and size."""
    figures = json.loads(path.read_text(encoding="utf-8"))
    fresh = rows_of(figures, state=state)
    sizes = {(row["state"], str(row["accounts"]), str(row["names"])) for row in fresh}
    kept = [row for row in read() if (row["state"], row["accounts"], row["names"]) not in sizes]
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows([*kept, *fresh])


def read() -> list[dict[str, str]]:
    """Return the rows of the table."""
    if not TABLE.exists():
        return []
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def draw(rows: list[dict[str, str]], *, night: str) -> Figure:
    """Return processor time per account against accounts, a line for each part, before and after."""
    chosen = [row for row in rows if row["night"] == night and row["names"] == NAMES]
    figure = Figure(figsize=(8.0, 4.6), layout="constrained")
    (left, right) = figure.subplots(1, 2, width_ratios=(2, 1))
    last = [row for row in chosen if row["state"] == chosen[-1]["state"]]
    cost: dict[str, dict[int, float]] = {}
    for row in last:
        accounts = int(row["accounts"])
        cost.setdefault(row["part"], {})[accounts] = float(row["cpu_seconds"]) / accounts * 1e3
    largest = max(int(row["accounts"]) for row in last)
    order = sorted(cost, key=lambda part: -cost[part].get(largest, 0.0))
    for part in order[: SHOWN + 1]:
        points = sorted(cost[part].items())
        style = {"color": "black", "linewidth": 2.0} if part == WHOLE else {"linewidth": 1.0}
        left.plot([x for x, _ in points], [y for _, y in points], marker="o", markersize=3, label=part, **style)
    left.set(xscale="log", yscale="log", xlabel="accounts", ylabel="ms of processor time per account")
    left.set_title(f"{night} night, each part")
    left.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    sizes = sorted({int(row["accounts"]) for row in chosen})
    for state in dict.fromkeys(row["state"] for row in chosen):
        points = sorted(
            (int(row["accounts"]), float(row["cpu_seconds"]))
            for row in chosen
            if row["state"] == state and row["part"] == WHOLE
        )
        right.plot([x for x, _ in points], [y for _, y in points], marker="o", markersize=3, label=state)
    right.set(xscale="log", yscale="log", xlabel="accounts", ylabel="seconds of processor time")
    right.set_title("the whole night")
    right.legend(fontsize=7, frameon=False)
    for axes in (left, right):
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes], rotation=45)
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    return figure


def main() -> None:
    """Take figures, or draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--take", type=Path)
    parser.add_argument("--state", default="after")
    asked = parser.parse_args()
    if asked.take is not None:
        take(asked.take, state=asked.state)
        return
    mpl.rcParams["svg.hashsalt"] = "openbell"  # the same figures give the same bytes
    PICTURES.mkdir(exist_ok=True)
    for night in ("first", "steady"):
        path = PICTURES / f"night-{night}.svg"
        draw(read(), night=night).savefig(path, metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main()
