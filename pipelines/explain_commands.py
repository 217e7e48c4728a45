"""``openbell explain``: why an account traded, or did not, on one night; it reads, and writes nothing."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from assets.book import Book
from assets.store import Store

Night = Annotated[
    dt.datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="A night that has run, as 2026-11-20.")
]


def explain(
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="The book's directory.")],
    night: Night,
    account: Annotated[str, typer.Option(metavar="ID", help="The account.")],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Tell why an account traded as it did: outcome, orders in dollars, what was not traded, limits, and the files.

    Example: openbell explain book --night 2026-09-02 --account A000001
    """
    from assets.explanation import explain as explained
    from pipelines.cli import errors, show
    from pipelines.explain_text import print_explanation

    with errors(as_json=as_json, debug=debug):
        opened = Book.open(book)
        found = explained(store=Store(opened.path), book=opened, night=night.date(), account_id=account)
        show(as_json, found.document(), lambda: print_explanation(found))
