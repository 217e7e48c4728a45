"""The market of a night: prices and whether they are believed, benchmarks, the risk model."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from assets.book import Book
from assets.feed_errors import refusal
from assets.feeds import Intake
from assets.night_order import head_before
from assets.risk_estimate import FactorModel, Floats, completed_model, covered_names, estimate_factor_model
from assets.store import Store, Tables, Version, Writing

PRICES_AUDITS = ("no_security_has_two_prices",)
BENCHMARK_WEIGHTS_AUDITS = ("no_benchmark_lists_a_name_twice", "every_benchmark_weighs_one")
RISK_MODEL_AUDITS = (
    "no_return_is_counted_twice",
    "no_exposure_is_stated_twice",
    "no_specific_risk_is_stated_twice",
    "every_name_has_all_exposures",
)


def write_prices(*, store: Store, book: Book, night: dt.date) -> Version:
    """Write tonight's close of every name that ever had one, believed or not, with its total return.

    Closes are those of the file `prices`, or of `vendor_prices` as its own stage has judged them.

    Raises
    ------
    FeedError
        Where the file is refused.
    NightOrderError
        Where the session before has not run.
    StoreError
        Where tonight's corporate actions were not written yet.
    """
    before = head_before("prices", store=store, book=book, night=night)
    intake = Intake(book=book, night=night)
    reported = None
    if not book.reads_vendor_file:
        reported = intake.rows("prices").select("security_id", "close_microusd").sort("security_id")
    confirmations = intake.rows("price_confirmations").filter(pl.col("session") == night)
    confirmed = confirmations.select("security_id").sort("security_id")
    with store.writing("prices", night=night) as writing:
        intake.note_reads(writing)
        writing.attach(store.head("corporate_actions", night=night), alias="actions")
        writing.run("prices/reported_price")
        if reported is None:
            writing.attach(store.head("vendor_prices", night=night), alias="vendor")
            writing.run("prices/vendor_price")
        else:
            writing.insert("reported_price", reported)
        writing.run("prices/confirmed_price")
        writing.insert("confirmed_price", confirmed)
        writing.run("prices/settle_confirmed")
        writing.run("prices/effect", night=night)
        writing.run("prices/price_before")
        if before is not None:
            writing.attach(before, alias="before")
            writing.run("prices/price_before_rows")
        trust = book.settings.trust
        writing.run("prices/price", jump_max=trust.jump_max, confirm_max=trust.confirm_max)
        for audit in PRICES_AUDITS:
            writing.audit(audit)
    assert writing.version is not None
    return writing.version


def write_benchmark_weights(*, store: Store, book: Book, night: dt.date) -> Version:
    """Write the weights of every benchmark as the file states them, names of zero weight left out.

    Raises
    ------
    FeedError
        Where the file is refused, or lacks a benchmark that an account tracks.
    """
    intake = Intake(book=book, night=night)
    weights = intake.rows("benchmark").filter(pl.col("weight") > 0).sort("benchmark_id", "security_id")
    with store.writing("benchmark_weights", night=night) as writing:
        intake.note_reads(writing)
        writing.insert("benchmark_weight", weights)
        for audit in BENCHMARK_WEIGHTS_AUDITS:
            writing.audit(audit, weight_sum_tolerance=book.settings.trust.weight_sum_tolerance)
    assert writing.version is not None
    return writing.version


def write_risk_model(*, store: Store, book: Book, night: dt.date) -> Version:
    """Write the feed's factor model where there is one, else one estimated from the returns seen so far.

    Names that the model does not cover are imputed and counted, so that every name with a price or in a benchmark
    has an estimate. The returns are carried from night to night; the first night's come from static/return_history.

    Raises
    ------
    FeedError
        Where a file is refused, or there is neither a feed nor enough sessions of returns (FEED-050).
    NightOrderError
        Where the session before has not run.
    """
    before = head_before("risk_model", store=store, book=book, night=night)
    intake = Intake(book=book, night=night)
    stated = intake.rows("risk_model")
    past = intake.rows("return_history") if before is None else None
    with store.writing("risk_model", night=night) as writing:
        intake.note_reads(writing)
        writing.attach(store.head("prices", night=night), alias="prices")
        writing.attach(store.head("benchmark_weights", night=night), alias="benchmark")
        writing.run("risk_model/past_return")
        if before is not None:
            writing.attach(before, alias="before")
            writing.run("risk_model/past_return_rows")
        if past is not None:
            writing.insert("past_return", past.sort("session", "security_id"))
        writing.run("risk_model/session_return", night=night, sessions_max=book.settings.risk_model.sessions_max)
        names = writing.query("risk_model/universe")["security_id"]
        returns = _returns_by_session(writing, names=names)
        if stated.is_empty():
            model = _estimated(returns, book=book, night=night)
        else:
            model = _stated(stated, names=names, label=f"feeds/{night}/risk_model")
        source = "estimated from returns" if stated.is_empty() else "feed"
        _insert_model(writing, model, names=names, source=source, sessions=returns.shape[0])
        for audit in RISK_MODEL_AUDITS:
            writing.audit(audit, factors=model.exposures.shape[1])
    assert writing.version is not None
    return writing.version


def _returns_by_session(tables: Tables, *, names: pl.Series) -> Floats:
    """Return (T, n) returns, sessions in order, ``names`` as columns, NaN where there is none."""
    rows = tables.select("from session_return order by session, security_id")
    sessions = rows["session"].unique().sort()
    returns = np.full((sessions.len(), names.len()), np.nan)
    places = rows.join(pl.DataFrame({"security_id": names}).with_row_index("column"), on="security_id").join(
        pl.DataFrame({"session": sessions}).with_row_index("row"), on="session"
    )
    returns[places["row"].to_numpy(), places["column"].to_numpy()] = places["total_return"].to_numpy()
    return returns


def _estimated(returns: Floats, *, book: Book, night: dt.date) -> FactorModel:
    """Return the model estimated from ``returns`` (T, n), or refuse to guess one from too few."""
    settings = book.settings.risk_model
    sessions = returns.shape[0]
    if sessions < settings.sessions_min or not covered_names(returns, coverage_min=settings.coverage_min).any():
        raise refusal(
            "FEED-050",
            where=f"risk model of the night {night}",
            found=f"{sessions} sessions of returns",
            expected=f"at least {settings.sessions_min} that cover some name, or a model in the feeds",
        )
    return estimate_factor_model(returns, factors=settings.factors, coverage_min=settings.coverage_min)


def _stated(stated: pl.DataFrame, *, names: pl.Series, label: str) -> FactorModel:
    """Return the feed's model for ``names``: those it does not cover imputed, names of no use to the book left out."""
    factors = sorted((column for column in stated.columns if column.startswith("f")), key=lambda name: int(name[1:]))
    rows = pl.DataFrame({"security_id": names}).join(stated, on="security_id", how="left", maintain_order="left")
    known = rows["specific_variance"].is_not_null().to_numpy()
    if not known.any():
        raise refusal("FEED-041", where=label, found="none of the book's names", expected="those with prices")
    specific = rows["specific_variance"].fill_null(0.0).to_numpy()
    exposures = rows.select(pl.col(factors).fill_null(0.0)).to_numpy()
    return completed_model(exposures, specific, known=known, explained_variance=None)


def _insert_model(writing: Writing, model: FactorModel, *, names: pl.Series, source: str, sessions: int) -> None:
    """Insert the model's rows and its facts."""
    count, factors = model.exposures.shape
    exposures = pl.DataFrame(
        {
            "security_id": names.gather(np.repeat(np.arange(count), factors)),
            "factor": np.tile(np.arange(1, factors + 1), count),
            "exposure": model.exposures.ravel(),
        }
    )
    explained = "not stated" if model.explained_variance is None else f"{model.explained_variance:.4f}"
    facts = {
        "source": source,
        "factors": str(factors),
        "sessions": str(sessions),
        "explained_variance": explained,
        "condition_number": f"{model.condition_number:.4g}",
        "names": str(count),
        "names_imputed": str(int(model.imputed.sum())),
    }
    writing.insert("exposure", exposures)
    writing.insert("specific_risk", pl.DataFrame({"security_id": names, "specific_variance": model.specific_variance}))
    writing.insert("model_fact", pl.DataFrame({"fact": list(facts), "value": list(facts.values())}))
