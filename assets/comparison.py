"""Comparison: two versions of a partition, the first value that differs, and the accounts of a night that moved."""

from __future__ import annotations

import dataclasses
import re

import polars as pl

from assets.store import Store, Version, schema_of

_GRAIN = re.compile(r"^-- Grain:\s*one row per ([^\n]*)", re.MULTILINE)
_WORD = re.compile(r"[a-z_]+")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place where what was found is not what was promised."""

    where: str
    found: str
    expected: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MovedAccount:
    """An account that comes out otherwise when its published night is run again: as published, and as run again."""

    account_id: str
    status: str
    status_again: str
    orders: int
    orders_again: int
    traded_usd: str
    traded_usd_again: str
    harvested_loss_usd: str
    harvested_loss_usd_again: str


def first_difference(store: Store, *, original: Version, again: Version) -> Difference:
    """Return where ``again`` first differs from ``original``: table, row and column in the order of the schema.

    A row is named by the columns that its table's grain states; one that only one version has, as a whole.
    """
    with store.reading({"published": original, "again": again}) as tables:
        for path in schema_of(original.asset):
            found, expected = (
                tables.select(f"from {one}.{path.stem} except all from {other}.{path.stem} order by all")
                for one, other in (("again", "published"), ("published", "again"))
            )
            if found.height or expected.height:
                key = key_of(path.read_text(encoding="utf-8"), found.columns)
                return _first(found, expected, key=key, where=f"{original.name} table {path.stem}")
    return Difference(where=original.name, found=again.digest, expected=original.digest)


def key_of(schema: str, columns: list[str]) -> list[str]:
    """Return the columns that name a row, as the header of its table's schema states them."""
    grain = _GRAIN.search(schema)
    words = set(_WORD.findall(grain.group(1))) if grain else set()
    return [column for column in columns if column in words]


def _first(found: pl.DataFrame, expected: pl.DataFrame, *, key: list[str], where: str) -> Difference:
    """Return the first difference of rows that only one of two versions has."""
    if not key or any(rows.select(key).is_duplicated().any() for rows in (found, expected)):
        sides = (str(rows.row(0, named=True)) if rows.height else "no such row" for rows in (found, expected))
        return Difference(where=where, found=next(sides), expected=next(sides))
    name = pl.concat([found.select(key), expected.select(key)]).unique().sort(key, nulls_last=True).row(0)
    wanted = [pl.col(column).eq_missing(pl.lit(value)) for column, value in zip(key, name, strict=True)]
    place = f"{where} row {', '.join(f'{column} {value}' for column, value in zip(key, name, strict=True))}"
    here, there = (rows.filter(*wanted) for rows in (found, expected))
    if not here.height or not there.height:
        sides = (str(rows.row(0, named=True)) if rows.height else "no such row" for rows in (here, there))
        return Difference(where=place, found=next(sides), expected=next(sides))
    for column, value, promised in zip(found.columns, here.row(0), there.row(0), strict=True):
        if repr(value) != repr(promised):
            return Difference(where=f"{place} column {column}", found=str(value), expected=str(promised))
    raise AssertionError(f"{place}: rows that differ in no value")


def moved_accounts(store: Store, *, original: Version, again: Version) -> tuple[MovedAccount, ...]:
    """Return the accounts whose outcome or allocations differ between two versions of `trades`, by account."""
    with store.reading({"published": original, "again": again}) as tables:
        rows = tables.query("trades/moved_account")
    return tuple(MovedAccount(**row) for row in rows.with_columns(pl.col(pl.Decimal).cast(pl.String)).to_dicts())
