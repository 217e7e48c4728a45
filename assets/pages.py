"""What an operator sees of an asset in Dagster's UI: its columns, outcomes, held accounts and why, switches.

All of it is read from what is written, and reported with the run: nothing of it is in the store or in a digest, and
nothing of the night reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import polars as pl

from assets.book import Book
from assets.feed_contracts import CONTRACTS
from assets.feed_models import schema_of
from assets.schema_columns import Described, tables_of
from assets.store import Store, Tables, Version, latest_manifest
from solvers.problem import Status

SHOWN_MAX = 100
"""Most rows of a table on a page: the whole is in the store."""
OUTCOMES = {"trades": "account_outcome", "reconciliation": "outcome", "proposals": "answer"}
"""Where these assets have their outcomes."""
READ_AS = {
    "text": "string", "time": "time", "micro": "decimal", "real": "float", "integer": "int", "date": "date",
    "boolean": "bool", "ratio_new": "ratio", "ratio_old": "ratio",
}  # fmt: skip
"""The types of a file's columns by how their text is read."""
FIRST_TABLE = {
    "account_policies": "account",
    "lots": "sublot",
    "broker_lots": "sublot",
    "lot_reconciliation": "lot_break",
    "proposals": "proposed_order",
    "reconciliation": "recon_break",
    "trades": "published_order",
    "vendor_prices": "vendor_close",
    "night_report": "status_count",
}
"""The table whose columns stand open on an asset's page; elsewhere the first by name."""
PAGES: dict[str, tuple[str, ...]] = {
    "account_policies": ("switches",),
    "proposals": ("outcomes", "held_accounts"),
    "reconciliation": ("outcomes", "held_accounts", "breaks"),
    "trades": ("outcomes", "switches", "held_accounts", "breaks"),
    "night_report": (
        "outcomes_of_report", "held_reasons", "totals", "frozen_names", "rulings", "breaks_of_report",
    ),
}  # fmt: skip
"""Which of ``sql/pages`` an asset's page shows, in this order."""
OF_THE_NIGHT = ("trades", "night_report")
"""The assets whose pages lead to what is published."""
OF_REPORT = "_of_report"
TOLD_AGAIN_MAX = 3
"""How many materialisations of a partition are looked at to find each one's latest, on the average of a night."""

Shown = dict[str, dg.MetadataValue[Any]]


def columns_of(asset: str) -> dict[str, Any]:
    """Return the metadata of an asset's definition: the columns of its first table, and of the others behind links.

    Dagster opens `dagster/column_schema` above everything else on the page: all tables there would hide the outcomes.
    """
    tables = {table.table: table for table in tables_of(asset)}
    first = FIRST_TABLE.get(asset, next(iter(tables)))
    others = {f"table {name}": _schema(table) for name, table in tables.items() if name != first}
    return {"dagster/column_schema": _schema(tables[first]), **others}


def feed_columns_of(name: str) -> dict[str, Any]:
    """Return the metadata of a file's definition: its columns as `assets/feed_models.py` asks for them.

    A vendor's own file has the columns of its layout, which are no contract of ours.
    """
    if name == "vendor_prices":
        return {}
    columns: dict[str, dg.TableColumn] = {}
    for column in schema_of(name, header=()).columns.values():
        facts = column.metadata
        if facts is not None:  # a file's column may be read twice, the place of a row is read from none
            expected = facts["expected"] + ("; the column may be missing" if facts["absent"] else "")
            columns[facts["column"]] = dg.TableColumn(
                facts["column"], READ_AS[facts["reads"]], expected, dg.TableColumnConstraints(nullable=column.nullable)
            )
    key = ", ".join(CONTRACTS[name].key)
    grain = [f"one row per ({key})"] if key else []
    return {"dagster/column_schema": dg.TableSchema(list(columns.values()), dg.TableConstraints(grain))}


def _schema(table: Described) -> dg.TableSchema:
    columns = [
        dg.TableColumn(
            column.name,
            column.type,
            column.description or None,
            dg.TableColumnConstraints(nullable=column.nullable),
        )
        for column in table.columns
    ]
    told = [f"{table.table}: {table.sentence}", table.grain, *([table.units] if table.units else [])]
    return dg.TableSchema(columns, dg.TableConstraints(told))


def page_of(version: Version, *, store: Store, book: Book) -> Shown:
    """Return what the page of an asset shows of one written version, beside rows and digests."""
    shown: Shown = {}
    if version.asset in PAGES:
        with store.reading({"shown": version}) as tables:
            for name, rows in _rows(tables, version.asset).items():
                shown |= _told(name, rows)
    if version.asset in OF_THE_NIGHT:
        shown |= _places(version, book=book)
    return shown


def _rows(tables: Tables, asset: str) -> dict[str, pl.DataFrame]:
    """Return the tables of an asset's page by name."""
    if asset in OUTCOMES:
        tables.execute(f"create temp view outcome as select * from shown.{OUTCOMES[asset]}")  # noqa: S608
    found = {name: tables.query(f"pages/{name}", shown_max=SHOWN_MAX) for name in PAGES[asset]}
    return {name.removesuffix(OF_REPORT): rows for name, rows in found.items()}


def _told(name: str, rows: pl.DataFrame) -> Shown:
    if name != "outcomes":
        return {name: table(rows) if rows.height else dg.TextMetadataValue("none")}
    counts: dict[str, int] = dict(rows.iter_rows())
    return {
        "outcomes": table(rows),
        "outcomes_plot": dg.MarkdownMetadataValue(plot(counts)),
        "held": dg.IntMetadataValue(sum(counts[status] for status in counts if Status(status).is_held)),
    }


def _places(version: Version, *, book: Book) -> Shown:
    """Return where the night's files lie, and its report once `openbell report` has made it."""
    manifest = latest_manifest(book.path.resolve(), version.night)
    report = book.path.resolve() / "reports" / version.night.isoformat() / "index.html"
    return {
        **({"published": dg.PathMetadataValue(str(manifest.parent))} if manifest else {}),
        "report": dg.PathMetadataValue(str(report)),
        "report_made_by": dg.TextMetadataValue(f"openbell report {book.path} --night {version.night}"),
    }


def table(rows: pl.DataFrame) -> dg.TableMetadataValue:
    """Return ``rows`` of whole numbers and texts as a table of a page."""
    types = ["int" if kind.is_integer() else "string" for kind in rows.dtypes]
    columns = [dg.TableColumn(name, kind) for name, kind in zip(rows.columns, types, strict=True)]
    return dg.TableMetadataValue([dg.TableRecord(row) for row in rows.iter_rows(named=True)], dg.TableSchema(columns))


def timings(instance: dg.DagsterInstance, asked: Mapping[str, Sequence[str]]) -> Shown:
    """Return how long each stage took, from what the latest runs told; ``asked`` are the partitions of each asset."""
    records = []
    for asset, partitions in asked.items():
        found = instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), asset_partitions=list(partitions)),
            limit=TOLD_AGAIN_MAX * len(partitions),
        )
        took: dict[str, float] = {}
        for event in found.records:  # the latest first
            told = event.asset_materialization.metadata.get("seconds") if event.asset_materialization else None
            if isinstance(told, dg.FloatMetadataValue) and told.value is not None and event.partition_key is not None:
                took.setdefault(event.partition_key, told.value)
        if took:
            slowest = max(sorted(took), key=lambda partition: took[partition])
            records.append(
                dg.TableRecord(
                    {
                        "stage": asset,
                        "partitions": len(took),
                        "seconds": round(sum(took.values()), 3),
                        "slowest": f"{took[slowest]:.3f} s, {slowest}",
                    }
                )
            )
    if not records:
        return {}
    kinds = {"stage": "string", "partitions": "int", "seconds": "float", "slowest": "string"}
    columns = [dg.TableColumn(name, kind) for name, kind in kinds.items()]
    return {"stages": dg.TableMetadataValue(records, dg.TableSchema(columns))}


LEFT, LINE, WIDTH = 200, 22, 140
"""Pixels: the room of names and numbers, a line's height, the longest bar."""
SHOWN_AT_ONCE = 1000
"""Dagster shows Markdown of fewer characters than this at once; what is longer hides behind a link."""
COLOURS = {
    "teal": (Status.CERTIFIED,),
    "slategray": (Status.CERTIFIED_NO_TRADE,),
    "darkorange": (Status.CERTIFIED_RELAXED,),
    "firebrick": tuple(status for status in Status if status.is_held),
}


def plot(counts: Mapping[str, int]) -> str:
    """Return accounts by outcome as bars: Markdown with the picture in it, on a ground of its own for either theme.

    The bars of one colour are one path, so that all outcomes together stay below `SHOWN_AT_ONCE`; the same figures are
    in the table beside it.
    """
    present = [status for status in Status if counts.get(status)]
    most = max((counts[status] for status in present), default=1)
    middle = {status: LINE * line + LINE // 2 for line, status in enumerate(present)}
    names = [f"<text y='{middle[status] + 4}'>{status} {counts[status]:,}</text>" for status in present]
    bars = []
    for colour, statuses in COLOURS.items():
        lines = [f"M{LEFT} {middle[s]}h{_width(counts[s], most)}" for s in statuses if s in middle]
        bars += [f"<path stroke='{colour}' d='{''.join(lines)}'/>"] if lines else []
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{LEFT + WIDTH}' height='{LINE * max(len(present), 1)}'"
        f" style='background:white;font:12px sans-serif' stroke-width='14'>{''.join(names + bars)}</svg>"
    )
    return f"![accounts by outcome](<data:image/svg+xml,{svg.replace('<', '%3C').replace('>', '%3E')}>)"


def _width(count: int, most: int) -> int:
    return max(round(WIDTH * count / most), 1)
