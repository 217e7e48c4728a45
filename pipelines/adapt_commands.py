"""``openbell adapt``: files in layouts that people already have, written as the contract's."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import polars as pl

    from pipelines.adapt_broker import Adapted

adapt = typer.Typer(
    name="adapt", help="Write price files and a broker's exports as the files of a book.", no_args_is_help=True
)

Securities = Annotated[
    Path, typer.Option("--securities", metavar="FILE", help="A securities.csv: security_id and symbol are read.")
]
Target = Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where the files go; made where it is missing.")]
Account = Annotated[str | None, typer.Option(help="account_id of all rows, where the file names none.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files of the same names.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


@adapt.command("yfinance")
def yfinance_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="One file of all symbols, or one each.")],
    night: Annotated[dt.datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="The night to write.")],
    securities: Securities,
    to: Target,
    returns: Annotated[
        bool, typer.Option("--returns", help="Write static/return_history of the days before the night instead.")
    ] = False,
    *,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Prices and corporate actions of one night from files that the yfinance package wrote; raw closes or none.

    Example: openbell adapt yfinance download.csv --night 2026-09-01 --securities book/static/securities.csv
    --to book/feeds/2026-09-01
    """
    from pipelines.adapt_prices import night_of_prices, read_histories, returns_before
    from pipelines.cli import errors, show

    with errors(as_json=as_json, debug=debug):
        histories, known = read_histories(files), _securities(securities)
        if returns:
            tables = {"return_history": returns_before(histories, securities=known, night=night.date())}
            facts: dict[str, Any] = {}
        else:
            adapted = night_of_prices(histories, securities=known, night=night.date())
            tables = {"prices": adapted.prices}
            if adapted.actions.height:
                tables["corporate_actions"] = adapted.actions
            facts = {"unknown_symbols": list(adapted.unknown_symbols), "without_a_close": list(adapted.missing)}
        document = _written(tables, to, overwrite=overwrite) | facts
        show(as_json, document, lambda: _print(document))


@adapt.command("broker-lots")
def broker_lots(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A broker's list of open tax lots, as CSV.")],
    securities: Securities,
    to: Target,
    account: Account = None,
    *,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """opening_lots from a broker's list of open tax lots: symbol, quantity, date acquired, cost basis.

    Example: openbell adapt broker-lots lots.csv --account A1 --securities book/static/securities.csv --to book/static
    """
    from pipelines.adapt_broker import lots_of
    from pipelines.cli import errors, show

    with errors(as_json=as_json, debug=debug):
        adapted = lots_of(file, securities=_securities(securities), account=account)
        document = _of_broker(adapted, to, overwrite=overwrite)
        show(as_json, document, lambda: _print(document))


@adapt.command("broker-positions")
def broker_positions(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A broker's list of positions, as CSV.")],
    securities: Securities,
    to: Target,
    account: Account = None,
    *,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Positions and cash of a night from a broker's list of positions: symbol, quantity, and a row of cash.

    Example: openbell adapt broker-positions positions.csv --securities book/static/securities.csv
    --to book/feeds/2026-09-01
    """
    from pipelines.adapt_broker import positions_of
    from pipelines.cli import errors, show

    with errors(as_json=as_json, debug=debug):
        adapted = positions_of(file, securities=_securities(securities), account=account)
        document = _of_broker(adapted, to, overwrite=overwrite)
        show(as_json, document, lambda: _print(document))


def _securities(path: Path) -> pl.DataFrame:
    """Return security_id and symbol of a securities.csv."""
    import polars as pl

    from pipelines.foreign_table import find_header

    table = find_header(path, aliases={"security_id": (), "symbol": ()}, needed=("security_id", "symbol"))
    rows = [{name: cell.text for name, cell in cells.items()} for cells in table.cells()]
    return pl.DataFrame(rows, schema={"security_id": pl.String, "symbol": pl.String})


def _of_broker(adapted: Adapted, folder: Path, *, overwrite: bool) -> dict[str, Any]:
    """Write what was adapted from a broker's file; return what to tell of it."""
    return _written(adapted.tables, folder, overwrite=overwrite) | {
        "unknown_symbols": list(adapted.unknown_symbols),
        "rows_of_totals": adapted.totals,
    }


def _written(tables: dict[str, pl.DataFrame], folder: Path, *, overwrite: bool) -> dict[str, Any]:
    """Write the tables as CSV, all or none; return how many rows each has."""
    from pipelines.feed_tables import TableFile
    from pipelines.foreign_table import refusal

    there = [
        name for name in tables for suffix in ("csv", "csv.gz", "parquet") if (folder / f"{name}.{suffix}").exists()
    ]
    if there and not overwrite:
        raise refusal(
            "ADAPT-009",
            str(folder),
            f"{', '.join(there)} already",
            "a folder without",
            "Pass --overwrite to replace them.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        for suffix in ("csv.gz", "parquet"):
            (folder / f"{name}.{suffix}").unlink(missing_ok=True)
        with TableFile(folder=folder, name=name, large=False) as file:
            file.add(frame)
    return {"folder": str(folder), "rows": {name: frame.height for name, frame in tables.items()}}


def _print(document: dict[str, Any]) -> None:
    for name, rows in document["rows"].items():
        sys.stdout.write(f"{name}.csv: {rows} rows\n")
    for key in ("unknown_symbols", "without_a_close"):
        found = document.get(key)
        if found:
            sys.stdout.write(f"{key.replace('_', ' ')}: {', '.join(found)}\n")
