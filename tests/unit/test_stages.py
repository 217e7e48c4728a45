"""The graph of the night: what it is, that Dagster accepts it, and that stages read what they declare."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import dagster as dg
import pytest

from assets.book import Book
from assets.stages import STAGES, Stage, assets_of, feed_specs, stages_of
from assets.store import SQL, Store, schema_of
from pipelines.definitions import definitions_of
from tests.book_cases import NIGHTS

GROUPS = {
    "market": ["corporate_actions", "vendor_prices", "prices", "benchmark_weights", "risk_model"],
    "accounts": ["account_policies", "account_shards", "custodian_activity", "custodian_positions", "custodian_lots"],
    "books": ["lots", "wash_windows", "proposals", "broker_lots", "lot_reconciliation", "reconciliation"],
    "trades": ["trades", "feed_report", "night_report"],
}


def test_the_night_has_these_assets_in_these_groups() -> None:
    groups: dict[str, list[str]] = {}
    for stage in STAGES:
        groups.setdefault(stage.group, []).append(stage.name)
    assert groups == GROUPS


OF_LOTS = {"custodian_lots", "broker_lots", "lot_reconciliation"}


def test_only_a_book_whose_custodian_sends_its_lots_has_the_second_book(three_nights: Path, with_lots: Path) -> None:
    plain, second = ({stage.name: stage for stage in stages_of(Book.open(book))} for book in (three_nights, with_lots))
    assert second.keys() - plain.keys() == OF_LOTS
    assert not OF_LOTS & {name for stage in plain.values() for name in (*stage.nightly, *stage.sharded)}
    assert "lot_reconciliation" in second["reconciliation"].sharded
    specs = [{spec.key.path[-1] for spec in feed_specs(Book.open(book))} for book in (three_nights, with_lots)]
    assert specs[1] - specs[0] == {"custodian_lots"}
    assert not {path.name for path in (three_nights / "store").iterdir()} & OF_LOTS


def test_every_stage_has_its_schema_and_every_audit_its_statement() -> None:
    for stage in STAGES:
        assert schema_of(stage.name), stage.name
        for audit in stage.audits:
            assert (SQL / "audits" / f"{audit}.sql").exists(), audit


def test_dagster_accepts_the_definitions(three_nights: Path, with_lots: Path) -> None:
    for book in (three_nights, with_lots):
        definitions = definitions_of(Book.open(book))
        dg.Definitions.validate_loadable(definitions)
        assert {job.name for job in definitions.resolve_all_job_defs()} >= {"ingest", "books", "publish"}


def test_every_asset_is_described_and_owned(with_lots: Path) -> None:
    for asset in assets_of(Book.open(with_lots)):
        for spec in asset.specs:
            assert spec.description
            assert spec.owners
            assert spec.kinds
            assert spec.code_version


@pytest.mark.parametrize("stage", [stage for stage in STAGES if not stage.of_vendor], ids=lambda stage: stage.name)
def test_a_stage_reads_only_what_it_declares(stage: Stage, with_lots: Path) -> None:
    book = Book.open(with_lots)
    store = Store(book.path)
    night = dt.date.fromisoformat(NIGHTS[1])
    shards = book.shards if stage.by_shard else (None,)
    declared = {*stage.nightly, *stage.sharded} | ({stage.name} if stage.reads_night_before else set())
    declared |= {"trades"} if stage.reads_published_before else set()
    for shard in shards:
        version = store.head(stage.name, night=night, shard=shard)
        read = {name.split("/")[0] for name in version.inputs} - {"feeds", "static"}
        assert read <= declared
        files = {Path(name).name.split(".")[0] for name in version.inputs if name.startswith(("feeds/", "static/"))}
        assert files <= set(stage.feeds)
