"""The `lots` asset: tonight's lots of one shard, from those of the session before and tonight's events.

`broker_lots` is written here too: the same lots as the custodian keeps them (`assets/ledger_view.py`).
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from assets import ledger_day
from assets.book import Book
from assets.corrected_pairs import Scope, find_corrections
from assets.correction import restate
from assets.ledger_view import BROKER, TAXPAYER, View
from assets.night_order import head_before
from assets.sessions import sessions_between
from assets.store import Carried, Store, Version, Writing

INPUTS = {
    "activity": "custodian_activity",
    "actions": "corporate_actions",
    "policies": "account_policies",
    "shards": "account_shards",
}

OPENING_STEPS = ("lots/open_with_lots", "lots/open_with_cash", "lots/refuse_before_opening")
OPENING_AUDITS = ("no_lot_is_oversold",)

REPEATED_STEPS = ("lots/refuse_repeated", "ledger/drop_refused")
STAGE_STEPS = (
    "lots/stage_actions",
    "lots/stage_transfer_pairs",
    "lots/stage_trades",
    "lots/refuse_at_arrival",
    "ledger/drop_refused",
)
CORRECTION_STEPS = ("lots/refuse_unknown_original", "ledger/drop_refused")
LOAD_STEPS = (
    "lots/drop_corrected_trades",
    "lots/touched",
    "lots/load_parts",
    "lots/load_losses",
    "lots/refuse_actions",
    "lots/drop_refused_actions",
)
KEEP_STEPS = {True: ("lots/drop_touched",), False: ("lots/keep_untouched",)}
"""What becomes of the sublots of the night before, by whether they were carried into tonight's file."""
WRITE_STEPS = (
    "lots/write_parts",
    "lots/write_losses",
    "lots/write_cash",
    "lots/write_realized",
    "lots/keep_refused",
)
AUDITS = (
    "no_lot_is_oversold",
    "no_sublots_overlap",
    "no_share_absorbs_twice",
    "no_absorbed_share_absorbs_again",
    "no_match_exceeds_its_loss",
    "shares_are_conserved",
    "basis_is_conserved",
    "untouched_sublots_are_kept",
    "every_event_is_booked_or_refused",
)


def write_lots(*, store: Store, book: Book, night: dt.date, shard: str) -> Version:
    """Write the lots of ``shard`` at the close of ``night``.

    Raises
    ------
    NightOrderError
        Where the night's predecessor has not run; nothing is written.
    AuditError
        Where the books do not add up; nothing is written.
    """
    return _write(TAXPAYER, store=store, book=book, night=night, shard=shard)


def write_broker_lots(*, store: Store, book: Book, night: dt.date, shard: str) -> Version:
    """Write the lots of ``shard`` as the custodian keeps them: each account and each security alone.

    Raises
    ------
    NightOrderError
        Where the night's predecessor has not run; nothing is written.
    AuditError
        Where the books do not add up; nothing is written.
    """
    return _write(BROKER, store=store, book=book, night=night, shard=shard)


def _write(view: View, *, store: Store, book: Book, night: dt.date, shard: str) -> Version:
    before = head_before(view.asset, store=store, book=book, night=night, shard=shard)
    carried = None
    if before is not None:
        carried = Carried(version=before, tables=("sublot",))
        if _is_worn(store, before):
            store.require_form(carried)
            carried = None
    with store.writing(view.asset, night=night, shard=shard, carried=carried) as writing:
        for alias, asset in INPUTS.items():
            writing.attach(store.head(asset, night=night), alias=alias)
        ledger_day.prepare(writing)
        _run(writing, (view.stage_accounts, view.stage_securities), shard=shard)
        if before is None:
            _open(writing, night=night)
        else:
            writing.attach(before, alias="before")
            _age(writing, view, store=store, book=book, night=night, shard=shard, is_carried=carried is not None)
    assert writing.version is not None
    return writing.version


def _open(writing: Writing, *, night: dt.date) -> None:
    """Write the lots and cash that the book begins with."""
    _run(writing, OPENING_STEPS, night=night)
    for audit in OPENING_AUDITS:
        writing.audit(audit)


def _is_worn(store: Store, before: Version) -> bool:
    """Return whether so many sublots of ``before`` were replaced since they were last written in order.

    A file that is carried on keeps the place of what was deleted, and what was added stands behind the rest.
    """
    with store.reading({"before": before}) as tables:
        return bool(tables.query("lots/is_worn").item())


def _age(
    writing: Writing, view: View, *, store: Store, book: Book, night: dt.date, shard: str, is_carried: bool
) -> None:
    """Write the lots of the session before, with tonight's actions and trades booked."""
    readings = view.readings(book.settings)
    first_night = book.settings.book.first_night
    sessions = sessions_between(first=first_night, last=night)[1:]
    writing.insert("ledger_session", pl.DataFrame({"session": sessions}))
    _run(writing, STAGE_STEPS, night=night, first_night=first_night, same_day_order=readings.same_day_order)
    for [trade_date] in writing.query("lots/late_dates", night=night).iter_rows():
        writing.attach(store.head("custodian_activity", night=trade_date), alias="earlier")
        writing.run("lots/repeated", trade_date=trade_date)
        writing.detach("earlier")
    _run(writing, REPEATED_STEPS, night=night)
    scope = Scope(view=view, store=store, book=book, night=night, shard=shard)
    with store.reading({}) as tables:
        first = find_corrections(writing, tables, scope)
        _run(writing, CORRECTION_STEPS + LOAD_STEPS, night=night)
        ledger_day.run_day(writing, night=night, readings=readings)
        if first is not None:
            restate(writing, tables, scope, first=first)
    _run(writing, KEEP_STEPS[is_carried] + WRITE_STEPS)
    for audit in AUDITS:
        writing.audit(audit, night=night)


def _run(writing: Writing, steps: tuple[str, ...], **parameters: dt.date | str) -> None:
    for step in steps:
        writing.run(step, **parameters)
