"""Scenario files with something wrong in them are refused, with the place."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from assets import scenario as production
from ledger import replay as oracle
from ledger.errors import OpenbellError
from ledger.scenario import Scenario, disagreements, parse
from ledger.scenario_event import ScenarioError

Replay = Callable[[Scenario], dict[str, Any]]

BUY = {"date": "2026-03-02", "type": "buy", "acct": "T1", "sec": "X", "lot": "A", "qty": "10", "amount": "100"}
SELL = {
    "date": "2026-03-09",
    "type": "sell",
    "acct": "T1",
    "sec": "X",
    "id": "S1",
    "lots": {"A": "4"},
    "proceeds": "50",
}
CASE: dict[str, Any] = {
    "id": "case",
    "accounts": {
        "T1": {"household": "H1", "kind": "taxable", "owner": "Ann"},
        "IRA": {"household": "H1", "kind": "ira", "owner": "Ann"},
        "OUT": {"household": "H2", "kind": "taxable", "owner": "Eve"},
    },
    "events": [BUY, SELL],
    "checks": [{"as_of": "2026-03-09"}],
}


def case(*events: dict[str, Any], **changes: object) -> dict[str, Any]:
    return {**copy.deepcopy(CASE), "events": list(events) or [BUY, SELL], **changes}


ACTION = {"date": "2026-03-04", "sec": "X", "id": "A1"}
BROKEN = {
    "an unknown kind of event": case({**BUY, "type": "short"}),
    "an option": case({**BUY, "type": "option"}),
    "a split of ratio zero": case(BUY, {**ACTION, "type": "split", "ratio": "0"}),
    "a ratio that divides by zero": case(BUY, {**ACTION, "type": "split", "ratio": "1/0"}),
    "a spin-off without fair values": case(BUY, {**ACTION, "type": "spinoff", "new_sec": "Y", "ratio": "1"}),
    "a merger into nothing": case(BUY, {**ACTION, "type": "merger", "kind": "stock", "ratio": "1"}),
    "a merger of no known kind": case(
        BUY, {**ACTION, "type": "merger", "kind": "reverse", "new_sec": "Y", "ratio": "1"}
    ),
    "boot without the value of the shares": case(
        BUY, {**ACTION, "type": "merger", "kind": "boot", "new_sec": "Y", "ratio": "1", "cash": "1"}
    ),
    "an event named twice": case(BUY, SELL, SELL),
    "an unknown account": case({**BUY, "acct": "T9"}),
    "a transfer to another household": case(
        BUY, {"date": "2026-03-04", "type": "transfer", "sec": "X", "from": "T1", "to": "OUT", "lot": "A"}
    ),
    "a transfer into an IRA": case(
        BUY, {"date": "2026-03-04", "type": "transfer", "sec": "X", "from": "T1", "to": "IRA", "lot": "A"}
    ),
    "a negative quantity": case({**BUY, "qty": "-1"}),
    "no quantity": case({**BUY, "qty": None}),
    "a date that is none": case({**BUY, "date": "2026-02-30"}),
    "a check without a day": case(checks=[{"realized": []}]),
    "events that are no list": {**CASE, "events": "none"},
    "no accounts": case(accounts=[]),
    "an account of unknown kind": case(accounts={"T1": {"household": "H1", "kind": "401k"}}),
    "an account that is a name": case(accounts={"T1": "H1"}),
    "a group that is a list": case(groups={"X": ["G"]}),
    "groups that are a name": case(groups="G"),
    "a policy that is a word": case(policy="additive"),
    "one reading under two names": case(policy={"order": "day", "same_day_order": "exec"}),
    "a field that is misspelt": case(BUY, {**ACTION, "type": "split", "ratio": "3/2", "cil_prise": "4"}),
    "lots in a list": case(BUY, {**SELL, "lots": ["A"]}),
    "a quantity other than that of the lots": case(BUY, {**SELL, "qty": "5"}),
    "a transfer to itself": case(
        BUY, {"date": "2026-03-04", "type": "transfer", "sec": "X", "from": "T1", "to": "T1", "lot": "A"}
    ),
    "a spin-off of itself": case(
        BUY, {**ACTION, "type": "spinoff", "new_sec": "X", "ratio": "1", "fmv_parent": "1", "fmv_child": "1"}
    ),
    "a taxable merger into itself": case(
        BUY, {**ACTION, "type": "merger", "kind": "taxable", "new_sec": "X", "ratio": "1", "fmv_new": "9"}
    ),
    "a stock merger with cash": case(
        BUY, {**ACTION, "type": "merger", "kind": "stock", "new_sec": "Y", "ratio": "1", "cash": "5"}
    ),
    "a merger for nothing": case(BUY, {**ACTION, "type": "merger", "kind": "taxable"}),
    "a taxable merger and a split of the new shares": case(
        BUY,
        {**ACTION, "type": "merger", "kind": "taxable", "new_sec": "Y", "ratio": "1", "fmv_new": "9"},
        {**ACTION, "id": "A2", "sec": "Y", "type": "split", "ratio": "2"},
    ),
    "a quantity with an exponent": case({**BUY, "qty": "1e30"}),
    "a quantity with digits of another script": case({**BUY, "qty": "\u0661"}),
    "more dollars than can be counted": case({**BUY, "amount": "9999999999999"}),
    "a ratio of too many digits": case(BUY, {**ACTION, "type": "split", "ratio": "0.12345678901"}),
    "splits that multiply beyond counting": case(
        {**BUY, "qty": "1000000"}, {**ACTION, "type": "split", "ratio": "999999999"}
    ),
    "a date without hyphens": case({**BUY, "date": "20260302"}),
    "a date in the year 9999": case({**BUY, "date": "9999-12-30"}),
    "an unknown reading": case(policy={"tacking": "none"}),
    "an unknown field of policy": case(policy={"netting": "yes"}),
}
IMPOSSIBLE = {
    "LOT-004": case(BUY, {**SELL, "lots": {"A": "11"}}),
    "LOT-005": case(BUY, {**SELL, "lots": {"B": "1"}}),
    "LOT-007": case(BUY, {**BUY, "date": "2026-03-05"}),
}


@pytest.mark.parametrize("document", BROKEN.values(), ids=BROKEN)
def test_a_broken_scenario_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError) as refusal:
        parse(document)
    assert refusal.value.where.startswith("scenario case")
    assert refusal.value.remedy


@pytest.mark.parametrize("replay", [production.replay, oracle.replay], ids=["production", "oracle"])
@pytest.mark.parametrize(("code", "document"), IMPOSSIBLE.items(), ids=IMPOSSIBLE)
def test_an_impossible_event_is_refused_with_its_code(code: str, document: dict[str, Any], replay: Replay) -> None:
    with pytest.raises(OpenbellError) as refusal:
        replay(parse(document))
    assert refusal.value.code == code


def test_an_unnamed_sale_of_more_than_is_open_is_refused() -> None:
    short = {key: value for key, value in SELL.items() if key != "lots"} | {"qty": "11"}
    for replay in (production.replay, oracle.replay):
        with pytest.raises(OpenbellError, match="LOT-004"):
            replay(parse(case(BUY, short)))


def test_a_difference_beyond_the_tolerance_is_told() -> None:
    found = oracle.replay(parse(CASE))["checks"][0]
    expected = copy.deepcopy(found)
    expected["lots"][0]["basis"] = "60.0001"
    assert disagreements(expected=expected, found=found) != []
    expected["lots"][0]["basis"] = "60.000001"
    assert disagreements(expected=expected, found=found) == []


def test_rows_of_one_key_are_summed_before_they_are_compared() -> None:
    found = oracle.replay(parse(CASE))["checks"][0]
    half = {**found["lots"][0], "qty": "3", "basis": "30"}
    assert disagreements(expected={**found, "lots": [half, half]}, found=found) == []


def test_a_row_that_is_missing_is_told() -> None:
    found = oracle.replay(parse(CASE))["checks"][0]
    assert disagreements(expected=found, found={**found, "lots": []}) != []
