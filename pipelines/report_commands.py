"""``openbell report``: a published night, and accounts on demand, as HTML for people."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assets.book import Book
from assets.store import Store, write_renamed

if TYPE_CHECKING:
    from assets.night_facts import NightFacts
    from reports.night_page import RunFacts

NIGHT_PAGE = "index.html"


def report(
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="The book's directory.")],
    night: Annotated[
        dt.datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="A published night, as 2026-11-20.")
    ],
    account: Annotated[
        list[str] | None, typer.Option("--account", help="Write this account's page too; may be repeated.")
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Write the HTML report of a published night, and the pages of accounts.

    Example: openbell report book --night 2026-09-01 --account A000007
    """
    from pipelines.cli import errors, show

    with errors(as_json=as_json, debug=debug):
        document = write_report(Book.open(book), night=night.date(), accounts=tuple(dict.fromkeys(account or ())))
        show(as_json, document, lambda: _print(document))


def write_report(book: Book, *, night: dt.date, accounts: Sequence[str] = ()) -> dict[str, Any]:
    """Write the pages of ``night`` and of ``accounts`` to ``BOOK/reports/<night>``; return where they are.

    Nothing is written unless every page could be made.

    Raises
    ------
    NightOrderError
        Where the night is not published.
    SettingError
        Where the night does not have one of the accounts.
    """
    from assets.account_facts import account_facts
    from assets.night_facts import night_facts
    from reports.account_page import account_page, page_name
    from reports.night_page import night_page

    store = Store(book.path)
    told = account_facts(store=store, book=book, night=night, accounts=accounts)
    facts = night_facts(store=store, book=book, night=night)
    names = {account: page_name(account) for account in accounts}
    pages = {NIGHT_PAGE: night_page(facts, run=_run_facts(book, facts))}
    pages |= {names[of.outcome["account_id"]]: account_page(of) for of in told}
    folder = book.path / "reports" / night.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        write_renamed(folder / name, text.encode(), root=store.root)
    return {
        "night": night.isoformat(),
        "page": str(folder / NIGHT_PAGE),
        "accounts": {account: str(folder / name) for account, name in names.items()},
    }


def _run_facts(book: Book, facts: NightFacts) -> RunFacts | None:
    """Return how the night ran, as its Dagster instance has it; None where it has no record of every shard."""
    if not (book.path / "dagster" / "dagster.yaml").exists():
        return None
    import dagster as dg

    from pipelines.deadline import ZONE, binds, deadline_at
    from pipelines.instance import use_instance
    from pipelines.run_records import first_runs_of_night
    from reports.night_page import RunFacts

    night = facts.published.night
    use_instance(book)
    with dg.DagsterInstance.get() as instance:
        records = first_runs_of_night(instance, night=night)
    answered = facts.accounts["shard"].unique().sort().to_list()
    spans = [
        (record.start_time, record.end_time)
        for shard in answered
        if shard not in facts.unanswered and (record := records.get(shard)) and record.start_time and record.end_time
    ]
    if len(spans) < len(set(answered) - set(facts.unanswered)) or not spans:
        return None
    begin, end = min(start for start, _ in spans), max(end for _, end in spans)
    answered_at = dt.datetime.fromtimestamp(end, ZONE)
    return RunFacts(
        shards=len(spans),
        accounts=facts.accounts["nav_microusd"].drop_nulls().len(),
        worker_seconds=sum(end - start for start, end in spans),
        seconds=end - begin,
        answered_at=answered_at,
        deadline=deadline_at(book, night=night) if binds(night=night, now=answered_at) else None,
    )


def _print(document: dict[str, Any]) -> None:
    sys.stdout.write(f"night {document['night']}: {document['page']}\n")
    for account, page in document["accounts"].items():
        sys.stdout.write(f"account {account}: {page}\n")
