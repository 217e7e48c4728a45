"""``openbell sql``: questions in SQL about any nights of a book; it only reads."""

from __future__ import annotations

import datetime as dt
import io
import json
import math
import sys
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from ledger.errors import QuestionError

SHOWN = 200


def sql(
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="The book's directory.")],
    statement: Annotated[str, typer.Argument(metavar="STATEMENT", help="One query; see docs/data-model.md.")] = "",
    from_: Annotated[
        dt.datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="Look at no earlier night."),
    ] = None,
    to: Annotated[
        dt.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="Look at no later night.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"Rows at most; {SHOWN} where people read them, else all.")
    ] = None,
    *,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV on stdout and nothing else.")] = False,
    tables: Annotated[bool, typer.Option("--tables", help="List the tables and their columns.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Ask a book in SQL: every table of every night is a view ASSET.TABLE with `night` and `shard`; nothing is written.

    Example: openbell sql book "select night, status, count(*) from trades.account_outcome group by all order by all"
    """
    from assets.catalogue import Catalogue, catalogued
    from pipelines.cli import errors, print_json

    with errors(as_json=as_json, debug=debug):
        catalogue = Catalogue.of(book, first=from_ and from_.date(), last=to and to.date())
        if tables:
            catalogue = Catalogue.of(book, last=dt.date.min)
            statement = columns_query([f"{asset}.{table}" for asset, known in catalogued().items() for table in known])
        _require(statement, as_csv=as_csv, as_json=as_json)
        most = limit if limit is not None else None if as_csv or as_json or tables else SHOWN
        # One row more than is shown, to know whether there are more.
        found = catalogue.polars(statement, limit=None if most is None else most + 1)
        shown, is_cut = (found, False) if most is None else (found.head(most), found.height > most)
        if as_json:
            print_json({
                "columns": found.columns, "rows": plain_rows(shown), "cut": is_cut, "left_out": list(catalogue.left_out)
            })  # fmt: skip
        elif as_csv:
            sys.stdout.write(csv_of(shown))
        else:
            _print(shown)
    if is_cut and not as_json:
        sys.stderr.write(f"the first {shown.height} rows; --limit shows more\n")
    if catalogue.left_out and not as_json:
        sys.stderr.write(f"left out, for they were pruned: {len(catalogue.left_out)} partitions, the first "
                         f"{catalogue.left_out[0]}; `openbell rebuild` makes them again\n")  # fmt: skip


def columns_query(names: list[str]) -> str:
    """Return the query for the columns of the tables ``names`` (``asset.table``)."""
    parts = [
        f"select '{name}' as table_name, column_name, column_type from (describe {name})"  # noqa: S608
        for name in names
    ]
    return " union all ".join(parts)


def plain_rows(frame: pl.DataFrame) -> list[list[Any]]:
    """Return rows of plain JSON values; decimals and dates are texts, what is no number is null."""
    return [[_plain(value) for value in row] for row in frame.iter_rows()]


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def csv_of(frame: pl.DataFrame) -> str:
    """Return ``frame`` as CSV; lists and structures are JSON in their cells."""
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    texts = [pl.Series(name, [None if value is None else json.dumps(_plain(value)) for value in frame[name].to_list()])
             for name in nested]  # fmt: skip
    buffer = io.StringIO()
    frame.with_columns(texts).write_csv(buffer, line_terminator="\n")
    return buffer.getvalue()


def _require(statement: str, *, as_csv: bool, as_json: bool) -> None:
    if as_csv and as_json:
        raise QuestionError(
            code="ASK-009", where="--csv", found="--json beside it", expected="one of the two",
            remedy="Ask for one form.",
        )  # fmt: skip
    if not statement.strip():
        raise QuestionError(
            code="ASK-010", where="STATEMENT", found="nothing", expected="one query",
            remedy="`openbell sql BOOK --tables` lists what can be asked for.",
        )  # fmt: skip


def _print(frame: pl.DataFrame) -> None:
    from pipelines.explain_text import console, table

    rows = [["" if value is None else str(value) for value in row] for row in plain_rows(frame)]
    out = console()
    if rows:
        table(out, "", frame.columns, rows)
    out.print(f"{len(rows)} rows")
