"""A small synthetic book run as far as its proposals, and partitions of it rewritten for tests."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from assets.book import Book
from assets.proposal_tables import write_proposals
from assets.reconcile_tables import write_reconciliation
from assets.stages import stages_of
from assets.store import SQL, Store
from pipelines.book_maker import make_book
from tests.book_cases import filled_from_before

NIGHT = dt.date(2026, 9, 1)
SHARD = "s000"


def propose(path: Path) -> None:
    """Make a book of one shard and run it as far as its proposals."""
    make_book(path, market="synthetic", accounts=24, shards=1, seed=3, first_night=NIGHT, names=60, factors=6)
    book, store = Book.open(path), Store(path)
    for stage in stages_of(book):
        if stage.name == "reconciliation":
            break
        stage.write(store=store, book=book, night=NIGHT, **({"shard": SHARD} if stage.by_shard else {}))


def rewrite(path: Path, asset: str, *changes: str, shard: str | None = SHARD) -> None:
    """Write the partition anew with ``changes`` made to its tables."""
    store = Store(path)
    before = store.head(asset, night=NIGHT, shard=shard)
    with store.writing(asset, night=NIGHT, shard=shard) as writing:
        writing.attach(before, alias="before")
        for table in sorted((SQL / "schema" / asset).glob("*.sql")):
            writing.execute(filled_from_before(table))
        for change in changes:
            writing.execute(change)
        writing.inputs.clear()


def reconciled(path: Path, *, anew: bool = False) -> tuple[dict[str, tuple[str, str]], pl.DataFrame]:
    """Return status and reasons of every account, and the approved orders; ``anew`` after solving again."""
    store, book = Store(path), Book.open(path)
    if anew:
        write_proposals(store=store, book=book, night=NIGHT, shard=SHARD)
    version = write_reconciliation(store=store, book=book, night=NIGHT, shard=SHARD)
    with store.reading({"answered": version}) as tables:
        rows = tables.select("select account_id, status, reasons from answered.outcome").iter_rows()
        orders = tables.select("from answered.approved_order")
        return {account: (status, reasons) for account, status, reasons in rows}, orders
