"""``openbell whatif``: one account under other limits, beside what it did; nothing is published or written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assets.book import Book
from assets.store import Store
from ledger.errors import QuestionError

if TYPE_CHECKING:
    from assets.explained_words import Row
    from assets.what_if import WhatIf

FIGURES = (
    "orders", "bought_usd", "sold_usd", "tax_usd", "harvested_loss_usd", "net_gain_usd", "tracking_error_before_bps",
    "tracking_error_after_bps", "turnover", "cash_after_usd", "gap_bp",
)  # fmt: skip
GAIN_BUDGET = "net_gain_budget_usd"
Names = Annotated[list[str] | None, typer.Option(metavar="WHAT", help="sector:NAME or security:ID; may be repeated.")]


def whatif(
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="The book's directory.")],
    night: Annotated[
        dt.datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="A night that has run, as 2026-11-20.")
    ],
    account: Annotated[str, typer.Option(metavar="ID", help="The account.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="COLUMN=VALUE", help="Another value of its policy; may be repeated."),
    ] = None,
    exclude: Names = None,
    no_buy: Names = None,
    no_sell: Names = None,
    raise_cash: Annotated[str, typer.Option(metavar="USD", help="Cash to be raised tonight.")] = "0",
    frontier: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Tax against tracking error over values of this limit.")
    ] = None,
    values: Annotated[
        str | None, typer.Option(help="The values, parted by commas; for net_gain_budget_usd they can be left out.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Draw the frontier.")] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Solve one account again under other limits, and tell what changes; nothing of it is published.

    Example: openbell whatif book --night 2026-09-02 --account A000001 --set turnover_max=0.1 --exclude sector:Energy
    """
    from assets.what_if import frontier as frontier_of
    from assets.what_if import household_of, what_if
    from assets.what_if_changes import Changes
    from pipelines.cli import errors, show

    with errors(as_json=as_json, debug=debug):
        opened = Book.open(book)
        changes = Changes(
            set=_cells(set_ or []),
            exclude=tuple(exclude or ()),
            no_buy=tuple(no_buy or ()),
            no_sell=tuple(no_sell or ()),
            raise_cash_usd=raise_cash,
        )
        _require_frontier(frontier, values=values, plot=plot)
        household = household_of(store=Store(opened.path), book=opened, night=night.date(), account_id=account)
        if frontier is None:
            found = what_if(household, changes)
            show(as_json, found.document(), lambda: _print(found))
            return
        stated = [value.strip() for value in (values or "").split(",")] if values else []
        rows = frontier_of(household, changes, column=frontier, values=stated)
        if plot is not None:
            from pipelines.frontier_plot import plot_frontier

            plot_frontier(plot, rows, column=frontier, title=f"{account} on {night.date()}: {frontier}")
        document = {"format": "openbell-frontier/1", "night": str(night.date()), "account_id": account, "points": rows}
        show(as_json, document, lambda: _print_frontier(rows))


def _cells(stated: Sequence[str]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for cell in stated:
        column, equals, value = cell.partition("=")
        if not equals or column in cells:
            raise QuestionError(
                code="ASK-016",
                where=f"--set {cell}",
                found="the column twice" if column in cells else "no `=`",
                expected="COLUMN=VALUE, every column once",
                remedy="Write, say, --set tracking_error_max_bps=100.",
            )
        cells[column] = value
    return cells


def _require_frontier(frontier: str | None, *, values: str | None, plot: Path | None) -> None:
    """Refuse options that go with a frontier and have none, and a frontier without its values or a picture's name."""
    if frontier is None and (values or plot):
        found, expected = "no --frontier beside it", "--frontier COLUMN"
    elif frontier not in (None, GAIN_BUDGET) and not values:
        found, expected = "no --values beside it", "--values 50,100,200"
    elif plot is not None and plot.suffix != ".svg":
        found, expected = f"--plot {plot}", "a name that ends in .svg"
    else:
        return
    raise QuestionError(
        code="ASK-017", where="--frontier, --values, --plot", found=found, expected=expected,
        remedy="A frontier is over one column of the policy; its picture is an SVG file.",
    )  # fmt: skip


def _print(found: WhatIf) -> None:
    from pipelines.explain_text import console, print_limits, table, usd

    out = console()
    lines = [
        f"{found.account_id} on the night of {found.night}: {_told(found.changes)}; nothing of this is published",
        f"published: {found.published_status} {found.published_reasons}".rstrip(),
        f"before: {found.before.status} {found.before.reasons}".rstrip(),
        f"after:  {found.after.status} {found.after.reasons}".rstrip(),
        "solved again without changes it answers as it did that night"
        if found.same_as_stored
        else "SOLVED AGAIN WITHOUT CHANGES IT ANSWERS OTHERWISE THAN THAT NIGHT: other code than the night's",
    ]
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)
    sides = (found.before, found.after)
    rows = [(name.replace("_", " "), *(_figure(name, side.figures.get(name)) for side in sides)) for name in FIGURES]
    table(out, "figures", ("figure", "before", "after"), rows)
    for when, side in (("before", found.before), ("after", found.after)):
        print_limits(out, f"limits that bind {when}: what one more unit would be worth", side.binding_limits)
    print_limits(out, "limits in conflict: by how much each would have to give", found.after.conflicts)
    table(out, "what would be traded otherwise (dollars bought less sold)", ("security", "usd before", "usd after"),
          [(row["security_id"], usd(row["before_usd"]), usd(row["after_usd"])) for row in found.trades])  # fmt: skip


def _told(changes: Row) -> str:
    said = [f"{column} = {value or 'no limit'}" for column, value in changes["set"].items()]
    said += [f"{kind.replace('_', ' ')} {what}" for kind in ("exclude", "no_buy", "no_sell") for what in changes[kind]]
    if changes["raise_cash_usd"] != "0":
        said.append(f"raise ${changes['raise_cash_usd']}")
    return ", ".join(said) or "no change"


def _figure(name: str, value: object) -> str:
    from pipelines.explain_text import usd

    if value is None:
        return ""
    if name.endswith("_usd"):
        assert isinstance(value, str | float)
        return usd(value)
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _print_frontier(rows: Sequence[Row]) -> None:
    from pipelines.explain_text import console, table

    names = list(rows[0])
    table(console(), "", [name.replace("_", " ") for name in names],
          [[_figure(name, row[name]) for name in names] for row in rows])  # fmt: skip
