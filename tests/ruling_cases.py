"""A small book whose second night is solved and not published, and what tests do to it: rulings, feeds, stages."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path
from typing import Any

from assets.book import Book
from assets.ruling_entry import Kind, Ruling, add_ruling
from assets.stages import stages_of
from assets.store import Store
from ledger.amounts import MICRO, plain, to_micro
from pipelines.book_maker import make_book
from pipelines.custodian import write_next_feeds

FIRST = dt.date(2026, 9, 1)
NIGHT = dt.date(2026, 9, 2)
AT = dt.datetime(2026, 9, 2, 22, 40, tzinfo=dt.UTC)
AFTER_SOLVE = ("trades", "night_report")

Row = dict[str, str]


def solved_book(path: Path) -> None:
    """Make a book of 10 accounts in one shard, run its first night, and its second as far as its reconciliation."""
    make_book(path, market="synthetic", accounts=10, shards=1, seed=5, first_night=FIRST, names=30, factors=4)
    run(path, night=FIRST)
    assert write_next_feeds(Book.open(path), night=FIRST) == NIGHT
    solve(path)


def run(path: Path, *, night: dt.date = NIGHT, skip: tuple[str, ...] = (), only: tuple[str, ...] = ()) -> None:
    """Run the stages of ``night`` in this process, as Dagster would."""
    book, store = Book.open(path), Store(path)
    for stage in stages_of(book):
        if stage.name in skip or (only and stage.name not in only):
            continue
        for shard in book.shards if stage.by_shard else (None,):
            stage.write(store=store, book=book, night=night, **({"shard": shard} if shard else {}))


def solve(path: Path, *, only: tuple[str, ...] = ()) -> None:
    run(path, skip=AFTER_SOLVE, only=only)


def solve_again(path: Path) -> None:
    """Read the rulings and the custodian's word again, and answer anew from what then stands; the market stays."""
    read = ("account_policies", "account_shards", "custodian_positions")
    solve(path, only=(*read, "lots", "wash_windows", "proposals", "reconciliation"))


def publish(path: Path) -> None:
    run(path, only=AFTER_SOLVE)


def rule(path: Path, kind: Kind, reason: str = "as told", **named: str) -> str:
    """Freeze, release or withdraw what is ``named``."""
    return add_ruling(Book.open(path), Ruling(kind=kind, at=AT, role="operator", reason=reason, **named))  # type: ignore[arg-type]


def accept(path: Path, difference: str, *, account: str, security: str | None = None) -> str:
    """Accept a break from the second night on."""
    ruling = Ruling(
        kind="accept",
        at=AT,
        role="operator",
        reason="as told",
        account_id=account,
        security_id=security,
        difference_micro=to_micro(difference),
        from_night=NIGHT,
    )
    return add_ruling(Book.open(path), ruling)


def published(path: Path, name: str) -> list[Row]:
    with (path / "published" / str(NIGHT) / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def outcomes(path: Path) -> dict[str, Row]:
    return {row["account_id"]: row for row in published(path, "accounts")}


def manifest(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((path / "published" / str(NIGHT) / "manifest.json").read_bytes())
    return content


def report(path: Path, table: str) -> list[tuple[Any, ...]]:
    store = Store(path)
    with store.reading({"report": store.head("night_report", night=NIGHT)}) as tables:
        return tables.select(f"from report.{table} order by all").rows()


def move_feed(path: Path, name: str, *, account: str, by: str, security: str | None = None) -> None:
    """Change the custodian's shares of ``security``, or its cash, by a number; add the row where there is none."""
    file = path / "feeds" / str(NIGHT) / f"{name}.csv"
    with file.open(encoding="utf-8", newline="") as opened:
        reader = csv.DictReader(opened)
        rows, header = list(reader), list(reader.fieldnames or ())
    column = header[-1]
    wanted = {"account_id": account} | ({"security_id": security} if security else {})
    found = next((row for row in rows if wanted.items() <= row.items()), None)
    if found is None:
        found = wanted | {column: "0"}
        rows.append(found)
    found[column] = plain(round(float(found[column]) * MICRO) + to_micro(by))
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
