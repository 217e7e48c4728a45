"""Each rule of the oracle, made wrong: some case of our own must notice."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from ledger import action_steps, holding, reorganisations, sequential, wash
from ledger.action_steps import book_action
from ledger.blocks import Books, OpenLoss, Part
from ledger.errors import OpenbellError
from ledger.events import Action, Merger, SpinOff, Split, Trade, Transfer
from ledger.replay import replay
from ledger.scenario import disagreements, parse
from ledger.sequential import Ledger

CASES = [
    json.loads(file.read_text(encoding="utf-8"))
    for file in sorted((Path(__file__).resolve().parents[1] / "scenarios").glob("*.json"))
]


def noticed() -> bool:
    """Return whether a case of our own now says something else."""
    for case in CASES:
        try:
            found = replay(parse(case))["checks"]
        except (OpenbellError, AssertionError):
            return True
        if any(disagreements(expected=left, found=right) for left, right in zip(case["checks"], found, strict=True)):
            return True
    return False


def replaced(original: Callable[..., bool], **facts: object) -> Callable[..., bool]:
    """Return `wash.can_replace` blind to some facts of the shares held."""

    class Blind:
        def __init__(self, part: Part) -> None:
            self.part = part

        def __getattr__(self, name: str) -> object:
            return facts[name] if name in facts else getattr(self.part, name)

    return lambda *, held, **rest: original(held=Blind(held), **rest)


def in_place_of_loss(loss: OpenLoss) -> tuple[object, ...]:
    return tuple(-value.toordinal() if isinstance(value, dt.date) else value for value in ORDER(loss))


ORDER = sequential._order_of_disposition
CAN_REPLACE = wash.can_replace
MATCH = Ledger._match
EXCHANGE = action_steps._exchange
OLDEST = Books.oldest_first
TRANSFER = Ledger._transfer
SPIN_OFF = action_steps._spin_off


def keeps_cost(ledger: Ledger, loss: OpenLoss, part: Part) -> None:
    basis, before = part.basis, part.shares
    MATCH(ledger, loss, part)
    for other in ledger.books.lots.get(part.key, []):
        if other.absorbed and other is not part:
            other.basis = basis * other.shares / before


def exchange_without_losses(books: Books, action: Split | Merger, *, security: str, ratio: Fraction) -> list[Part]:
    losses, books.open_losses = books.open_losses, []
    received = EXCHANGE(books, action, security=security, ratio=ratio)
    books.open_losses = losses
    return received


def transfer_as_purchase(ledger: Ledger, transfer: Transfer) -> None:
    for part in ledger.books.lots[transfer.account, transfer.security, transfer.lot]:
        part.acquired = part.holding_start = transfer.date
    TRANSFER(ledger, transfer)


def fractions_at_the_end(ledger: Ledger, action: Action) -> list[Trade]:
    booked = book_action(ledger.books, action)
    return [*booked.fractions, *booked.trades]


def spun_off_as_a_purchase_of_its_own(books: Books, action: SpinOff) -> list[Part]:
    received = SPIN_OFF(books, action)
    for part in received:
        part.bought_as = (*part.key, action.date)
    return received


MUTATIONS: dict[str, tuple[object, str, object]] = {
    "the window has 29 days": (wash, "WINDOW_DAYS", 29),
    "the window has 31 days": (wash, "WINDOW_DAYS", 31),
    "the last loss goes first": (sequential, "_order_of_disposition", in_place_of_loss),
    "the last purchase goes first": (
        Books, "oldest_first", lambda books, **names: reversed(list(OLDEST(books, **names)))
    ),
    "used shares absorb again": (wash, "can_replace", replaced(CAN_REPLACE, absorbed=False)),
    "spun-off shares absorb": (wash, "can_replace", replaced(CAN_REPLACE, purchase=True)),
    "a purchase replaces itself": (wash, "can_replace", replaced(CAN_REPLACE, bought_as=("", "", ""))),
    "older lots always absorb": (
        wash, "can_replace", lambda **facts: CAN_REPLACE(**{**facts, "older_lot": "absorbs"})
    ),
    "older lots never absorb": (
        wash, "can_replace", lambda **facts: CAN_REPLACE(**{**facts, "older_lot": "newer_only"})
    ),
    "the whole loss is disallowed": (wash, "disallowed_loss", lambda *, loss, sold, replaced: loss),
    "the disallowed loss joins no basis": (Ledger, "_match", keeps_cost),
    "nothing is tacked": (holding, "tacked_start", lambda *, own_start, **_: own_start),
    "union is additive": (
        holding, "tacked_start", lambda *, own_start, sold_start, sale, reading: own_start - (sale - sold_start)
    ),
    "long-term after a year to the day": (
        holding, "long_from", lambda start: dt.date(start.year + 1, start.month, min(start.day, 28))
    ),
    "an IRA has basis": (Books, "retirement", lambda books, account: False),
    "households do not matter": (Books, "household", lambda books, account: "one"),
    "groups do not matter": (Books, "group", lambda books, security: security),
    "a spin-off takes no basis": (reorganisations, "spun_off_basis", lambda **_: Fraction(0)),
    "boot recognises a loss": (
        reorganisations,
        "boot",
        lambda *, basis, cash, value: reorganisations.Payment(
            cash=cash, gain=min(cash, value + cash - basis), basis=basis - cash + min(cash, value + cash - basis)
        ),
    ),
    "a return of capital is all gain": (
        reorganisations,
        "return_of_capital",
        lambda *, basis, cash: reorganisations.Payment(cash=cash, gain=cash, basis=basis),
    ),
    "open losses do not follow": (action_steps, "_exchange", exchange_without_losses),
    "fractions are kept": (action_steps, "_fractions", lambda received, action: []),
    "a taxable merger books nothing": (action_steps, "_sell_and_buy", lambda books, action: []),
    "a lot that moves starts again": (Ledger, "_transfer", transfer_as_purchase),
    "a lot moves whole": (
        Ledger, "_transfer", lambda ledger, move: TRANSFER(ledger, dataclasses.replace(move, shares=None))
    ),
    "a lot's name is its purchase": (
        wash,
        "can_replace",
        lambda *, held, sold, **rest: held.bought_as[:3] != sold.bought_as[:3]
        and CAN_REPLACE(held=held, sold=sold, **rest),
    ),
    "fractions are sold at the end of the day": (Ledger, "_act", fractions_at_the_end),
    "spun-off shares are a purchase of their own": (action_steps, "_spin_off", spun_off_as_a_purchase_of_its_own),
    "lots of one day lose in the order of their names": (
        sequential, "_order_of_disposition", lambda loss: (*ORDER(loss)[:3], *ORDER(loss)[4:])
    ),
}  # fmt: skip


def test_the_cases_hold_for_the_rules_as_they_are() -> None:
    assert not noticed()


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_wrong_rule_is_noticed(mutation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, wrong = MUTATIONS[mutation]
    monkeypatch.setattr(owner, name, wrong)
    assert noticed(), f"no case notices that {mutation}"
