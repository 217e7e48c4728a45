"""Every worked case, through the production ledger and through the oracle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assets import scenario as production
from ledger import replay as oracle
from ledger.scenario import disagreements, parse, seen_by_broker
from tests.book_cases import openbell

HERE = Path(__file__).resolve().parent
# Cases handed out beside a checkout are run too, where they are present.
FILES = sorted(HERE.glob("*.json")) + sorted((HERE.parents[2] / "shared" / "scenarios").glob("*.json"))


def read(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def differences(document: dict[str, Any], answer: dict[str, Any]) -> list[str]:
    return [
        sentence
        for expected, found in zip(document["checks"], answer["checks"], strict=True)
        for sentence in disagreements(expected=expected, found=found)
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_production_ledger_says_what_the_case_says(file: Path) -> None:
    document = read(file)
    assert differences(document, production.replay_document(document)) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_oracle_says_what_the_case_says(file: Path) -> None:
    document = read(file)
    assert differences(document, oracle.replay(parse(document))) == []


OF_BROKERS = [file for file in FILES if "broker_checks" in read(file)]


@pytest.mark.parametrize("file", OF_BROKERS, ids=lambda file: file.stem)
def test_both_ledgers_say_what_the_case_says_of_the_brokers_view(file: Path) -> None:
    document = read(file)
    expected = {"checks": document["broker_checks"]}
    assert differences(expected, production.replay_document(document, view="broker")) == []
    assert differences(expected, oracle.replay(seen_by_broker(parse(document)))) == []


def test_the_command_shows_either_book() -> None:
    file = HERE / "broker_sees_no_other_account.json"
    document = read(file)
    for view, expected in (("taxpayer", document["checks"]), ("broker", document["broker_checks"])):
        ran = openbell("ledger", file, "--view", view)
        assert ran.returncode == 0, ran.stderr
        assert differences({"checks": expected}, json.loads(ran.stdout)) == []
    assert json.loads(openbell("ledger", file).stdout)["checks"][0]["realized"][0]["disallowed"] == "10"
    assert openbell("ledger", file, "--view", "custodian").returncode == 2


def test_every_rule_of_the_law_has_a_case_of_our_own() -> None:
    rules = {rule for file in HERE.glob("*.json") for rule in read(file)["rules"]}
    cited = {f"R{number}" for number in range(1, 34)}
    # R34 is about conservation, which the audits hold every night.
    assert cited <= rules
