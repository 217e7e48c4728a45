"""The graph of the night: what it is, that Dagster accepts it, and that stages read what they declare."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import dagster as dg
import pytest

from assets.book import Book
from assets.stages import STAGES, Stage, assets_of
from assets.store import SQL, Store
from pipelines.definitions import definitions_of
from tests.book_cases import NIGHTS

GROUPS = {
    "market": ["corporate_actions", "prices", "benchmark_weights", "risk_model"],
    "accounts": ["account_policies", "account_shards", "custodian_activity", "custodian_positions"],
    "books": ["lots", "wash_windows", "proposals", "reconciliation"],
    "trades": ["trades", "night_report"],
}


def test_the_night_has_these_assets_in_these_groups() -> None:
    groups: dict[str, list[str]] = {}
    for stage in STAGES:
        groups.setdefault(stage.group, []).append(stage.name)
    assert groups == GROUPS


def test_every_stage_has_its_schema_and_every_audit_its_statement() -> None:
    assert {path.name for path in (SQL / "schema").iterdir()} >= {stage.name for stage in STAGES}
    for stage in STAGES:
        for audit in stage.audits:
            assert (SQL / "audits" / f"{audit}.sql").exists(), audit


def test_dagster_accepts_the_definitions(three_nights: Path) -> None:
    definitions = definitions_of(Book.open(three_nights))
    dg.Definitions.validate_loadable(definitions)
    assert {job.name for job in definitions.resolve_all_job_defs()} >= {"ingest", "books", "publish"}


def test_every_asset_is_described_and_owned(three_nights: Path) -> None:
    for asset in assets_of(Book.open(three_nights)):
        for spec in asset.specs:
            assert spec.description
            assert spec.owners
            assert spec.kinds
            assert spec.code_version


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_reads_only_what_it_declares(stage: Stage, three_nights: Path) -> None:
    book = Book.open(three_nights)
    store = Store(book.path)
    night = dt.date.fromisoformat(NIGHTS[1])
    shards = book.shards if stage.by_shard else (None,)
    declared = {*stage.nightly, *stage.sharded} | ({stage.name} if stage.reads_night_before else set())
    for shard in shards:
        version = store.head(stage.name, night=night, shard=shard)
        read = {name.split("/")[0] for name in version.inputs} - {"feeds", "static"}
        assert read <= declared
        files = {Path(name).name.split(".")[0] for name in version.inputs if name.startswith(("feeds/", "static/"))}
        assert files <= set(stage.feeds)
