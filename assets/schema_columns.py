"""The columns of an asset as `sql/schema` has them, each with what it holds and in which unit; no Dagster in it."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterator

from assets.store import schema_of

ENDINGS = {
    "_microusd": "micro-dollars",
    "micro_shares": "micro-shares",
    "_usd": "dollars",
    "_bps": "basis points",
    "_bp": "basis points",
    "_sha256": "sha256",
}
"""Units by the end of a name: names end in their unit."""
EVERYWHERE = {
    "account_id": "the account",
    "household_id": "the accounts of one taxpayer",
    "security_id": "the security",
    "identical_group": "substantially identical securities",
    "benchmark_id": "the benchmark",
    "lot_id": "the lot; of a purchase or of cash, none",
    "ruling_id": "the operator's ruling",
    "shard": "the group of households that is solved together",
    "status": "the outcome",
    "reasons": "why, in words",
    "side": "buy or sell",
    "term": "short or long",
    "reason": "why",
    "trade_date": "when it was traded",
    "acquired_date": "when its shares were bought",
    "holding_start_date": "when its holding period begins",
    "sale_date": "when it was sold",
    "position_lo": "its first micro-share, counted within the lot",
    "position_hi": "the micro-share after its last",
    "long_term": "held for more than a year",
    "tax_year": "the year of the sale",
    "objective": "fraction of net asset value",
    "bound": "proven lower bound of the objective, fraction of net asset value",
    "orders": "how many orders",
    "accounts": "how many accounts",
}
"""What columns hold that mean the same in every table."""
_FACT = re.compile(r"^-- (?P<word>[A-Za-z0-9_]+): +(?P<told>.*)$")
_COLUMN = re.compile(r"^    (?P<name>[a-z_0-9]+) (?P<type>[a-z]+(?:\([\d, ]+\))?(?:\[\])?)(?P<rest>.*)$")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of one table."""

    table: str
    name: str
    type: str
    nullable: bool
    description: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One table: what it is, what one row of it is, and its columns."""

    table: str
    sentence: str
    grain: str
    units: str
    """What the header says of the units of all columns; empty where their names say it."""
    columns: tuple[Column, ...]


def tables_of(asset: str) -> list[Described]:
    """Return the tables of ``asset`` in order of name."""
    return [_described(path.stem, path.read_text(encoding="utf-8")) for path in schema_of(asset)]


def _described(table: str, text: str) -> Described:
    facts = header_of(text)
    return Described(
        table=table,
        sentence=facts[table],
        grain=facts["Grain"],
        units=facts.get("Units", ""),
        columns=tuple(_columns(table, text)),
    )


def header_of(text: str) -> dict[str, str]:
    """Return what the comment above a statement says, by the word before the colon; a fact may take several lines."""
    facts: dict[str, str] = {}
    word = ""
    for line in itertools.takewhile(lambda line: line.startswith("--"), text.splitlines()):
        match = _FACT.match(line)
        if match is not None:
            word = match["word"]
            facts[word] = match["told"]
        else:
            facts[word] += " " + line.removeprefix("--").strip()
    return facts


def _columns(table: str, text: str) -> list[Column]:
    """Return the columns of a table with what is told of them."""
    found = []
    for name, kind, nullable, comment in stated_columns(text):
        known = comment or EVERYWHERE.get(name, "")
        units = [unit for ending, unit in ENDINGS.items() if name.endswith(ending) and unit not in known]
        description = "; ".join([*units[:1], *([known] if known else [])])
        found.append(Column(table=table, name=name, type=kind, nullable=nullable, description=description))
    return found


def stated_columns(text: str) -> Iterator[tuple[str, str, bool, str]]:
    """Yield name, type, whether it may be null, and comment of every column of the one ``create table`` in ``text``.

    Every column begins a line.
    """
    for line in text.splitlines():
        match = _COLUMN.match(line)
        if match is not None and match["name"] != "check":
            declared, _, comment = match["rest"].partition("--")
            yield match["name"], match["type"], "not null" not in declared, comment.strip()
