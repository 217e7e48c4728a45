"""A market of real prices: a folder of files, read once, from which any of its sessions is answered.

A security is its ``security_id``, never its symbol: symbols are used again by other companies. A close is raw, as
traded. A name without a close on a session is left out of that session's prices and benchmark.
"""

from __future__ import annotations

import bisect
import dataclasses
import datetime as dt
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from assets.sessions import require_session
from ledger.errors import NightOrderError
from pipelines.market import (
    JUMP_MAX,
    Floats,
    MarketNight,
    PriceHistory,
    actions_frame,
    benchmark_frame,
    prices_frame,
)
from pipelines.real_files import UNKNOWN_SECTOR, read_market_files

RATIO_DENOMINATOR_MAX = 1000

SHARE_CLASSES = (
    ("GOOG", "GOOGL"),
    ("FOX", "FOXA"),
    ("NWS", "NWSA"),
    ("DISCA", "DISCK"),
    ("CMCSA", "CMCSK"),
    ("UA", "UAA"),
    ("BF-A", "BF-B"),
    ("BRK-A", "BRK-B"),
    ("LBTYA", "LBTYK"),
    ("CCL", "CUK"),
    ("HEI", "HEI-A"),
    ("LEN", "LEN-B"),
)
"""Share classes of one issuer, by security_id; a pair counts where both are in the files."""


@dataclasses.dataclass(frozen=True, slots=True)
class RealMarket:
    """A `Market` read from the folder ``path``; ``only`` restricts it to some securities, else it has them all."""

    path: Path
    only: frozenset[str] | None = None

    def securities(self) -> pl.DataFrame:
        """Return every security of the files, later members of the index included."""
        table = read_market_files(self.path).securities
        return table if self.only is None else table.filter(pl.col("security_id").is_in(sorted(self.only)))

    def identical_groups(self) -> pl.DataFrame:
        """Return the share classes of one issuer among the securities."""
        here = set(self.securities()["security_id"])
        pairs = [pair for pair in SHARE_CLASSES if here.issuperset(pair)]
        rows = [(name, f"G-{pair[0]}", read_market_files(self.path).sessions[0]) for pair in pairs for name in pair]
        schema = {"security_id": pl.String, "identical_group": pl.String, "from_date": pl.Date}
        return pl.DataFrame(rows, schema=schema, orient="row").sort("security_id")

    def largest(self, count: int, *, night: dt.date) -> RealMarket:
        """Return this market restricted to the ``count`` largest members of the index on ``night``."""
        caps = self._caps(night)
        order = np.argsort(-np.nan_to_num(caps), kind="stable")[:count]
        ids = read_market_files(self.path).security_ids
        return RealMarket(self.path, frozenset(ids[i] for i in order if caps[i] > 0))

    def night(self, night: dt.date) -> MarketNight:
        """Return the feeds of ``night``: raw closes, actions, and the index drifted since the month's end before."""
        files, row = read_market_files(self.path), self._row(night)
        close = np.where(self._kept(), np.nan_to_num(files.close[row]), 0.0)
        sector = dict(self.securities().select("security_id", "sector").iter_rows())
        return MarketNight(
            prices=prices_frame(
                security_ids=files.security_ids, close_microusd=np.rint(close * 10_000).astype(np.int64) * 100
            ),
            corporate_actions=actions_frame(self._action_rows(night)),
            benchmark=benchmark_frame(
                security_ids=files.security_ids,
                sectors=[sector.get(name, UNKNOWN_SECTOR) for name in files.security_ids],
                caps=self._caps(night),
            ),
        )

    def history(self, *, last: dt.date) -> PriceHistory:
        """Return the path up to ``last``; a close before an action without terms can't be restated and is nan."""
        files, end = read_market_files(self.path), self._row(last) + 1
        kept = self._kept()
        close, split = files.close[:end], files.split[:end]
        total = np.full_like(close, np.nan)
        total[1:] = (close[1:] + files.dividend[1:end]) * split[1:] / close[:-1] - 1.0
        moved = np.full_like(close, np.nan)
        moved[1:] = close[1:] * split[1:] / close[:-1]
        bad = files.unclear[:end] | (np.abs(np.log(moved)) > JUMP_MAX)
        later = np.cumprod(np.vstack([np.ones(close.shape[1]), split[:0:-1]]), axis=0)[::-1]
        # An action of the last session itself is already in its close; one after row t makes row t incomparable.
        unclear = np.vstack([files.unclear[1:end], np.zeros((1, close.shape[1]), dtype=bool)])
        incomparable = np.maximum.accumulate(unclear[::-1], axis=0)[::-1]
        keep = np.flatnonzero(kept)
        return PriceHistory(
            sessions=files.sessions[:end],
            security_ids=tuple(files.security_ids[i] for i in keep),
            restated_close_usd=np.where(incomparable | bad, np.nan, close / later)[:, keep],
            total_return=np.where(bad, np.nan, total)[:, keep],
        )

    def _row(self, night: dt.date) -> int:
        """Return the row of ``night``.

        Raises
        ------
        NightOrderError
            Where it is no session, or lies outside the files.
        """
        require_session(night)
        sessions = read_market_files(self.path).sessions
        row = bisect.bisect_left(sessions, night)
        if row == len(sessions) or sessions[row] != night:
            raise NightOrderError(
                code="NIGHT-011",
                where=f"market {self.path}, night {night}",
                found="no prices of that session",
                expected=f"a session from {sessions[0]} to {sessions[-1]}",
                remedy="Choose a night that the files hold.",
            )
        return row

    def _kept(self) -> npt.NDArray[np.bool_]:
        ids = read_market_files(self.path).security_ids
        return np.array([self.only is None or name in self.only for name in ids])

    def _caps(self, night: dt.date) -> Floats:
        """Return values (n,) in proportion to the index on ``night``: the last month's end, drifted by price since.

        A split is no change of value; what a spin-off takes out of a company leaves its weight.
        """
        files, row = read_market_files(self.path), self._row(night)
        known = files.weights.filter(pl.col("date") <= night)
        if known.is_empty():
            raise NightOrderError(
                code="NIGHT-012",
                where=f"market {self.path}, night {night}",
                found="no index weights at or before it",
                expected=f"a session from {files.weights['date'][0]}",
                remedy="Choose a later night.",
            )
        month_end = known["date"].max()
        assert isinstance(month_end, dt.date)
        base = self._row(month_end)
        weight = dict(known.filter(pl.col("date") == month_end).select("security_id", "weight").iter_rows())
        shares = np.prod(files.split[base + 1 : row + 1], axis=0)
        drift = files.close[row] * shares / files.close[base]
        value = np.array([weight.get(name, 0.0) for name in files.security_ids]) * np.nan_to_num(drift)
        return np.where(self._kept(), value, 0.0)

    def _action_rows(self, night: dt.date) -> list[dict[str, object]]:
        """Return the contract's rows of the actions whose ex-date is ``night``."""
        kept = set(self.securities()["security_id"])
        rows: list[dict[str, object]] = []
        for action in read_market_files(self.path).actions.filter(pl.col("ex_date") == night).iter_rows(named=True):
            if action["security_id"] not in kept:
                continue
            row: dict[str, object] = {key: action[key] for key in ("security_id", "kind", "ex_date")}
            if action["kind"] == "split":
                ratio = _exact(action["ratio"])
                row["ratio"] = f"{ratio.numerator}/{ratio.denominator}"
            if action["kind"] == "cash_dividend":
                row["cash_microusd"] = round(action["amount"] * 1_000_000)
            rows.append(row)
        return rows


def _exact(ratio: float) -> Fraction:
    return Fraction(ratio).limit_denominator(RATIO_DENOMINATOR_MAX)
