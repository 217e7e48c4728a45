"""What explains a difference between book and custodian: trades, actions, payments, numbers; and who accepts it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pytest

from assets.reconcile_tables import BREAKS, DIFFERENCES
from assets.store import Store, Tables
from ledger.amounts import to_micro

NIGHT = dt.date(2026, 9, 2)
ACCOUNT = "A1"
TABLES = {
    "lots": ("lots/sublot", "lots/event", "lots/cash"),
    "positions": ("custodian_positions/position", "custodian_positions/custodian_cash"),
    "actions": ("corporate_actions/known_action",),
    "policies": ("account_policies/security", "account_policies/acceptance"),
    "shards": ("account_shards/account_shard",),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """One account's night: shares by security at both sides, and what could explain a difference."""

    book: dict[str, str]
    custodian: dict[str, str]
    events: Sequence[tuple[str, str, str, str]] = ()
    """event_id, kind, security_id, signed shares."""
    ordered: Sequence[tuple[str, str, str]] = ()
    """security_id, side, shares."""
    actions: Sequence[dict[str, object]] = ()
    found: list[tuple[str, str, str | None, str]]
    """security_id, kind, missing_at, explanation."""


def action(kind: str, **other: object) -> dict[str, object]:
    told: dict[str, object] = {"action_id": "CA1", "security_id": "X", "kind": kind, "ex_date": NIGHT}
    told |= {"effective_date": NIGHT, "first_seen": NIGHT, "booked_on": NIGHT, "why_not": None}
    return told | other


TOLD = "CA1 of 2026-09-02"
MERGER = action("merger", new_security_id="Y", ratio_new=1, ratio_old=2)
SPLIT = action("split", ratio_new=2, ratio_old=1)
UNKNOWN_TERMS = {"booked_on": None, "why_not": "ratio is missing"}
BOUGHT = "booked tonight by E1, which the custodian does not show"
UNTOLD = "ordered the session before, and no activity tells of it"

CASES = {
    "no difference": Case(book={"X": "5"}, custodian={"X": "5"}, found=[]),
    "a purchase that the custodian lacks": Case(
        book={"X": "15"}, custodian={"X": "5"}, events=[("E1", "buy", "X", "10"), ("E2", "buy", "Y", "1")],
        found=[("X", "missing_buy", "custodian", BOUGHT)],
    ),
    "a first purchase that the custodian lacks": Case(
        book={"X": "10"}, custodian={}, events=[("E1", "reinvest", "X", "10")],
        found=[("X", "missing_buy", "custodian", BOUGHT)],
    ),
    "a sale that the custodian lacks": Case(
        book={"X": "5"}, custodian={"X": "15"}, events=[("E1", "sell", "X", "-4"), ("E1", "sell", "X", "-6")],
        found=[("X", "missing_sell", "custodian", BOUGHT)],
    ),
    "all sales of the night": Case(
        book={}, custodian={"X": "10"}, events=[("E1", "sell", "X", "-4"), ("E2", "sell", "X", "-6")],
        found=[("X", "missing_sell", "custodian", "booked tonight by 2 events, which the custodian does not show")],
    ),
    "a purchase that no activity tells of": Case(
        book={"X": "5"}, custodian={"X": "8"}, ordered=[("X", "buy", "3")], found=[("X", "missing_buy", "book", UNTOLD)]
    ),
    "the rest of a sale that no activity tells of": Case(
        book={"X": "5"}, custodian={"X": "3"}, ordered=[("X", "sell", "9")], events=[("E1", "sell", "X", "-7")],
        found=[("X", "missing_sell", "book", UNTOLD)],
    ),
    "an order that was filled otherwise explains nothing": Case(
        book={"X": "5"}, custodian={"X": "7"}, ordered=[("X", "buy", "3")], found=[("X", "quantity", None, "")]
    ),
    "a purchase on the wrong side explains nothing": Case(
        book={"X": "5"}, custodian={"X": "12"}, events=[("E1", "buy", "X", "7")], found=[("X", "quantity", None, "")]
    ),
    "a split that the custodian lacks": Case(
        book={"X": "20"}, custodian={"X": "10"}, actions=[SPLIT],
        found=[("X", "corporate_action", "custodian", f"the custodian holds as before the split {TOLD}, 2 for 1")],
    ),
    "a split that the book lacks": Case(
        book={"X": "10"}, custodian={"X": "20"}, actions=[SPLIT],
        found=[("X", "corporate_action", "book", f"the book holds as before the split {TOLD}, 2 for 1")],
    ),
    "an old split explains nothing": Case(
        book={"X": "20"}, custodian={"X": "10.5"}, actions=[SPLIT | {"effective_date": NIGHT - dt.timedelta(31)}],
        found=[("X", "quantity", None, "")],
    ),
    "an action that waits for its terms": Case(
        book={"X": "10"}, custodian={"X": "11"}, actions=[action("spinoff", **UNKNOWN_TERMS)],
        found=[("X", "corporate_action", "book", "the spinoff CA1 of 2026-09-02 is not booked: ratio is missing")],
    ),
    "a merger that the custodian lacks": Case(
        book={"Y": "5"}, custodian={"X": "10"}, actions=[MERGER],
        found=[
            ("X", "corporate_action", "custodian", f"the custodian holds as before the merger {TOLD}, 1 for 2"),
            ("Y", "corporate_action", "custodian", f"the custodian lacks the shares of the merger {TOLD}, 1 for 2"),
        ],
    ),
    "twice the shares, of which no feed tells": Case(
        book={"X": "10"}, custodian={"X": "20"},
        found=[("X", "corporate_action", "book", "as after 2 for 1, of which no feed tells")],
    ),
    "another name for the same shares": Case(
        book={"X": "10.25"}, custodian={"Y": "10.25"},
        found=[
            ("X", "corporate_action", "book", "the custodian holds as many shares of Y, and no feed tells why"),
            ("Y", "corporate_action", "book", "the book holds as many shares of X, and no feed tells why"),
        ],
    ),
    "two names for the same shares explain nothing": Case(
        book={"X": "10"}, custodian={"Y": "10", "Z": "10"},
        found=[("X", "quantity", None, ""), ("Y", "quantity", None, ""), ("Z", "quantity", None, "")],
    ),
    "a security that the book does not have": Case(
        book={}, custodian={"Q": "3"}, found=[("Q", "unknown_security", "book", "the book has no such security")]
    ),
    "a trade goes before a ratio": Case(
        book={"X": "20"}, custodian={"X": "10"}, events=[("E1", "buy", "X", "10")],
        found=[("X", "missing_buy", "custodian", BOUGHT)],
    ),
}  # fmt: skip


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    with Store(tmp_path).reading({}) as opened:
        for schema, statements in TABLES.items():
            opened.execute(f"create schema {schema}")
            opened.execute(f"use {schema}")
            for statement in statements:
                opened.run(f"schema/{statement}")
        opened.execute("use main")
        opened.run("schema/reconciliation/recon_break")
        insert(opened, "shards.account_shard", household_id="H1", account_id=ACCOUNT, shard="s000", wave=0)
        for name in "XYZ":
            facts = dict.fromkeys(("symbol", "name", "sector", "identical_group", "identical_group_next"), name)
            insert(opened, "policies.security", security_id=name, **facts)
        yield opened


def insert(tables: Tables, table: str, **values: object) -> None:
    tables.insert(table, pl.DataFrame([values]))


def fill(tables: Tables, case: Case) -> None:
    for security, shares in case.book.items():
        micro = to_micro(shares)
        insert(
            tables, "lots.sublot", household_id="H1", account_id=ACCOUNT, security_id=security, lot_id="L",
            position_lo=0, position_hi=micro, part_from=0, part_basis_microusd=1,
            acquired_date=NIGHT, purchase_order=0, purchase=True, absorbed=False,
            truncated=False, no_basis=False,
        )  # fmt: skip
    for security, shares in case.custodian.items():
        insert(tables, "positions.position", account_id=ACCOUNT, security_id=security, micro_shares=to_micro(shares))
    for number, (event, kind, security, shares) in enumerate(case.events):
        book_event(tables, event, kind=kind, security_id=security, lot_id=str(number), micro_shares=to_micro(shares))
    tables.run("reconciliation/ordered")
    for security, side, shares in case.ordered:
        insert(tables, "ordered", account_id=ACCOUNT, security_id=security, side=side, micro_shares=to_micro(shares))
    for told in case.actions:
        insert(tables, "actions.known_action", **told)


def book_event(tables: Tables, event_id: str, **facts: object) -> None:
    known: dict[str, object] = {"household_id": "H1", "account_id": ACCOUNT, "effective_date": NIGHT}
    known |= {"micro_shares": 0, "basis_microusd": 0, "cash_microusd": 0}
    insert(tables, "lots.event", **known | {"event_id": event_id} | facts)


def breaks(tables: Tables, *, shares_tolerance_micro: int = 0, cash_tolerance_microusd: int = 10_000) -> pl.DataFrame:
    tables.run("proposals/compared_holding", shard="s000")
    for step in DIFFERENCES + BREAKS:
        tables.run(
            f"reconciliation/{step}",
            night=NIGHT,
            shard="s000",
            shares_tolerance_micro=shares_tolerance_micro,
            cash_tolerance_microusd=cash_tolerance_microusd,
        )
    return tables.select("from recon_break order by account_id, kind, security_id")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_difference_is_explained_by_what_makes_up_all_of_it(tables: Tables, case: Case) -> None:
    fill(tables, case)
    found = breaks(tables).select("security_id", "kind", "missing_at", "explanation").sort("security_id")
    assert found.rows() == case.found


def test_a_difference_within_the_tolerance_is_no_break(tables: Tables) -> None:
    fill(tables, Case(book={"X": "5"}, custodian={"X": "5.01"}, found=[]))
    assert breaks(tables, shares_tolerance_micro=10_000).is_empty()
    assert breaks(tables, shares_tolerance_micro=9_999).height == 1


@pytest.mark.parametrize(
    ("custodian", "explanation"),
    [
        ("100.02", ""),
        ("87.66", "booked tonight by E1 (dividend), which the custodian does not show"),
        ("112.34", ""),
    ],
)
def test_a_difference_in_cash_names_the_event_that_makes_it(tables: Tables, custodian: str, explanation: str) -> None:
    insert(tables, "lots.cash", household_id="H1", account_id=ACCOUNT, cash_microusd=to_micro("100"))
    insert(tables, "positions.custodian_cash", account_id=ACCOUNT, cash_microusd=to_micro(custodian))
    book_event(tables, "E1", kind="dividend", security_id="X", cash_microusd=to_micro("12.34"))
    fill(tables, CASES["no difference"])
    [row] = breaks(tables).iter_rows(named=True)
    assert (row["kind"], row["security_id"], row["explanation"]) == ("cash", None, explanation)
    told = tables.select("select sentence from holding_break")["sentence"].item()
    difference = to_micro(custodian) - to_micro("100")
    assert f"cash: book 100.000000, custodian {custodian}0000, difference {difference / 1e6:.6f} usd" in told


@pytest.mark.parametrize(
    ("difference", "accepted_by", "told"),
    [
        ("-10", "R7", ""),
        ("-9.999999", None, "R7 accepts -9.999999 and no other difference"),
        ("10", None, "R7 accepts 10"),
    ],
)
def test_only_exactly_the_accepted_difference_is_accepted(
    tables: Tables, difference: str, accepted_by: str | None, told: str
) -> None:
    fill(tables, Case(book={"X": "17"}, custodian={"X": "7"}, found=[]))
    insert(
        tables, "policies.acceptance", ruling_id="R7", account_id=ACCOUNT, security_id="X",
        difference_micro=to_micro(difference), reason="late",
    )  # fmt: skip
    [row] = breaks(tables).iter_rows(named=True)
    assert row["accepted_by"] == accepted_by
    assert told in row["explanation"]
    assert tables.select("from holding_break").height == (accepted_by is None)
    accepted = tables.select("select sentences from accepted_break")["sentences"].to_list()
    sentence = "accepted by R7 (late): quantity X: book 17.000000, custodian 7.000000, difference -10.000000 shares"
    assert accepted == ([sentence] if accepted_by else [])
