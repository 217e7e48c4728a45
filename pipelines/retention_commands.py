"""``openbell prune`` and ``openbell rebuild``: old store files dropped, and made again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assets.book import Book
from assets.store import Store
from ledger.errors import SettingError

if TYPE_CHECKING:
    from assets.retention import Pruned
    from pipelines.rebuild import Rebuilt

retention = typer.Typer()

BookPath = Annotated[Path, typer.Argument(metavar="BOOK", help="The book's directory.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


@retention.command()
def prune(
    book: BookPath,
    keep_nights: Annotated[
        int | None, typer.Option(min=1, help="How many published nights stay whole, the last ones.")
    ] = None,
    before: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Only nights before this one.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be dropped, and drop nothing.")] = False,
    *,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Drop old store files that can be made again; what a manifest names is noted first. Kept inputs stay.

    Example: openbell prune book --keep-nights 60 --dry-run
    """
    from assets.retention import first_kept_night
    from assets.retention import prune as drop
    from pipelines.cli import errors, show

    with errors(as_json=as_json, debug=debug):
        if keep_nights is None and before is None:
            raise SettingError(
                code="SET-020",
                where="openbell prune",
                found="neither --keep-nights nor --before",
                expected="one of them, or both",
                remedy="Say how much stays; with both, whatever either of them keeps does.",
            )
        opened = Book.open(book)
        first = first_kept_night(opened, keep_nights=keep_nights, before=before.date() if before else None)
        pruned = drop(Store(opened.path), opened, first_kept=first, dry_run=dry_run)
        show(as_json, _plain(pruned), lambda: _print_pruned(pruned))


@retention.command()
def rebuild(
    book: BookPath,
    night: Annotated[dt.datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="A published night.")],
    scratch: Annotated[
        Path | None, typer.Option(help="Where the nights are run again; the system's temporary folder by default.")
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processes; all cores by default.")] = None,
    *,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Make the missing partitions of a published night again from its kept inputs, and those that it was made from.

    Example: openbell rebuild book --night 2026-09-01
    """
    from pipelines.cli import EXIT_FAILED, errors, show
    from pipelines.rebuild import rebuild as make_again

    with errors(as_json=as_json, debug=debug):
        opened = Book.open(book)
        with tempfile.TemporaryDirectory(prefix="openbell-rebuild-", dir=scratch) as folder:
            done = make_again(opened, night=night.date(), scratch=Path(folder), workers=workers)
        same = not any(one.differences for one in done)
        document = {"night": str(night.date()), "rebuilt": same, "nights": [_plain(one) for one in done]}
        show(as_json, document, lambda: _print_rebuilt(done))
    if not same:
        raise typer.Exit(EXIT_FAILED)


def _plain(result: Pruned | Rebuilt) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(result), default=str))
    return facts


def _print_pruned(pruned: Pruned) -> None:
    verb = "would be" if pruned.dry_run else "were"
    sys.stdout.write(
        f"{pruned.first_kept} and later nights stay whole. Of {len(pruned.nights)} nights before it "
        f"{pruned.partitions} partitions {verb} dropped (noted; `openbell rebuild` makes them again), "
        f"{pruned.unnamed} versions that nothing names, {pruned.temporaries} left-over temporary files.\n"
        f"store before {pruned.bytes_before:>16,} bytes\nstore after  {pruned.bytes_after:>16,} bytes\n"
    )
    for night, labels in pruned.not_pruned.items():
        sys.stdout.write(f"{night} stays whole: it could not be made again without {', '.join(labels)}\n")


def _print_rebuilt(done: list[Rebuilt]) -> None:
    if not done:
        sys.stdout.write("nothing is missing\n")
    for one in done:
        unlike = f", {len(one.differences)} came out DIFFERENT" if one.differences else ""
        sys.stdout.write(f"{one.night}  {len(one.restored)} partitions made again{unlike}\n")
        for difference in one.differences:
            sys.stdout.write(
                f"  {difference.where}\n    found    {difference.found}\n    expected {difference.expected}\n"
            )
