"""A market, as the book generator and the simulated custodian see it: one session's feeds, and the price path.

Both sources, synthetic and real, answer for any session from their own arguments alone; asking twice, late or
in another order gives the same rows.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from assets.book import Trust
from ledger.amounts import MICRO

Floats = npt.NDArray[np.float64]

BROAD, SCREENED = "LARGE", "SCREENED"
SCREENED_OUT = ("Energy", "Utilities")
"""Sectors that the benchmark `SCREENED` leaves out of `LARGE`."""

WEIGHT_UNITS = 10**12
JUMP_MAX = Trust().jump_max
"""A close further than this from the one before, ``|ln|`` after splits, is a bad tick to a price history too."""

ACTION_COLUMNS = {
    "action_id": pl.String,
    "security_id": pl.String,
    "kind": pl.String,
    "ex_date": pl.Date,
    "ratio": pl.String,
    "cash_microusd": pl.Int64,
    "new_security_id": pl.String,
    "fmv_old_microusd": pl.Int64,
    "fmv_new_microusd": pl.Int64,
    "cash_in_lieu_microusd": pl.Int64,
}


@dataclasses.dataclass(frozen=True, slots=True)
class MarketNight:
    """The market feeds of one session, amounts in millionths."""

    prices: pl.DataFrame
    """security_id, close_microusd: raw, as traded."""
    corporate_actions: pl.DataFrame
    """The columns of `ACTION_COLUMNS`; those with an ex-date on this session."""
    benchmark: pl.DataFrame
    """benchmark_id, security_id, weight (exact decimals that sum to one per benchmark)."""


@dataclasses.dataclass(frozen=True, slots=True)
class PriceHistory:
    """What was seen up to a session: T sessions, n securities; nan where there is nothing to be believed."""

    sessions: tuple[dt.date, ...]
    """(T,), ascending; the last is the session asked for."""
    security_ids: tuple[str, ...]
    """(n,), ascending."""
    restated_close_usd: Floats
    """(T, n) close of the session per share as it is counted on the last session."""
    total_return: Floats
    """(T, n) simple return since the session before, dividends and splits accounted for."""

    def returns_before(self, night: dt.date, *, sessions_max: int) -> pl.DataFrame:
        """Return session, security_id and total_return of at most ``sessions_max`` sessions before ``night``."""
        end = self.sessions.index(night)
        begin = max(end - sessions_max, 0)
        part = self.total_return[begin:end]
        row, column = np.nonzero(np.isfinite(part))
        return pl.DataFrame(
            {
                "session": pl.Series(self.sessions[begin:end], dtype=pl.Date).gather(row),
                "security_id": pl.Series(self.security_ids, dtype=pl.String).gather(column),
                "total_return": part[row, column],
            }
        )


class Market(Protocol):
    """A source of market data."""

    def securities(self) -> pl.DataFrame:
        """Return security_id, symbol, name and sector of every security there will ever be, by security_id."""

    def identical_groups(self) -> pl.DataFrame:
        """Return security_id, identical_group and from_date of the share classes of one issuer."""

    def night(self, night: dt.date) -> MarketNight:
        """Return the feeds of the session ``night``.

        Raises
        ------
        NightOrderError
            Where the source has no such session.
        """

    def history(self, *, last: dt.date) -> PriceHistory:
        """Return the price path up to and including ``last``."""


def actions_frame(rows: Sequence[dict[str, object]]) -> pl.DataFrame:
    """Return corporate actions with unset terms empty, by (security_id, kind), and their ids."""
    full = [{column: row.get(column) for column in ACTION_COLUMNS} for row in rows]
    return (
        pl.DataFrame(full, schema=ACTION_COLUMNS)
        .with_columns(action_id=pl.format("{}-{}-{}", "ex_date", "security_id", "kind"))
        .sort("security_id", "kind")
    )


def benchmark_frame(*, security_ids: Sequence[str], sectors: Sequence[str], caps: Floats) -> pl.DataFrame:
    """Return the weights of both benchmarks from capitalisations (n,); a cap that is nan or zero is no member.

    Weights are whole numbers of 1e-12; what rounding leaves goes to the largest, so each benchmark sums to one.
    """
    screened = np.where(np.isin(np.array(sectors), SCREENED_OUT), 0.0, caps)
    frames = []
    for benchmark_id, values in ((BROAD, caps), (SCREENED, screened)):
        value = np.nan_to_num(values, nan=0.0)
        units = np.floor(value / value.sum() * WEIGHT_UNITS).astype(np.int64)
        units[np.argmax(units)] += WEIGHT_UNITS - units.sum()
        (member,) = np.nonzero(units)
        frames.append(
            pl.DataFrame(
                {
                    "benchmark_id": pl.repeat(benchmark_id, member.size, eager=True),
                    "security_id": pl.Series(security_ids, dtype=pl.String).gather(member),
                    "units": units[member],
                }
            )
        )
    weight = (pl.col("units").cast(pl.Decimal(38, 12)) / WEIGHT_UNITS).cast(pl.Decimal(18, 12))
    return pl.concat(frames).select("benchmark_id", "security_id", weight=weight).sort("benchmark_id", "security_id")


def prices_frame(*, security_ids: Sequence[str], close_microusd: npt.NDArray[np.int64]) -> pl.DataFrame:
    """Return security_id and close_microusd of the names with a positive close, by security_id."""
    return (
        pl.DataFrame({"security_id": pl.Series(security_ids, dtype=pl.String), "close_microusd": close_microusd})
        .filter(pl.col("close_microusd") > 0)
        .sort("security_id")
    )


def held_usd_of(positions: pl.DataFrame, *, prices: pl.DataFrame) -> pl.DataFrame:
    """Return held_usd by account_id, in order: what ``positions`` are worth; names without a price count nothing."""
    worth = pl.col("micro_shares") / MICRO * (pl.col("close_microusd") / MICRO)
    return (
        positions.join(prices, on="security_id", how="inner", maintain_order="left")
        .group_by("account_id", maintain_order=True)
        .agg(held_usd=worth.sum())
    )
