"""One event of a scenario file, read into the ledger's own form or refused with its place."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from ledger.errors import InputError
from ledger.events import Account, Buy, Event, Merger, ReturnOfCapital, Sell, SpinOff, Split, Transfer


class ScenarioError(InputError):
    """A scenario file breaks its form; nothing was replayed."""

    code = "SCEN-001"


FIELDS = {
    "buy": {"acct", "lot", "qty", "amount"},
    "drip": {"acct", "lot", "qty", "amount"},
    "sell": {"acct", "id", "proceeds", "lots", "qty"},
    "split": {"id", "ratio", "cil_price"},
    "spinoff": {"id", "new_sec", "ratio", "fmv_parent", "fmv_child", "cil_price"},
    "merger": {"id", "new_sec", "ratio", "kind", "cash", "fmv_new", "cil_price"},
    "roc": {"id", "per_share"},
    "transfer": {"from", "to", "lot", "qty"},
}
COMMON_FIELDS = {"type", "date", "sec"}
REMARKS = {"title", "why", "note", "comment", "source"}
AMOUNT = re.compile(r"-?\d{1,13}(\.\d{1,12})?|-?\d{1,13}/0*[1-9]\d{0,11}", re.ASCII)
AMOUNT_MAX = 10**12
"""Dollars or shares of one event: a million times as many micro-units are still an integer of 64 bits."""
RATIO_TERM_MAX = 10**9
FIRST_YEAR, LAST_YEAR = 1900, 2999


def iso_date(text: object) -> dt.date | None:
    """Return the date written ``YYYY-MM-DD``; None for any other text, and for years nobody trades in."""
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return None
    try:
        date = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return date if FIRST_YEAR <= date.year <= LAST_YEAR else None


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
        known = FIELDS[str(kind)] | COMMON_FIELDS | REMARKS
        unknown = sorted(str(field) for field in self.facts if field not in known)
        if unknown:
            raise self._error(f"the field {unknown[0]} of a {kind}", f"one of {', '.join(sorted(known))}")
        return readers[str(kind)]()

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
        if named is not None and not isinstance(named, Mapping):
            raise self._error(f"lots {named!r}", "an object of shares by lot")
        lots = tuple(
            (str(lot), self._amount(shares, f"lots {lot}", above_zero=True)) for lot, shares in (named or {}).items()
        )
        shares = sum((shares for _, shares in lots), Fraction(0)) if lots else self._number("qty", above_zero=True)
        if "qty" in self.facts and self._number("qty", above_zero=True) != shares:
            raise self._error(f"qty {self.facts['qty']}", f"{shares}, the sum of its lots")
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
            ratio=self._ratio(),
            cash_in_lieu=self._optional("cil_price"),
        )

    def _spin_off(self) -> SpinOff:
        return SpinOff(
            **self._common(self._name("id")),
            new_security=self._other_security(),
            ratio=self._ratio(),
            fmv_old=self._number("fmv_parent", above_zero=True),
            fmv_new=self._number("fmv_child", above_zero=True),
            cash_in_lieu=self._optional("cil_price"),
        )

    def _merger(self) -> Merger:
        kind = self.facts.get("kind")
        if kind not in ("stock", "boot", "taxable"):
            raise self._error(f"the kind {kind!r}", "stock, boot or taxable")
        cash_only = kind == "taxable" and self.facts.get("new_sec") is None
        cash = self._optional("cash") or Fraction(0)
        if kind == "stock" and cash > 0:
            raise self._error(f"a stock merger that pays cash of {cash}", "the kind boot where cash is paid")
        if cash_only and cash == 0:
            raise self._error("a merger into nothing, without cash", "cash, or a new_sec")
        return Merger(
            **self._common(self._name("id")),
            new_security=self._name("sec") if cash_only else self._other_security(),
            ratio=Fraction(0) if cash_only else self._ratio(),
            kind=kind,
            cash=cash,
            fmv_new=None if cash_only or kind == "stock" else self._number("fmv_new", above_zero=True),
            cash_in_lieu=self._optional("cil_price"),
        )

    def _return_of_capital(self) -> ReturnOfCapital:
        return ReturnOfCapital(**self._common(self._name("id")), per_share=self._number("per_share", above_zero=True))

    def _transfer(self) -> Transfer:
        giver, receiver = self._account("from"), self._account("to")
        if giver == receiver:
            raise self._error(f"a transfer from {giver} to itself", "another account")
        if self.accounts[giver].household_id != self.accounts[receiver].household_id:
            raise self._error(f"a transfer from {giver} to {receiver}, of another household", "one household")
        if self.accounts[giver].retirement != self.accounts[receiver].retirement:
            raise self._error(f"a transfer from {giver} to {receiver}", "accounts of one kind")
        return Transfer(
            **self._common(f"transfer#{self.order}"),
            account=giver,
            receiver=receiver,
            lot=self._name("lot"),
            shares=self._number("qty", above_zero=True) if "qty" in self.facts else None,
        )

    def _common(self, event_id: str) -> dict[str, Any]:
        return {"date": self._date(), "event_id": event_id, "security": self._name("sec"), "order": self.order}

    def _date(self) -> dt.date:
        date = iso_date(self.facts.get("date"))
        if date is None:
            expected = f"an ISO date from {FIRST_YEAR} to {LAST_YEAR}"
            raise self._error(f"the date {self.facts.get('date')!r}", expected)
        return date

    def _other_security(self) -> str:
        name = self._name("new_sec")
        if name == self._name("sec"):
            raise self._error(f"the new_sec {name}, which is the old one", "another security")
        return name

    def _ratio(self) -> Fraction:
        ratio = self._number("ratio", above_zero=True)
        if max(ratio.numerator, ratio.denominator) > RATIO_TERM_MAX:
            raise self._error(f"ratio {self.facts['ratio']}", f"terms of at most {RATIO_TERM_MAX}")
        return ratio

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
        text = str(value)
        if not AMOUNT.fullmatch(text):
            shown = repr(value) if len(text) <= 40 else f"{text[:40]!r}..."
            raise self._error(f"{field} {shown}", "a decimal number or a fraction, such as 12.5 or 1/3")
        number = Fraction(text)
        if abs(number) > AMOUNT_MAX:
            raise self._error(f"{field} {value}", f"at most {AMOUNT_MAX}")
        if number < 0 or (above_zero and number == 0):
            raise self._error(f"{field} {value}", "more than zero" if above_zero else "zero or more")
        return number

    def _error(self, found: str, expected: str) -> ScenarioError:
        return ScenarioError(where=self.place, found=found, expected=expected, remedy="Mend the scenario file.")
