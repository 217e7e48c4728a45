"""Alerts: who is told of what, by real commands and a real webhook on the loopback; no failure of theirs is ours."""

from __future__ import annotations

import datetime as dt
import http.server
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assets.book import Alerts, Book, BookSettings, General
from pipelines.alerts import Alert, Kind, failure_alert, result_alerts, send, send_once
from pipelines.book_toml import book_toml
from pipelines.headless import NightResult
from pipelines.journal import Journal

NIGHT = dt.date(2026, 9, 1)
FACTS = {"code": "RUN-003", "where": "shard s001", "found": "no answer", "expected": "one", "remedy": "Run it again."}
SECRET = "a-secret-part-of-the-address"
KEEP_INPUT = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.stdin.read())"


def book_with(path: Path, **alerts: object) -> Book:
    return Book(path, BookSettings(book=General(first_night=NIGHT), alerts=Alerts.model_validate(alerts)))


def tell(book: Book, alert: Alert | None = None) -> list[dict[str, Any]]:
    """Send one alert and return the journal."""
    journal = Journal.of(book, night=NIGHT, clock=lambda: dt.datetime(2026, 9, 2, 10, tzinfo=dt.UTC))
    send(book, alert or failure_alert(night=str(NIGHT), facts=FACTS), journal=journal)
    return journal.events()


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Serve a webhook that answers 204, and 500 below /broken; yield its address and what it got."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    got: list[dict[str, Any]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if self.path.startswith("/broken") else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_command_gets_the_document_and_the_webhook_the_same(
    tmp_path: Path, webhook: tuple[str, list[dict[str, Any]]]
) -> None:
    url, got = webhook
    command = (sys.executable, "-c", KEEP_INPUT, str(tmp_path / "got.json"))
    events = tell(book_with(tmp_path, command=command, webhook=f"{url}/hook"))
    document = json.loads((tmp_path / "got.json").read_text(encoding="utf-8"))
    assert got == [document]
    assert document["format"] == "openbell-alert/1"
    assert (document["book"], document["kind"], document["night"]) == ("openbell", "failure", "2026-09-01")
    assert document["facts"] == FACTS
    assert document["text"] == "RUN-003 shard s001: found no answer; expected one. Run it again."
    assert [event["event"] for event in events] == ["alert"]


def test_the_webhook_of_an_environment_variable_is_used_and_never_told(
    tmp_path: Path,
    webhook: tuple[str, list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, got = webhook
    book = book_with(tmp_path, webhook_variable="OPENBELL_TEST_HOOK")
    for address in ("", f"{url}/broken/{SECRET}", f"http://127.0.0.1:1/{SECRET}", f"{url}/{SECRET}"):
        monkeypatch.setenv("OPENBELL_TEST_HOOK", address)
        tell(book)
    troubles = [event["found"] for event in tell(book) if event["event"] == "alert_failed"]
    assert troubles == [
        "no environment variable OPENBELL_TEST_HOOK",
        "a webhook that answered 500",
        "a webhook that did not answer: ConnectionError",
    ]
    assert len(got) == 3
    told = capsys.readouterr().err
    assert told.count("ALERT-001") == 3
    assert SECRET not in told + (tmp_path / "log" / "2026-09-01.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("command", "timeout", "trouble"),
    [
        (("no-such-program", SECRET), 60, "a command that cannot be run: No such file or directory"),
        ((sys.executable, "-c", "raise SystemExit(3)", SECRET), 60, "a command that ended with status 3"),
        ((sys.executable, "-c", "import time; time.sleep(60)", SECRET), 0.2, "a command that took longer than 0.2 s"),
    ],
)
def test_a_command_that_fails_is_told_without_its_arguments(
    tmp_path: Path, command: tuple[str, ...], timeout: float, trouble: str, capsys: pytest.CaptureFixture[str]
) -> None:
    events = tell(book_with(tmp_path, command=command, timeout_seconds=timeout))
    assert [event["found"] for event in events if event["event"] == "alert_failed"] == [trouble]
    told = capsys.readouterr().err
    assert "ALERT-001" in told
    assert SECRET not in told


def result(**counts: int) -> NightResult:
    return NightResult(night=NIGHT, published=True, counts=counts, totals={}, digests={}, unanswered=("s001",))


@pytest.mark.parametrize(
    ("settings", "held", "told"),
    [
        ({"held_share_max": 0.0}, 0, False),
        ({"held_share_max": 0.0}, 1, True),
        ({"held_share_max": 0.1}, 10, False),
        ({"held_share_max": 0.1}, 11, True),
        ({"held_accounts_max": 20, "held_share_max": 0.1}, 20, False),
        ({"held_accounts_max": 20, "held_share_max": 0.1}, 21, True),
    ],
)
def test_held_accounts_are_told_beyond_number_and_share(settings: dict[str, Any], held: int, told: bool) -> None:
    counts = result(CERTIFIED=100 - held, HELD_BREAK=held)
    found = result_alerts(Alerts(**settings), counts, breaks=0, late=False)
    assert [alert.kind for alert in found] == (["held"] if told else [])


def test_breaks_and_a_late_publication_are_told_with_their_facts() -> None:
    found = result_alerts(Alerts(breaks_max=2), result(CERTIFIED=9), breaks=3, late=True)
    assert [alert.kind for alert in found] == ["breaks", "published_late"]
    assert found[1].facts == {"unanswered": ["s001"]}
    assert not result_alerts(Alerts(breaks_max=3), result(CERTIFIED=9), breaks=3, late=False)


@pytest.mark.parametrize(
    ("kind", "switch"), [("failure", "failures"), ("published_late", "lateness"), ("deadline_predicted", "lateness")]
)
def test_what_is_switched_off_is_not_told(tmp_path: Path, kind: Kind, switch: str) -> None:
    alert = Alert(kind=kind, night=str(NIGHT), text="text", facts={})
    assert tell(book_with(tmp_path, **{switch: False}), alert) == []
    assert [event["kind"] for event in tell(book_with(tmp_path), alert)] == [kind]


def test_an_alert_of_a_kind_goes_out_once_a_night(tmp_path: Path) -> None:
    book = book_with(tmp_path)
    journal = Journal.of(book, night=NIGHT, clock=lambda: dt.datetime(2026, 9, 2, tzinfo=dt.UTC))
    for text in ("first", "second"):
        send_once(book, Alert(kind="deadline_predicted", night=str(NIGHT), text=text, facts={}), journal=journal)
    assert [event["text"] for event in journal.events()] == ["first"]


def test_alerts_and_runs_are_in_no_manifest_and_survive_the_file(tmp_path: Path) -> None:
    book = book_with(tmp_path, command=("mail", 'say "x"'), webhook=f"http://127.0.0.1/{SECRET}")
    assert not {"alerts", "runs"} & book.settings.printed().keys()
    (tmp_path / "book.toml").write_text(book_toml(book.settings), encoding="utf-8")
    assert Book.open(tmp_path).settings == book.settings
