"""The corporate actions of a night: which can be booked, on which day, and the names frozen for lack of terms."""

from __future__ import annotations

import datetime as dt

import polars as pl

from assets.book import Book
from assets.feed_errors import refusal
from assets.feeds import Intake
from assets.night_order import head_before
from assets.sessions import session_before, session_on_or_after
from assets.store import Store, Tables, Version, Writing

AUDITS = ("no_action_is_booked_twice", "no_security_is_frozen_twice", "every_understood_action_can_be_booked")
TERM_STEPS = ("resolved_term", "matched_term", "drop_matched", "apply_terms")


def write_corporate_actions(*, store: Store, book: Book, night: dt.date) -> Version:
    """Write tonight's actions, those known so far, and the names frozen until the terms of one arrive.

    Raises
    ------
    FeedError
        Where a file is refused, or gives the id of a booked action to another one (FEED-044).
    NightOrderError
        Where the session before has not run.
    """
    before = head_before("corporate_actions", store=store, book=book, night=night)
    intake = Intake(book=book, night=night)
    first_night = book.settings.book.first_night
    reported = intake.rows("corporate_actions").sort("action_id")
    terms = intake.rows("reorganisations").sort("ex_date", "security_id", "sequence", "kind")
    securities = intake.rows("securities").select("security_id", "symbol").sort("security_id")
    with store.writing("corporate_actions", night=night) as writing:
        for table in ("reported_action", "known_security", "stated_term", "known_before"):
            writing.run(f"corporate_actions/{table}")
        writing.insert("reported_action", _on_sessions(reported, first_night=first_night, night=night))
        writing.insert("known_security", securities)
        writing.insert(
            "stated_term", _on_sessions(terms, first_night=first_night, night=night).drop_nulls("effective_date")
        )
        if before is not None:
            writing.attach(before, alias="before")
            writing.run("corporate_actions/known_before_rows")
        _refuse_changed_actions(writing, night=night)
        if not terms.is_empty():
            _apply_terms(writing, store=store, book=book, night=night, intake=intake)
        for table in ("action", "known_action", "frozen_security"):
            writing.run(f"corporate_actions/{table}", night=night, first_night=first_night)
        if not terms.is_empty():
            writing.run("corporate_actions/reorganisation")
        intake.note_reads(writing)
        for audit in AUDITS:
            writing.audit(audit)
    assert writing.version is not None
    return writing.version


def _on_sessions(rows: pl.DataFrame, *, first_night: dt.date, night: dt.date) -> pl.DataFrame:
    """Return ``rows`` with the session on which each takes effect; null before the book began and after tonight.

    What is dated before the session of the first night is in the opening lots already.
    """
    days = rows["ex_date"].unique().sort().to_list()
    due = [day for day in days if session_before(first_night) < day <= night]
    sessions = {day: session_on_or_after(day) for day in due}
    effective = pl.col("ex_date").replace_strict(sessions, default=None, return_dtype=pl.Date)
    return rows.with_columns(effective_date=effective)


def _refuse_changed_actions(tables: Tables, *, night: dt.date) -> None:
    """Refuse a row with the id of a booked action but another security or ex-date: which is meant, no one can say."""
    changed = tables.query("corporate_actions/changed_after_booking")
    if not changed.is_empty():
        row = changed.row(0, named=True)
        raise refusal(
            "FEED-044",
            where=f"feeds/{night}/corporate_actions action {row['action_id']!r}",
            found=f"{row['security_id']} on {row['ex_date']}",
            expected=f"{row['booked_security_id']} on {row['booked_ex_date']}, as it was booked",
        )


def _apply_terms(writing: Writing, *, store: Store, book: Book, night: dt.date, intake: Intake) -> None:
    """Put the operator's terms in the place of what the feed does not tell."""
    for step in TERM_STEPS:
        writing.run(f"corporate_actions/{step}")
    writing.run("corporate_actions/session_close")
    for [session] in writing.query("corporate_actions/unvalued_session").iter_rows():
        for day in (session_before(session), session):
            _note_closes(writing, store=store, night=night, day=day, intake=intake)
    writing.run("corporate_actions/value_spinoffs", jump_max=book.settings.trust.jump_max)


def _note_closes(writing: Writing, *, store: Store, night: dt.date, day: dt.date, intake: Intake) -> None:
    """Note the closes of ``day``: the book's own, or the feed's where the day is tonight."""
    if day == night:
        closes = intake.rows("prices").select("security_id", "close_microusd", session=pl.lit(day)).sort("security_id")
        writing.insert("session_close", closes)
    elif store.has("prices", night=day):
        writing.attach(store.head("prices", night=day), alias="prices")
        writing.run("corporate_actions/session_close_rows", session=day)
        writing.detach("prices")
