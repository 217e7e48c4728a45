"""The pages of the assets: their columns are those of the tables, their plot opens at once, their rows are bounded."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import dagster as dg
import duckdb
import pytest

from assets import pages
from assets.book import Book
from assets.pages import FIRST_TABLE, PAGES, SHOWN_AT_ONCE, columns_of, page_of, plot, timings
from assets.schema_columns import tables_of
from assets.stages import STAGES, Stage, feed_specs
from assets.store import SQL, Store, schema_of
from solvers.problem import Status
from tests.book_cases import NIGHTS

COLUMNS = """
    select table_name, column_name, replace(lower(data_type), ',', ', '), is_nullable
    from duckdb_columns() where not internal order by table_name, column_index
"""


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_the_columns_shown_are_those_of_the_tables(stage: Stage) -> None:
    with contextlib.closing(duckdb.connect()) as connection:
        for path in schema_of(stage.name):
            connection.execute(path.read_text(encoding="utf-8"))
        made = connection.sql(COLUMNS).fetchall()
    told = [
        (column.table, column.name, column.type, column.nullable)
        for table in tables_of(stage.name)
        for column in table.columns
    ]
    assert told == made
    shown = columns_of(stage.name)
    assert len(shown) == len(schema_of(stage.name))
    assert all(isinstance(schema, dg.TableSchema) for schema in shown.values())


def test_a_column_is_told_with_its_unit_and_its_comment() -> None:
    allocation = next(table for table in tables_of("trades") if table.table == "allocation")
    told = {column.name: column.description for column in allocation.columns}
    assert told["estimated_microusd"] == "micro-dollars"
    assert told["loss_microusd"] == "micro-dollars; the losing parts alone, not netted"
    assert told["side"] == "buy or sell"
    assert allocation.grain == "one row per (account_id, security_id, side, lot_id)."
    sublot = next(table for table in tables_of("lots") if table.table == "sublot")
    assert sublot.units.endswith("part_shares at (position - part_from).")


def test_the_columns_of_a_file_are_those_that_it_is_read_with(three_nights: Path, with_lots: Path) -> None:
    for book in (three_nights, with_lots):
        for spec in feed_specs(Book.open(book)):
            name = spec.key.path[-1]
            shown = {column.name: column for column in spec.metadata["dagster/column_schema"].columns}
            for file in [*(book / "static").glob(f"{name}.csv"), *(book / "feeds" / NIGHTS[0]).glob(f"{name}.csv")]:
                header = set(file.read_text(encoding="utf-8").splitlines()[0].split(","))
                assert header <= shown.keys() | {column for column in header if re.fullmatch(r"f\d\d", column)}
                assert {column for column in shown if "may be missing" not in str(shown[column].description)} <= header


def test_every_page_is_of_an_asset_and_every_statement_on_a_page() -> None:
    stages = {stage.name for stage in STAGES}
    assert PAGES.keys() | FIRST_TABLE.keys() <= stages
    for asset, table in FIRST_TABLE.items():
        assert table in {path.stem for path in schema_of(asset)}
    assert {name for names in PAGES.values() for name in names} == {path.stem for path in (SQL / "pages").iterdir()}


def test_the_plot_of_all_outcomes_still_opens_at_once() -> None:
    counts: dict[str, int] = dict.fromkeys(map(str, Status), 100_000)
    picture = plot(counts)
    assert len(picture) < SHOWN_AT_ONCE
    svg = ElementTree.fromstring(unquote(picture.partition(",")[2].removesuffix(">)")))
    assert [text.text for text in svg if text.tag.endswith("text")] == [f"{status} 100,000" for status in Status]
    bars = "".join(path.attrib["d"] for path in svg if path.tag.endswith("path"))
    assert bars.count("M") == len(Status)


def test_a_page_lists_no_more_than_its_limit_and_counts_all(
    three_nights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, store, night = Book.open(three_nights), Store(three_nights), dt.date.fromisoformat(NIGHTS[0])
    monkeypatch.setattr(pages, "SHOWN_MAX", 0)
    shown = page_of(store.head("trades", night=night), store=store, book=book)
    assert not isinstance(shown["held_accounts"], dg.TableMetadataValue)
    monkeypatch.undo()
    whole = page_of(store.head("trades", night=night), store=store, book=book)
    held = whole["held_accounts"]
    assert isinstance(held, dg.TableMetadataValue)
    assert shown["held"] == whole["held"] == dg.IntMetadataValue(len(held.records))
    assert {"account_id": "A000001", "status": "HELD_FROZEN", "reasons": "the account is frozen"} in [
        record.data for record in held.records
    ]


def test_the_seconds_of_a_stage_are_those_of_its_latest_runs() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        for asset, partition, seconds in (
            ("prices", "2026-09-01", 9.0),
            ("prices", "2026-09-02", 1.5),
            ("lots", "2026-09-02|s000", 8.0),
            ("lots", "2026-09-02|s000", 2.0),
            ("lots", "2026-09-02|s001", 4.0),
        ):
            instance.report_runless_asset_event(
                dg.AssetMaterialization(asset, partition=partition, metadata={"seconds": seconds})
            )
        asked = {"prices": ["2026-09-02"], "lots": ["2026-09-02|s000", "2026-09-02|s001"], "trades": ["2026-09-02"]}
        stages = timings(instance, asked)["stages"]
    assert isinstance(stages, dg.TableMetadataValue)
    assert [record.data for record in stages.records] == [
        {"stage": "prices", "partitions": 1, "seconds": 1.5, "slowest": "1.500 s, 2026-09-02"},
        {"stage": "lots", "partitions": 2, "seconds": 6.0, "slowest": "4.000 s, 2026-09-02|s001"},
    ]
