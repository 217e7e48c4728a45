"""Corrections: what arrives late is booked as if it had been there on its day.

An event that arrives late, supersedes another or cancels it, and an action whose terms arrive after its day, take the
pairs of household and security concerned back to the close of the session before the earliest day that changed. They
are aged again, session by session, by the statements of the night. What they hold then takes the place of what they
held; how that changes the gains of earlier nights is told in `restatement`. Nights already written stay as they are.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from assets import ledger_day
from assets.corrected_pairs import Scope
from assets.sessions import session_before
from assets.store import Tables, Writing

BOOKED_TABLES = ("disposal_piece", "wash_match", "event", "refused_event", "restatement")

DAY_STEPS = (
    "ledger/work/ledger_security",
    "ledger/work/trade",
    "ledger/work/day_action",
)
STAGE_STEPS = (
    "corrections/securities_of_tonight",
    "ledger/regroup",
    "ledger/regroup_losses",
    "corrections/activity_of_day",
    "corrections/actions_of_day",
    "lots/stage_actions",
    "lots/stage_transfer_pairs",
    "lots/stage_trades",
    "corrections/decided",
    "lots/refuse_at_arrival",
    "lots/refuse_unknown_original",
    "ledger/drop_refused",
)
LOAD_STEPS = ("corrections/touch_pairs", "lots/load_parts", "lots/load_losses", "corrections/keep_losses_of_pairs")
BEFORE_STEPS = ("corrections/sublots_before_day", "corrections/losses_before_day")
ACTION_STEPS = ("lots/refuse_actions", "lots/drop_refused_actions")
DAY_AUDITS = (
    "no_sublots_overlap",
    "no_share_absorbs_twice",
    "no_absorbed_share_absorbs_again",
    "no_match_exceeds_its_loss",
)
AUDITS = ("shares_are_conserved", "basis_is_conserved")
"""Of all the days that are booked again, together."""


def restate(writing: Writing, tables: Tables, scope: Scope, *, first: dt.date) -> None:
    """Age the pairs that `find_corrections` found from ``first`` on, and put the result among tonight's tables.

    Runs after the day of the other pairs and before the state is written.
    """
    for table in BOOKED_TABLES:
        tables.run(f"schema/lots/{table}")
    for step in ("activity_schema", "actions_schema", "open_loss", "decided_superseded"):
        tables.run(f"corrections/{step}")
    tables.insert("unknown_original", tables.query("corrections/unknown_original"))
    _age(writing, tables, scope, first=first)
    _compare(tables, scope, first=first)
    _hand_over(writing, tables, scope)
    writing.inputs.update(tables.inputs)


def _age(writing: Writing, tables: Tables, scope: Scope, *, first: dt.date) -> None:
    """Age the pairs from the close of the session before ``first`` to tonight, audited day by day."""
    readings = scope.readings
    before = scope.store.head(scope.view.asset, night=session_before(first), shard=scope.shard)
    for day in scope.sessions(first):
        # What is loaded first and handed over last passes through a whole day; between them most days change nothing.
        if first < day < scope.night and tables.query("corrections/is_quiet", day=day).item():
            tables.run("ledger/drop_closed_losses", night=day)
            continue
        tables.attach(scope.store.head("account_policies", night=day), alias="policies")
        _run(tables, (*DAY_STEPS, scope.view.stage_securities, *STAGE_STEPS), scope, day=day)
        if day == first:
            tables.attach(before, alias="before")
            _run(tables, LOAD_STEPS, scope, day=day)
            tables.detach("before")
            tables.run("corrections/day_before_schema")
        _run(tables, BEFORE_STEPS + ACTION_STEPS, scope, day=day)
        ledger_day.run_day(tables, night=day, readings=readings)
        _audit(writing, tables, DAY_AUDITS, day=day)
        tables.detach("policies")
    tables.run("corrections/drop_day_before")
    tables.attach(before, alias="before")
    _audit(writing, tables, AUDITS, day=scope.night)
    tables.detach("before")


def _run(tables: Tables, steps: tuple[str, ...], scope: Scope, *, day: dt.date) -> None:
    order = scope.readings.same_day_order
    for step in steps:
        tables.run(step, night=day, day=day, first_night=scope.first_night, same_day_order=order)


def _audit(writing: Writing, tables: Tables, audits: tuple[str, ...], *, day: dt.date) -> None:
    """Keep what the audits find in the days that are booked again, under names that tell the day."""
    for audit in audits:
        offenders = tables.offenders(audit, night=day)
        if not offenders.is_empty():
            writing.audits[f"{audit}, {day} booked again"] = offenders


def _compare(tables: Tables, scope: Scope, *, first: dt.date) -> None:
    """Collect what is realised and paid before tonight, as the nights told it and as the replay does."""
    tables.run("corrections/realized_fact")
    tables.run("corrections/cash_fact")
    for session in scope.sessions(first)[:-1]:
        tables.attach(scope.store.head(scope.view.asset, night=session, shard=scope.shard), alias="booked")
        tables.run("corrections/known_facts")
        tables.run("corrections/known_cash")
        tables.detach("booked")
    tables.run("corrections/new_facts", night=scope.night)
    tables.run("corrections/new_cash")


def _hand_over(writing: Writing, tables: Tables, scope: Scope) -> None:
    """Put the replay's lots, losses, cash and bookings among tonight's tables."""
    night = scope.night
    writing.insert("restatement", tables.query("corrections/restatement"))
    writing.insert("event", tables.query("corrections/replayed_events", night=night))
    writing.insert("refused_event", tables.select("from refused_event order by event_id, account_id"))
    writing.insert("refused_event", _told_before(writing, tables, night=night))
    writing.insert("decided", tables.select("select distinct * from decided order by all"))
    writing.insert("disposal_piece", tables.select("from disposal_piece where sale_date = $night", night=night))
    writing.insert("wash_match", tables.select("from wash_match where match_date = $night", night=night))
    writing.run("corrections/touch_corrected")
    writing.run("corrections/drop_replaced_losses")
    writing.insert("open_part", tables.select("from open_part"))
    writing.insert("exposed_loss", tables.select("from exposed_loss"))
    writing.run("corrections/cash_fact")
    writing.insert("cash_fact", tables.select("from cash_fact"))
    writing.run("corrections/book_corrections", night=night)


def _told_before(writing: Writing, tables: Tables, *, night: dt.date) -> pl.DataFrame:
    """Return the refusals of events that came late before, less those refused tonight already."""
    refused = writing.select("select event_id, account_id from refused_event")
    return tables.query("corrections/refuse_told_before", night=night).join(
        refused, on=["event_id", "account_id"], how="anti"
    )
