"""A vendor's file row by row: what can be read is used, and what cannot is left out with its place and a reason."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from assets.book import Intake
from assets.sessions import session_after
from assets.vendor_file import VendorFile, read_vendor_file
from tests.feed_cases import FIRST_NIGHT
from tests.vendor_cases import CLOSES, HEADER, lines, row

SECOND = session_after(FIRST_NIGHT)
WHOLE = lines(SECOND, CLOSES, CLOSES)


def read(folder: Path, text: str, *, name: str = "vendor_prices.csv") -> VendorFile:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return read_vendor_file(path, label="feeds/D/vendor_prices.csv", night=SECOND, before=FIRST_NIGHT, limits=Intake())


def test_a_whole_file_gives_both_days_in_millionths(tmp_path: Path) -> None:
    file = read(tmp_path, HEADER + "".join(WHOLE))
    assert file.rows.filter(symbol="CC").select("session", "close_microusd", "tonight").rows() == [
        (SECOND, 10_000_001, True),
        (FIRST_NIGHT, 10_000_001, False),
    ]
    assert (file.rows.height, file.left_out.height, file.repeated) == (8, 0, 0)


@pytest.mark.parametrize(
    ("damaged", "column", "found", "expected"),
    [
        (HEADER, "symbol", "'symbol'", "a row of a symbol, not the header again"),
        ("AAA,{night},1,1\n", "symbol", "4 cells", "8, as in the header"),
        (row("AAA", SECOND, "0"), "close", "'0'", "dollars above zero, to a millionth"),
        (row("AAA", SECOND, "-100"), "close", "'-100'", "dollars above zero, to a millionth"),
        (row("AAA", SECOND, "NaN"), "close", "'NaN'", "dollars above zero, to a millionth"),
        (row("AAA", SECOND, "N/A"), "close", "'N/A'", "dollars above zero, to a millionth"),
        (row("AAA", SECOND, ""), "close", "a blank cell", "dollars above zero, to a millionth"),
        (row("AAA", SECOND, "100", adjusted="x"), "adj_close", "'x'", "dollars above zero, to a millionth"),
        (row("AAA", SECOND, "100", volume="-1"), "volume", "'-1'", "shares, zero or more"),
        (
            row("AAA", dt.date(2014, 1, 2), "100"),
            "date",
            "'2014-01-02'",
            "2015-06-02, or 2015-06-01, the session before",
        ),
        ("AAA,06/02/2015,1,1,1,1,1,1\n", "date", "'06/02/2015'", "2015-06-02, or 2015-06-01, the session before"),
        (f"AAA,{SECOND},90,101,95,102,5,102\n", "close", "'102'", "a close between the low and the high of its day"),
        (
            f",{SECOND},1,1,1,1,1,1\n",
            "symbol",
            "a blank cell",
            "an id of 1 to 64 characters without control characters",
        ),
    ],
)
def test_a_row_that_cannot_be_read_is_told_and_the_others_are_used(
    tmp_path: Path, damaged: str, column: str, found: str, expected: str
) -> None:
    file = read(tmp_path, HEADER + "".join([*WHOLE[:2], damaged.format(night=SECOND), *WHOLE[2:]]))
    [left_out] = file.left_out.to_dicts()
    assert (left_out["line"], left_out["column_name"]) == (4, column)
    assert (left_out["found"], left_out["expected"]) == (found, expected)
    assert file.rows["line"].to_list() == [2, 3, 5, 6, 7, 8, 9, 10]


def test_a_mark_at_the_start_and_windows_lines_are_no_damage(tmp_path: Path) -> None:
    file = read(tmp_path, "\ufeff" + (HEADER + "".join(WHOLE)).replace("\n", "\r\n"))
    assert (file.rows.height, file.left_out.height) == (8, 0)


def test_rows_word_for_word_the_same_count_once(tmp_path: Path) -> None:
    file = read(tmp_path, HEADER + "".join([*WHOLE, *WHOLE[:3]]))
    assert (file.rows.height, file.repeated) == (8, 3)


def test_what_a_damaged_row_says_can_be_shown_to_anybody(tmp_path: Path) -> None:
    file = read(tmp_path, HEADER + f"\x1b[31m\u202eAAA,{SECOND},1,1,1,1,1,1\n" + "x" * 500 + "\n")
    assert [text.isprintable() and len(text) <= 80 for text in file.left_out["found"]] == [True, True]
    assert [symbol.isascii() and len(symbol) <= 80 for symbol in file.left_out["symbol"]] == [True, True]


def test_numbers_of_a_table_that_are_none_are_left_out(tmp_path: Path) -> None:
    nan = float("nan")
    table = pl.DataFrame({"symbol": ["AAA", "BB", "CC"], "date": [SECOND] * 3, "close": [1.5, nan, -1.0]})
    table.with_columns(adj_close="close", volume=pl.lit(nan)).write_parquet(tmp_path / "vendor_prices.parquet")
    path = tmp_path / "vendor_prices.parquet"
    file = read_vendor_file(
        path, label="feeds/D/vendor_prices.parquet", night=SECOND, before=FIRST_NIGHT, limits=Intake()
    )
    assert file.rows.is_empty()
    assert file.left_out.select("line", "column_name", "found").rows() == [
        (1, "volume", "'NaN'"),
        (2, "close", "'NaN'"),
        (3, "close", "'-1.0'"),
    ]
