"""``openbell explain``: why an account traded, or did not, on one night; it reads, and writes nothing."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from assets.book import Book
from assets.store import Store
from ledger.errors import QuestionError

Night = Annotated[
    dt.datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="A night that has run, as 2026-11-20.")
]


def explain(
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="The book's directory.")],
    night: Night,
    account: Annotated[str, typer.Option(metavar="ID", help="The account.")],
    security: Annotated[
        str | None, typer.Option(metavar="ID", help="Tell the full story of this name in the account's household.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(metavar="ID", help="Tell where this other account parts from the account.")
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Tell why an account traded as it did: outcome, orders in dollars, what was not traded, limits, and the files.

    Example: openbell explain book --night 2026-09-02 --account A000001 --security S0007
    """
    from assets.explained_difference import contrast
    from assets.explained_name import story_of
    from assets.explanation import explain as explained
    from pipelines.cli import errors, show
    from pipelines.explain_text import print_explanation
    from pipelines.story_text import print_contrast, print_story

    with errors(as_json=as_json, debug=debug):
        if security is not None and against is not None:
            raise QuestionError(
                code="ASK-005",
                where="--against",
                found="--security beside it",
                expected="one of the two",
                remedy="Ask about a name or about another account, one at a time.",
            )
        opened = Book.open(book)
        store, day = Store(opened.path), night.date()
        if security is not None:
            story = story_of(store=store, book=opened, night=day, account_id=account, security_id=security)
            show(as_json, story.document(), lambda: print_story(story))
        elif against is not None:
            parted = contrast(store=store, book=opened, night=day, account_id=account, against=against)
            show(as_json, parted.document(), lambda: print_contrast(parted))
        else:
            found = explained(store=store, book=opened, night=day, account_id=account)
            show(as_json, found.document(), lambda: print_explanation(found))
