"""Bad input is refused as a whole, with its place and the remedy; good input is read exactly, in any form."""

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip
import io
import os
import stat
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pandera.polars as pandera
import polars as pl
import pyarrow as pa
import pyarrow.parquet as arrow_parquet
import pytest

from assets import feed_raw, feed_reader, feeds
from assets.book import Book
from assets.book import Intake as Limits
from assets.feed_contracts import CONTRACTS
from assets.feed_errors import REMEDIES
from assets.feed_files import Feed
from assets.feeds import Intake, feed_digests, reading_once, validate_feeds
from ledger.errors import FeedError, NightOrderError
from tests.feed_cases import CUSTODIAN_LOTS, FIRST_NIGHT, SETTINGS, TINY, WITH_LOTS, put, tiny_book

NIGHT = f"feeds/{FIRST_NIGHT}"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return tiny_book(tmp_path / "book")


def read(book: Book, name: str | None) -> None:
    """Validate the file ``name``, or all of the first night's."""
    if name is None:
        validate_feeds(book=book, night=FIRST_NIGHT)
    else:
        Intake(book=book, night=FIRST_NIGHT).rows(name)


def refused(book: Book, name: str | None = None) -> FeedError:
    """Return why the file ``name``, or the whole first night, is refused, having held that nothing was written."""
    before = sorted(book.path.rglob("*"))
    with pytest.raises(FeedError) as caught:
        read(book, name)
    assert sorted(book.path.rglob("*")) == before
    error = caught.value
    assert error.remedy == REMEDIES[error.code]
    assert str(error) == f"{error.code} {error.where}: found {error.found}; expected {error.expected}. {error.remedy}"
    return error


def edited(name: str, old: str, new: str) -> str:
    """Return the tiny file ``name`` with ``old`` replaced."""
    assert old in TINY[name]
    return TINY[name].replace(old, new)


def test_a_good_book_is_accepted_and_nothing_is_written(book: Book) -> None:
    before = sorted(book.path.rglob("*"))
    validate_feeds(book=book, night=FIRST_NIGHT)
    assert sorted(book.path.rglob("*")) == before


CELLS = [
    # file, text before, text after, code, place, found
    ("prices", "security_id,close_usd", "security_id,close", "FEED-010", "row 1 column close", "unknown"),
    ("prices", "security_id,close_usd", "security_id,security_id", "FEED-012", "row 1", "two columns 'security_id'"),
    ("prices", "AAA,100", "AAA,abc", "FEED-020", "row 2 column close_usd", "'abc'"),
    ("prices", "AAA,100", 'AAA,"1,000"', "FEED-020", "row 2 column close_usd", "'1,000'"),
    ("prices", "BBB,50.25", "BBB,nan", "FEED-020", "row 3 column close_usd", "'nan'"),
    ("prices", "BBB,50.25", "BBB,inf", "FEED-020", "row 3 column close_usd", "'inf'"),
    ("prices", "BBB,50.25", "BBB,1e40", "FEED-020", "row 3 column close_usd", "'1e40'"),
    ("prices", "BBB,50.25", "BBB,-50.25", "FEED-022", "row 3 column close_usd", "'-50.25'"),
    ("prices", "BBB,50.25", "BBB,0", "FEED-022", "row 3 column close_usd", "'0'"),
    ("prices", "BBB,50.25", "BBB,0.0000001", "FEED-022", "row 3 column close_usd", "'0.0000001'"),
    ("prices", "BBB,50.25", "BBB,", "FEED-021", "row 3 column close_usd", "a blank cell"),
    ("prices", "BBB,50.25", "BBB", "FEED-007", "row 3", "1 cells"),
    ("prices", "BBB,50.25", "BBB,50.25,9", "FEED-007", "row 3", "3 cells"),
    ("prices", "DDD,7\n", "DDD", "FEED-007", "row 5", "1 cells"),
    ("prices", "BBB,50.25", "AAA,50.25", "FEED-030", "row 2 column security_id", "'AAA'; row 3: 'AAA'"),
    ("prices", "CCC,10", "security_id,close_usd\nCCC,10", "FEED-013", "row 4 column security_id", "'security_id'"),
    ("prices", "BBB", "B\x07B", "FEED-024", "row 3 column security_id", r"'B\x07B'"),
    ("prices", "BBB", '"B\nB"', "FEED-024", "row 3 column security_id", r"'B\nB'"),
    ("prices", "BBB", "B\x00B", "FEED-024", "row 3 column security_id", r"'B\x00B'"),
    ("prices", "BBB", "B\u202eB", "FEED-024", "row 3 column security_id", r"'B\u202eB'"),
    ("prices", "BBB", "B\u2067B", "FEED-024", "row 3 column security_id", r"'B\u2067B'"),
    ("prices", "BBB", "B\u00adB", "FEED-024", "row 3 column security_id", r"'B\xadB'"),
    ("prices", "BBB", "B\U000e0041", "FEED-024", "row 3 column security_id", r"'B\U000e0041'"),
    ("accounts", "A2,H1", "A2,<script>\u200f", "FEED-024", "row 3 column household_id", r"'<script>\u200f'"),
    ("securities", "DDD,DD,Delta,Health", "DDD,DD,Delta,=cmd\x1b", "FEED-024", "row 5 column sector", r"'=cmd\x1b'"),
    ("opening_lots", "A2,L1,BBB", "A2,../L1\x85,BBB", "FEED-024", "row 3 column lot_id", r"'../L1\x85'"),
    ("prices", "BBB", "B" * 10_000, "FEED-024", "row 3 column security_id", "'BBB"),
    ("prices", "BBB", "B" * 65, "FEED-024", "row 3 column security_id", "'BBB"),
    ("prices", "BBB", "ZZZ", "FEED-040", "row 3 column security_id", "'ZZZ'"),
    ("accounts", "A2,H1", "A2,", "FEED-021", "row 3 column household_id", "a blank cell"),
    ("accounts", ",taxable,", ",joint,", "FEED-023", "row 3 column registration", "'joint'"),
    ("accounts", "A2,H1", "A1,H1", "FEED-030", "row 2 column account_id", "'A1'; row 3: 'A1'"),
    ("securities", "DDD,DD,Delta,Health", "DDD,DD,Delta,", "FEED-021", "row 5 column sector", "a blank cell"),
    ("identical_groups", "BBB,G1", "ZZZ,G1", "FEED-040", "row 3 column security_id", "'ZZZ'"),
    ("restrictions", "A1,exclude", "A9,exclude", "FEED-040", "row 2 column account_id", "'A9'"),
    ("restrictions", "sector,Health", "sector,Tech", "FEED-040", "row 2 column value", "'Tech'"),
    ("restrictions", "security,CCC", "security,Health", "FEED-040", "row 5 column value", "'Health'"),
    ("restrictions", "AAA,0.03", "AAA,", "FEED-031", "row 3 column limit", "a blank cell"),
    ("restrictions", "BBB,,", "BBB,0.1,", "FEED-031", "row 4 column limit", "'0.1'"),
    (
        "restrictions",
        "2015-06-01,2015-06-30",
        "2015-07-01,2015-06-30",
        "FEED-031",
        "row 3 column to_date",
        "'2015-06-30'",
    ),
    ("restrictions", "A2,no_buy", "A1,exclude,sector,Health,,,2016-01-01,\nA2,no_buy", "FEED-043", "row 4", "'Health'"),
    ("opening_lots", "A2,L1,BBB", "A2,L1,ZZZ", "FEED-040", "row 3 column security_id", "'ZZZ'"),
    ("opening_lots", "A2,L1,BBB", "A9,L1,BBB", "FEED-040", "row 3 column account_id", "'A9'"),
    (
        "opening_lots",
        "A2,L1,BBB",
        "A1,L1,BBB",
        "FEED-030",
        "row 2 column account_id+lot_id",
        "'A1, L1'; row 3: 'A1, L1'",
    ),
    ("opening_lots", "2015-05-01", "2015-06-02", "FEED-032", "row 3 column acquired_date", "'2015-06-02'"),
    ("opening_lots", "2015-05-01", "05/01/2015", "FEED-020", "row 3 column acquired_date", "'05/01/2015'"),
    ("opening_lots", "2015-05-01", "2015-02-30", "FEED-020", "row 3 column acquired_date", "'2015-02-30'"),
    ("opening_lots", "2012-12-31", "2014-12-31", "FEED-031", "row 4 column holding_start_date", "'2014-12-31'"),
    ("opening_lots", "20,1000", "20,-1000", "FEED-022", "row 3 column basis_usd", "'-1000'"),
    ("opening_cash", "A2,0\n", "", "FEED-041", "", "no row for the account 'A2'"),
    ("rulings", "R2,", "R1,", "FEED-030", "row 2 column ruling_id", "'R1'; row 3: 'R1'"),
    ("rulings", "R2,", "2,", "FEED-024", "row 2 column ruling_id", "'2'"),
    ("rulings", "18:40:00Z", "18:40", "FEED-020", "row 2 column at", "'2015-06-01T18:40'"),
    ("rulings", "freeze", "stop", "FEED-023", "row 2 column kind", "'stop'"),
    ("rulings", "freeze,,,DDD", "freeze,A1,,DDD", "FEED-031", "row 2 column kind", "'freeze'"),
    ("rulings", "freeze,,,DDD,", "freeze,,,DDD,1", "FEED-031", "row 2 column kind", "'freeze'"),
    ("rulings", "0.02,2015-06-01", ",2015-06-01", "FEED-031", "row 3 column kind", "'accept'"),
    ("rulings", "accept,A2", "withdraw,A2", "FEED-031", "row 3 column kind", "'withdraw'"),
    ("rulings", "0.02", "0", "FEED-022", "row 3 column difference", "'0'"),
    ("rulings", "2015-06-01,,operator", "2015-06-01,2015-05-29,operator", "FEED-031", "row 3 column to_night", "'2015"),
    ("rulings", "operator,halted", "J. Doe,halted", "FEED-024", "row 2 column role", "'J. Doe'"),
    ("cash", "A2,3.21", "A9,3.21", "FEED-041", "", "no row for the account 'A2'"),
    ("cash", "A1,10.01\nA2,3.21\n", "", "FEED-041", "", "no row for the account 'A1' and 1 more"),
    ("benchmark", "AAA,0.5", "AAA,0.4", "FEED-042", "benchmark 'IDX' column weight", "a sum of 0.9"),
    ("benchmark", "BBB,0.25", "BBB,-0.25", "FEED-022", "row 3 column weight", "'-0.25'"),
    ("benchmark", "BBB,0.25", "ZZZ,0.25", "FEED-040", "row 3 column security_id", "'ZZZ'"),
    ("positions", "A2,CCC,0", "A2,CCC,-1", "FEED-022", "row 4 column shares", "'-1'"),
    ("positions", "A2,CCC,0", "A2,BBB,0", "FEED-030", "row 3 column account_id+security_id", "'A2, BBB'; row 4"),
    ("activity", "AAA,L9,1.5", "AAA,L9,-1.5", "FEED-022", "row 2 column shares", "'-1.5'"),
    ("activity", "E1,A1,buy", "E1,A1,", "FEED-021", "row 2 column kind", "a blank cell"),
    ("activity", "2015-05-29,,,,100,E0", "2015-05-29,,,,100,E3", "FEED-031", "row 4 column supersedes", "'E3'"),
    ("activity", "E2,A2", "E2,A9", "FEED-040", "row 3 column account_id", "'A9'"),
    ("flows", "A1,-25", "A1,-25\nA1,3", "FEED-030", "row 2 column account_id", "'A1'; row 3: 'A1'"),
]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell[0]}: {cell[2]}")
def test_a_bad_cell_is_refused_with_its_place(book: Book, cell: tuple[str, str, str, str, str, str]) -> None:
    name, old, new, code, place, found = cell
    path = put(book, name, edited(name, old, new))
    error = refused(book, name)
    label = path.relative_to(book.path).as_posix()
    assert error.code == code
    assert error.where.startswith(f"{label} {place}" if place else label)
    assert error.found.startswith(found) or found in error.found


LOT_CELLS = [
    ("shares,basis_usd", "shares,basis", "FEED-010", "row 1 column basis", "an unknown column"),
    ("A1,L1,AAA,10.5", "A9,L1,AAA,10.5", "FEED-040", "row 2 column account_id", "'A9'"),
    ("A1,L1,AAA,10.5", "A1,L1,ZZZ,10.5", "FEED-040", "row 2 column security_id", "'ZZZ'"),
    ("A1,L1,AAA,10.5", "A1,,AAA,10.5", "FEED-021", "row 2 column lot_id", "a blank cell"),
    ("A1,L1,AAA,10.5", "A1,L1,AAA,0", "FEED-022", "row 2 column shares", "'0'"),
    ("10.5,900.12", "10.5,-900.12", "FEED-022", "row 2 column basis_usd", "'-900.12'"),
    ("10.5,900.12", "10.5,lots", "FEED-020", "row 2 column basis_usd", "'lots'"),
    ("2015-05-01,2015-05-01", "2015-05-01,", "FEED-021", "row 5 column holding_start_date", "a blank cell"),
    ("2015-05-01,2015-05-01", "2015-05-01,2015-05-02", "FEED-031", "row 5 column holding_start_date", "'2015-05-02'"),
    ("2015-05-01,2015-05-01", "2015-06-02,2015-05-01", "FEED-032", "row 5 column acquired_date", "'2015-06-02'"),
    (
        "2015-06-01,2015-05-20",
        "2015-06-01,2015-06-01",
        "FEED-030",
        "row 3 column account_id+security_id+lot_id+holding_start_date",
        "'A1, AAA, L9, 2015-06-01'; row 4: 'A1, AAA, L9, 2015-06-01'",
    ),
]


@pytest.mark.parametrize("cell", LOT_CELLS, ids=lambda cell: str(cell[1]))
def test_a_bad_lot_of_the_custodian_is_refused_with_its_place(
    tmp_path: Path, cell: tuple[str, str, str, str, str]
) -> None:
    old, new, code, place, found = cell
    book = tiny_book(tmp_path / "book", settings=WITH_LOTS)
    put(book, "custodian_lots", CUSTODIAN_LOTS)
    read(book, None)
    assert old in CUSTODIAN_LOTS
    put(book, "custodian_lots", CUSTODIAN_LOTS.replace(old, new))
    error = refused(book, "custodian_lots")
    assert (error.code, error.where, error.found) == (code, f"{NIGHT}/custodian_lots.csv {place}", found)


def test_the_custodians_lots_may_be_missing_but_not_without_rows(tmp_path: Path) -> None:
    book = tiny_book(tmp_path / "book", settings=WITH_LOTS)
    path = put(book, "custodian_lots", CUSTODIAN_LOTS.partition("\n")[0] + "\n")
    assert refused(book).code == "FEED-008"
    path.unlink()
    read(book, None)
    assert not Intake(book=book, night=FIRST_NIGHT).has("custodian_lots")


def test_a_book_that_asks_for_no_lots_does_not_know_the_file(book: Book) -> None:
    put(book, "custodian_lots", CUSTODIAN_LOTS)
    assert refused(book).code == "FEED-009"


ACTION_CELLS = [
    ("X1,ZZZ,split,2015-06-01,2,,,,,", "FEED-040", "column security_id", "'ZZZ'"),
    ("X1,AAA,spinoff,2015-06-01,2,,ZZZ,,,", "FEED-040", "column new_security_id", "'ZZZ'"),
    ("X1,AAA,reverse_split,2015-06-01,2,,,,,", "FEED-023", "column kind", "'reverse_split'"),
    ("X1,AAA,split,2015-06-01,2/0,,,,,", "FEED-020", "column ratio", "'2/0'"),
    ("X1,AAA,split,2015-06-01,2:1,,,,,", "FEED-020", "column ratio", "'2:1'"),
    ("X1,AAA,split,2015-06-01,0/3,,,,,", "FEED-022", "column ratio", "'0/3'"),
    ("X1,AAA,split,2015-06-01,3.00000000001,,,,,", "FEED-020", "column ratio", "'3.00000000001'"),
    ("X1,AAA,cash_dividend,2015-06-01,,-1,,,,", "FEED-022", "column cash_usd", "'-1'"),
    ("X1,AAA,split,,2,,,,,", "FEED-021", "column ex_date", "a blank cell"),
]


@pytest.mark.parametrize(("row", "code", "place", "found"), ACTION_CELLS)
def test_a_bad_action_is_refused_with_its_place(book: Book, row: str, code: str, place: str, found: str) -> None:
    put(book, "corporate_actions", TINY["corporate_actions"] + row + "\n")
    error = refused(book, "corporate_actions")
    assert (error.code, error.where) == (code, f"{NIGHT}/corporate_actions.csv row 2 {place}")
    assert error.found == found


@pytest.mark.parametrize(
    "name", [name for name, contract in CONTRACTS.items() if contract.required and not contract.of_vendor]
)
def test_a_missing_required_file_is_refused(book: Book, name: str) -> None:
    put(book, name, TINY[name]).unlink()
    error = refused(book)
    assert (error.code, error.found) == ("FEED-002", "no file")
    assert error.where.endswith(f"/{name}.csv")


@pytest.mark.parametrize(
    "name", [name for name, contract in CONTRACTS.items() if contract.required and not contract.of_vendor]
)
def test_a_required_file_without_rows_is_refused(book: Book, name: str) -> None:
    path = put(book, name, TINY[name].partition("\n")[0] + "\n")
    error = refused(book)
    assert (error.code, error.found) == ("FEED-008", "a header without rows")
    path.write_bytes(b"")
    assert refused(book).found == "an empty file"


@pytest.mark.parametrize(
    "name", [name for name, contract in CONTRACTS.items() if contract.may_be_empty and not contract.of_vendor]
)
def test_a_quiet_night_may_say_so_with_a_header_or_without_the_file(book: Book, name: str) -> None:
    for end in ("\n", "\r\n", ""):
        path = put(book, name, TINY[name].partition("\n")[0] + end)
        assert Intake(book=book, night=FIRST_NIGHT).rows(name).is_empty()
    path.unlink()
    assert Intake(book=book, night=FIRST_NIGHT).rows(name).is_empty()
    validate_feeds(book=book, night=FIRST_NIGHT)


def test_an_unknown_column_is_refused_by_name(book: Book) -> None:
    put(book, "flows", "account_id,amount_usd,colour\nA1,-25,red\n")
    error = refused(book)
    assert (error.code, error.where) == ("FEED-010", f"{NIGHT}/flows.csv row 1 column colour")


def test_a_missing_column_is_refused_by_name(book: Book) -> None:
    put(book, "prices", "security_id\nAAA\n")
    error = refused(book)
    assert (error.code, error.where) == ("FEED-011", f"{NIGHT}/prices.csv row 1 column close_usd")


def test_an_account_whose_benchmark_is_not_delivered_is_refused(book: Book) -> None:
    put(book, "accounts", edited("accounts", "A3,H2,O2,trust,IDX", "A3,H2,O2,trust,XYZ"))
    error = refused(book)
    assert (error.code, error.where) == ("FEED-040", "static/accounts.csv row 4 column benchmark_id")
    assert error.expected == f"a benchmark_id of {NIGHT}/benchmark.csv"


def test_two_forms_of_one_feed_are_refused(book: Book) -> None:
    (book.feeds(FIRST_NIGHT) / "prices.csv.gz").write_bytes(gzip.compress(TINY["prices"].encode()))
    error = refused(book)
    assert (error.code, error.where, error.found) == ("FEED-003", NIGHT, "prices.csv and prices.csv.gz")


def test_a_missing_night_is_refused(book: Book) -> None:
    with pytest.raises(FeedError) as caught:
        validate_feeds(book=book, night=dt.date(2015, 6, 2))
    assert (caught.value.code, caught.value.where) == ("FEED-001", "feeds/2015-06-02")


def test_a_misspelt_file_is_not_taken_for_a_quiet_night(book: Book) -> None:
    (book.feeds(FIRST_NIGHT) / "corporate_action.csv").write_text("x\n", encoding="utf-8")
    error = refused(book)
    assert (error.code, error.where) == ("FEED-009", f"{NIGHT}/corporate_action.csv")


def test_the_name_of_an_unknown_file_is_told_so_that_it_cannot_act(book: Book) -> None:
    (book.feeds(FIRST_NIGHT) / "\x1b[2J'; drop table\n.csv").touch()
    error = refused(book)
    assert (error.code, error.where) == ("FEED-009", repr(f"{NIGHT}/\x1b[2J'; drop table\n.csv"))


def test_text_that_is_not_utf8_is_refused_with_its_row(book: Book) -> None:
    path = put(book, "securities", "")
    path.write_bytes(edited("securities", "Beta", "B\xe9ta").encode("latin-1"))
    error = refused(book)
    assert (error.code, error.where, error.found) == ("FEED-006", "static/securities.csv row 3", "the byte 0xe9")


@pytest.mark.parametrize(("form", "content"), [(".csv.gz", b"no gzip"), (".parquet", b"no parquet")])
def test_a_damaged_file_is_refused(book: Book, form: str, content: bytes) -> None:
    put(book, "prices", TINY["prices"], form=form).write_bytes(content)
    error = refused(book)
    assert (error.code, error.where) == ("FEED-004", f"{NIGHT}/prices{form}")


def test_a_gzip_file_that_was_cut_off_is_refused(book: Book) -> None:
    path = put(book, "prices", TINY["prices"], form=".csv.gz")
    path.write_bytes(path.read_bytes()[:-9])
    assert refused(book).code == "FEED-004"


def limited(book: Book, **limits: int) -> Book:
    """Return ``book`` with other limits of its files."""
    settings = book.settings.model_copy(update={"intake": Limits.model_validate(limits)})
    return dataclasses.replace(book, settings=settings)


@pytest.mark.parametrize("form", [".csv", ".csv.gz", ".parquet"])
@pytest.mark.parametrize(
    ("limit", "most"), [("file_bytes_max", 300), ("unpacked_bytes_max", 20_000), ("rows_max", 4_999)]
)
def test_a_file_beyond_a_limit_is_refused(book: Book, form: str, limit: str, most: int) -> None:
    rows = "".join(f"N{number},1\n" for number in range(5000))
    put(book, "prices", "security_id,close_usd\n" + rows, form=form)
    if (form, limit) == (".csv", "unpacked_bytes_max"):
        with pytest.raises(FeedError, match="FEED-040"):  # there is nothing to unpack
            read(limited(book, **{limit: most}), "prices")
        return
    error = refused(limited(book, **{limit: most}), "prices")
    assert (error.code, error.where) == ("FEED-005", f"{NIGHT}/prices{form}")
    assert error.expected == f"at most {most}" + {"file_bytes_max": "", "rows_max": " rows"}.get(limit, " bytes")


def peak_of(book: Book) -> int:
    """Return the most bytes that Python and Arrow held at once while the prices were refused."""
    pool = pa.default_memory_pool()
    before: int = pool.max_memory()
    tracemalloc.start()
    try:
        assert refused(book, "prices").code == "FEED-005"
        held: int = pool.max_memory()
        return tracemalloc.get_traced_memory()[1] + held - before
    finally:
        tracemalloc.stop()


def test_a_gzip_bomb_is_refused_before_memory_is_used(book: Book) -> None:
    put(book, "prices", TINY["prices"], form=".csv.gz").write_bytes(gzip.compress(b"0" * 2**27))
    assert peak_of(limited(book, unpacked_bytes_max=2**26)) < 2**24


def test_a_parquet_file_whose_cells_are_one_long_text_is_refused_before_it_is_written_out(book: Book) -> None:
    path = put(book, "prices", TINY["prices"], form=".parquet")
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 2_000, pa.int32()), pa.array(["x" * 2**20]))
    written = io.BytesIO()
    arrow_parquet.write_table(pa.table({"security_id": long, "close_usd": [1] * 2_000}), written)
    assert len(written.getvalue()) < 2**20
    path.write_bytes(written.getvalue())
    assert peak_of(limited(book, unpacked_bytes_max=2**26)) < 2**26, "and not the 2 GB that it says in few bytes"


def test_a_parquet_file_of_absurdly_many_rows_is_refused_unread(book: Book) -> None:
    path = put(book, "prices", TINY["prices"], form=".parquet")
    written = io.BytesIO()
    empty = pa.table({"close_usd": pa.nulls(10_000_000, pa.int64()), "security_id": pa.nulls(10_000_000, pa.string())})
    arrow_parquet.write_table(empty, written)
    path.write_bytes(written.getvalue())
    error = refused(limited(book, rows_max=9_999_999), "prices")
    assert (error.code, error.found) == ("FEED-005", "10000000 rows")


def linked(path: Path) -> str:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")
    return "a symbolic link"


def linked_to_nothing(path: Path) -> str:
    path.unlink()
    path.symlink_to("nowhere")
    return "a symbolic link"


def linked_to_a_device(path: Path) -> str:
    path.unlink()
    path.symlink_to("/dev/zero")
    return "a symbolic link"


def a_pipe(path: Path) -> str:
    path.unlink()
    os.mkfifo(path)
    return "a pipe"


def a_socket(path: Path) -> str:
    path.unlink()
    os.mknod(path, stat.S_IFSOCK | 0o600)
    return "a socket"


def a_folder(path: Path) -> str:
    path.unlink()
    path.mkdir()
    return "a folder"


@pytest.mark.parametrize("replace", [linked, linked_to_nothing, linked_to_a_device, a_pipe, a_socket, a_folder])
@pytest.mark.parametrize("name", ["prices", "flows", "securities"])
def test_what_is_no_plain_file_is_refused_unread(book: Book, name: str, replace: Callable[[Path], str]) -> None:
    path = put(book, name, TINY[name])
    found = replace(path)
    error = refused(book)
    assert (error.code, error.where, error.found) == ("FEED-015", path.relative_to(book.path).as_posix(), found)
    with pytest.raises(FeedError, match="FEED-015"):
        feed_digests(book=book, night=FIRST_NIGHT)


def test_a_night_that_lies_elsewhere_is_refused(book: Book) -> None:
    folder = book.feeds(FIRST_NIGHT)
    folder.rename(book.path / "elsewhere")
    folder.symlink_to(book.path / "elsewhere")
    error = refused(book)
    assert (error.code, error.where, error.found) == ("FEED-015", NIGHT, "a symbolic link")


def test_offenders_beyond_the_first_few_are_counted(book: Book) -> None:
    put(book, "prices", "security_id,close_usd\n" + "".join(f"{name},0\n" for name in "ABCDE"))
    assert refused(book).found == "'0'; row 3: '0'; row 4: '0'; and 2 more"


def test_a_row_of_parquet_is_named_by_its_number(book: Book) -> None:
    put(book, "prices", edited("prices", "BBB,50.25", "BBB,-1"), form=".parquet")
    error = refused(book)
    assert (error.code, error.where) == ("FEED-022", f"{NIGHT}/prices.parquet row 2 column close_usd")


def test_a_nested_column_of_parquet_is_refused(book: Book) -> None:
    path = put(book, "prices", TINY["prices"], form=".parquet")
    pl.DataFrame({"security_id": ["AAA"], "close_usd": [[1.0]]}).write_parquet(path)
    error = refused(book)
    assert (error.code, error.where) == ("FEED-020", f"{NIGHT}/prices.parquet column close_usd")


NOT_UTF8 = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")])


@pytest.mark.parametrize(
    ("cells", "code", "found"),
    [
        (NOT_UTF8, "FEED-004", "Invalid UTF8 sequence at string index 0"),
        (pa.array([b"\xff"]), "FEED-004", "Invalid UTF8 payload"),
        (pa.array([1], pa.duration("us")), "FEED-020", "a column of duration[us]"),
        (pa.array([1], pa.decimal256(50, 6)), "FEED-020", "a column of decimal256(50, 6)"),
        (pa.array([-(2**31)], pa.int32()).cast(pa.date32()), "FEED-020", "'-2147483648'"),
        (pa.array([2**62], pa.timestamp("ms")), "FEED-020", "'53375995583'"),
        (pa.array([2**62], pa.timestamp("us", "America/New_York")), "FEED-020", "'53375995'"),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
@pytest.mark.parametrize("column", ["lot_id", "acquired_date"])
def test_what_no_text_and_no_calendar_can_tell_is_refused(
    book: Book, column: str, cells: pa.Array, code: str, found: str
) -> None:
    path = put(book, "opening_lots", TINY["opening_lots"], form=".parquet")
    whole = arrow_parquet.read_table(path).slice(0, 1)
    arrow_parquet.write_table(whole.set_column(whole.schema.get_field_index(column), column, cells), path)
    error = refused(book, "opening_lots")
    assert (error.code, error.found) == (code, found)


def test_floats_are_no_ids(book: Book) -> None:
    path = put(book, "prices", TINY["prices"], form=".parquet")
    pl.DataFrame({"security_id": [1.0], "close_usd": [1.0]}).write_parquet(path)
    assert refused(book).where == f"{NIGHT}/prices.parquet row 1 column security_id"


def test_a_risk_model_lacking_an_exposure_is_refused(book: Book) -> None:
    put(book, "risk_model", "security_id,f01,f03,specific_variance\nAAA,0.1,0.1,0.04\n")
    error = refused(book)
    assert (error.code, error.where) == ("FEED-010", f"{NIGHT}/risk_model.csv row 1 column f03")


def test_amounts_are_read_exactly_and_half_to_even(book: Book) -> None:
    amounts = {"0.1": 100_000, "1.0000005": 1_000_000, "1.0000015": 1_000_002, "-5.5e-6": -6, "9007199254.740993": 0}
    amounts["9007199254.740993"] = 9_007_199_254_740_993  # no float holds this one
    ids = "".join(f"A{number},H,O,roth,IDX,hold,false,0,0,0,0,1,,0,1,,,,0,0,0,1,0\n" for number in range(len(amounts)))
    put(book, "accounts", TINY["accounts"].partition("\n")[0] + "\n" + ids)
    lines = "".join(f"A{number},{text}\n" for number, text in enumerate(amounts))
    put(book, "cash", "account_id,cash_usd\n" + lines)
    rows = Intake(book=book, night=FIRST_NIGHT).rows("cash")
    assert rows["cash_microusd"].to_list() == list(amounts.values())


def test_ratios_are_read_in_lowest_terms(book: Book) -> None:
    ratios = {"3/2": (3, 2), "1.5": (3, 2), "7": (7, 1), "10/4": (5, 2), "2.376": (297, 125), "0.1": (1, 10)}
    lines = "".join(f"X{number},AAA,split,2015-06-01,{text},,,,,\n" for number, text in enumerate(ratios))
    put(book, "corporate_actions", TINY["corporate_actions"] + lines)
    rows = Intake(book=book, night=FIRST_NIGHT).rows("corporate_actions")
    assert rows.select("ratio_new", "ratio_old").rows() == list(ratios.values())


def test_a_file_with_a_byte_order_mark_crlf_and_blank_lines_is_read(book: Book) -> None:
    text = "\ufeff" + TINY["prices"].replace("\n", "\r\n") + "\r\n"
    put(book, "prices", text)
    assert Intake(book=book, night=FIRST_NIGHT).rows("prices").height == 4


@pytest.mark.parametrize("form", [".csv.gz", ".parquet"])
def test_every_file_reads_the_same_in_every_form(book: Book, form: str) -> None:
    plain = {name: Intake(book=book, night=FIRST_NIGHT).rows(name) for name in TINY}
    for name, text in TINY.items():
        put(book, name, text, form=form)
    intake = Intake(book=book, night=FIRST_NIGHT)
    for name, rows in plain.items():
        assert intake.rows(name).equals(rows), name


def test_parquet_with_midnight_timestamps_decimals_and_whole_number_ids_is_read(book: Book) -> None:
    path = put(book, "opening_lots", TINY["opening_lots"], form=".parquet")
    frame = pl.read_csv(io.StringIO(TINY["opening_lots"]), try_parse_dates=True)
    changed = frame.with_columns(
        pl.col("acquired_date").cast(pl.Datetime("us")),
        pl.col("shares").cast(pl.Decimal(18, 6)),
        lot_id=pl.int_range(10, 13),
    )
    changed.write_parquet(path)
    rows = Intake(book=book, night=FIRST_NIGHT).rows("opening_lots")
    assert rows["lot_id"].to_list() == ["10", "11", "12"]
    assert rows["micro_shares"].to_list() == [10_500_000, 20_000_000, 1_000_001]
    assert rows["acquired_date"].to_list() == [dt.date(2014, 1, 2), dt.date(2015, 5, 1), dt.date(2013, 3, 1)]


def test_optional_columns_are_read_where_they_are_there(book: Book) -> None:
    put(book, "prices", "security_id,volume,close_usd,open_usd\nAAA,12,100,99.5\n")
    rows = Intake(book=book, night=FIRST_NIGHT).rows("prices")
    assert rows.select("open_microusd", "volume", "high_microusd").row(0) == (99_500_000, 12.0, None)


def test_a_night_that_cannot_run_is_refused_before_any_file_is_read(tmp_path: Path) -> None:
    book = tiny_book(tmp_path / "book")
    for night, code in ((dt.date(2015, 5, 29), "NIGHT-004"), (dt.date(2015, 6, 6), "NIGHT-001")):
        with pytest.raises(NightOrderError) as caught:
            validate_feeds(book=book, night=night)
        assert caught.value.code == code


def test_digests_name_every_file_the_night_reads(book: Book) -> None:
    digests = feed_digests(book=book, night=FIRST_NIGHT)
    assert set(digests) == {path.relative_to(book.path).as_posix() for path in book.path.rglob("*.*")} - {"book.toml"}
    put(book, "flows", "account_id,amount_usd\nA1,-26\n")
    changed = feed_digests(book=book, night=FIRST_NIGHT)
    assert [name for name in digests if digests[name] != changed[name]] == [f"{NIGHT}/flows.csv"]


def test_the_opening_is_not_read_after_the_first_night(book: Book) -> None:
    night = dt.date(2015, 6, 2)
    for name, contract in CONTRACTS.items():
        if contract.folder == "feeds" and name in TINY:
            put(book, name, TINY[name], night=night)
    put(book, "opening_lots", "damaged")
    validate_feeds(book=book, night=night)
    assert "static/opening_lots.csv" not in feed_digests(book=book, night=night)


def test_every_code_has_a_remedy_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "feeds.md").read_text(encoding="utf-8")
    assert [code for code in REMEDIES if code not in page] == []


def with_policy_columns(*cells: str) -> str:
    """Return the tiny accounts with a factor band and a relaxation order each."""
    header, *rows = TINY["accounts"].splitlines()
    lines = [
        f"{header},factor_band,relaxation_order",
        *(f"{row},{cell}" for row, cell in zip(rows, cells, strict=True)),
    ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("cells", "column", "found"),
    [
        (("-0.1,", ",", ","), "factor_band", "'-0.1'"),
        ((",", ",turnover;sectors", ","), "relaxation_order", "'turnover;sectors'"),
        ((",", ",turnover; cash", ","), "relaxation_order", "'turnover; cash'"),
        ((",", ",cash;turnover;cash", ","), "relaxation_order", "'cash;turnover;cash'"),
        ((",", ",cash_min;cash", ","), "relaxation_order", "'cash_min;cash'"),
    ],
)
def test_factor_bands_and_relaxation_orders_hold_their_account_by_name(
    book: Book, cells: tuple[str, ...], column: str, found: str
) -> None:
    put(book, "accounts", with_policy_columns(*cells))
    (told,) = validate_feeds(book=book, night=FIRST_NIGHT).values()
    assert f" column {column}: found " in told
    assert found in told


def test_a_relaxation_order_names_limits_that_exist(book: Book) -> None:
    put(book, "accounts", with_policy_columns("0.01,turnover;sector_band;cash", ",cash_max;tracking_error_max", ","))
    accounts = Intake(book=book, night=FIRST_NIGHT).rows("accounts")
    assert accounts["relaxation_order"].to_list() == ["turnover;sector_band;cash", "cash_max;tracking_error_max", None]
    assert accounts["factor_band"].to_list() == [0.01, None, None]


POLICY_CELLS = [
    (",hold,", ",Hold,", "FEED-023", "row 4 column mode", "'Hold'"),
    (",hold,true", ",hold,yes", "FEED-020", "row 4 column frozen", "'yes'"),
    (",hold,true,0.4", ",hold,true,40", "FEED-022", "row 4 column short_rate", "'40'"),
    ("0,0.05", "0.06,0.05", "FEED-031", "row 4 column cash_max", "'0.05'"),
    ("1,100,0.0001,0", "1,100,0,0", "FEED-022", "row 2 column share_step", "'0'"),
    ("1,100,0.0001,0", "1,100,0.0001,0.5", "FEED-020", "row 2 column min_holding_days", "'0.5'"),
    (
        "A3,H2,O2,trust,IDX,hold,true,0.4",
        "A3,H2,O2,trust,IDX,hold,true,nan",
        "FEED-020",
        "row 4 column short_rate",
        "'nan'",
    ),
    ("20,,0,0.05", "-1,,0,0.05", "FEED-022", "row 4 column risk_aversion", "'-1'"),
    ("20,,0,0.05", "20,,,0.05", "FEED-021", "row 4 column cash_min", "a blank cell"),
    ("20,,0,0.05", "20,,7,0.05", "FEED-022", "row 4 column cash_min", "'7'"),
]


def policy_faults(book: Book) -> dict[str, str]:
    """Return the accounts of the first night that are held for their policy, each with why."""
    return validate_feeds(book=book, night=FIRST_NIGHT)


@pytest.mark.parametrize("cell", POLICY_CELLS, ids=lambda cell: str(cell[1]))
def test_a_bad_policy_holds_its_account_with_the_words_of_a_refusal(
    book: Book, cell: tuple[str, str, str, str, str]
) -> None:
    old, new, code, place, found = cell
    put(book, "accounts", edited("accounts", old, new))
    row, _, column = place.partition(" column ")
    account = "A3" if row == "row 4" else "A1"
    faults = policy_faults(book)
    assert list(faults) == [account]
    # Without the row and the file's form: what is published does not depend on the order of rows.
    assert faults[account].startswith(f"{code} static/accounts column {column}: found {found}; expected ")
    assert faults[account].count("FEED-") == 1


def test_all_that_is_wrong_with_a_policy_is_told(book: Book) -> None:
    put(
        book, "accounts", edited("accounts", "hold,true,0.4,0.2,0.4,0.2,20,,0,0.05", "Hold,true,x,0.2,0.4,2,20,,1,0.05")
    )
    told = policy_faults(book)["A3"]
    assert [part.split()[0] for part in told.split(". ")] == ["FEED-020", "FEED-022", "FEED-023", "FEED-031"]


def test_a_file_with_too_many_bad_policies_is_refused_as_a_whole(book: Book) -> None:
    put(book, "accounts", TINY["accounts"].replace(",0.4,0.2,0.4,0.2,50", ",40,0.2,0.4,0.2,50"))
    error = refused(book)
    assert (error.code, error.where) == ("FEED-045", "static/accounts.csv")
    assert error.found.startswith("2 of 3 accounts with a bad policy, first FEED-022 static/accounts column ")


def test_a_book_may_ask_that_no_policy_is_bad(tmp_path: Path) -> None:
    book = tiny_book(tmp_path / "book", settings=SETTINGS + "\n[trust]\npolicy_faults_max = 0\n")
    put(book, "accounts", edited("accounts", ",hold,", ",Hold,"))
    assert refused(book).code == "FEED-045"


def test_a_bad_policy_does_not_hide_a_bad_id(book: Book) -> None:
    put(book, "accounts", edited("accounts", "A3,H2,O2,trust,IDX,hold", "A3,,O2,trust,IDX,Hold"))
    error = refused(book)
    assert (error.code, error.where) == ("FEED-021", "static/accounts.csv row 4 column household_id")


def test_a_file_is_read_once_however_many_ask_unless_it_changes(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, original = [], feed_reader.read_feed

    def counted(name: str, *, book: Book, night: dt.date) -> Feed:
        asked.append(name)
        return original(name, book=book, night=night)

    monkeypatch.setattr(feed_reader, "read_feed", counted)
    with reading_once():
        validate_feeds(book=book, night=FIRST_NIGHT)
        before = Intake(book=book, night=FIRST_NIGHT).rows("cash")
        assert asked.count("cash") == 1
        changed = put(book, "cash", edited("cash", "3.21", "3.22"))
        os.utime(changed, ns=(1, 1))
        after = Intake(book=book, night=FIRST_NIGHT).rows("cash")
    assert asked.count("cash") == 2
    assert not before.equals(after)
    assert Intake(book=book, night=FIRST_NIGHT).rows("cash").equals(after)
    assert asked.count("cash") == 3


@pytest.mark.parametrize(
    "bad", ["A1,L2,X,2026-01-02,2026-01-03,1,1", "A1,L1,X,2026-01-02,,1,1", "A1,L2,X,2026-01-02,,0,1"]
)
def test_a_large_file_is_refused_in_the_words_of_a_small_one(
    book: Book, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    header = "account_id,lot_id,security_id,acquired_date,holding_start_date,shares,basis_usd"
    good = [f"A1,L1{number},X,2026-01-02,,1,{number}" for number in range(5)]
    put(book, "opening_lots", "\n".join([header, "A1,L1,X,2026-01-02,,1,1", *good]) + "\n")
    monkeypatch.setattr(feed_reader, "PART_ROWS", 2)
    assert feed_reader.read_feed("opening_lots", book=book, night=FIRST_NIGHT).rows.height == 6
    put(book, "opening_lots", "\n".join([header, "A1,L1,X,2026-01-02,,1,1", *good, bad]) + "\n")
    with pytest.raises(FeedError) as in_parts:
        feed_reader.read_feed("opening_lots", book=book, night=FIRST_NIGHT)
    monkeypatch.setattr(feed_reader, "PART_ROWS", 1_000)
    with pytest.raises(FeedError) as at_once:
        feed_reader.read_feed("opening_lots", book=book, night=FIRST_NIGHT)
    assert in_parts.value.as_dict() == at_once.value.as_dict()


@pytest.fixture
def _parts_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every Parquet file that may come in parts come in parts of two rows."""
    monkeypatch.setattr(feed_reader, "PART_ROWS", 2)
    monkeypatch.setattr(feed_raw, "_BATCH_ROWS", 1)
    monkeypatch.setattr(feeds, "PART_FILE_BYTES", 0)


@pytest.mark.usefixtures("_parts_of_two")
def test_parts_are_the_rows_of_the_whole_and_are_read_again_without_asking(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(book, "opening_lots", TINY["opening_lots"], form=".parquet")
    whole = Intake(book=book, night=FIRST_NIGHT).rows("opening_lots")
    asked: list[int] = []
    offences = feed_reader._offences

    def counted(schema: pandera.DataFrameSchema, rows: pl.DataFrame) -> object:
        asked.append(rows.height)
        return offences(schema, rows)

    monkeypatch.setattr(feed_reader, "_offences", counted)
    list(Intake(book=book, night=FIRST_NIGHT).parts("opening_lots"))
    outside = asked.count(2) + asked.count(1)
    asked.clear()
    with reading_once():
        intake = Intake(book=book, night=FIRST_NIGHT)
        parts = list(intake.parts("opening_lots"))
        assert [part.height for part in parts] == [2, 1]
        assert pl.concat(parts).equals(whole)
        seen = asked.count(2) + asked.count(1)
        assert seen == outside, "nothing is kept of what is read outside the block"
        assert pl.concat(Intake(book=book, night=FIRST_NIGHT).parts("opening_lots")).equals(whole)
        assert asked.count(2) + asked.count(1) == seen
    assert pl.concat(Intake(book=book, night=FIRST_NIGHT).parts("opening_lots")).equals(whole)
    assert asked.count(2) + asked.count(1) > seen


@pytest.mark.usefixtures("_parts_of_two")
@pytest.mark.parametrize(
    "changes",
    [
        {"A3,L2,CCC": "A2,L1,BBB"},
        {"A1,L1,AAA": "A1,L1,ZZZ", "A3,L2": "A9,L2"},
        {"2012-12-31": "2014-12-31"},
        {"2015-05-01": "2015-06-02"},
        {"20,1000": "20,-1000", "A1,L1,AAA": "A1,L1,"},
        {"A1,L1,AAA": "A1,L1,ZZZ", "A3,L2,CCC": "A3,L2,"},
        {"shares,basis_usd": "shares,basis"},
    ],
    ids=str,
)
def test_a_file_in_parts_is_refused_in_the_words_of_the_whole(book: Book, changes: dict[str, str]) -> None:
    text = TINY["opening_lots"]
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    put(book, "opening_lots", text, form=".parquet")
    with pytest.raises(FeedError) as at_once:
        Intake(book=book, night=FIRST_NIGHT).rows("opening_lots")
    with pytest.raises(FeedError) as in_parts:
        list(Intake(book=book, night=FIRST_NIGHT).parts("opening_lots"))
    assert in_parts.value.as_dict() == at_once.value.as_dict()


@pytest.mark.usefixtures("_parts_of_two")
@pytest.mark.parametrize(("old", "new"), [("1.000001,0", "1.000001,-1"), ("A3,L2,CCC", "A2,L1,BBB")])
def test_a_file_that_is_mended_while_it_is_read_in_parts_is_refused(book: Book, old: str, new: str) -> None:
    put(book, "opening_lots", edited("opening_lots", old, new), form=".parquet")
    parts = Intake(book=book, night=FIRST_NIGHT).parts("opening_lots")
    next(parts)
    put(book, "opening_lots", "".join(TINY["opening_lots"].splitlines(keepends=True)[:3]), form=".parquet")
    with pytest.raises(FeedError, match="FEED-014"):
        list(parts)


@pytest.mark.usefixtures("_parts_of_two")
@pytest.mark.parametrize("content", [b"PAR1", b"", b"damaged"])
def test_a_damaged_file_in_parts_is_refused(book: Book, content: bytes) -> None:
    put(book, "opening_lots", TINY["opening_lots"], form=".parquet").write_bytes(content)
    with pytest.raises(FeedError) as caught:
        validate_feeds(book=book, night=FIRST_NIGHT)
    assert caught.value.code == "FEED-004"
