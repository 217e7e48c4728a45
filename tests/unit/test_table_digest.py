"""The digest of tables: what it must tell apart, and what it must not see."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from assets.table_digest import digest_of_tables

TABLE = pa.table(
    {
        "name": pa.array(["a", "", None, "äb", "c"], pa.string()),
        "shares": pa.array([1, None, 0, -4, 2**62], pa.int64()),
        "order": pa.array([1, 2, 3, 4, 5], pa.int32()),
        "day": pa.array([dt.date(2026, 1, 2), None, dt.date(1970, 1, 1), dt.date(2024, 2, 29), None], pa.date32()),
        "held": pa.array([True, False, None, True, True], pa.bool_()),
        "weight": pa.array([0.5, 0.0, None, 1.5, -1.0], pa.float64()),
        "amount": pa.array([Decimal("1.25"), None, Decimal("0.00"), Decimal("7.00"), None], pa.decimal128(24, 2)),
        "prices": pa.array([[0.5, -1.0], [], None, [0.5], [-1.0, 0.5]], pa.list_(pa.float64())),
    }
)


def digest(table: pa.Table, *, batch_rows: int = 100, name: str = "t") -> str:
    return digest_of_tables([(name, table.to_reader(batch_rows))])[0]


@pytest.mark.parametrize("batch_rows", [1, 2, 3, 4])
def test_where_a_batch_ends_changes_nothing(batch_rows: int) -> None:
    assert digest(TABLE, batch_rows=batch_rows) == digest(TABLE)


def test_rows_are_counted() -> None:
    assert digest_of_tables([("t", TABLE.to_reader(2)), ("u", TABLE.slice(0, 0).to_reader())])[1] == {"t": 5, "u": 0}


@pytest.mark.parametrize("column", TABLE.column_names)
@pytest.mark.parametrize("row", range(5))
def test_every_value_counts(column: str, row: int) -> None:
    values = TABLE[column].to_pylist()
    seen = {digest(TABLE)}
    for other in range(5):
        changed = [*values[:row], values[other], *values[row + 1 :]]
        if changed == values:
            continue
        position = TABLE.column_names.index(column)
        seen.add(digest(TABLE.set_column(position, column, pa.array(changed, TABLE.schema.field(column).type))))
    assert len(seen) == 1 + len({str(value) for value in values if value != values[row]})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["ab", "c"], ["a", "bc"]),
        (["", "a"], ["a", ""]),
        ([None, "a"], ["", "a"]),
        ([None, "a"], ["a", None]),
        (["a"], ["a", ""]),
    ],
)
def test_texts_are_told_apart_where_their_bytes_together_are_the_same(one: list[str], other: list[str]) -> None:
    tables = [pa.table({"text": pa.array(values, pa.string())}) for values in (one, other)]
    assert digest(tables[0]) != digest(tables[1])


def test_a_null_is_not_the_value_that_stands_under_it() -> None:
    with_null = pa.table({"n": pa.array([0, None], pa.int64())})
    underneath = pa.Array.from_buffers(
        pa.int64(), 2, [with_null["n"].chunk(0).buffers()[0], pa.array([0, 77]).buffers()[1]]
    )
    assert digest(pa.table({"n": underneath})) == digest(with_null)
    assert digest(with_null) != digest(pa.table({"n": pa.array([0, 0], pa.int64())}))


def test_rows_that_begin_inside_a_buffer_are_read_from_there() -> None:
    again = pa.Table.from_pylist(TABLE.slice(1, 3).to_pylist(), schema=TABLE.schema)
    assert digest(TABLE.slice(1, 3)) == digest(again)


def test_names_and_types_count() -> None:
    digests = {
        digest(TABLE),
        digest(TABLE, name="u"),
        digest(TABLE.rename_columns(["label", *TABLE.column_names[1:]])),
        digest(TABLE.set_column(2, "order", TABLE["order"].cast(pa.int64()))),
        digest(TABLE.select([*TABLE.column_names[1:], "name"])),
        digest(TABLE.slice(0, 4)),
    }
    assert len(digests) == 6
