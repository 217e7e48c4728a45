"""The tables of the catalogue described, from the statements that make them: `docs/data-model.md` is this text.

A table's header gives its meaning, grain and units, a comment beside a column the column's own; what a column means
wherever it stands is said once, in ``sql/catalogue/columns.toml``.
"""

from __future__ import annotations

import dataclasses
import functools
import tomllib

from assets.catalogue import PUBLISHED, catalogued
from assets.schema_columns import header_of, stated_columns
from assets.store import SCHEMAS, SQL

UNITS = {
    "_microusd": "micro-dollars",
    "micro_shares": "micro-shares",
    "_micro": "millionths",
    "_usd": "dollars",
    "_bps": "basis points",
    "_bp": "basis points",
    "_days": "days",
    "_date": "day",
}
"""What an ending says of a column's unit."""
INTRODUCTION = """# The tables, and what is in them

Every table of every asset is a view `ASSET.TABLE` of the catalogue (`openbell sql`, `assets.catalogue.Catalogue`), all
nights and shards together. Before its own columns each view has `night` (date: the session whose close is priced from)
and `shard` (text; null where an asset has one partition for the whole night). Of a published night a view shows what
its manifest seals.

Micro-dollars and micro-shares are millionths, as whole numbers: `in_dollars(x)` writes them as a person does, and
`x * 0.000001` is exact. `lots.sublot`, `lots.open_loss` and `lots.disposal_piece` hold share positions of a lot: what
belongs to the shares from `position_lo` to `position_hi` is `part(total, shares, lo, hi)`, and
`long_from(holding_start_date)` is the first day on which a sale is long-term. A column that may be null says so.

This page is made from `sql/schema` and `sql/catalogue` by `python -m assets.data_model`, and a test holds it to them.
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    name: str
    type: str
    nullable: bool
    unit: str
    meaning: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TableModel:
    """One table of the catalogue."""

    name: str
    meaning: str
    grain: str
    units: str
    columns: tuple[Column, ...]


def data_model() -> list[TableModel]:
    """Return every table of the catalogue, by asset and name; those that share their tables with another, once."""
    return [
        _table(f"{asset}.{name}", text)
        for asset, tables in catalogued().items()
        if asset not in SCHEMAS
        for name, text in tables.items()
    ]


def data_model_text() -> str:
    """Return the page `docs/data-model.md`."""
    blocks = [INTRODUCTION]
    seen = ""
    for table in data_model():
        asset = table.name.partition(".")[0]
        if asset != seen:
            shared = [name for name, other in SCHEMAS.items() if other == asset]
            also = f"\n\nThe asset `{shared[0]}` has the same tables." if shared else ""
            what = "What stands in `BOOK/published`" if asset == PUBLISHED else f"The asset `{asset}`"
            blocks.append(f"## {asset}\n\n{what}.{also}\n")
            seen = asset
        blocks.append(_section(table))
    return "\n".join(blocks)


def _section(table: TableModel) -> str:
    lines = [f"### {table.name}\n", f"{table.meaning[:1].upper()}{table.meaning[1:]}\n", f"Grain: {table.grain}\n"]
    if table.units:
        lines.append(f"Units: {table.units}\n")
    lines += ["| column | type | unit | meaning |", "|---|---|---|---|"]
    for column in table.columns:
        null = " (may be null)" if column.nullable else ""
        lines.append(f"| {column.name} | {column.type} | {column.unit} | {column.meaning}{null} |")
    return "\n".join(lines) + "\n"


def _table(name: str, text: str) -> TableModel:
    said = header_of(text)
    return TableModel(
        name=name,
        meaning=said[name.rpartition(".")[2]],
        grain=said.get("Grain", ""),
        units=said.get("Units", ""),
        columns=tuple(
            Column(
                name=column,
                type=kind,
                nullable=nullable,
                unit=next((unit for ending, unit in UNITS.items() if column.endswith(ending)), ""),
                meaning=(comment or meaning_of(name, column)).replace("|", "\\|"),
            )
            for column, kind, nullable, comment in stated_columns(text)
        ),
    )


@functools.cache
def _meanings() -> dict[str, str]:
    text = (SQL / "catalogue" / "columns.toml").read_text(encoding="utf-8")
    meanings: dict[str, str] = tomllib.loads(text)
    return meanings


def meaning_of(table: str, column: str) -> str:
    """Return what ``column`` means in ``table``, or wherever it stands; empty where nothing says."""
    return _meanings().get(f"{table}.{column}") or _meanings().get(column, "")


if __name__ == "__main__":
    import sys

    sys.stdout.write(data_model_text())
