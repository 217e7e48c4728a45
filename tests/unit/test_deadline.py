"""When a deadline binds, and how one is asked for."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from assets.book import Book, BookSettings, General
from ledger.errors import SettingError
from pipelines.book_toml import book_toml
from pipelines.cli import app
from pipelines.deadline import Deadline, deadline_of

ZONE = ZoneInfo("America/New_York")
FRIDAY = dt.date(2026, 9, 4)  # Labor Day follows: its trade date is Tuesday the 8th
TUESDAY_SIX = dt.datetime(2026, 9, 8, 6, tzinfo=ZONE)


def asked(tmp_path: Path, *, now: dt.datetime, text: str | None = None) -> Deadline | None:
    book = Book(tmp_path, BookSettings(book=General(first_night=FRIDAY)))
    return deadline_of(book, night=FRIDAY, clock=lambda: now, asked=text)


@pytest.mark.parametrize(
    ("moment", "binding"),
    [
        ("2026-09-04T15:59", False),
        ("2026-09-04T16:00", True),
        ("2026-09-08T05:59", True),
        ("2026-09-08T06:00", True),
        ("2026-09-08T15:59", True),
        ("2026-09-08T16:00", False),
    ],
)
def test_the_books_deadline_is_kept_from_the_close_of_the_night_to_that_of_its_trade_date(
    tmp_path: Path, moment: str, binding: bool
) -> None:
    now = dt.datetime.fromisoformat(moment).replace(tzinfo=ZONE)
    found = asked(tmp_path, now=now)
    assert (found is not None) == binding
    if found is not None:
        assert found.at == TUESDAY_SIX
        assert found.has_passed() == (now >= TUESDAY_SIX)


def test_a_deadline_that_is_asked_for_goes_before_the_books(tmp_path: Path) -> None:
    assert asked(tmp_path, now=TUESDAY_SIX, text="none") is None
    found = asked(tmp_path, now=TUESDAY_SIX, text="2026-09-08T07:30")
    assert found is not None
    assert found.at == TUESDAY_SIX + dt.timedelta(minutes=90)
    assert not found.has_passed()
    with_offset = asked(tmp_path, now=TUESDAY_SIX, text="2026-09-08T10:00+00:00")
    assert with_offset is not None
    assert with_offset.has_passed()


def test_a_deadline_that_is_no_moment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="SET-007 --deadline: found 'six'"):
        asked(tmp_path, now=TUESDAY_SIX, text="six")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--deadline", "six"], "SET-007"),
        (["--deadline", "2026-09-08T07:30", "--shard", "s000"], "SET-008 --deadline: found --shard beside it"),
    ],
)
def test_the_command_refuses_a_deadline_that_it_cannot_keep(tmp_path: Path, options: list[str], error: str) -> None:
    settings = BookSettings(book=General(first_night=FRIDAY))
    (tmp_path / "book.toml").write_text(book_toml(settings), encoding="utf-8")
    refused = CliRunner().invoke(app, ["night", str(tmp_path), "--night", str(FRIDAY), *options])
    assert refused.exit_code == 2
    assert error in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["book.toml"], "nothing was written"
