"""What is told of a headless night: everything, also where the process that published it did not live to tell."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from assets.book import Book
from assets.store import Store
from pipelines import alerts, watch
from pipelines.headless import NightResult, Workers, result_of
from pipelines.journal import Journal
from pipelines.watch import run_watched
from tests.book_cases import NIGHTS

NIGHT = dt.date.fromisoformat(NIGHTS[-1])


def clock() -> dt.datetime:
    return dt.datetime(2026, 9, 4, 20, tzinfo=dt.UTC)


class KilledError(BaseException):
    """Stands for the end of the process: nothing catches it."""


@pytest.fixture
def book(book_copy: Path, monkeypatch: pytest.MonkeyPatch) -> Book:
    """Return a book whose last night stands published, with an account held, and of which nobody was told."""
    for variable in ("DAGSTER_HOME", "OPENBELL_BOOK", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(variable, "")
    monkeypatch.setattr(watch, "run_night", lambda workers, **_: published(workers.book))
    assert not (book_copy / "log").exists(), "a test has run a night of the book that all share"
    return Book.open(book_copy)


def published(book: Book) -> NightResult:
    return result_of(book, Store(book.path), night=NIGHT)


def run(book: Book) -> list[tuple[str, str]]:
    """Run the night again, one worker being this process; return what the journal has of it."""
    with Workers(book, workers=1) as workers:
        run_watched(workers, night=NIGHT, clock=clock, show=lambda _: None)
    return noted(book)


def noted(book: Book) -> list[tuple[str, str]]:
    events = Journal.of(book, night=NIGHT, clock=clock).events()
    return [(event["event"], event.get("kind", "")) for event in events]


def test_who_runs_the_night_next_tells_what_a_killed_process_did_not(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = alerts.send

    def killed(book: Book, alert: alerts.Alert, *, journal: Journal) -> None:
        sent(book, alert, journal=journal)
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(alerts, "send", killed)
        with pytest.raises(KilledError):
            run(book)
    assert noted(book) == [("alert", "held")], "it was killed before it could note that all was told"
    assert run(book)[1:] == [("alert", "held"), ("published", "")]
    assert len(run(book)) == 3, "what was told is told once"


@pytest.mark.parametrize(
    ("error", "code", "found"),
    [
        (KeyError("a column"), "RUN-010", "KeyError: 'a column'"),
        (AssertionError("a bug"), "RUN-010", "AssertionError: a bug"),
        (OSError(28, "No space left on device"), "DISK-001", "[Errno 28] No space left on device"),
    ],
)
def test_an_exception_that_nobody_foresaw_is_told_and_ends_the_night(
    book: Book, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str, found: str
) -> None:
    def broken(*_: object, **__: object) -> NightResult:
        raise error

    monkeypatch.setattr(watch, "run_night", broken)
    with pytest.raises(type(error)):
        run(book)
    failed, alert = Journal.of(book, night=NIGHT, clock=clock).events()
    assert (failed["event"], failed["code"], failed["found"]) == ("failed", code, found)
    assert failed["where"].startswith(f"night {NIGHT}, {__name__} line ")
    assert (alert["event"], alert["kind"]) == ("alert", "failure")
    assert alert["text"].startswith(f"{code} night {NIGHT}")


def test_who_ends_the_night_by_hand_is_not_told_of_it(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> NightResult:
        raise KeyboardInterrupt

    monkeypatch.setattr(watch, "run_night", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(book)
    assert noted(book) == []
