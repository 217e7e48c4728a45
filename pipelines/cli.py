"""The command line: ``openbell``. It parses, calls, prints; exit status 0 done, 1 failed, 2 refused."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from assets.book import Book, VendorLayout
from assets.disk import refusal_of
from assets.sessions import sessions_between
from assets.store import Store
from ledger.errors import InputError, NightOrderError, OpenbellError, SettingError
from pipelines.adapt_commands import adapt
from pipelines.bench_commands import bench
from pipelines.explain_commands import explain
from pipelines.feed_commands import feeds
from pipelines.retention_commands import retention
from pipelines.ruling_commands import rulings
from pipelines.sql_commands import sql
from pipelines.whatif_commands import whatif

if TYPE_CHECKING:
    from assets.verification import Check

EXIT_FAILED, EXIT_REFUSED = 1, 2
TOTALS = ("orders", "harvested losses", "tax saved")
ACCOUNTS_SHOWN = 20
PLAIN_WIDTH = 180
"""Columns of a table that goes to a file or a pipe, where there is no terminal to fit."""

app = typer.Typer(
    name="openbell",
    help="The nightly production line for direct indexing.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(adapt)
app.add_typer(bench)
app.add_typer(retention)
app.add_typer(rulings)
app.command()(feeds)
app.command()(explain)
app.command()(sql)
app.command()(whatif)

BookPath = Annotated[Path, typer.Argument(metavar="BOOK", help="The book's directory.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Day = Annotated[dt.datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="A session, as 2026-11-20.")]
Shards = Annotated[list[str] | None, typer.Option("--shard", help="Only the books of this shard; may be repeated.")]
WorkerCount = Annotated[int | None, typer.Option("--workers", min=1, help="Processes; all cores by default.")]


@app.command()
def init(
    book: BookPath,
    market: Annotated[str, typer.Option(help="`synthetic`, or a directory of real prices.")] = "synthetic",
    accounts: Annotated[int, typer.Option(help="How many accounts.")] = 200,
    shards: Annotated[int, typer.Option(help="Groups of households solved in parallel, at most 99.")] = 4,
    seed: Annotated[int, typer.Option(help="The same seed makes the same book.")] = 0,
    first_night: Annotated[
        dt.datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="The first session priced.")
    ] = dt.datetime(2026, 9, 1),  # noqa: DTZ001  # a date
    names: Annotated[int | None, typer.Option(help="Securities of a synthetic market.")] = None,
    factors: Annotated[int | None, typer.Option(help="Factors of the estimated risk model.")] = None,
    terms: Annotated[Path | None, typer.Option(help="A file with terms of reorganisations, to begin with.")] = None,
    vendor: Annotated[
        VendorLayout, typer.Option(help="Closes as a vendor delivered them, in this layout, from the market's folder.")
    ] = "none",
    *,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Make a new book: configuration, accounts, opening lots, feeds of the first night.

    Example: openbell init book --market synthetic --accounts 200 --shards 4 --seed 7 --first-night 2026-09-01
    """
    from pipelines.book_maker import make_book

    with errors(as_json=as_json, debug=debug):
        summary = make_book(
            book,
            market=market,
            accounts=accounts,
            shards=shards,
            seed=seed,
            first_night=first_night.date(),
            names=names,
            factors=factors,
            terms=terms,
            vendor=vendor,
        )
        show(as_json, {"book": str(book)} | _plain(summary), lambda: _print_facts({"book": book} | _plain(summary)))


@app.command()
def night(
    book: BookPath,
    night: Day,
    shard: Shards = None,
    workers: WorkerCount = None,
    revision: Annotated[bool, typer.Option("--revision", help="Publish what supersedes the published night.")] = False,
    deadline: Annotated[
        str | None,
        typer.Option(
            metavar="MOMENT",
            help="Publish at, say, 2026-09-02T06:00 exchange time with unanswered accounts held; `none` waits for all. "
            "Without it, [publish] deadline in book.toml, on the morning that the night is for.",
        ),
    ] = None,
    *,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Run one night through the Dagster assets, without a daemon. Running it again changes nothing.

    Example: openbell night book --night 2026-09-01
    """
    with errors(as_json=as_json, debug=debug):
        results = _run(
            book,
            [night.date()],
            shards=shard,
            workers=workers,
            show_progress=not as_json,
            revise=revision,
            asked=deadline,
        )
        show(as_json, results[0], lambda: _print_nights(results))


@app.command()
def backfill(
    book: BookPath,
    from_: Annotated[dt.datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE")],
    to: Annotated[dt.datetime, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE")],
    shard: Shards = None,
    workers: WorkerCount = None,
    *,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Run several nights in order.

    Example: openbell backfill book --from 2026-09-01 --to 2026-09-04 --shard s002
    """
    with errors(as_json=as_json, debug=debug):
        nights = sessions_between(first=from_.date(), last=to.date())
        if not nights:
            raise NightOrderError(
                code="NIGHT-005",
                where=f"{from_.date()} to {to.date()}",
                found="no session",
                expected="a first date no later than the last, with a session between them",
                remedy="Swap or widen the dates.",
            )
        results = _run(book, nights, shards=shard, workers=workers, show_progress=not as_json)
        show(as_json, {"nights": results}, lambda: _print_nights(results))


@app.command()
def simulate(
    book: BookPath,
    nights: Annotated[int, typer.Option(min=1, help="How many nights to run.")],
    workers: WorkerCount = None,
    *,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Write each next session's feeds, with a custodian that filled the published orders, and run its night.

    Example: openbell simulate book --nights 3
    """
    from pipelines.simulation import simulate_nights

    with errors(as_json=as_json, debug=debug):
        results = simulate_nights(Book.open(book), nights=nights, workers=workers, show_progress=_shows(not as_json))
        plain = [_plain(result) for result in results]
        show(as_json, {"nights": plain}, lambda: _print_nights(plain))


@app.command()
def verify(
    book: BookPath,
    night: Day,
    replay: Annotated[bool, typer.Option("--replay", help="Run the night again elsewhere and compare bytes.")] = False,
    current: Annotated[
        bool, typer.Option("--current-inputs", help="Replay with the files as they are today: what they would change.")
    ] = False,
    scratch: Annotated[
        Path | None, typer.Option(help="Where the replay may write; the system's temporary folder by default.")
    ] = None,
    workers: WorkerCount = None,
    verify_key: Annotated[
        list[Path] | None, typer.Option(help="A file of public keys that count, in place of the book's; repeatable.")
    ] = None,
    *,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Hold a published night to its manifest: bytes, chain, signature, store, inputs, audits; replay it to the bit.

    Example: openbell verify book --night 2026-09-01 --replay
    """
    from assets.verification import is_verified, verify_night

    with errors(as_json=as_json, debug=debug):
        opened = Book.open(book)
        keys = tuple(verify_key or ())
        checks = verify_night(store=Store(opened.path), book=opened, night=night.date(), verify_keys=keys)
        if replay or current:
            from pipelines.replay import check_replay

            with tempfile.TemporaryDirectory(prefix="openbell-replay-", dir=scratch) as folder:
                again = check_replay(
                    book=opened, night=night.date(), folder=Path(folder), workers=workers, current_inputs=current
                )
                checks.append(again)
        verified = is_verified(checks)
        document = {"night": str(night.date()), "verified": verified, "checks": [_plain(check) for check in checks]}
        show(as_json, document, lambda: _print_checks(checks))
    if not verified:
        raise typer.Exit(EXIT_FAILED)


@app.command()
def ledger(
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO.json", help="A scenario file.")],
    view: Annotated[Literal["taxpayer", "broker"], typer.Option(help="Whose book: 1091, or 6045(g).")] = "taxpayer",
    *,
    debug: Debug = False,
    as_json: AsJson = True,
) -> None:
    """Replay one scenario file through the production ledger and print its checks as JSON.

    The taxpayer's book sees wash sales across a household and its identical groups, the broker's within one account
    and one security.
    """
    from assets.scenario import replay_document

    with errors(as_json=as_json, debug=debug):
        print_json(replay_document(read_json(scenario), view=view))


@app.command()
def solve(
    instance: Annotated[Path, typer.Argument(metavar="INSTANCE.json", help="An instance file.")],
    *,
    irreducible: Annotated[
        bool, typer.Option("--irreducible", help="Name the fewest limits of an infeasible account that conflict.")
    ] = False,
    debug: Debug = False,
    as_json: AsJson = True,
) -> None:
    """Solve one account and print the solution as JSON."""
    from solvers.instance import solve_instance

    with errors(as_json=as_json, debug=debug):
        print_json(solve_instance(read_json(instance), irreducible=irreducible))


@app.command()
def ui(
    book: BookPath,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 3000,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="For auditors: nothing can be started or changed, and no daemon runs.")
    ] = False,
    host: Annotated[
        str,
        typer.Option(help="Address to listen on; whoever reaches it needs no password, so that it is this machine."),
    ] = "127.0.0.1",
    *,
    debug: Debug = False,
) -> None:
    """Start Dagster's UI and daemon over the book, for this machine only; the night then needs no click.

    Example: openbell ui book --read-only
    """
    from pipelines.instance import use_instance

    with errors(as_json=False, debug=debug):
        use_instance(Book.open(book))
        where = ["-m", "pipelines.definitions", "-h", host, "-p", str(port)]
        if read_only:
            program, arguments = Path(sys.executable).with_name("dagster-webserver"), ["--read-only", *where]
        else:
            program, arguments = Path(sys.executable).with_name("dagster"), ["dev", *where]
        os.execv(program, [str(program), *arguments])  # noqa: S606


def main() -> None:
    """Run the command line."""
    app()


@contextmanager
def errors(*, as_json: bool, debug: bool) -> Iterator[None]:
    """Print an error as one line (or one JSON document) and leave with its exit status."""
    try:
        yield
    except Exception as error:
        told = error if isinstance(error, OpenbellError) else refusal_of(error, where="the book")
        if told is None or debug:
            raise
        if as_json:
            print_json({"error": told.as_dict()})
        sys.stderr.write(f"{told}\n")
        raise typer.Exit(EXIT_REFUSED if isinstance(told, InputError) else EXIT_FAILED) from error


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in ``path``, or refuse it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_object_of)
    except (OSError, ValueError, RecursionError) as error:
        raise SettingError(
            code="SET-004",
            where=str(path),
            found=str(error),
            expected="a JSON file",
            remedy="Mend the file or its name.",
        ) from error
    if not isinstance(content, dict):
        raise SettingError(
            code="SET-004",
            where=str(path),
            found=f"a JSON {type(content).__name__}",
            expected="a JSON object",
            remedy="See docs/feeds.md for the form.",
        )
    return content


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object, or refuse one that names a field twice."""
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the field {twice!r} twice in one object")
    return content


def _run(
    path: Path,
    nights: list[dt.date],
    *,
    shards: list[str] | None,
    workers: int | None,
    show_progress: bool,
    revise: bool = False,
    asked: str | None = None,
) -> list[dict[str, Any]]:
    from pipelines.deadline import deadline_of, wall_clock
    from pipelines.headless import Workers, require_startable
    from pipelines.watch import progress, run_watched, telling_failure

    book = Book.open(path)
    unknown = sorted(set(shards or ()) - set(book.shards))
    if unknown:
        raise SettingError(
            code="SET-005",
            where="--shard",
            found=", ".join(unknown),
            expected=f"{book.shards[0]} to {book.shards[-1]}",
            remedy="Name a shard of this book.",
        )
    store = Store(book.path)
    if shards and asked is not None:
        raise SettingError(
            code="SET-008",
            where="--deadline",
            found="--shard beside it",
            expected="one of the two",
            remedy="With --shard nothing is published, so that there is no deadline to keep.",
        )
    # What is made up for, published already, revised or not to be published has no deadline but one asked for.
    keeps_its_own = not (revise or shards) and len(nights) == 1 and not store.is_sealed(nights[0])
    deadline = None
    if asked is not None or keeps_its_own:
        deadline = deadline_of(book, night=nights[0], clock=wall_clock, asked=asked)
    with telling_failure(book, night=nights[0], clock=wall_clock):
        require_startable(book, store, night=nights[0])
    results = []
    with (
        Workers(book, workers=workers) as pool,
        progress(_shows(show_progress), total=len(nights)) as (describe, advance),
    ):
        for day in nights:
            results.append(
                _plain(
                    run_watched(
                        pool,
                        night=day,
                        clock=wall_clock,
                        show=describe,
                        shards=shards,
                        revise=revise,
                        deadline=deadline,
                    )
                )
            )
            advance()
    return results


def _shows(wanted: bool) -> bool:
    return wanted and sys.stderr.isatty()


def _plain(result: object) -> dict[str, Any]:
    """Return a dataclass as plain JSON values."""
    assert dataclasses.is_dataclass(result)
    assert not isinstance(result, type)
    facts: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(result), default=str))
    return facts


def show(as_json: bool, document: dict[str, Any], text: Callable[[], None]) -> None:
    """Print the document, or call ``text``, as the reader asked."""
    if as_json:
        print_json(document)
    else:
        text()


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(json.dumps(document, indent=1, allow_nan=False) + "\n")


def _print_facts(facts: dict[str, Any]) -> None:
    for name, value in facts.items():
        sys.stdout.write(f"{name.replace('_', ' '):<16} {value}\n")


def _print_checks(checks: Sequence[Check]) -> None:
    for check in checks:
        verdict = "verified" if not check.differences else f"{len(check.differences)} DIFFERENCES"
        if check.pruned:
            verdict = f"{verdict if check.checked else 'not run'}, {len(check.pruned)} pruned (see `openbell rebuild`)"
        sys.stdout.write(f"{check.check:<28} {check.checked:>8} checked   {verdict}\n")
        for difference in check.differences[:20]:
            sys.stdout.write(f"  {difference.where}\n    found    {difference.found}\n")
            sys.stdout.write(f"    expected {difference.expected}\n")


def _print_nights(results: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    statuses = sorted({status for result in results for status in result["counts"]})
    table = Table("night", "published", *statuses, "orders", "harvested usd", "tax saved usd")
    for result in results:
        counts = [str(result["counts"].get(status, 0)) for status in statuses]
        totals = [f"{Decimal(result['totals'].get(figure, '0')):,.0f}" for figure in TOTALS]
        table.add_row(result["night"], "yes" if result["published"] else "no", *counts, *totals)
    Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH).print(table)
    for result in results:
        for unanswered in result["unanswered"]:
            sys.stdout.write(
                f"{result['night']}: {unanswered} had not answered at the deadline; its accounts are held.\n"
            )
        _print_moved(result)


def _print_moved(result: dict[str, Any]) -> None:
    """Tell what moved since the night was published, and which accounts its rerun answers otherwise."""
    night, accounts = result["night"], result["moved_accounts"]
    for label in result["moved_inputs"]:
        sys.stdout.write(
            f"{night} is published with other bytes of {label}; that publication stands. "
            "`openbell verify --current-inputs` tells what would differ.\n"
        )
    if not result["moved_partitions"]:
        return
    made_by = f" by other {' and '.join(result['moved_code'])}" if result["moved_code"] else ""
    sys.stdout.write(
        f"{night} comes out otherwise when it is run again{made_by}: {len(accounts)} accounts, first in "
        f"{result['moved_partitions'][0]}. Kept beside what is published; `openbell night --revision` publishes it.\n"
    )
    for row in accounts[:ACCOUNTS_SHOWN]:
        sys.stdout.write(
            f"  {row['account_id']}  {row['status']} -> {row['status_again']}  "
            f"{row['orders']} -> {row['orders_again']} orders  "
            f"{Decimal(row['traded_usd']):,.2f} -> {Decimal(row['traded_usd_again']):,.2f} usd traded\n"
        )
    if len(accounts) > ACCOUNTS_SHOWN:
        sys.stdout.write(f"  and {len(accounts) - ACCOUNTS_SHOWN} more; --json lists them all\n")
