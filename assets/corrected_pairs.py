"""Which pairs of household and security tonight's files correct, and from which day on.

An event that arrives late, supersedes another or cancels it, and an action whose terms arrive after its day, change a
day that is booked already. What such a change can reach is closed over identical groups and over actions that make
one security of another; everything else of the household stays as it is.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl

from assets import ledger_day
from assets.book import Book
from assets.ledger_view import View
from assets.sessions import session_before, sessions_between
from assets.store import Store, Tables, Writing
from ledger.policy import Readings

TABLES = ("seed", "late_action_table", "original", "security_group")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One partition of lots, and where it is read from."""

    view: View
    store: Store
    book: Book
    night: dt.date
    shard: str

    @property
    def first_night(self) -> dt.date:
        """Return the book's first night, whose lots are given."""
        return self.book.settings.book.first_night

    @property
    def readings(self) -> Readings:
        """Return what this book reads into the law."""
        return self.view.readings(self.book.settings)

    def sessions(self, first: dt.date) -> list[dt.date]:
        """Return the sessions from ``first`` to tonight."""
        return sessions_between(first=first, last=self.night)


def find_corrections(writing: Writing, tables: Tables, scope: Scope) -> dt.date | None:
    """Fill ``corrected`` of ``writing`` and ``pair`` of ``tables``; return the first day to book again, if any.

    Runs when tonight's trades are staged in ``writing``; ``tables`` is an empty connection, which then holds what has
    arrived of the pairs since that day.
    """
    trades = writing.query("corrections/late_trade", night=scope.night)
    actions = writing.query("corrections/late_action", night=scope.night, first_night=scope.first_night)
    superseding = writing.query("corrections/superseding").item()
    if trades.is_empty() and actions.is_empty() and not superseding:
        return None
    _prepare(tables, scope)
    tables.insert("seed", trades)
    tables.insert("late_action", actions)
    search = _Search(tables, scope)
    first = search.run()
    writing.insert("corrected", tables.select("from pair order by household_id, security_id"))
    writing.insert("unknown_original", tables.query("corrections/unknown_original"))
    writing.inputs.update(tables.inputs)
    return first


def _prepare(tables: Tables, scope: Scope) -> None:
    """Make the tables of the search, with the accounts, securities and actions of tonight."""
    ledger_day.prepare(tables)
    for table in TABLES:
        tables.run(f"corrections/{table}")
    store, night = scope.store, scope.night
    for alias, asset in (
        ("policies", "account_policies"),
        ("shards", "account_shards"),
        ("actions", "corporate_actions"),
    ):
        tables.attach(store.head(asset, night=night), alias=alias)
    tables.run(scope.view.stage_accounts, shard=scope.shard)
    tables.run(scope.view.stage_securities)
    tables.run("corrections/security_tonight")
    tables.run("corrections/known_action", first_night=scope.first_night)
    for alias in ("policies", "shards", "actions"):
        tables.detach(alias)
    tables.insert("ledger_session", pl.DataFrame({"session": scope.sessions(scope.first_night)[1:]}))


class _Search:
    """The pairs and their first day, each widened until neither changes."""

    def __init__(self, tables: Tables, scope: Scope) -> None:
        self.tables = tables
        self.scope = scope
        self.households: list[str] = []
        self.arrived: set[dt.date] = set()
        self.grouped: set[dt.date] = set()
        self.last_groups = ""
        self.unknown = 0

    def run(self) -> dt.date | None:
        """Return the first day to book again."""
        tables, night = self.tables, self.scope.night
        for [day] in tables.select("select distinct effective_date from late_action order by 1").iter_rows():
            self._seed_held(lots_of=session_before(day), since=day)
        if tables.select("select count(*) from late_action").item():
            self._seed_held(lots_of=session_before(night), since=night)
        first, pairs = self._first_seed(), -1
        while True:
            self._gather(first)
            tables.run("corrections/linked", since=first)
            tables.run("corrections/pair")
            earlier = tables.query("corrections/first_day", since=first).item()
            count = tables.select("select count(*) from pair").item()
            if (earlier is None or earlier >= first) and count == pairs:
                return first if count else None
            first, pairs = min(first, earlier or first), count

    def _first_seed(self) -> dt.date:
        day = self.tables.select("select min(since) from seed").item()
        return min(day or self.scope.night, self.scope.night)

    def _seed_held(self, *, lots_of: dt.date, since: dt.date) -> None:
        scope = self.scope
        self.tables.attach(scope.store.head(scope.view.asset, night=lots_of, shard=scope.shard), alias="before")
        self.tables.run("corrections/seed_actions_held", since=since)
        self.tables.detach("before")

    def _gather(self, first: dt.date) -> None:
        """Read what has arrived since ``first``, the originals of what supersedes, and the days' identical groups."""
        tables, scope = self.tables, self.scope
        households = tables.select("select distinct household_id from seed order by 1")["household_id"].to_list()
        if households != self.households or not self.arrived:
            self.households, self.arrived = households, set()
            self._with_activity(scope.night, "corrections/arrival")
        for session in scope.sessions(first):
            if session not in self.arrived:
                self._with_activity(session, "corrections/arrivals_of_night")
                self.arrived.add(session)
            if session not in self.grouped:
                self._note_groups(session)
                self.grouped.add(session)
        self._find_originals()
        tables.run("corrections/seed_superseded", night=scope.night)
        tables.run("corrections/seed_actions_traded")

    def _find_originals(self) -> None:
        """Look for superseded events from tonight's file backwards."""
        for session in reversed(self.scope.sessions(self.scope.first_night)):
            missing = self.tables.query("corrections/missing_originals").item()
            if missing == self.unknown:
                return
            self._with_activity(session, "corrections/originals_of_night")
        self.unknown = self.tables.query("corrections/missing_originals").item()

    def _with_activity(self, session: dt.date, step: str) -> None:
        self.tables.attach(self.scope.store.head("custodian_activity", night=session), alias="activity")
        self.tables.run(step, arrived=session)
        self.tables.detach("activity")

    def _note_groups(self, session: dt.date) -> None:
        """Note the identical groups of ``session``, unless they are those of the session noted last."""
        policies = self.scope.store.head("account_policies", night=session)
        if policies.digest != self.last_groups:
            self.tables.attach(policies, alias="policies")
            self.tables.run("corrections/groups_of_day", day=session)
            self.tables.detach("policies")
            self.last_groups = policies.digest
