"""Corrections: an event that arrives late, or supersedes another, is booked as if it had been there on its day.

The households concerned are taken back to the close of the session before the earliest day that changed and aged
again, session by session, by the statements of the night. What they hold then takes the place of what they held; how
that changes the gains of earlier nights is told in `restatement`. Nights already written stay as they are.
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

BOOKED_TABLES = ("disposal_piece", "wash_match", "event", "refused_event", "restatement")

DAY_STEPS = (
    "ledger/work/ledger_security",
    "ledger/work/trade",
    "ledger/work/day_action",
)
STAGE_STEPS = (
    "ledger/regroup",
    "ledger/regroup_losses",
    "corrections/activity_of_day",
    "lots/stage_actions",
    "lots/stage_transfer_pairs",
    "lots/stage_trades",
    "lots/refuse_at_arrival",
    "ledger/drop_refused",
)
LOAD_STEPS = ("corrections/touch_all", "lots/load_parts", "lots/load_losses")
ACTION_STEPS = ("lots/refuse_actions", "lots/drop_refused_actions")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Replay:
    """Where a replay reads, and how far it goes."""

    view: View
    store: Store
    book: Book
    night: dt.date
    shard: str

    def sessions(self, first: dt.date) -> list[dt.date]:
        return sessions_between(first=first, last=self.night)


def restate(writing: Writing, view: View, *, store: Store, book: Book, night: dt.date, shard: str) -> None:
    """Age the ``corrected`` households of ``writing`` again, and put the result among tonight's tables.

    Runs after the day of the other households and before the state is written.
    """
    households = writing.select("from corrected order by household_id")
    if households.is_empty():
        return
    replay = _Replay(view=view, store=store, book=book, night=night, shard=shard)
    with store.reading({}) as tables:
        first = _gather(tables, replay, households)
        before = store.head(view.asset, night=session_before(first), shard=shard)
        tables.attach(before, alias="before")
        _age(tables, replay, first=first)
        _compare(tables, replay, first=first)
        _hand_over(tables, writing, night=night)
        writing.inputs.update(tables.inputs)


def _gather(tables: Tables, replay: _Replay, households: pl.DataFrame) -> dt.date:
    """Collect everything reported of the households so far; return the earliest day that tonight's file changes."""
    for table in BOOKED_TABLES:
        tables.run(f"schema/lots/{table}")
    ledger_day.prepare(tables)
    tables.insert("corrected", households)
    tables.attach(replay.store.head("account_policies", night=replay.night), alias="policies")
    tables.attach(replay.store.head("account_shards", night=replay.night), alias="shards")
    tables.run(replay.view.stage_accounts, shard=replay.shard)
    tables.run("corrections/keep_corrected_accounts")
    tables.detach("policies")
    opening = replay.book.settings.book.first_night
    sessions = replay.sessions(opening)
    tables.insert("ledger_session", pl.DataFrame({"session": sessions[1:]}))
    for session in sessions:
        tables.attach(replay.store.head("custodian_activity", night=session), alias="activity")
        if session == opening:
            tables.run("corrections/arrival")
        tables.run("corrections/arrivals_of_night", arrived=session)
        tables.detach("activity")
    tables.run("corrections/activity_schema")
    first, earlier = replay.night, _first_day(tables, since=replay.night)
    while earlier < first:
        # A file of that day or later may have corrected a day before it: those corrections are booked again too.
        first, earlier = earlier, _first_day(tables, since=earlier)
    return first


def _first_day(tables: Tables, *, since: dt.date) -> dt.date:
    day = tables.query("corrections/first_day", since=since).item()
    assert isinstance(day, dt.date), day
    return day


def _age(tables: Tables, replay: _Replay, *, first: dt.date) -> None:
    """Age the households from the close of the session before ``first`` to tonight."""
    readings = replay.view.readings(replay.book.settings)
    for day in replay.sessions(first):
        for alias, asset in (("policies", "account_policies"), ("actions", "corporate_actions")):
            tables.attach(replay.store.head(asset, night=day), alias=alias)
        stage = (*DAY_STEPS, replay.view.stage_securities, *STAGE_STEPS)
        steps = stage + (LOAD_STEPS if day == first else ()) + ACTION_STEPS
        for step in steps:
            tables.run(
                step,
                night=day,
                day=day,
                first_night=replay.book.settings.book.first_night,
                same_day_order=readings.same_day_order,
            )
        ledger_day.run_day(tables, night=day, readings=readings)
        tables.detach("policies")
        tables.detach("actions")


def _compare(tables: Tables, replay: _Replay, *, first: dt.date) -> None:
    """Collect what is realised before tonight, as the nights told it and as the replay does."""
    tables.run("corrections/realized_fact")
    for session in replay.sessions(first)[:-1]:
        tables.attach(replay.store.head(replay.view.asset, night=session, shard=replay.shard), alias="booked")
        tables.run("corrections/known_facts")
        tables.detach("booked")
    tables.run("corrections/new_facts", night=replay.night)


def _hand_over(tables: Tables, writing: Writing, *, night: dt.date) -> None:
    """Put the replay's lots, losses, cash and bookings among tonight's tables."""
    writing.insert("restatement", tables.query("corrections/restatement"))
    writing.insert("event", tables.query("corrections/replayed_events", night=night))
    writing.insert("refused_event", tables.query("corrections/replayed_refusals"))
    writing.insert("disposal_piece", tables.select("from disposal_piece where sale_date = $night", night=night))
    writing.insert("wash_match", tables.select("from wash_match where match_date = $night", night=night))
    writing.run("corrections/touch_corrected")
    writing.run("corrections/drop_replaced_losses")
    writing.insert("open_part", tables.select("from open_part"))
    writing.insert("exposed_loss", tables.select("from exposed_loss"))
    writing.run("corrections/replayed_cash_table")
    writing.insert("replayed_cash", tables.query("corrections/replayed_cash"))
    writing.run("corrections/book_corrections", night=night)
