"""Random histories of many households, dense where the law is: day trades, chains, splits inside windows, IRAs.

Amounts are chosen so that every division comes out even in micro-units: the oracle's fractions and the production
ledger's integers must then agree in every row.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from ledger.blocks import Books
from ledger.events import Account, Buy, Event, Sell, Transfer
from ledger.policy import Readings
from ledger.scenario import Row, parse
from ledger.sequential import Ledger

ACCOUNTS = (("T1", "taxable", "one"), ("T2", "taxable", "two"), ("IRA", "ira", "one"))
SECURITIES = ("X", "XB", "Y")
GROUPS = {"X": "X*", "XB": "X*"}


ACTIONS = ("split", "split", "spinoff", "roc", "boot", "taxable", "stock")


def history(
    seed: int,
    *,
    households: int,
    days: int,
    readings: Readings | None = None,
    actions: Sequence[str] = ACTIONS,
    sessions: Sequence[dt.date] | None = None,
) -> dict[str, Any]:
    """Return a scenario document with the events of ``households`` on ``days`` days, checked at the middle and end.

    The days are the first of ``sessions``, or else days with gaps that play about the edges of the window.
    """
    writer = _Writer(random.Random(seed), households, readings or Readings(), actions)
    return writer.document(seed, list(sessions or writer.days(days))[:days])


def by_household(events: Sequence[Event], accounts: Mapping[str, Account]) -> dict[str, list[Event]]:
    """Return each household's events; corporate actions concern every one."""
    households = sorted({account.household_id for account in accounts.values()}, key=lambda name: (len(name), name))
    return {
        household: [
            event
            for event in events
            if not isinstance(event, Buy | Sell | Transfer) or accounts[event.account].household_id == household
        ]
        for household in households
    }


@dataclasses.dataclass
class _Writer:
    dice: random.Random
    households: int
    readings: Readings
    kinds_of_action: Sequence[str]
    events: list[Row] = dataclasses.field(default_factory=list)
    splits: int = 0

    def days(self, number: int) -> list[dt.date]:
        gaps = [1 + self.dice.choice((0, 1, 1, 2, 3, 7, 15, 29, 30, 31)) for _ in range(number)]
        return [dt.date(2023, 11, 20) + dt.timedelta(days=sum(gaps[:index])) for index in range(number)]

    def document(self, seed: int, days: Sequence[dt.date]) -> dict[str, Any]:
        header = {
            "id": f"seed {seed}",
            "accounts": {
                f"H{number}.{name}": {"household": f"H{number}", "kind": kind, "owner": f"{number}.{owner}"}
                for number in range(self.households)
                for name, kind, owner in ACCOUNTS
            },
            "groups": GROUPS,
            "policy": dataclasses.asdict(self.readings),
        }
        accounts = parse({**header, "events": []}).accounts
        ledgers = {
            household: Ledger(
                Books({name: facts for name, facts in accounts.items() if facts.household_id == household}, GROUPS),
                self.readings,
            )
            for household in (f"H{number}" for number in range(self.households))
        }
        checks = []
        for number, day in enumerate(days):
            start = len(self.events)
            self._day(day, ledgers)
            for household, events in by_household(self._parsed(header, start), accounts).items():
                ledgers[household].book_day(day, events)
                assert not ledgers[household].refused, ledgers[household].refused[0]
            if number in (len(days) // 2, len(days) - 1):
                checks.append({"as_of": day.isoformat()})
        return {**header, "events": self.events, "checks": checks}

    def _parsed(self, header: dict[str, Any], start: int) -> list[Event]:
        """Return today's events with the places in the file that they have in the whole document."""
        filler = {"date": "2000-01-01", "type": "roc", "sec": "-", "per_share": "1"}
        earlier = [{**filler, "id": f"filler {number}"} for number in range(start)]
        return list(parse({**header, "events": earlier + self.events[start:]}).events[start:])

    def _day(self, day: dt.date, ledgers: Mapping[str, Ledger]) -> None:
        changing: set[str] = set()
        if self.kinds_of_action and self.dice.random() < 0.25:
            changing = self._action(day)
        for household, ledger in ledgers.items():
            self._household(day, ledger.books, household, changing)

    def _action(self, day: dt.date) -> set[str]:
        """Add one corporate action; return the securities whose open lots are not to be sold by name today."""
        kind = self.dice.choice(self.kinds_of_action)
        common = {"date": day.isoformat(), "id": f"A{len(self.events)}"}
        if kind == "split" and self.splits < 4:
            self.splits += 1
            security = self.dice.choice(SECURITIES)
            row = {"type": "split", "sec": security, "ratio": self.dice.choice(("2", "1/2", "5/4", "3/2"))}
            if self.dice.random() < 0.5:
                row["cil_price"] = "20"
            self.events.append({**common, **row})
            return {security}
        if kind == "spinoff":
            row = {"sec": "Y", "new_sec": "Z", "ratio": "1/2", "fmv_parent": "15", "fmv_child": "10"}
            self.events.append({**common, "type": "spinoff", **row})
            return {"Y", "Z"}
        if kind == "roc":
            self.events.append({**common, "type": "roc", "sec": "X", "per_share": self.dice.choice(("1", "40"))})
            return {"X"}
        merger = {"type": "merger", "sec": "Z", "new_sec": "XB", "ratio": "2", "kind": kind}
        if kind in ("boot", "taxable"):
            merger |= {"cash": self.dice.choice(("1", "6")), "fmv_new": self.dice.choice(("5", "25"))}
        if kind != "split":
            self.events.append({**common, **merger})
            return {"Z", "XB"}
        return set()

    def _household(self, day: dt.date, books: Books, household: str, changing: set[str]) -> None:
        """Add what one household does: it buys, then sells lots of before and of today, and moves one at times."""
        rows: list[Row] = []
        for _ in range(self.dice.choice((0, 0, 1, 1, 2, 3))):
            account = f"{household}.{self.dice.choice(('T1', 'T1', 'T2', 'IRA'))}"
            security = self.dice.choice(SECURITIES)
            bought = self.dice.choice((1, 2, 4, 10))
            rows.append(
                {
                    "type": self.dice.choice(("buy", "buy", "drip")),
                    "acct": account,
                    "sec": security,
                    "lot": f"L{len(self.events) + len(rows)}",
                    "qty": str(bought),
                    "amount": str(bought * self.dice.choice((10, 20, 30, 50))),
                }
            )
        held = [
            (key, books.open_shares(key))
            for key in sorted(books.lots)
            if key[0].startswith(f"{household}.") and key[1] not in changing
        ]
        held += [
            ((row["acct"], row["sec"], row["lot"]), Fraction(row["qty"])) for row in rows if row["sec"] not in changing
        ]
        self.dice.shuffle(held)
        leaving = held[: self.dice.choice((0, 0, 1, 1, 2, 4))]
        for key, shares in leaving:
            # Oldest shares may be sold only where nothing else of the holding leaves: the others are spoken for.
            alone = [other[:2] for other, _ in leaving].count(key[:2]) == 1
            if self.dice.random() < 0.08 and key in books.lots and key[0].rpartition(".")[2] != "IRA":
                other = f"{household}.{'T2' if key[0].endswith('T1') else 'T1'}"
                move = {"type": "transfer", "sec": key[1], "from": key[0], "to": other, "lot": key[2]}
                some = shares if self.dice.random() < 0.7 else Fraction(self.dice.randint(1, max(1, int(shares))))
                rows.append({**move, "qty": str(min(some, shares))})
                continue
            rows.append(self._sale(key, shares, oldest=alone and self.dice.random() < 0.15))
        for row in rows:
            row["date"] = day.isoformat()
        self.events += rows

    def _sale(self, key: tuple[str, str, str], shares: Fraction, *, oldest: bool) -> Row:
        """Return a sale of all or some of a lot, or of as many of the account's ``oldest`` shares."""
        some = shares if shares <= 1 or self.dice.random() < 0.5 else Fraction(self.dice.randint(1, int(shares)))
        row: Row = {
            "type": "sell",
            "acct": key[0],
            "sec": key[1],
            "id": f"S{key[2]}.{len(self.events)}.{self.dice.getrandbits(40):x}",
            "proceeds": str(some * self.dice.choice((5, 10, 15, 20, 40))),
        }
        return {**row, "qty": str(some)} if oldest else {**row, "lots": {key[2]: str(some)}}
