"""Alerts: what of a night somebody is told, and how. An alert that cannot be delivered never fails the night."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Literal

import requests

from assets.book import Alerts, Book
from assets.store import Store
from assets.trade_tables import ANSWER
from ledger.errors import NightError
from pipelines.headless import NightResult
from pipelines.journal import Journal
from pipelines.planner import Forecast

FORMAT = "openbell-alert/1"
HELD = "HELD_"
SENT, PUBLISHED = "alert", "published"
"""Events of the journal: an alert that went out; a publication of which everything has been told."""

Kind = Literal["failure", "held", "breaks", "deadline_predicted", "published_late"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing to tell: a sentence for people, and its facts for machines."""

    kind: Kind
    night: str
    text: str
    facts: Mapping[str, Any]

    def document(self, book: Book) -> dict[str, Any]:
        """Return the JSON document that commands and webhooks get."""
        return {
            "format": FORMAT,
            "book": book.settings.book.name,
            "kind": self.kind,
            "night": self.night,
            "text": self.text,
            "facts": dict(self.facts),
        }


def failure_alert(*, night: str, facts: Mapping[str, str]) -> Alert:
    """Return the alert of an error with its five facts."""
    text = f"{facts['code']} {facts['where']}: found {facts['found']}; expected {facts['expected']}. {facts['remedy']}"
    return Alert(kind="failure", night=night, text=text, facts=facts)


def forecast_alert(*, night: dt.date, forecast: Forecast) -> Alert:
    """Return the alert that the deadline is predicted to be missed."""
    facts = {
        "answered": forecast.answered,
        "shards": forecast.shards,
        "predicted_finish": str(forecast.finish),
        "deadline": str(forecast.deadline),
    }
    return Alert(kind="deadline_predicted", night=str(night), text=f"{night}: {forecast}", facts=facts)


def result_alerts(settings: Alerts, result: NightResult, *, breaks: int, late: bool) -> list[Alert]:
    """Return what is to be told of a night that was just published."""
    night, accounts = str(result.night), sum(result.counts.values())
    held = sum(count for status, count in result.counts.items() if status.startswith(HELD))
    found: list[Alert] = []
    if held > settings.held_accounts_max and held > settings.held_share_max * accounts:
        counts = {status: count for status, count in sorted(result.counts.items()) if status.startswith(HELD)}
        told = ", ".join(f"{count} {status}" for status, count in counts.items())
        facts: dict[str, Any] = {"held": held, "accounts": accounts, "counts": counts}
        found.append(
            Alert(kind="held", night=night, text=f"{night}: {held} of {accounts} accounts held: {told}", facts=facts)
        )
    if breaks > settings.breaks_max:
        text = f"{night}: {breaks} breaks between book and custodian"
        found.append(Alert(kind="breaks", night=night, text=text, facts={"breaks": breaks}))
    if late:
        unanswered = list(result.unanswered)
        without = f" without {', '.join(unanswered)}" if unanswered else ", complete"
        text = f"{night}: published after the deadline{without}"
        found.append(Alert(kind="published_late", night=night, text=text, facts={"unanswered": unanswered}))
    return found


def tell_published(book: Book, result: NightResult, *, late: bool, journal: Journal) -> bool:
    """Tell of the publication that stands, unless its journal says that it was told; return whether it was told now.

    The line is written when everything has been told: who is killed on the way leaves it to whoever runs the night
    next, so that nothing is told never, and a part perhaps twice.
    """
    if any(line.get("event") == PUBLISHED and line.get("revision") == result.revision for line in journal.events()):
        return False
    for alert in result_alerts(
        book.settings.alerts, result, breaks=breaks_of(book, Store(book.path), result), late=late
    ):
        send(book, alert, journal=journal)
    journal.note(PUBLISHED, revision=result.revision, counts=result.counts, late=late)
    return True


def breaks_of(book: Book, store: Store, result: NightResult) -> int:
    """Return how many breaks the published shards of a night have."""
    shards = [shard for shard in book.shards if shard not in result.unanswered]
    heads = [store.head(ANSWER, night=result.night, shard=shard) for shard in shards]
    return sum(head.rows["recon_break"] for head in heads)


def reaches_somebody(settings: Alerts) -> bool:
    """Return whether the book names anybody to tell."""
    return bool(settings.command or settings.webhook or settings.webhook_variable)


def send(book: Book, alert: Alert, *, journal: Journal) -> None:
    """Deliver ``alert`` as the book asks, and note it in the journal; what fails is told on stderr and noted there."""
    settings = book.settings.alerts
    wanted = settings.lateness if alert.kind in ("deadline_predicted", "published_late") else settings.failures
    if not wanted and alert.kind not in ("held", "breaks"):
        return
    document = alert.document(book)
    journal.note(SENT, kind=alert.kind, text=alert.text)
    for trouble in (_run_command(settings, document), _post(settings, document, os.environ)):
        if trouble is not None:
            error = NightError(
                code="ALERT-001",
                where=f"alert {alert.kind} of {alert.night}",
                found=trouble,
                expected="a delivered alert",
                remedy="Mend [alerts] in book.toml or what it names; the night went on without it.",
            )
            journal.note("alert_failed", **error.as_dict())
            sys.stderr.write(f"{error}\n")


def send_once(book: Book, alert: Alert, *, journal: Journal) -> None:
    """Deliver ``alert`` unless one of its kind has gone out for its night."""
    if not any(line.get("event") == SENT and line.get("kind") == alert.kind for line in journal.events()):
        send(book, alert, journal=journal)


def _run_command(settings: Alerts, document: Mapping[str, Any]) -> str | None:
    """Run the command; return what went wrong, without its arguments, which may hold a secret."""
    if not settings.command:
        return None
    try:
        done = subprocess.run(  # noqa: S603  # the operator's own command, as a list, without a shell
            settings.command,
            input=json.dumps(document),
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=settings.timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"a command that took longer than {settings.timeout_seconds:g} s"
    except OSError as error:
        return f"a command that cannot be run: {error.strerror}"
    return f"a command that ended with status {done.returncode}" if done.returncode else None


def _post(settings: Alerts, document: Mapping[str, Any], environment: Mapping[str, str]) -> str | None:
    """Post to the webhook; return what went wrong, without its address, which may be a secret."""
    url = settings.webhook
    if settings.webhook_variable:
        url = environment.get(settings.webhook_variable, "")
        if not url:
            return f"no environment variable {settings.webhook_variable}"
    if not url:
        return None
    try:
        answer = requests.post(url, json=document, timeout=settings.timeout_seconds, allow_redirects=False)
    except requests.RequestException as error:
        return f"a webhook that did not answer: {type(error).__name__}"
    return None if answer.ok else f"a webhook that answered {answer.status_code}"
