"""What a custodian would report, night by night: drawn from a seed and the lots that are open.

Of what is drawn for a night some is reported in time, some sessions late, some wrongly first and corrected later, and
some that never was is reported and cancelled later.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

import numpy as np
import polars as pl

from assets.store import Tables
from pipelines.market import MarketNight

Row = dict[str, object]

TRADES = 12
"""Drawn each night, on average."""
LATE, WRONG, NEVER = 0.01, 0.01, 0.005
"""Parts of the purchases and sales that arrive late, are corrected later, and never were."""
DELAY_MAX = 15
"""Sessions after which the last of them has arrived."""
OPEN = """
    select sublot.household_id, sublot.account_id, sublot.security_id, sublot.lot_id,
        sum(sublot.position_hi - sublot.position_lo)::bigint as micro_shares, any_value(price.close_microusd) as close,
        bool_or(not price.trusted or price.sessions_stale > 0) as stale
    from lots.sublot
    join prices.price using (security_id)
    group by all
    order by all
"""


@dataclasses.dataclass
class Stream:
    """The custodian's reports; `night` draws them in order, `in_time` gives the same facts as they happened."""

    seed: int
    nights: Sequence[dt.date]
    replayed: dict[dt.date, list[Row]] | None = None

    def __post_init__(self) -> None:
        self.dice = np.random.default_rng(self.seed)
        self.reports: dict[dt.date, list[Row]] = {}
        self.facts: dict[dt.date, list[Row]] = {}
        self.reserved: set[tuple[str, str, str]] = set()
        self.counts: dict[str, int] = {}
        self.number = 0

    def in_time(self) -> Stream:
        """Return a stream that reports everything that was, and nothing else, on its own night."""
        return Stream(self.seed, self.nights, replayed=self.facts)

    def night(
        self, night: dt.date, *, tables: Tables, market: MarketNight, accounts: Sequence[dict[str, str]]
    ) -> list[Row]:
        """Return the rows of the file of ``night``."""
        if self.replayed is not None:
            return sorted(self.replayed.get(night, []), key=lambda row: str(row["event_id"]))
        held = tables.select(OPEN)
        frozen = set(tables.select("select security_id from actions.frozen_security")["security_id"])
        closes = dict(market.prices.select("security_id", "close_microusd").iter_rows())
        facts = self._dividends(night, held=held, market=market)
        buyable = sorted(closes.keys() - frozen)
        for _ in range(int(self.dice.poisson(TRADES))):
            facts += self._trade(night, held=held, closes=closes, buyable=buyable, accounts=accounts)
        self.facts[night] = facts
        for fact in facts:
            self._report(night, fact)
        return sorted(self.reports.pop(night, []), key=lambda row: str(row["event_id"]))

    def _trade(
        self,
        night: dt.date,
        *,
        held: pl.DataFrame,
        closes: dict[str, int],
        buyable: Sequence[str],
        accounts: Sequence[dict[str, str]],
    ) -> list[Row]:
        """Return the rows of one purchase, sale, transfer or fee."""
        kind = self.dice.choice(["buy", "sell", "transfer", "fee"], p=[0.45, 0.45, 0.07, 0.03])
        if kind == "fee":
            account = accounts[int(self.dice.integers(len(accounts)))]["account_id"]
            return [self._row(night, "fee", account, amount_microusd=5_000_000)]
        lot = held.row(int(self.dice.integers(held.height)), named=True)
        if kind == "buy":
            # Half of the purchases are of names that the account has, so that losses find replacements.
            again = self.dice.random() < 0.5 and lot["security_id"] in buyable
            name = lot["security_id"] if again else str(self.dice.choice(buyable))
            shares = int(self.dice.integers(1, 60))
            facts = {"security_id": name, "micro_shares": shares * 1_000_000, "amount_microusd": closes[name] * shares}
            return [self._row(night, "buy", lot["account_id"], **facts)]
        key = (lot["account_id"], lot["security_id"], lot["lot_id"])
        if key in self.reserved or lot["security_id"] not in closes:
            return []
        self.reserved.add(key)
        if kind == "transfer":
            return self._transfer(night, lot=lot, accounts=accounts)
        shares = lot["micro_shares"] if self.dice.random() < 0.5 else max(1, lot["micro_shares"] // 3)
        amount = closes[lot["security_id"]] * shares // 1_000_000
        facts = {"security_id": lot["security_id"], "lot_id": lot["lot_id"], "micro_shares": shares}
        return [self._row(night, "sell", lot["account_id"], **facts, amount_microusd=amount)]

    def _transfer(self, night: dt.date, *, lot: Row, accounts: Sequence[dict[str, str]]) -> list[Row]:
        """Return both sides of a move of the whole lot to another account of the household, if it has one."""
        retirement = {row["account_id"]: row["registration"] in ("ira", "roth") for row in accounts}
        account = str(lot["account_id"])
        others = [
            row["account_id"]
            for row in accounts
            if row["household_id"] == lot["household_id"]
            and row["account_id"] != account
            and retirement[row["account_id"]] == retirement[account]
        ]
        if not others:
            return []
        facts = {name: lot[name] for name in ("security_id", "lot_id", "micro_shares")}
        return [
            self._row(night, "transfer_out", account, **facts),
            self._row(night, "transfer_in", others[0], **facts, amount_microusd=0),
        ]

    def _dividends(self, night: dt.date, *, held: pl.DataFrame, market: MarketNight) -> list[Row]:
        """Return what tonight's dividends pay on the shares held before it."""
        paying = market.corporate_actions.filter(
            pl.col("kind") == "cash_dividend", pl.col("cash_microusd").is_not_null()
        )
        shares = held.group_by("account_id", "security_id").agg(pl.col("micro_shares").sum())
        owed = shares.join(paying.select("security_id", "cash_microusd"), on="security_id").sort(
            "account_id", "security_id"
        )
        return [
            self._row(night, "dividend", account, security_id=name, amount_microusd=count * cash // 1_000_000)
            for account, name, count, cash in owed.iter_rows()
        ]

    def _row(self, night: dt.date, kind: str, account: str, **facts: object) -> Row:
        self.number += 1
        self.counts[kind] = self.counts.get(kind, 0) + 1
        empty = dict.fromkeys(("security_id", "lot_id", "micro_shares", "amount_microusd", "supersedes"))
        return {
            "event_id": f"E{self.number:06d}",
            "account_id": account,
            "kind": kind,
            "trade_date": night,
            **empty,
            **facts,
        }

    def _report(self, night: dt.date, fact: Row) -> None:
        """Put ``fact`` into the file in which it arrives, and what is wrong of it before."""
        later = self._later(night)
        fate = self.dice.random() if fact["kind"] in ("buy", "sell", "dividend") else 1.0
        if later is None or fate >= LATE + WRONG + NEVER:
            self._file(night, fact)
        elif fate < LATE:
            self.counts["late"] = self.counts.get("late", 0) + 1
            self._file(later, fact)
        elif fate < LATE + WRONG:
            self.counts["corrected"] = self.counts.get("corrected", 0) + 1
            amount = fact["amount_microusd"]
            assert isinstance(amount, int)
            wrong = {**fact, "event_id": f"{fact['event_id']}wrong", "amount_microusd": amount + 1_230_000}
            # A purchase without a lot is a lot named as its event: what corrects it keeps the lot's name its own.
            self._file(night, wrong)
            self._file(later, {**fact, "supersedes": wrong["event_id"]})
        else:
            self.counts["cancelled"] = self.counts.get("cancelled", 0) + 1
            never = {
                **fact,
                "event_id": f"{fact['event_id']}never",
                "kind": "dividend",
                "lot_id": None,
                "micro_shares": None,
            }
            cancel = dict.fromkeys(fact) | {"account_id": fact["account_id"], "kind": "cancel", "trade_date": later}
            self._file(night, fact)
            self._file(night, never)
            self._file(later, {**cancel, "event_id": f"{fact['event_id']}cancel", "supersedes": never["event_id"]})

    def _file(self, night: dt.date, row: Row) -> None:
        self.reports.setdefault(night, []).append(row)

    def _later(self, night: dt.date) -> dt.date | None:
        """Return the session in which something of ``night`` arrives late; None near the end of the period."""
        place = self.nights.index(night) + 1 + int(self.dice.integers(DELAY_MAX))
        return self.nights[place] if place < len(self.nights) else None
