"""A random history as the custodian and the market would bring it: one file a session, without a time of day."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from ledger.events import Buy, Sell, Transfer
from ledger.scenario import Scenario, parse
from tests.ledger_cases import Row

KINDS = {"buy": "buy", "drip": "reinvest", "sell": "sell"}
ACTIONS = {"split": "split", "spinoff": "spinoff", "roc": "return_of_capital", "merger": "merger"}


def accounts_of(document: Mapping[str, Any]) -> list[Row]:
    """Return the accounts of a book that holds the scenario's."""
    return [
        {
            "account_id": name,
            "household_id": facts["household"],
            "owner_id": facts["owner"],
            "registration": facts["kind"],
        }
        for name, facts in document["accounts"].items()
    ]


def activity_of(document: Mapping[str, Any], day: dt.date) -> list[Row]:
    """Return the custodian's rows of ``day``."""
    rows = []
    for number, event in enumerate(document["events"]):
        if event["date"] == day.isoformat() and event["type"] not in ACTIONS:
            rows += _rows(event, f"E{number:05d}")
    return rows


def actions_of(document: Mapping[str, Any], day: dt.date) -> list[Row]:
    """Return the corporate actions of ``day``."""
    return [
        _action(event) for event in document["events"] if event["date"] == day.isoformat() and event["type"] in ACTIONS
    ]


def without_time_of_day(document: Mapping[str, Any]) -> Scenario:
    """Return the scenario as a feed tells it: trades of one day have no order, events have the feed's names."""
    scenario = parse(document)
    names = {event.order: f"E{event.order:05d}" for event in scenario.events}
    events = [
        dataclasses.replace(event, order=0, event_id=names[event.order] if isinstance(event, Sell) else event.event_id)
        if isinstance(event, Buy | Sell | Transfer)
        else event
        for event in scenario.events
    ]
    return dataclasses.replace(scenario, events=events)


def _rows(event: Mapping[str, Any], name: str) -> list[Row]:
    if event["type"] == "transfer":
        common = {"security_id": event["sec"], "lot_id": event["lot"], "shares": event["qty"], "amount_usd": "0"}
        return [
            {"event_id": name, "account_id": event["from"], "kind": "transfer_out", **common},
            {"event_id": f"{name}in", "account_id": event["to"], "kind": "transfer_in", **common},
        ]
    common = {
        "event_id": name,
        "account_id": event["acct"],
        "kind": KINDS[event["type"]],
        "security_id": event["sec"],
        "amount_usd": event.get("amount") or event["proceeds"],
    }
    if event["type"] != "sell":
        return [{**common, "lot_id": event["lot"], "shares": event["qty"]}]
    [(lot, shares)] = (event.get("lots") or {None: event.get("qty")}).items()
    return [{**common, "lot_id": lot, "shares": shares}]


def _action(event: Mapping[str, Any]) -> Row:
    ratio = Fraction(event.get("ratio", "1"))
    cash: Sequence[str | None] = [event.get("cash"), event.get("per_share")]
    money = {
        "cash_usd": next((value for value in cash if value is not None), None),
        "fmv_old_usd": event.get("fmv_parent"),
        "fmv_new_usd": event.get("fmv_child") or event.get("fmv_new"),
        "cash_in_lieu_usd": event.get("cil_price"),
    }
    return {
        "action_id": event["id"],
        "security_id": event["sec"],
        "kind": ACTIONS[event["type"]],
        "new_security_id": event.get("new_sec"),
        "ratio_new": ratio.numerator,
        "ratio_old": ratio.denominator,
        **{name: value for name, value in money.items() if value is not None},
    }
