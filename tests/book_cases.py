"""Helpers for tests that run whole books through the installed command."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from assets.book import Book
from assets.stages import stages_of
from assets.store import Store

FIRST_NIGHT = "2026-09-01"
NIGHTS = ("2026-09-01", "2026-09-02", "2026-09-03")
NEXT_NIGHT = "2026-09-04"
TIMEOUT_SECONDS = 600


def openbell(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the installed ``openbell`` with ``arguments`` and return what it did."""
    command = Path(sys.executable).with_name("openbell")
    return subprocess.run(
        [str(command), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS
    )


def openbell_here(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run ``openbell`` in this process, whose environment the caller gives back: without the seconds of a start."""
    from typer.testing import CliRunner

    from pipelines.cli import app

    ran = CliRunner().invoke(app, [*map(str, arguments)])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    return subprocess.CompletedProcess([*map(str, arguments)], ran.exit_code, ran.stdout, ran.stderr)


def fingerprint(folder: Path) -> dict[str, str]:
    """Return sha256 by relative name of every file below ``folder``."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def freeze_first_account(book: Path) -> None:
    """Freeze the first account, so that every small book has one that is held."""
    file = book / "static" / "accounts.csv"
    header, first, *rest = file.read_text(encoding="utf-8").splitlines()
    cells = first.split(",")
    cells[header.split(",").index("frozen")] = "true"
    file.write_text("\n".join([header, ",".join(cells), *rest]) + "\n", encoding="utf-8")


def inputs_of(source: Path, target: Path, *, nights: Sequence[str]) -> Path:
    """Copy settings, static files and the feeds of ``nights`` into a new book."""
    target.mkdir(parents=True)
    shutil.copytree(source / "static", target / "static")
    for night in nights:
        shutil.copytree(source / "feeds" / night, target / "feeds" / night)
    shutil.copy(source / "book.toml", target / "book.toml")
    return target


def run_stages(
    path: Path,
    *,
    night: dt.date,
    shards: Sequence[str] | None = None,
    groups: Sequence[str] = ("market", "accounts", "books", "trades"),
    past_deadline: bool = False,
    store: Store | None = None,
) -> None:
    """Run one night of the book in this process, stage by stage and the last shard first, without Dagster's runs."""
    book, store = Book.open(path), store or Store(path)
    for stage in stages_of(book):
        more = {"past_deadline": past_deadline} if stage.name == "trades" else {}
        for shard in reversed(shards or book.shards) if stage.by_shard else (None,):
            where = {"shard": shard} if shard else {}
            if stage.group in groups:
                stage.write(store=store, book=book, night=night, **where, **more)


def filled_from_before(table: Path) -> str:
    """Return the statement that copies the rows of ``before`` into the table that the file ``table`` makes.

    Columns that the database reckons are not written.
    """
    lines = table.read_text(encoding="utf-8").splitlines()
    reckoned = [line.split()[0] for line in lines if " generated always as " in line]
    columns = f"* exclude ({', '.join(reckoned)})" if reckoned else "*"
    return f"insert into {table.stem} select {columns} from before.{table.stem}"
