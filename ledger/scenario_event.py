"""One event of a scenario file, read into the ledger's own form or refused with its place."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from ledger.errors import InputError
from ledger.events import Account, Buy, Event, Merger, ReturnOfCapital, Sell, SpinOff, Split, Transfer


class ScenarioError(InputError):
    """A scenario file breaks its form; nothing was replayed."""

    code = "SCEN-001"


@dataclasses.dataclass(frozen=True, slots=True)
class EventReader:
    """Reads one event of a scenario."""

    facts: Mapping[str, Any]
    place: str
    order: int
    accounts: Mapping[str, Account]

    def event(self) -> Event:
        """Return the event, whatever its type."""
        readers: dict[str, Callable[[], Event]] = {
            "buy": self._buy,
            "drip": self._buy,
            "sell": self._sell,
            "split": self._split,
            "spinoff": self._spin_off,
            "merger": self._merger,
            "roc": self._return_of_capital,
            "transfer": self._transfer,
        }
        kind = self.facts.get("type")
        if kind not in readers:
            raise self._error(f"the type {kind!r}", f"one of {', '.join(readers)}")
        return readers[kind]()

    def _buy(self) -> Buy:
        lot = self._name("lot")
        return Buy(
            **self._common(f"{lot}#{self.order}"),
            account=self._account("acct"),
            lot=lot,
            shares=self._number("qty", above_zero=True),
            amount=self._number("amount"),
        )

    def _sell(self) -> Sell:
        named = self.facts.get("lots")
        lots = tuple(
            (str(lot), self._amount(shares, f"lots {lot}", above_zero=True)) for lot, shares in (named or {}).items()
        )
        shares = sum((shares for _, shares in lots), Fraction(0)) if lots else self._number("qty", above_zero=True)
        return Sell(
            **self._common(self._name("id")),
            account=self._account("acct"),
            proceeds=self._number("proceeds"),
            shares=shares,
            lots=lots,
        )

    def _split(self) -> Split:
        return Split(
            **self._common(self._name("id")),
            ratio=self._number("ratio", above_zero=True),
            cash_in_lieu=self._optional("cil_price"),
        )

    def _spin_off(self) -> SpinOff:
        return SpinOff(
            **self._common(self._name("id")),
            new_security=self._name("new_sec"),
            ratio=self._number("ratio", above_zero=True),
            fmv_old=self._number("fmv_parent", above_zero=True),
            fmv_new=self._number("fmv_child", above_zero=True),
            cash_in_lieu=self._optional("cil_price"),
        )

    def _merger(self) -> Merger:
        kind = self.facts.get("kind")
        if kind not in ("stock", "boot", "taxable"):
            raise self._error(f"the kind {kind!r}", "stock, boot or taxable")
        cash_only = kind == "taxable" and self.facts.get("new_sec") is None
        return Merger(
            **self._common(self._name("id")),
            new_security=self._name("sec" if cash_only else "new_sec"),
            ratio=Fraction(0) if cash_only else self._number("ratio", above_zero=True),
            kind=kind,
            cash=self._optional("cash") or Fraction(0),
            fmv_new=None if cash_only or kind == "stock" else self._number("fmv_new", above_zero=True),
            cash_in_lieu=self._optional("cil_price"),
        )

    def _return_of_capital(self) -> ReturnOfCapital:
        return ReturnOfCapital(**self._common(self._name("id")), per_share=self._number("per_share", above_zero=True))

    def _transfer(self) -> Transfer:
        giver, receiver = self._account("from"), self._account("to")
        if self.accounts[giver].household_id != self.accounts[receiver].household_id:
            raise self._error(f"a transfer from {giver} to {receiver}, of another household", "one household")
        if self.accounts[giver].retirement != self.accounts[receiver].retirement:
            raise self._error(f"a transfer from {giver} to {receiver}", "accounts of one kind")
        return Transfer(
            **self._common(f"transfer#{self.order}"), account=giver, receiver=receiver, lot=self._name("lot")
        )

    def _common(self, event_id: str) -> dict[str, Any]:
        return {"date": self._date(), "event_id": event_id, "security": self._name("sec"), "order": self.order}

    def _date(self) -> dt.date:
        try:
            return dt.date.fromisoformat(str(self.facts.get("date")))
        except ValueError:
            raise self._error(f"the date {self.facts.get('date')!r}", "an ISO date") from None

    def _name(self, field: str) -> str:
        value = self.facts.get(field)
        if not isinstance(value, str) or not value:
            raise self._error(f"{field} {value!r}", "a name")
        return value

    def _account(self, field: str) -> str:
        name = self._name(field)
        if name not in self.accounts:
            raise self._error(f"the account {name}", f"one of {', '.join(self.accounts)}")
        return name

    def _optional(self, field: str) -> Fraction | None:
        return None if self.facts.get(field) is None else self._number(field)

    def _number(self, field: str, *, above_zero: bool = False) -> Fraction:
        return self._amount(self.facts.get(field), field, above_zero=above_zero)

    def _amount(self, value: object, field: str, *, above_zero: bool) -> Fraction:
        try:
            number = Fraction(str(value))
        except (ValueError, ZeroDivisionError):
            raise self._error(f"{field} {value!r}", "a decimal number or a fraction") from None
        if number < 0 or (above_zero and number == 0):
            raise self._error(f"{field} {value}", "more than zero" if above_zero else "zero or more")
        return number

    def _error(self, found: str, expected: str) -> ScenarioError:
        return ScenarioError(where=self.place, found=found, expected=expected, remedy="Mend the scenario file.")
