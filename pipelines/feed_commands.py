"""``openbell feeds``: what a vendor's file of a night had in it, and what it says otherwise of the night before."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from assets.book import Book
from assets.store import Store
from ledger.errors import SettingError

TABLES = {
    "counts": "from feed.finding_count order by all",
    "findings": "from vendor.finding order by all",
    "rows_left_out": "from vendor.left_out_row order by all",
    "open_suspicions": "from vendor.open_suspicion order by all",
    "revised_closes": """
        select
            security_id, session, kind, in_dollars(used_microusd) as used_usd, in_dollars(first_microusd) as first_usd,
            in_dollars(second_microusd) as second_usd, was_trusted
        from vendor.revised_close
        order by all
    """,
    "revised_accounts": """
        select
            account_id, security_id, session, in_dollars(used_microusd) as used_usd,
            in_dollars(second_microusd) as second_usd, in_dollars(held_micro_shares) as held_shares,
            in_dollars(value_change_microusd) as value_change_usd, in_dollars(ordered_micro_shares) as ordered_shares,
            in_dollars(order_change_microusd) as order_change_usd
        from feed.revised_account
        order by all
    """,
    "revised_outcomes": "from feed.revised_outcome order by all",
}
SHOWN = 20


def feeds(
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="The book's directory.")],
    night: Annotated[
        dt.datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="A night that has run, as 2026-11-20.")
    ],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Tell what was noticed in the vendor's file of a night, and what it would have changed of the night before.

    Example: openbell feeds book --night 2015-06-08
    """
    from pipelines.cli import errors, show

    with errors(as_json=as_json, debug=debug):
        document = told_of_feeds(Book.open(book), night=night.date())
        show(as_json, document, lambda: _print(document))


def told_of_feeds(book: Book, *, night: dt.date) -> dict[str, Any]:
    """Return the rows of `TABLES` as plain JSON values.

    Raises
    ------
    SettingError
        Where the book reads no vendor's file.
    StoreError
        Where the night has not run.
    """
    if not book.reads_vendor_file:
        raise SettingError(
            code="SET-017",
            where=f"{book.path / 'book.toml'} key vendor.layout",
            found=book.settings.vendor.layout,
            expected="the layout of a vendor's file",
            remedy="A file of the contract is accepted or refused as a whole: there is nothing to tell of it.",
        )
    store = Store(book.path)
    versions = {
        "vendor": store.head("vendor_prices", night=night),
        "feed": store.head("feed_report", night=night),
    }
    with store.reading(versions) as tables:
        rows = {name: tables.select(text).to_dicts() for name, text in TABLES.items()}
    plain = {
        name: [{column: _plain(value) for column, value in row.items()} for row in told] for name, told in rows.items()
    }
    return {"night": night.isoformat(), **plain}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, dt.date) else value


def _print(document: dict[str, Any]) -> None:
    for name in TABLES:
        rows = document[name]
        if rows:
            sys.stdout.write(f"{name.replace('_', ' ')}: {len(rows)}\n")
            for row in rows[:SHOWN]:
                sys.stdout.write("  " + ", ".join(f"{key} {value}" for key, value in row.items()) + "\n")
            if len(rows) > SHOWN:
                sys.stdout.write(f"  and {len(rows) - SHOWN} more; --json has them all\n")
