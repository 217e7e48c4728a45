"""A small book for tests of the ledger: its upstream partitions are written as rows, its lots by the product."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import polars as pl

from assets.book import Book, BookSettings, Custodian, General, Tax
from assets.lots_tables import write_lots
from assets.sessions import session_before
from assets.store import Store, Tables, Version
from ledger.amounts import to_micro

Row = Mapping[str, object]

SHARD = "s000"
ACCOUNT = {
    "owner_id": "P1",
    "registration": "taxable",
    "benchmark_id": "B",
    "mode": "tax_aware",
    "frozen": False,
    "short_rate": 0.4,
    "long_rate": 0.2,
    "short_loss_rate": 0.4,
    "long_loss_rate": 0.2,
    "risk_aversion": 50.0,
    "cash_min": 0.0,
    "cash_max": 0.02,
    "cost_bps": 5.0,
    "trigger_bps": 0.0,
    "min_trade_microusd": 0,
    "share_step_micro": 1_000_000,
    "min_holding_days": 0,
}


class SmallBook:
    """A book with two accounts of one household, an IRA of theirs, and a stranger, unless told otherwise."""

    def __init__(
        self,
        path: Path,
        *,
        first_night: dt.date,
        lots: Sequence[Row] = (),
        accounts: Sequence[Row] | None = None,
        groups: Mapping[str, str] | None = None,
        securities: Sequence[str] = ("X", "Y", "Z"),
        tax: Tax | None = None,
        custodian: Custodian | None = None,
        write: Callable[..., Version] = write_lots,
    ) -> None:
        settings = BookSettings(
            book=General(first_night=first_night), tax=tax or Tax(), custodian=custodian or Custodian()
        )
        self.write = write
        self.book = Book(path, settings)
        self.store = Store(path)
        self.accounts = accounts or (
            {"account_id": "T1", "household_id": "H1"},
            {"account_id": "T2", "household_id": "H1", "owner_id": "P2"},
            {"account_id": "IRA", "household_id": "H1", "registration": "ira"},
            {"account_id": "OTHER", "household_id": "H2", "owner_id": "P3"},
        )
        self.securities = [
            {
                "security_id": name,
                "symbol": name,
                "name": name,
                "sector": "S",
                "identical_group": (groups or {}).get(name, name),
                "identical_group_next": (groups or {}).get(name, name),
            }
            for name in securities
        ]
        self.lots = lots
        self.known: dict[str, Row] = {}
        self.booked_on: dict[str, dt.date] = {}

    def night(self, night: dt.date, *, activity: Sequence[Row] = (), actions: Sequence[Row] = ()) -> Version:
        """Write the partitions that the custodian and the market bring for ``night``, then the lots."""
        opening = [_in_micro(lot) for lot in self.lots] if night == self.book.settings.book.first_night else []
        self.upstream(night)
        self._write(
            "custodian_activity",
            night=night,
            rows={
                "activity": [{"trade_date": night, **_in_micro(row)} for row in activity],
                "opening_lot": [{"holding_start_date": lot["acquired_date"], **lot} for lot in opening],
            },
        )
        told = [{"ex_date": night, "effective_date": night, "understood": True, **_in_micro(row)} for row in actions]
        self.known |= {str(row["action_id"]): row for row in told if row["understood"]}
        known = [
            {"first_seen": night, "booked_on": night}
            | {name: value for name, value in row.items() if name != "understood"}
            | {"booked_on": self.booked_on.setdefault(name, night)}
            for name, row in sorted(self.known.items())
        ]
        self._write("corporate_actions", night=night, rows={"action": told, "known_action": known})
        return self.write(store=self.store, book=self.book, night=night, shard=SHARD)

    def upstream(self, night: dt.date) -> None:
        """Write the accounts, securities and shards of ``night``."""
        defaults = [{**ACCOUNT, **account} for account in self.accounts]
        shards = [
            {"account_id": row["account_id"], "household_id": row["household_id"], "shard": SHARD, "wave": 0}
            for row in defaults
        ]
        self._write("account_policies", night=night, rows={"account": defaults, "security": self.securities})
        self._write("account_shards", night=night, rows={"account_shard": shards})

    def rows(self, version: Version, query: str) -> list[dict[str, object]]:
        """Return the rows of ``query`` on the tables of ``version``, as schema ``lots``."""
        with self.store.reading({"lots": version}) as tables:
            return tables.select(query).to_dicts()

    def sublots(self, version: Version) -> list[tuple[object, ...]]:
        """Return (account, security, lot, shares, basis in dollars, holding start, absorbed) of every sublot."""
        query = """
            select account_id, security_id, lot_id, (position_hi - position_lo) / 1e6 as shares,
                part(part_basis_microusd, part_shares, position_lo - part_from, position_hi - part_from) / 1e6 as basis,
                holding_start_date, absorbed
            from lots.sublot
            order by account_id, security_id, lot_id, position_lo
        """
        return [tuple(row.values()) for row in self.rows(version, query)]

    def _write(self, asset: str, *, night: dt.date, rows: Mapping[str, Sequence[Row]]) -> None:
        with self.store.writing(asset, night=night) as writing:
            for table, content in rows.items():
                insert(writing, table=table, rows=content)


def insert(tables: Tables, *, table: str, rows: Sequence[Row]) -> None:
    """Insert ``rows``, which may leave columns out, into ``table``."""
    if rows:
        columns = sorted({column for row in rows for column in row})
        tables.insert(
            table,
            pl.DataFrame([{column: row.get(column) for column in columns} for row in rows], infer_schema_length=None),
        )


def _in_micro(row: Row) -> Row:
    """Return ``row`` with shares, dollars and ratios in the store's integers."""
    names = {
        "shares": "micro_shares",
        "amount_usd": "amount_microusd",
        "basis_usd": "basis_microusd",
        "cash_usd": "cash_microusd",
        "fmv_old_usd": "fmv_old_microusd",
        "fmv_new_usd": "fmv_new_microusd",
        "cash_in_lieu_usd": "cash_in_lieu_microusd",
    }
    return {
        names.get(name, name): to_micro(Fraction(str(value))) if name in names else value for name, value in row.items()
    }


def previous(night: dt.date) -> dt.date:
    """Return the session before ``night``."""
    return session_before(night)
