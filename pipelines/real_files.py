"""The files of a folder of real prices, read once and laid out by session and security.

The list of "splits" mixes true splits with the price factors of spin-offs. A price factor is not a ratio of shares:
such an action is passed on as ``unclassified``, without terms. Where a cash dividend is listed for the same name
and day it may be the same distribution told a second time, so it is left out.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from assets.sessions import session_after, session_before
from ledger.errors import FeedError
from pipelines.market import Floats

FILES = ("prices.parquet", "corporate_actions.parquet", "index_weights.parquet", "securities.csv")
UNKNOWN_SECTOR = "Unclassified"

_KIND = {
    "cash_dividend": "cash_dividend",
    "split": "split",
    "reverse_split": "split",
    "symbol_change": "symbol_change",
    "last_price_seen": "delisting",
    "spinoff_or_stock_dividend_price_factor": "unclassified",
}


@dataclasses.dataclass(frozen=True, slots=True)
class MarketFiles:
    """The folder's content: T sessions, n securities."""

    sessions: tuple[dt.date, ...]
    security_ids: tuple[str, ...]
    close: Floats
    """(T, n) raw USD; nan where there is none."""
    split: Floats
    """(T, n) new shares per old one on the session; one elsewhere."""
    dividend: Floats
    """(T, n) USD per share."""
    unclear: npt.NDArray[np.bool_]
    """(T, n) an action without terms on the session."""
    actions: pl.DataFrame
    """security_id, kind (the contract's), ex_date (a session), ratio, amount."""
    weights: pl.DataFrame
    """date, security_id, weight at the ends of months."""
    securities: pl.DataFrame
    """security_id, symbol, name, sector."""


@functools.lru_cache(maxsize=2)
def read_market_files(path: Path) -> MarketFiles:
    """Read the folder.

    Raises
    ------
    FeedError
        Where one of its files is missing.
    """
    for name in FILES:
        if not (path / name).exists():
            raise FeedError(
                code="FEED-060",
                where=f"market folder {path}",
                found=f"no {name}",
                expected=", ".join(FILES),
                remedy="Name a folder with all of them, or use the synthetic market.",
            )
    prices = pl.read_parquet(path / "prices.parquet", columns=["date", "security_id", "close"])
    prices = prices.with_columns(pl.col("date").cast(pl.Date)).sort("date", "security_id")
    sessions = tuple(prices["date"].unique().sort())
    securities = _securities(path)
    ids = tuple(securities["security_id"])
    actions = _actions(path, sessions=sessions)

    def of_actions(kind: str, *, column: str, otherwise: float) -> Floats:
        chosen = actions.filter(pl.col("kind") == kind).rename({"ex_date": "date"})
        return _matrix(chosen.with_columns(one=1.0), column=column, sessions=sessions, ids=ids, otherwise=otherwise)

    return MarketFiles(
        sessions=sessions,
        security_ids=ids,
        close=_matrix(prices, column="close", sessions=sessions, ids=ids, otherwise=np.nan),
        split=of_actions("split", column="ratio", otherwise=1.0),
        dividend=of_actions("cash_dividend", column="amount", otherwise=0.0),
        unclear=of_actions("unclassified", column="one", otherwise=0.0) > 0.0,
        actions=actions,
        weights=pl.read_parquet(path / "index_weights.parquet", columns=["date", "security_id", "weight"])
        .with_columns(pl.col("date").cast(pl.Date))
        .sort("date", "security_id"),
        securities=securities,
    )


def _securities(path: Path) -> pl.DataFrame:
    """Return the securities; the sector of the time where it is known, else today's, else a sector of its own."""
    sector = pl.coalesce("gics_sector_pre2018", "gics_sector", pl.lit(UNKNOWN_SECTOR))
    return (
        pl.read_csv(path / "securities.csv", infer_schema=False)
        .select(
            "security_id",
            symbol=pl.col("symbols").str.split(",").list.first(),
            name=pl.coalesce("name", "security_id"),
            sector=sector.str.replace("Telecommunications", "Telecommunication"),
        )
        .sort("security_id")
    )


def _actions(path: Path, *, sessions: tuple[dt.date, ...]) -> pl.DataFrame:
    """Return the actions in the contract's kinds, on sessions, dividends that repeat another action left out."""
    table = pl.read_parquet(path / "corporate_actions.parquet").with_columns(pl.col("ex_date").cast(pl.Date))
    kind = pl.col("kind").str.split(" ").list.first().replace_strict(_KIND)
    table = table.select("security_id", "ratio", "amount", "ex_date", kind=kind)
    # The source dates a name's end by its last price; what the exchange announces is the first day without it.
    is_end = pl.col("kind") == "delisting"
    days = sorted(set(table["ex_date"]))
    after = {day: session_after(day) for day in days}
    from_ = {day: session_after(session_before(day)) for day in days}
    table = table.with_columns(
        ex_date=pl.when(is_end)
        .then(pl.col("ex_date").replace_strict(after, return_dtype=pl.Date))
        .otherwise(pl.col("ex_date").replace_strict(from_, return_dtype=pl.Date))
    ).filter(pl.col("ex_date").is_between(sessions[0], sessions[-1]))
    unclear = table.filter(pl.col("kind") == "unclassified").select("security_id", "ex_date", twice=pl.lit(value=True))
    return (
        table.join(unclear, on=["security_id", "ex_date"], how="left")
        .filter((pl.col("kind") != "cash_dividend") | pl.col("twice").is_null())
        .drop("twice")
        .sort("ex_date", "security_id", "kind")
    )


def _matrix(
    frame: pl.DataFrame, *, column: str, sessions: tuple[dt.date, ...], ids: tuple[str, ...], otherwise: float
) -> Floats:
    """Return ``column`` as (sessions, ids), ``otherwise`` where ``frame`` has no row."""
    rows = frame["date"].replace_strict(sessions, range(len(sessions)), return_dtype=pl.Int64).to_numpy()
    columns = frame["security_id"].replace_strict(ids, range(len(ids)), return_dtype=pl.Int64).to_numpy()
    matrix = np.full((len(sessions), len(ids)), otherwise)
    matrix[rows, columns] = frame[column].to_numpy()
    return matrix
