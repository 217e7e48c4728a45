"""Shared fixtures: a small synthetic book that has run three nights, made once."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from assets.book import Book
from pipelines.custodian import write_next_feeds
from pipelines.instance import BOOK_VARIABLE, HOME_VARIABLE
from tests.book_cases import FIRST_NIGHT, NIGHTS, freeze_first_account, inputs_of, openbell
from tests.custodian_cases import ask_for_lots, buy_back, correct_a_purchase

settings.register_profile("derandomised", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("derandomised")


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return the book that ``make`` makes, made by the first of the run's processes that asks for it."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / f"{name}_of_all"
    folder.mkdir(exist_ok=True)
    book, whole = folder / "book", folder / "whole"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            shutil.rmtree(book, ignore_errors=True)  # of one that failed
            make(book)
            whole.touch()
    return book


@pytest.fixture(scope="session")
def three_nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a book of 40 accounts in 2 shards after three nights. Read it; to change it, copy it."""
    return made_once(tmp_path_factory, "three_nights", make_three_nights)


def make_three_nights(book: Path) -> None:
    """Make the book of `three_nights`."""
    made = openbell(
        "init", book, "--market", "synthetic", "--accounts", 40, "--shards", 2, "--seed", 11,
        "--first-night", FIRST_NIGHT, "--names", 60, "--factors", 8,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    freeze_first_account(book)
    ran = openbell("simulate", book, "--nights", 3, "--workers", 2)
    assert ran.returncode == 0, ran.stderr


@pytest.fixture
def book_copy(three_nights: Path, tmp_path: Path) -> Path:
    """Return a copy of the three-night book that a test may change."""
    copy = tmp_path / "book"
    shutil.copytree(three_nights, copy)
    return copy


@pytest.fixture
def fresh_book(three_nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the three-night book before its first night; what a command sets of this process is given back."""
    for variable in (HOME_VARIABLE, BOOK_VARIABLE, "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(variable, "")
    return inputs_of(three_nights, tmp_path / "book", nights=[FIRST_NIGHT])


@pytest.fixture(scope="session")
def with_lots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a book of 40 accounts after two nights, with the feeds of the third, whose custodian sends its lots."""
    return made_once(tmp_path_factory, "with_lots", make_with_lots)


def make_with_lots(path: Path) -> None:
    """Make the book of `with_lots`."""
    made = openbell(
        "init", path, "--market", "synthetic", "--accounts", 40, "--shards", 2, "--seed", 11,
        "--first-night", FIRST_NIGHT, "--names", 60, "--factors", 8,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    freeze_first_account(path)
    ask_for_lots(path)
    book = Book.open(path)
    first, second, third = (dt.date.fromisoformat(night) for night in NIGHTS)
    for night in (first, second):
        ran = openbell("night", path, "--night", night, "--workers", 2)
        assert ran.returncode == 0, ran.stderr
        write_next_feeds(book, night=night)
        if night == first:
            buy_back(book, second)
    correct_a_purchase(book, bought=second, night=third)
