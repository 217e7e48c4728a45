"""The store: immutable versions named by their content, and heads that a published night does not move."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest

from assets.store import Store, Version, digest_of_version
from assets.trade_tables import require_intact
from ledger.errors import AuditError, StoreError

NIGHT = dt.date(2026, 9, 1)


def weights(*rows: tuple[str, float]) -> pl.DataFrame:
    return pl.DataFrame(
        [("LARGE", name, weight) for name, weight in rows],
        schema={"benchmark_id": pl.String, "security_id": pl.String, "weight": pl.Float64},
        orient="row",
    )


def write(store: Store, frame: pl.DataFrame) -> Version:
    with store.writing("benchmark_weights", night=NIGHT) as writing:
        writing.insert("benchmark_weight", frame)
    assert writing.version is not None
    return writing.version


def files(store: Store) -> list[str]:
    return sorted(path.name for path in store.folder("benchmark_weights", night=NIGHT).iterdir())


def test_the_same_rows_in_another_order_are_the_same_version(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = write(store, weights(("A", 0.25), ("B", 0.75)))
    before = first.path.read_bytes()
    again = write(store, weights(("B", 0.75), ("A", 0.25)))
    assert again.digest == first.digest
    assert first.path.read_bytes() == before
    assert files(store) == sorted([first.path.name, first.path.with_suffix(".json").name, "head.json"])
    assert store.head("benchmark_weights", night=NIGHT).digest == first.digest


def test_one_changed_value_is_another_version_beside_the_first(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = write(store, weights(("A", 0.25), ("B", 0.75)))
    second = write(store, weights(("A", 0.25), ("B", 0.7500000001)))
    assert second.digest != first.digest
    assert first.path.exists()
    assert second.is_head
    assert store.head("benchmark_weights", night=NIGHT).digest == second.digest


def test_a_published_night_keeps_its_head(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = write(store, weights(("A", 1.0)))
    published = tmp_path / "published" / NIGHT.isoformat()
    published.mkdir(parents=True)
    manifest = {"store": {f"benchmark_weights/{NIGHT}": first.digest}}
    (published / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    second = write(store, weights(("A", 0.5), ("B", 0.5)))
    assert not second.is_head
    assert second.path.exists()
    assert store.head("benchmark_weights", night=NIGHT).digest == first.digest


def test_a_revision_moves_its_own_heads_and_not_those_of_the_published_night(tmp_path: Path) -> None:
    store, revising = Store(tmp_path), Store(tmp_path, revising=NIGHT)
    first = write(store, weights(("A", 1.0)))
    published = tmp_path / "published" / NIGHT.isoformat()
    published.mkdir(parents=True)
    manifest = {"store": {f"benchmark_weights/{NIGHT}": first.digest}}
    (published / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    second = write(revising, weights(("A", 0.5), ("B", 0.5)))
    assert second.is_head
    assert revising.head("benchmark_weights", night=NIGHT).digest == second.digest
    assert store.head("benchmark_weights", night=NIGHT).digest == first.digest


def test_a_failed_audit_leaves_nothing_behind(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def write_a_name_twice() -> None:
        with store.writing("benchmark_weights", night=NIGHT) as writing:
            writing.insert("benchmark_weight", weights(("A", 0.5), ("A", 0.5)))
            assert not writing.audit("no_benchmark_lists_a_name_twice")

    with pytest.raises(AuditError, match="AUDIT-001 audit no_benchmark_lists_a_name_twice"):
        write_a_name_twice()
    assert files(store) == []
    assert not store.has("benchmark_weights", night=NIGHT)


def test_an_error_inside_a_write_leaves_nothing_behind(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(duckdb.ConstraintException), store.writing("benchmark_weights", night=NIGHT) as writing:
        writing.insert("benchmark_weight", weights(("A", 1.5)))
    assert files(store) == []


def test_a_file_that_was_tampered_with_is_found(tmp_path: Path) -> None:
    store = Store(tmp_path)
    version = write(store, weights(("A", 0.25), ("B", 0.75)))
    require_intact(version)
    connection = duckdb.connect(str(version.path))
    connection.execute("update benchmark_weight set weight = 0.26 where security_id = 'A'")
    connection.close()
    assert digest_of_version(version) != version.digest
    with pytest.raises(StoreError, match="STORE-003"):
        require_intact(version)


def many_weights(rows: int) -> pl.DataFrame:
    names = pl.DataFrame({"number": range(rows)}).select(security_id=pl.format("S{}", pl.col("number") + rows))
    return names.select(benchmark_id=pl.lit("LARGE"), security_id="security_id", weight=pl.lit(1.0 / rows))


def test_a_large_table_need_not_lie_in_its_order_to_be_found_intact(tmp_path: Path) -> None:
    frame = many_weights(130_000)
    swapped = frame.with_row_index().sort(pl.col("index").replace({500: 501, 501: 500})).drop("index")
    turned = frame.reverse()
    for number, rows in enumerate((frame, swapped, turned)):
        version = write(Store(tmp_path / str(number)), rows)
        assert digest_of_version(version) == version.digest
        require_intact(version)


def test_a_large_table_that_lies_in_its_order_is_found_where_it_was_tampered_with(tmp_path: Path) -> None:
    version = write(Store(tmp_path), many_weights(130_000))
    connection = duckdb.connect(str(version.path))
    connection.execute("update benchmark_weight set weight = 0.5 where security_id = 'S130500'")
    connection.close()
    with pytest.raises(StoreError, match="STORE-003"):
        require_intact(version)


def test_of_several_files_the_first_in_order_that_is_not_intact_is_told(tmp_path: Path) -> None:
    versions = [write(Store(tmp_path / name), weights((name, 1.0))) for name in ("A", "B", "C", "D")]
    require_intact(*versions)
    for version in versions[2:]:
        version.path.write_bytes(b"no database")
    with pytest.raises(StoreError, match=f"STORE-006 .*expected {versions[2].digest}"):
        require_intact(*versions)


def test_a_missing_partition_and_a_missing_file_say_what_to_do(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(StoreError, match="STORE-001"):
        store.head("benchmark_weights", night=NIGHT)
    version = write(store, weights(("A", 1.0)))
    version.path.unlink()
    with pytest.raises(StoreError, match="STORE-002"):
        store.head("benchmark_weights", night=NIGHT)


def test_a_store_moved_to_another_folder_reads_the_same(tmp_path: Path) -> None:
    store = Store(tmp_path / "here's a book")
    version = write(store, weights(("A", 1.0)))
    shutil.move(tmp_path / "here's a book", tmp_path / "there")
    moved = Store(tmp_path / "there").head("benchmark_weights", night=NIGHT)
    assert moved.digest == version.digest
    with Store(tmp_path / "there").reading({"benchmark": moved}) as tables:
        assert tables.select("select weight from benchmark.benchmark_weight").rows() == [(1.0,)]
        assert tables.inputs == {f"benchmark_weights/{NIGHT}": version.digest}


def test_data_is_never_a_path(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        Store(tmp_path).folder("benchmark_weights", night=NIGHT, shard="../../elsewhere")


def test_no_statement_draws_a_bar_on_standard_output(tmp_path: Path) -> None:
    with Store(tmp_path).reading({}) as tables:
        assert tables.select("select current_setting('enable_progress_bar') as shown")["shown"].to_list() == [False]
