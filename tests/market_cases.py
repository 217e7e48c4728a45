"""A small folder of invented prices in the layout of the real ones, with every trap in it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from assets.sessions import session_after, sessions_between

FIRST, LAST = dt.date(2015, 1, 2), dt.date(2015, 6, 30)
SESSIONS = sessions_between(first=FIRST, last=LAST)
SPLIT_DAY, SPIN_DAY, END_DAY = dt.date(2015, 5, 14), dt.date(2015, 4, 15), dt.date(2015, 6, 12)
BAD_TICK = dt.date(2015, 3, 10)
MONTH_END = dt.date(2015, 5, 29)

_SPINS = "spinoff_or_stock_dividend_price_factor"
_ENDS = "last_price_seen (delisted, acquired, renamed, or source ends)"


def close_of(security_id: str, session: dt.date) -> float | None:
    """Return the raw close: a slow climb, broken by the traps."""
    climb = 1.0 + 0.001 * SESSIONS.index(session)
    if security_id == "SPLITS":
        return round(200.0 * climb / (4 if session >= SPLIT_DAY else 1), 2)
    if security_id == "SPINS":
        return round(60.0 * climb * (0.5 if session >= SPIN_DAY else 1.0), 2)
    if security_id == "ENDS":
        return round(30.0 * climb, 2) if session <= END_DAY else None
    if security_id == "TICKS":
        return 10.0 if session == BAD_TICK else round(40.0 * climb, 2)
    return round((100.0 + ord(security_id[-1])) * climb, 2)


NAMES = ("ENDS", "GOOG", "GOOGL", "SPINS", "SPLITS", "TICKS", *(f"PLAIN{letter}" for letter in "ABCDEFGH"))


def write_market_folder(folder: Path) -> Path:
    """Write the four files to ``folder``."""
    folder.mkdir(parents=True)
    rows = [(day, name, close_of(name, day)) for day in SESSIONS for name in sorted(NAMES)]
    prices = pl.DataFrame(rows, schema=["date", "security_id", "close"], orient="row").drop_nulls()
    prices.with_columns(pl.col("date").cast(pl.Datetime), symbol="security_id").write_parquet(folder / "prices.parquet")
    actions = [
        (SPLIT_DAY, "SPLITS", "split", 4.0, None),
        (SPIN_DAY, "SPINS", _SPINS, 1.9, None),
        (SPIN_DAY, "SPINS", "cash_dividend", None, 28.0),
        (dt.date(2015, 6, 3), "PLAINA", "cash_dividend", None, 0.75),
        (END_DAY, "ENDS", _ENDS, None, None),
        (dt.date(2015, 6, 6), "PLAINB", "symbol_change", None, None),
    ]
    schema = {
        "ex_date": pl.Date,
        "security_id": pl.String,
        "kind": pl.String,
        "ratio": pl.Float64,
        "amount": pl.Float64,
    }
    pl.DataFrame(actions, schema=schema, orient="row").with_columns(pl.col("ex_date").cast(pl.Datetime)).write_parquet(
        folder / "corporate_actions.parquet"
    )
    ends = [day for day in SESSIONS if session_after(day).month != day.month]
    weights = [(day, name, 1.0 / len(NAMES)) for day in ends for name in sorted(NAMES)]
    pl.DataFrame(weights, schema=["date", "security_id", "weight"], orient="row").with_columns(
        pl.col("date").cast(pl.Datetime)
    ).write_parquet(folder / "index_weights.parquet")
    sector = ["Energy" if name == "PLAINA" else "Industrials" for name in sorted(NAMES)]
    pl.DataFrame(
        {
            "security_id": sorted(NAMES),
            "symbols": sorted(NAMES),
            "name": [None, *sorted(NAMES)[1:]],
            "gics_sector_pre2018": [*sector[:-1], None],
            "gics_sector": [*sector[:-1], None],
        }
    ).write_csv(folder / "securities.csv")
    return folder
