"""The simulated custodian's lots: its own record, kept by the sequential ledger on each account by itself.

A broker books row by row what happens in one account, in exact fractions, and knows of no other account: so this is
the oracle of `ledger/`, not the statements of the night, and what it sends is a check of them. It keeps no state:
every session is replayed from the opening lots, which suits books of some hundred accounts.

Shares of a split are kept exactly here and rounded lot by lot when they are told; the night rounds by account. So a
sale of a whole lot may ask for some millionths of a share more or less than this record has (`DUST`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import polars as pl

from assets.book import Book
from assets.sessions import sessions_between
from ledger.amounts import MICRO, to_micro
from ledger.blocks import Books, Part
from ledger.events import Account, Buy, Event, Sell, SpinOff, Split
from ledger.policy import Readings
from ledger.scenario import Row
from ledger.sequential import Ledger
from pipelines.feed_tables import micro, read_table

DUST = Fraction(10, MICRO)
"""Shares of a lot below which it is gone."""
COLUMNS = {
    "account_id": pl.String,
    "lot_id": pl.String,
    "security_id": pl.String,
    "acquired_date": pl.Date,
    "holding_start_date": pl.Date,
    "micro_shares": pl.Int64,
    "basis_microusd": pl.Int64,
}
LedgerKey = tuple[str, str]
"""An account and the first of the securities that corporate actions tie together."""


@dataclasses.dataclass(slots=True)
class _Record:
    """The custodian's lots of all accounts, a ledger for each account and family of securities."""

    readings: Readings
    retirement: Mapping[str, bool]
    families: Mapping[str, str]
    ledgers: dict[LedgerKey, Ledger] = dataclasses.field(default_factory=dict)

    def of(self, account: str, security: str) -> Ledger:
        """Return the ledger that keeps ``security`` in ``account``."""
        key = (account, self.families.get(security, security))
        if key not in self.ledgers:
            # The account is its own household, and every security its own group: what a broker sees.
            accounts = {account: Account(account, account, account, self.retirement[account])}
            self.ledgers[key] = Ledger(Books(accounts, {}), self.readings)
        return self.ledgers[key]

    def book_day(self, day: dt.date, *, actions: Sequence[Split | SpinOff], trades: Sequence[Buy | Sell]) -> None:
        """Book one session: its corporate actions in every account that holds the name, and its trades."""
        events: dict[LedgerKey, list[Event]] = {}
        for action in actions:
            family = self.families.get(action.security, action.security)
            for key in self.ledgers:
                if key[1] == family:
                    events.setdefault(key, []).append(action)
        for trade in trades:
            self.of(trade.account, trade.security)
            key = (trade.account, self.families.get(trade.security, trade.security))
            events.setdefault(key, []).append(trade)
        for key, happened in events.items():
            ledger = self.ledgers[key]
            # What this record cannot book changes nothing in it; the night refuses it by itself, and says why.
            ledger.book_day(day, [_as_held(event, ledger.books, actions) for event in happened])
            _drop_dust(ledger.books)

    def rows(self) -> list[Row]:
        """Return every open lot, a row for each holding start within it."""
        told: dict[tuple[str, str, str, dt.date], Row] = {}
        parts = [part for ledger in self.ledgers.values() for lot in ledger.books.lots.values() for part in lot]
        for part in parts:
            account, security, lot = part.key
            row = told.setdefault(
                (account, security, lot, part.holding_start),
                {"acquired_date": part.acquired, "shares": Fraction(0), "basis": Fraction(0)},
            )
            row["shares"] += part.shares
            row["basis"] += part.basis
        return [
            {
                "account_id": account,
                "lot_id": lot,
                "security_id": security,
                "acquired_date": row["acquired_date"],
                "holding_start_date": start,
                "micro_shares": to_micro(row["shares"]),
                "basis_microusd": to_micro(row["basis"]),
            }
            for (account, security, lot, start), row in sorted(told.items())
        ]


def custodian_lots(book: Book, *, session: dt.date, folder: Path) -> pl.DataFrame:
    """Return the custodian's lots at the close of ``session``, whose feeds are in ``folder``: the rows of the feed.

    Raises
    ------
    FeedError
        Where a feed of an earlier session is missing.
    """
    first = book.settings.book.first_night
    nights = sessions_between(first=first, last=session)[1:]
    folders = {night: folder if night == session else book.feeds(night) for night in nights}
    actions = {night: _actions(folders[night], night) for night in nights}
    trades = _trades(list(folders.values()), by_row=book.settings.custodian.same_day_order == "exec")
    accounts = read_table(folder=book.path / "static", name="accounts")
    record = _Record(
        readings=book.settings.custodian.readings(),
        retirement={
            account: kind in ("ira", "roth")
            for account, kind in accounts.select("account_id", "registration").iter_rows()
        },
        families=_families([action for night in nights for action in actions[night]]),
    )
    for part in _opening(book):
        record.of(part.key[0], part.key[1]).books.add(part)
    for night in nights:
        record.book_day(night, actions=actions[night], trades=trades.get(night, []))
    return pl.DataFrame(record.rows(), schema=COLUMNS)


def _opening(book: Book) -> list[Part]:
    lots = read_table(folder=book.path / "static", name="opening_lots").with_columns(
        micro("shares", alias="micro_shares"),
        micro("basis_usd", alias="basis_microusd"),
        _date("acquired_date"),
        begins=pl.coalesce(_date("holding_start_date"), _date("acquired_date")),
    )
    parts = []
    for row in lots.iter_rows(named=True):
        key = (row["account_id"], row["security_id"], row["lot_id"])
        shares, basis = Fraction(row["micro_shares"], MICRO), Fraction(row["basis_microusd"], MICRO)
        acquired, begins = row["acquired_date"], row["begins"]
        parts.append(Part(key, shares, basis, acquired, 0, begins, True, begins < acquired, (*key, acquired)))
    return parts


def _date(column: str) -> pl.Expr:
    """Return a column of dates, which a CSV file has as text and a Parquet file as dates."""
    return pl.col(column).cast(pl.String).str.to_date()


def _trades(folders: Sequence[Path], *, by_row: bool) -> dict[dt.date, list[Buy | Sell]]:
    """Return the purchases and sales of all activity feeds by trade date, in the order of their names.

    Late events stand on their day, and superseded ones are left out: a record that is made anew needs no correction.
    """
    files = pl.concat([_activity(folder) for folder in folders])
    superseded = files.select(event_id="supersedes").drop_nulls()
    rows = files.filter(pl.col("kind").is_in(["buy", "reinvest", "sell"])).join(superseded, on="event_id", how="anti")
    rows = rows.drop_nulls(["security_id", "micro_shares", "amount_microusd"]).sort("trade_date", "event_id")
    trades: dict[dt.date, list[Buy | Sell]] = {}
    for place, row in enumerate(rows.iter_rows(named=True), start=1):
        shares, amount = Fraction(row["micro_shares"], MICRO), Fraction(row["amount_microusd"], MICRO)
        common = {"date": row["trade_date"], "event_id": row["event_id"], "security": row["security_id"]}
        facts = {**common, "order": place if by_row else 0, "account": row["account_id"], "shares": shares}
        of_day = trades.setdefault(row["trade_date"], [])
        if row["kind"] == "sell":
            named = ((row["lot_id"], shares),) if row["lot_id"] else ()
            of_day.append(Sell(**facts, proceeds=amount, lots=named))
        else:
            of_day.append(Buy(**facts, amount=amount, lot=row["lot_id"] or row["event_id"]))
    return trades


def _activity(folder: Path) -> pl.DataFrame:
    text = ("event_id", "account_id", "kind", "security_id", "lot_id", "supersedes")
    return read_table(folder=folder, name="activity").select(
        *(pl.col(name).cast(pl.String) for name in text),
        _date("trade_date"),
        micro("shares", alias="micro_shares"),
        micro("amount_usd", alias="amount_microusd"),
    )


def _actions(folder: Path, night: dt.date) -> list[Split | SpinOff]:
    """Return the actions of one feed that change lots here: splits, stock dividends, spin-offs."""
    kinds = ("split", "stock_dividend", "spinoff")
    rows = read_table(folder=folder, name="corporate_actions").filter(pl.col("kind").is_in(kinds))
    money = ("fmv_old", "fmv_new", "cash_in_lieu")
    rows = rows.with_columns(micro(f"{name}_usd", alias=f"{name}_microusd") for name in money).sort("action_id")
    actions: list[Split | SpinOff] = []
    for row in rows.iter_rows(named=True):
        common = {"date": night, "event_id": row["action_id"], "security": row["security_id"], "order": 0}
        in_lieu = row["cash_in_lieu_microusd"]
        facts = {
            **common,
            "ratio": Fraction(row["ratio"]),
            "cash_in_lieu": None if in_lieu is None else Fraction(in_lieu, MICRO),
        }
        if row["kind"] == "spinoff":
            old, new = (Fraction(row[f"{name}_microusd"], MICRO) for name in ("fmv_old", "fmv_new"))
            actions.append(SpinOff(**facts, fmv_old=old, fmv_new=new, new_security=row["new_security_id"]))
        else:
            actions.append(Split(**facts))
    return sorted(actions, key=lambda action: isinstance(action, SpinOff))


def _families(actions: Sequence[Split | SpinOff]) -> dict[str, str]:
    """Return, for securities that spin-offs tie together, the first of their family."""
    families: dict[str, str] = {}
    for action in actions:
        if isinstance(action, SpinOff):
            old, new = (families.get(name, name) for name in (action.security, action.new_security))
            families |= {name: old for name, first in families.items() if first == new}
            families |= {action.security: old, action.new_security: old}
    return families


def _as_held(event: Event, books: Books, actions: Sequence[Split | SpinOff]) -> Event:
    """Return a sale of one lot as a sale of all of it, where the two differ by less than ``DUST``."""
    if not isinstance(event, Sell) or not event.lots:
        return event
    [(lot, asked)] = event.lots
    held = books.open_shares((event.account, event.security, lot))
    for action in actions:
        if isinstance(action, Split) and action.security == event.security:
            held *= action.ratio
    if held > 0 and 0 < abs(held - asked) <= DUST:
        return dataclasses.replace(event, shares=held, lots=((lot, held),))
    return event


def _drop_dust(books: Books) -> None:
    for key in [key for key in books.lots if books.open_shares(key) <= DUST]:
        del books.lots[key]
