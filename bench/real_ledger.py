"""The ledger through a real period: `python -m bench.real_ledger --market DIR --from 2015-03-23 --to 2017-12-29`.

A book of simulated accounts holds real names. Night after night the market, the accounts and the ledger run as plain
functions, without a solver. The custodian's stream is simulated from a seed: purchases, sales (at whatever the lot
has lost or gained), transfers, fees, every real dividend; some events late, wrong and corrected, or cancelled. The
terms of every reorganisation arrive some weeks after its day. After each night the audits must find nothing and the
basis must be whole; at the end everything runs again with all that arrived late in time, and must give the same book.
Prints one JSON document.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import json
import platform
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from assets.account_tables import write_account_policies, write_account_shards, write_custodian_activity
from assets.action_tables import write_corporate_actions
from assets.book import Book, BookSettings, General
from assets.lots_tables import write_lots
from assets.market_tables import write_prices
from assets.sessions import session_before, sessions_between
from assets.store import Store, Tables
from assets.wash_tables import write_wash_windows
from bench.custodian_stream import Stream
from pipelines.account_maker import make_accounts
from pipelines.book_toml import book_toml
from pipelines.feed_tables import ACTIVITY_COLUMNS, write_table
from pipelines.market_source import write_market
from pipelines.real_market import RealMarket

SHARD = "s000"
TERMS_FILE = "reorganisations_curated.csv"

STATE = {
    "sublot": "from lots.sublot order by all",
    "open_loss": "from lots.open_loss order by all",
    "cash": "from lots.cash order by all",
    "realized_to_date": "from lots.realized_to_date order by all",
    "refused_event": "select account_id, event_id, code from lots.refused_event order by all",
}
FLOW = """
    select
        (select coalesce(sum(basis_microusd), 0) from lots.event)
        + (select coalesce(sum(disallowed_microusd), 0) from lots.wash_match where not permanent)
        - (select coalesce(sum(basis_microusd), 0) from lots.disposal_piece) as flow,
        (
            select coalesce(sum(part(
                part_basis_microusd, part_shares, position_lo - part_from, position_hi - part_from
            )), 0)
            from lots.sublot
        ) as open_basis,
        (select count(*) from lots.wash_match) as matches,
        (select count(*) from lots.restatement) as restatements,
        (select count(*) from lots.event where kind = 'correction') as corrections
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What is run, and where its files are."""

    market: Path
    first: dt.date
    last: dt.date
    accounts: int
    holdings: int
    seed: int
    terms_lag: int

    @property
    def nights(self) -> list[dt.date]:
        return sessions_between(first=self.first, last=self.last)


@dataclasses.dataclass(slots=True)
class Tally:
    """What the nights did."""

    frozen: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    matches: int = 0
    restatements: int = 0
    nights_restated: int = 0
    corrections: int = 0
    ledger_seconds: list[float] = dataclasses.field(default_factory=list)


def main() -> None:
    """Run the period named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--market", type=Path, required=True)
    parser.add_argument("--from", dest="first", type=dt.date.fromisoformat, default=dt.date(2015, 3, 23))
    parser.add_argument("--to", dest="last", type=dt.date.fromisoformat, default=dt.date(2017, 12, 29))
    parser.add_argument("--accounts", type=int, default=40)
    parser.add_argument("--holdings", type=int, default=40, help="Names that each account begins with.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--terms-lag", type=int, default=30, help="Days from an ex-date to its terms.")
    parser.add_argument("--no-rebuild", action="store_true", help="Do not run everything again in time.")
    options = vars(parser.parse_args())
    rebuild = not options.pop("no_rebuild")
    print(json.dumps(run(Period(**options), rebuild=rebuild), indent=1))


def run(period: Period, *, rebuild: bool) -> dict[str, object]:
    """Run the period and return what it did; an audit, or basis that is not whole, ends it with an error."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        late = Line(Path(folder) / "late", period)
        stream = Stream(seed=period.seed, nights=period.nights)
        tally = late.run(stream)
        seconds = time.perf_counter() - began
        summary = late.summary(stream, tally) | {"seconds": round(seconds, 1)}
        if rebuild:
            print(json.dumps(summary, indent=1), file=sys.stderr, flush=True)
            in_time = Line(Path(folder) / "in_time", dataclasses.replace(period, terms_lag=0))
            in_time.run(stream.in_time())
            assert in_time.state() == late.state(), "the corrected book is not the one built in time"
            summary["same_as_built_in_time"] = True
        return summary


class Line:
    """One book and its nights."""

    def __init__(self, path: Path, period: Period) -> None:
        self.period = period
        self.market = RealMarket(period.market)
        settings = BookSettings(book=General(first_night=period.first, shards=1))
        self.book = Book(path, settings)
        self.store = Store(path)
        (path / "static").mkdir(parents=True)
        (path / "book.toml").write_text(book_toml(settings), encoding="utf-8")
        self._write_static()

    def run(self, stream: Stream) -> Tally:
        """Run every night; what ``stream`` reports of a night is made from the lots of the one before."""
        tally, basis = Tally(), 0
        for night in self.period.nights:
            self._write_feeds(night, stream)
            for write in (write_corporate_actions, write_prices, write_account_policies):
                write(store=self.store, book=self.book, night=night)
            for write in (write_account_shards, write_custodian_activity):
                write(store=self.store, book=self.book, night=night)
            began = time.perf_counter()
            lots = write_lots(store=self.store, book=self.book, night=night, shard=SHARD)
            write_wash_windows(store=self.store, book=self.book, night=night, shard=SHARD)
            tally.ledger_seconds.append(time.perf_counter() - began)
            with self.store.reading(
                {"lots": lots, "actions": self.store.head("corporate_actions", night=night)}
            ) as tables:
                basis = self._account_for(tables, tally, night=night, basis=basis)
        return tally

    def state(self) -> dict[str, list[tuple[object, ...]]]:
        """Return the lots, losses, cash, gains and refusals at the end."""
        with self.store.reading({"lots": self.store.head("lots", night=self.period.last, shard=SHARD)}) as tables:
            return {table: tables.select(query).rows() for table, query in STATE.items()}

    def summary(self, stream: Stream, tally: Tally) -> dict[str, object]:
        """Return the period in figures."""
        versions = {
            "lots": self.store.head("lots", night=self.period.last, shard=SHARD),
            "actions": self.store.head("corporate_actions", night=self.period.last),
        }
        with self.store.reading(versions) as tables:
            actions = tables.select(
                "select kind, count(*) filter (where booked_on = effective_date) as on_time, "
                "count(*) filter (where booked_on > effective_date) as late, "
                "count(*) filter (where booked_on is null) as waiting from actions.known_action group by 1 order by 1"
            ).to_dicts()
            terms = tables.select("from actions.reorganisation order by all").to_dicts()
            waiting = tables.select("select * from actions.frozen_security order by security_id").to_dicts()
            sizes = tables.select(
                "select (select count(*) from lots.sublot) as sublots, "
                "(select count(*) from lots.refused_event) as refused"
            ).to_dicts()[0]
        seconds = np.array(tally.ledger_seconds)
        return {
            "machine": platform.platform(),
            "nights": len(self.period.nights),
            "accounts": self.period.accounts,
            "events": stream.counts,
            "actions": {row.pop("kind"): row for row in actions},
            "terms": [{name: str(value) for name, value in row.items()} for row in terms],
            "frozen": tally.frozen,
            "frozen_at_the_end": [row["security_id"] for row in waiting],
            "wash_matches": tally.matches,
            "restated_rows": tally.restatements,
            "nights_with_restatements": tally.nights_restated,
            "correction_rows": tally.corrections,
            **sizes,
            "ledger_seconds_median": round(float(np.median(seconds)), 3),
            "ledger_seconds_max": round(float(seconds.max()), 3),
        }

    def _account_for(self, tables: Tables, tally: Tally, *, night: dt.date, basis: int) -> int:
        """Hold the night to the basis before it: cost in and deferred losses are basis out and basis open."""
        flow, open_basis, matches, restatements, corrections = tables.select(FLOW).row(0)
        if night != self.period.first:
            assert basis + flow == open_basis, (night, basis, flow, open_basis)
        tally.matches += matches
        tally.restatements += restatements
        tally.nights_restated += restatements > 0
        tally.corrections += corrections
        for name, since in tables.select("select security_id, since from actions.frozen_security").iter_rows():
            spell = tally.frozen.setdefault(f"{name} {since}", [str(night), str(night)])
            spell[1] = str(night)
        return int(open_basis)

    def _write_feeds(self, night: dt.date, stream: Stream) -> None:
        """Write the market and the custodian's stream of ``night``, and the terms that have arrived."""
        folder = self.book.feeds(night)
        folder.mkdir(parents=True)
        told = self.market.night(night)
        write_market(told, folder=folder)
        self._write_terms(night)
        rows: list[dict[str, object]] = []
        if night != self.period.first:
            before = session_before(night)
            versions = {
                "lots": self.store.head("lots", night=before, shard=SHARD),
                "prices": self.store.head("prices", night=before),
                "actions": self.store.head("corporate_actions", night=before),
            }
            with self.store.reading(versions) as tables:
                rows = stream.night(night, tables=tables, market=told, accounts=self.accounts)
        write_table(pl.DataFrame(rows, schema=ACTIVITY_COLUMNS), folder=folder, name="activity")

    def _write_terms(self, night: dt.date) -> None:
        """Write the operator's file with the terms that are known on ``night``."""
        terms = pl.read_csv(self.period.market / TERMS_FILE, infer_schema=False)
        arrived = pl.col("ex_date").str.to_date() + dt.timedelta(days=self.period.terms_lag) <= night
        terms.filter(arrived).write_csv(self.book.path / "static" / "reorganisations.csv")

    def _write_static(self) -> None:
        """Write the accounts, names and opening lots."""
        period, static = self.period, self.book.path / "static"
        night = self.market.night(period.first)
        securities = self.market.securities()
        made = make_accounts(
            count=period.accounts,
            seed=period.seed,
            first_night=period.first,
            benchmark=night.benchmark,
            securities=securities,
        )
        self.accounts = made.policies.select("account_id", "household_id", "registration").to_dicts()
        write_table(securities, folder=static, name="securities")
        write_table(self.market.identical_groups(), folder=static, name="identical_groups")
        write_table(made.policies, folder=static, name="accounts")
        write_table(self._opening_lots(night.prices), folder=static, name="opening_lots")
        cash = made.policies.select("account_id", cash_microusd=pl.lit(0, dtype=pl.Int64))
        write_table(cash, folder=static, name="opening_cash")

    def _opening_lots(self, prices: pl.DataFrame) -> pl.DataFrame:
        """Return one lot of each account's first names: all that the terms tell of, and others by chance."""
        dice = np.random.default_rng(self.period.seed)
        told = set(pl.read_csv(self.period.market / TERMS_FILE, infer_schema=False)["security_id"])
        closes = dict(prices.select("security_id", "close_microusd").iter_rows())
        named = sorted(told & closes.keys())
        others = sorted(closes.keys() - told)
        rows = []
        for account in self.accounts:
            chosen = named + list(dice.choice(others, size=self.period.holdings - len(named), replace=False))
            for number, name in enumerate(sorted(chosen)):
                shares = int(dice.integers(10, 200))
                bought = self.period.first - dt.timedelta(days=int(dice.integers(1, 900)))
                basis = round(closes[name] * shares * float(dice.uniform(0.7, 1.3)))
                rows.append((account["account_id"], f"L{number:03d}", name, bought, bought, shares * 1_000_000, basis))
        columns = "account_id lot_id security_id acquired_date holding_start_date micro_shares basis_microusd"
        return pl.DataFrame(rows, schema=columns.split(), orient="row")


if __name__ == "__main__":
    main()
