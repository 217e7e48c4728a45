"""The catalogue answers questions about any nights from what stands of them, reads nothing else, and writes nothing."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from assets.catalogue import Catalogue, catalogued
from assets.publish import sha256_of
from assets.store import SCHEMAS, schema_of
from ledger.errors import QuestionError, StoreError
from tests.book_cases import NIGHTS, fingerprint, openbell_here

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "harvest_by_night.py"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_published_files_are_read_as_they_are(three_nights: Path) -> None:
    catalogue = Catalogue.of(three_nights)
    for file in ("accounts", "allocations", "orders"):
        found = catalogue.polars(f"from published.{file} order by all")
        lines = [row for night in NIGHTS for row in rows_of(three_nights / "published" / night / f"{file}.csv")]
        assert found.columns == list(lines[0])
        amount = "estimated_usd" if file != "accounts" else "tax_saved_usd"
        assert sorted(found[amount].to_list()) == sorted(Decimal(row[amount]) for row in lines)
        assert found.height == len(lines)
    manifests = catalogue.polars("select night, manifest_sha256 from published.manifest order by all")
    expected = [(dt.date.fromisoformat(n), sha256_of(three_nights / "published" / n / "manifest.json")) for n in NIGHTS]
    assert manifests.rows() == expected
    prices = catalogue.polars(f"select digest from published.source where name = 'feeds/{NIGHTS[1]}/prices.csv'")
    assert prices["digest"].to_list() == [sha256_of(three_nights / "feeds" / NIGHTS[1] / "prices.csv")]


def test_a_view_joins_all_nights_and_shards_and_says_which(three_nights: Path) -> None:
    found = Catalogue.of(three_nights).polars(
        "select night, shard, account_id, status from reconciliation.outcome order by night, account_id"
    )
    published = [
        (dt.date.fromisoformat(night), row["shard"], row["account_id"], row["status"])
        for night in NIGHTS
        for row in rows_of(three_nights / "published" / night / "accounts.csv")
    ]
    assert found.rows() == published
    last = dt.date.fromisoformat(NIGHTS[2])
    assert Catalogue.of(three_nights, first=last).polars("select distinct night from outcome")["night"].to_list() == [
        last
    ]
    assert Catalogue.of(three_nights, last=dt.date(2026, 8, 1)).polars("from outcome").height == 0


def test_every_table_of_every_asset_can_be_asked_for(three_nights: Path) -> None:
    known = catalogued()
    for asset in ("broker_lots", "proposals", "trades", "vendor_prices"):
        assert sorted(known[asset]) == sorted(path.stem for path in schema_of(asset))
    assert set(SCHEMAS) <= set(known)
    catalogue = Catalogue.of(three_nights, first=dt.date.fromisoformat(NIGHTS[2]))
    counts = " union all ".join(
        f"select '{asset}.{table}' as name, count(*) as rows, bool_and(night is not null) as dated from {asset}.{table}"
        for asset, tables in known.items()
        for table in tables
    )
    found = catalogue.polars(counts)
    assert found.height == sum(map(len, known.values()))
    assert found.filter(pl.col("rows") > 0)["dated"].all()
    assert found.filter(pl.col("rows") > 0).height > 25


def test_pandas_gets_exact_decimals(three_nights: Path) -> None:
    pytest.importorskip("pandas")
    frame = Catalogue.of(three_nights).pandas("select sum(estimated_usd) as usd from published.allocations")
    lines = [row for night in NIGHTS for row in rows_of(three_nights / "published" / night / "allocations.csv")]
    assert frame["usd"][0] == sum((Decimal(row["estimated_usd"]) for row in lines), Decimal(0))


def test_a_moved_head_is_not_what_a_published_night_shows(book_copy: Path) -> None:
    question = (
        "select night, shard, count(*) as rows, sum(objective) as total from proposals.answer group by all order by all"
    )
    before = Catalogue.of(book_copy).polars(question)
    for head in book_copy.glob("store/proposals/*/*/head.json"):
        head.write_text("{}", encoding="utf-8")
    assert Catalogue.of(book_copy).polars(question).equals(before)


@pytest.mark.parametrize(
    ("statement", "code", "says"),
    [
        ("selec 1", "ASK-006", "statement line 1 column 1: "),
        ("select account_id,\n  foo from proposals.answer", "ASK-006", "statement line 2 column 3: "),
        ("select 1 / 'a'::int", "ASK-006", "Could not convert"),
        ("drop table proposals.answer", "ASK-007", "found drop"),
        ("copy (select 1) to 'out.csv'", "ASK-007", "found copy"),
        ("attach 'other.duckdb'", "ASK-007", "found attach"),
        ("set threads = 4", "ASK-007", "found set"),
        ("select 1; select 2", "ASK-007", "2 statements"),
        ("from recon_break", "ASK-011", "reconciliation.recon_break, trades.recon_break"),
        ("from proposals.answers", "ASK-011", "proposals.answer"),
        ("from 'book.toml'", "ASK-011", "no such table"),
        ("from read_text('book.toml')", "ASK-006", "file system operations are disabled"),
        ("from glob('*')", "ASK-006", "file system operations are disabled"),
        ("from query('copy (select 1) to ''out.csv''')", "ASK-006", "Expected a single SELECT"),
        ("from three_nights", "ASK-011", "no such table"),
    ],
)  # fmt: skip
def test_what_is_no_question_to_the_book_is_refused(three_nights: Path, statement: str, code: str, says: str) -> None:
    with pytest.raises(QuestionError) as refused:
        Catalogue.of(three_nights).polars(statement)
    assert refused.value.code == code
    assert says in str(refused.value)


def test_a_partition_that_cannot_be_read_is_named(book_copy: Path) -> None:
    broken = next(iter(sorted(book_copy.glob(f"store/prices/{NIGHTS[1]}/*.duckdb"))))
    broken.write_bytes(b"no database")
    with pytest.raises(StoreError, match=f"STORE-020 store partition prices/{NIGHTS[1]}"):
        Catalogue.of(book_copy).polars("from prices.price")
    assert Catalogue.of(book_copy).polars("from lots.cash").height > 0


def test_more_partitions_than_may_be_open_are_refused(three_nights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (64 + 5, 64 + 5))
    with pytest.raises(QuestionError, match=r"ASK-008 .* 6 partitions .* --from and --to"):
        Catalogue.of(three_nights).polars("from lots.cash")
    assert Catalogue.of(three_nights).polars("from prices.price").height > 0


def test_the_command_prints_tables_json_and_csv_and_writes_nothing(three_nights: Path) -> None:
    marks = fingerprint(three_nights)
    question = (
        "select night, relaxed, orders from proposals.certificate "
        "join trades.account_outcome using (night, account_id) order by all"
    )
    document = json.loads(openbell_here("sql", three_nights, question, "--json").stdout)
    lines = list(
        csv.DictReader(io.StringIO(openbell_here("sql", three_nights, question, "--csv", "--limit", 5).stdout))
    )
    assert document["columns"] == ["night", "relaxed", "orders"]
    assert [[row["night"], json.loads(row["relaxed"]), int(row["orders"])] for row in lines] == document["rows"][:5]
    text = openbell_here("sql", three_nights, "select 'a[/b]' as word, 2 as two")
    assert (text.returncode, "a[/b]" in text.stdout, "1 rows" in text.stdout) == (0, True, True)
    refused = openbell_here("sql", three_nights, "selec 1", "--json")
    assert (refused.returncode, json.loads(refused.stdout)["error"]["where"]) == (2, "statement line 1 column 1")
    assert fingerprint(three_nights) == marks


def test_the_example_runs(three_nights: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(EXAMPLE), str(three_nights)], capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    assert NIGHTS[1] in ran.stdout
