"""Scenario files: worked tax cases as one JSON document each; parsed, checked, and compared with what a ledger says.

The form: accounts, identical groups, readings, events in order, and the state expected at the close of some days.
Quantities and money are decimal strings; fractions such as ``1/2`` are allowed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from ledger.events import Account, Buy, Event, Merger, ReturnOfCapital, SpinOff, Split
from ledger.policy import Readings
from ledger.scenario_event import AMOUNT_MAX, EventReader, ScenarioError, iso_date

TOLERANCE = Fraction(1, 100_000)

Row = dict[str, Any]

KEYS = {
    "realized": ("sale", "lot", "hold_start", "term"),
    "lots": ("acct", "sec", "lot", "hold_start", "absorbed"),
    "open_windows": ("group", "sale", "lot", "last_day"),
}
AMOUNTS = {
    "realized": ("qty", "proceeds", "basis", "gain", "disallowed", "permanent", "reported"),
    "lots": ("qty", "basis"),
    "open_windows": ("qty",),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Scenario:
    """One parsed case; ``checks`` are the days to report, with the rows expected there.

    ``taxpayers`` names the household of every account; in the broker's view ``accounts`` does not.
    """

    name: str
    accounts: Mapping[str, Account]
    groups: Mapping[str, str]
    readings: Readings
    events: Sequence[Event]
    checks: Sequence[Mapping[str, Any]]
    broker_checks: Sequence[Mapping[str, Any]]
    taxpayers: Mapping[str, str]

    def checked_days(self) -> list[dt.date]:
        """Return the days whose close is checked, in the order of the file."""
        return [dt.date.fromisoformat(check["as_of"]) for check in self.checks]

    def days(self) -> list[dt.date]:
        """Return the days on which something happens or is checked, in order."""
        return sorted({event.date for event in self.events}.union(self.checked_days()))

    def events_of(self, day: dt.date) -> list[Event]:
        """Return the events of ``day`` in the order of the file."""
        return [event for event in self.events if event.date == day]


def parse(document: Mapping[str, Any]) -> Scenario:
    """Return the scenario in ``document``.

    Raises
    ------
    ScenarioError
        Naming the event or field that is missing, unknown or out of range.
    """
    place = f"scenario {document.get('id', '(no id)')}"
    accounts = {
        name: Account(name, _text(facts, "household", place), str(facts.get("owner", "")), _retirement(facts, place))
        for name in _mapping(document, "accounts", place)
        for facts in (_mapping(document["accounts"], name, f"{place}, accounts"),)
    }
    events = [
        EventReader(facts, f"{place}, event {number + 1}", number, accounts).event()
        for number, facts in enumerate(_objects(document, "events", place))
    ]
    _require_unique_names(events, place)
    _require_countable(events, place)
    _require_separate_days(events, place)
    groups = _mapping(document, "groups", place) if document.get("groups") else {}
    return Scenario(
        name=str(document.get("id", "")),
        accounts=accounts,
        groups={name: _text(groups, name, f"{place}, groups") for name in groups},
        readings=_readings(_mapping(document, "policy", place) if document.get("policy") else {}, place),
        events=sorted(events, key=lambda event: event.date),
        checks=[_dated(check, place) for check in _objects(document, "checks", place)],
        broker_checks=[_dated(check, place) for check in _objects(document, "broker_checks", place)],
        taxpayers={name: account.household_id for name, account in accounts.items()},
    )


def seen_by_broker(scenario: Scenario) -> Scenario:
    """Return the case as a broker sees it: no account knows another, no security is like another.

    26 U.S.C. 6045(g)(2)(B)(ii); 26 CFR 1.6045-1(d)(6)(iii). Its checks are the file's ``broker_checks``; where it has
    none, the days of its checks.
    """
    alone = {name: dataclasses.replace(account, household_id=name) for name, account in scenario.accounts.items()}
    return dataclasses.replace(scenario, accounts=alone, groups={}, checks=scenario.broker_checks or scenario.checks)


def disagreements(*, expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Return one sentence for each row in which two states of a day differ by more than ``TOLERANCE``.

    Rows whose key fields agree are summed first. Fields that the expected rows leave out are not compared.
    """
    sentences = []
    for table, keys in KEYS.items():
        rows = expected.get(table, [])
        # Key fields that no expected row gives are not part of the key.
        known = tuple(key for key in keys if not rows or any(key in row for row in rows))
        wanted, got = _summed(rows, table, known), _summed(found.get(table, []), table, known)
        given = {field for row in rows for field in row}
        for key in sorted(wanted.keys() | got.keys(), key=str):
            for field in AMOUNTS[table]:
                left, right = wanted.get(key, {}).get(field, Fraction(0)), got.get(key, {}).get(field, Fraction(0))
                missing = (key in wanted) != (key in got)
                if missing or (field in given and abs(left - right) > TOLERANCE):
                    sentences.append(f"{table} {dict(zip(known, key, strict=True))}: {field} {left} and {right}")
                    break
    return sentences


def _summed(rows: Sequence[Row], table: str, keys: Sequence[str]) -> dict[tuple[Any, ...], dict[str, Fraction]]:
    total: dict[tuple[Any, ...], dict[str, Fraction]] = {}
    for row in rows:
        amounts = total.setdefault(tuple(row.get(key) for key in keys), {})
        for field in AMOUNTS[table]:
            if field in row:
                amounts[field] = amounts.get(field, Fraction(0)) + Fraction(row[field])
    return total


def _require_unique_names(events: Sequence[Event], place: str) -> None:
    for name, count in Counter(event.event_id for event in events).items():
        if count > 1:
            raise ScenarioError(
                where=place,
                found=f"{count} events with the id {name}",
                expected="one",
                remedy="Give each event an id of its own.",
            )


def _require_countable(events: Sequence[Event], place: str) -> None:
    """Refuse holdings that splits multiply beyond what an integer counts."""
    bought = sum((event.shares for event in events if isinstance(event, Buy)), Fraction(0))
    ratios = [event.ratio for event in events if isinstance(event, Split | SpinOff | Merger)]
    if bought * math.prod(max(ratio, Fraction(1)) for ratio in ratios) > AMOUNT_MAX:
        raise ScenarioError(
            where=place,
            found=f"{bought} shares bought, and ratios that multiply them",
            expected=f"at most {AMOUNT_MAX} shares after all of them",
            remedy="Mend the scenario file.",
        )


def _require_separate_days(events: Sequence[Event], place: str) -> None:
    """Refuse a taxable merger on the day of another action of its securities: which comes first, the file can't say."""
    actions = [event for event in events if isinstance(event, Split | SpinOff | Merger | ReturnOfCapital)]
    for merger in actions:
        if not isinstance(merger, Merger) or merger.kind != "taxable":
            continue
        for other in actions:
            names = {other.security, getattr(other, "new_security", other.security)}
            if other is not merger and other.date == merger.date and names & {merger.security, merger.new_security}:
                raise ScenarioError(
                    where=f"{place}, action {merger.event_id}",
                    found=f"a taxable merger on the day of {other.event_id}, another action of its securities",
                    expected="a day of its own",
                    remedy="Put one of them on the next day.",
                )


def _readings(policy: Mapping[str, Any], place: str) -> Readings:
    """Return the readings of a scenario's ``policy``, whose ``order`` is the ledger's ``same_day_order``."""
    allowed = {
        "tacking": ("additive", "union", "replacement"),
        "same_day_order": ("day", "exec"),
        "older_lot": ("absorbs", "newer_only"),
        "spouse_basis": ("carry", "lost"),
    }
    if "order" in policy and "same_day_order" in policy:
        raise ScenarioError(
            where=f"{place}, policy",
            found="order and same_day_order, which are one reading",
            expected="one of them",
            remedy="Mend the policy of the scenario file.",
        )
    readings = {"same_day_order" if name == "order" else name: value for name, value in policy.items()}
    for name, value in readings.items():
        if not isinstance(value, str) or value not in allowed.get(name, ()):
            raise ScenarioError(
                where=f"{place}, policy",
                found=f"{name} {value!r}",
                expected=f"one of {allowed.get(name) or sorted(allowed)}",
                remedy="Mend the policy of the scenario file.",
            )
    return Readings(**readings)


def _retirement(facts: Mapping[str, Any], place: str) -> bool:
    kind = facts.get("kind")
    if kind not in ("taxable", "trust", "ira", "roth"):
        raise ScenarioError(
            where=f"{place}, accounts",
            found=f"the kind {kind!r}",
            expected="taxable, trust, ira or roth",
            remedy="Mend the account.",
        )
    return kind in ("ira", "roth")


def _mapping(document: Mapping[str, Any], field: str, place: str) -> Mapping[str, Any]:
    value = document.get(field)
    if not isinstance(value, Mapping):
        raise ScenarioError(
            where=place, found=f"{field} {value!r}", expected="an object", remedy="Mend the scenario file."
        )
    return value


def _objects(document: Mapping[str, Any], field: str, place: str) -> list[Mapping[str, Any]]:
    rows = document.get(field, None if field == "events" else [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise ScenarioError(
            where=place, found=f"{field} {rows!r}", expected="a list of objects", remedy="Mend the scenario file."
        )
    return rows


def _dated(check: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    if iso_date(check.get("as_of")) is None:
        raise ScenarioError(
            where=f"{place}, checks",
            found=f"as_of {check.get('as_of')!r}",
            expected="an ISO date",
            remedy="Mend the check.",
        )
    return check


def _text(facts: Mapping[str, Any], field: str, place: str) -> str:
    value = facts.get(field)
    if not isinstance(value, str) or not value:
        raise ScenarioError(
            where=place, found=f"{field} {value!r}", expected="a name", remedy="Mend the scenario file."
        )
    return value
