"""The same inputs, code and pins give the same bytes, whatever the rows' order and form, the shards, the machine."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from assets.book import Book
from assets.stages import stages_of
from assets.store import Store, schema_of
from tests.book_cases import FIRST_NIGHT, NIGHTS, TIMEOUT_SECONDS, fingerprint, inputs_of, run_stages

TWO = NIGHTS[:2]
ELSEWHEN = """
import time

told, told_ns = time.time, time.time_ns
AHEAD = 1000 * 86_400 + 27_060
time.time = lambda: told() + AHEAD
time.time_ns = lambda: told_ns() + AHEAD * 1_000_000_000
"""
"""Imported before anything else, it puts the clock of the process almost three years ahead."""


def test_another_clock_zone_language_hash_seed_folder_and_one_worker_change_no_byte(
    three_nights: Path, tmp_path: Path
) -> None:
    path = inputs_of(three_nights, tmp_path / "elsewhere", nights=NIGHTS)
    (tmp_path / "clock").mkdir()
    (tmp_path / "clock" / "sitecustomize.py").write_text(ELSEWHEN, encoding="utf-8")
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, (str(tmp_path / "clock"), os.environ.get("PYTHONPATH")))),
        "PYTHONHASHSEED": "4711",
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "tr_TR.UTF-8",
        "LANG": "tr_TR.UTF-8",
    }
    command = [
        str(Path(sys.executable).with_name("openbell")),
        *("backfill", str(path), "--from", FIRST_NIGHT, "--to", NIGHTS[-1], "--workers", "1"),
    ]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS)
    assert ran.returncode == 0, ran.stderr
    for night in NIGHTS:
        assert fingerprint(path / "published" / night) == fingerprint(three_nights / "published" / night)


def shuffled(file: Path, *, seed: int) -> list[str]:
    header, *rows = file.read_text(encoding="utf-8").splitlines()
    order = pl.Series(range(len(rows)), dtype=pl.Int64).shuffle(seed=seed)
    return [header, *(rows[number] for number in order)]


def as_gzip(file: Path, rows: list[str]) -> None:
    file.with_name(f"{file.name}.gz").write_bytes(gzip.compress("\n".join(rows).encode()))
    file.unlink()


def as_parquet(file: Path, rows: list[str]) -> None:
    text = "\n".join(rows).encode()
    pl.read_csv(text, infer_schema=False).write_parquet(file.with_suffix(".parquet"))
    file.unlink()


def as_typed_parquet(file: Path, rows: list[str]) -> None:
    """Numbers and dates as a careful vendor types them; money and shares stay exact."""
    frame = pl.read_csv("\n".join(rows).encode(), infer_schema=False)
    dates = [name for name in frame.columns if name.endswith("_date")]
    frame = frame.with_columns(pl.col(dates).str.to_date())
    frame.write_parquet(file.with_suffix(".parquet"))
    file.unlink()


def as_csv(file: Path, rows: list[str]) -> None:
    file.write_text("\r\n".join(rows) + "\r\n", encoding="utf-8")


FORMS: tuple[Callable[[Path, list[str]], None], ...] = (as_gzip, as_parquet, as_csv, as_typed_parquet)


def test_shuffled_rows_in_other_forms_change_no_asset_and_no_published_row(three_nights: Path, tmp_path: Path) -> None:
    path = inputs_of(three_nights, tmp_path / "shuffled", nights=TWO)
    files = sorted(path.rglob("*.csv"))
    for number, file in enumerate(files):
        FORMS[number % len(FORMS)](file, shuffled(file, seed=number))
    for file in sorted(path.rglob("return_history.parquet")):
        pl.read_parquet(file).sample(fraction=1.0, shuffle=True, seed=1).write_parquet(file)
    for night in TWO:
        run_stages(path, night=dt.date.fromisoformat(night))
    for night in TWO:
        before, after = (
            json.loads((book / "published" / night / "manifest.json").read_bytes()) for book in (three_nights, path)
        )
        assert after["store"] == before["store"]
        assert after["files"] == before["files"]
        assert not set(after["inputs"].values()) & set(before["inputs"].values()), "every file has other bytes"
        report = (Store(book).head("night_report", night=dt.date.fromisoformat(night)) for book in (three_nights, path))
        assert len({version.digest for version in report}) == 1


@pytest.mark.parametrize(("shards", "nights"), [(1, TWO), (16, TWO[:1])])
def test_answers_orders_and_lots_are_the_same_in_any_number_of_shards(
    three_nights: Path, tmp_path: Path, shards: int, nights: tuple[str, ...]
) -> None:
    path = inputs_of(three_nights, tmp_path / "book", nights=nights)
    toml = (path / "book.toml").read_text(encoding="utf-8")
    changed = re.sub(r"^shards = 2$", f"shards = {shards}", toml, flags=re.MULTILINE)
    assert changed != toml
    (path / "book.toml").write_text(changed, encoding="utf-8")
    for night in nights:
        run_stages(path, night=dt.date.fromisoformat(night))
    for night in nights:
        here, there = path / "published" / night, three_nights / "published" / night
        for name in ("allocations.csv", "orders.csv"):
            assert (here / name).read_bytes() == (there / name).read_bytes()
        accounts = [pl.read_csv(folder / "accounts.csv", infer_schema=False) for folder in (here, there)]
        assert accounts[0].drop("shard").equals(accounts[1].drop("shard"))
        assert (accounts[0]["shard"].n_unique() == 1) == (shards == 1)
        assert books_of(path, night=night) == books_of(three_nights, night=night)


def books_of(path: Path, *, night: str) -> dict[str, list[str]]:
    """Return the rows of every table of the night's books, of all shards together, sorted."""
    book, store = Book.open(path), Store(path)
    rows: dict[str, list[str]] = {}
    for stage in stages_of(book):
        for shard in book.shards if stage.by_shard else ():
            with store.reading(
                {"part": store.head(stage.name, night=dt.date.fromisoformat(night), shard=shard)}
            ) as tables:
                for table in schema_of(stage.name):
                    frame = tables.select(f"from part.{table.stem}")
                    rows.setdefault(f"{stage.name}.{table.stem}", []).extend(map(repr, frame.iter_rows()))
    return {name: sorted(found) for name, found in rows.items()}
