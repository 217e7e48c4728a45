"""Two versions of a partition: the first value that differs is named by asset, table, row and column."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pytest

from assets.book import Book
from assets.comparison import first_difference, key_of
from assets.stages import STAGES, Stage, stages_of
from assets.store import Store, Version, Writing, schema_of
from tests.book_cases import NIGHTS, filled_from_before

NIGHT = dt.date.fromisoformat(NIGHTS[1])
CHANGES = {"VARCHAR": "{0} || '-'", "BOOLEAN": "not {0}", "DATE": "{0} + 1", "DOUBLE": "{0} * 0.5"}


def one_value_changed(writing: Writing, table: str, *, key: list[str]) -> tuple[str, object, object] | None:
    """Change one value of the first row that its CHECKs let change; return (column, before, after)."""
    columns = writing.select(f"select column_name, column_type from (describe {table})").rows()
    row = f"rowid = (select rowid from {table} order by all limit 1)"
    for column, kind in columns:
        if column in key or kind.endswith("[]"):  # lists are updated by deleting, so that the row is lost
            continue
        before = writing.select(f"select {column} from {table} where {row}").item()
        writing.execute(f"create or replace temp table place as select rowid as id from {table} where {row}")
        try:
            value = CHANGES.get(kind, "{0} + 1").format(column)
            writing.execute(f"update {table} set {column} = {value} where rowid = (select id from place)")
        except (duckdb.ConstraintException, duckdb.ConversionException, duckdb.BinderException):
            continue
        after = writing.select(f"select {column} from {table} where rowid = (select id from place)").item()
        if repr(before) != repr(after):
            return column, before, after
    return None


def with_change(store: Store, original: Version, table: str, *, key: list[str]) -> tuple[Version, object]:
    """Write ``original`` again with one value of ``table`` changed."""
    with store.writing(original.asset, night=NIGHT, shard=original.shard) as writing:
        writing.attach(original, alias="before")
        for path in schema_of(original.asset):
            writing.execute(filled_from_before(path))
        change = one_value_changed(writing, table, key=key)
    assert writing.version is not None
    return writing.version, change


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_changed_value_of_any_table_is_named(stage: Stage, three_nights: Path, tmp_path: Path) -> None:
    if stage.name not in {one.name for one in stages_of(Book.open(three_nights))}:
        assert stage.of_custodian_lots or stage.of_vendor
        return
    shard = "s000" if stage.by_shard else None
    heads = [Store(three_nights).head(stage.name, night=dt.date.fromisoformat(night), shard=shard) for night in NIGHTS]
    original = max(heads, key=lambda version: sum(rows > 0 for rows in version.rows.values()))
    store, named = Store(tmp_path), 0
    for path in schema_of(stage.name):
        if not original.rows[path.stem]:
            continue
        with store.reading({"part": original}) as tables:
            columns = tables.select(f"from part.{path.stem} limit 0").columns
        key = key_of(path.read_text(encoding="utf-8"), columns)
        assert key, f"the header of {path.name} names the columns of a row"
        again, change = with_change(store, original, path.stem, key=key)
        if change is None:
            continue
        assert isinstance(change, tuple)
        column, before, after = change
        difference = first_difference(store, original=original, again=again)
        assert difference.where.startswith(f"{original.name} table {path.stem} row {key[0]} ")
        assert difference.where.endswith(f" column {column}")
        assert (difference.found, difference.expected) == (str(after), str(before))
        named += 1
    assert named or not any(original.rows.values()), f"no value of {stage.name} was changed"


def test_a_row_that_only_one_version_has_is_named_as_a_whole(three_nights: Path, tmp_path: Path) -> None:
    original = Store(three_nights).head("prices", night=NIGHT)
    store = Store(tmp_path)
    with store.writing("prices", night=NIGHT) as writing:
        writing.attach(original, alias="before")
        writing.execute("insert into price from before.price")
        writing.execute("delete from price where security_id = 'S0002'")
    assert writing.version is not None
    lost = first_difference(store, original=original, again=writing.version)
    assert lost.where == f"prices/{NIGHT} table price row security_id S0002"
    assert lost.found == "no such row"
    assert "'security_id': 'S0002'" in lost.expected
    extra = first_difference(store, original=writing.version, again=original)
    assert (extra.found, extra.expected) == (lost.expected, lost.found)


def test_the_first_of_several_rows_is_named(three_nights: Path, tmp_path: Path) -> None:
    original = Store(three_nights).head("prices", night=NIGHT)
    store = Store(tmp_path)
    with store.writing("prices", night=NIGHT) as writing:
        writing.attach(original, alias="before")
        writing.execute("insert into price from before.price")
        writing.execute("update price set close_microusd = close_microusd + 7 where security_id >= 'S0003'")
    assert writing.version is not None
    found = first_difference(store, original=original, again=writing.version)
    assert found.where == f"prices/{NIGHT} table price row security_id S0003 column close_microusd"
    assert int(found.found) == int(found.expected) + 7
