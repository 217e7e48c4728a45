"""A synthetic market: a pure function of its seed, its size, the book's first night, and the session asked for.

One session's draws follow from the seed and the date alone, so the path up to a session is the same whenever,
however often and in whatever order it is asked for; nothing is remembered between calls. Returns have the market,
sectors, styles and each name's own luck in them; they compound by multiplication only, so that a close does not
depend on a processor's logarithm.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import numpy.typing as npt
import polars as pl

from assets.sessions import require_session, sessions_between
from ledger.errors import NightOrderError, SettingError
from pipelines.market import (
    Floats,
    MarketNight,
    PriceHistory,
    actions_frame,
    benchmark_frame,
    prices_frame,
)
from pipelines.synthetic_universe import SPUN_OFF_FRACTION, Event, Universe, make_universe

NAMES_MIN, NAMES_MAX = 12, 5000
YEARS_BEFORE = 6
SESSIONS_IN_QUARTER = 63
SPLITS_PER_NAME_YEAR = 0.02
UNCLASSIFIED_PER_SESSION = 1 / 150
RETURN_LIMIT = 0.25
"""No name moves further in one session, so that a jump beyond the trusted is always an action."""

_SESSION_DRAWS = 2


@dataclasses.dataclass(frozen=True, slots=True)
class _Path:
    """The market up to one session: T sessions, n securities."""

    sessions: tuple[dt.date, ...]
    close_microusd: npt.NDArray[np.int64]
    """(T, n) whole cents; zero where there is no price."""
    dividend_microusd: npt.NDArray[np.int64]
    """(T, n) whole cents per share."""
    split: Floats
    """(T, n) new shares per old one on the session; one elsewhere."""
    cap_usd: Floats
    """(n,) capitalisation on the last session."""
    events: tuple[Event, ...]
    """Every action up to the last session, cash dividends excepted."""
    first: int
    """Row of the book's first night."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticMarket:
    """A `Market` made from a seed; its path begins six years before ``first_night``."""

    seed: int
    names: int
    factors: int
    first_night: dt.date

    def __post_init__(self) -> None:
        if not NAMES_MIN <= self.names <= NAMES_MAX:
            raise SettingError(
                code="SET-010",
                where="names of the synthetic market",
                found=str(self.names),
                expected=f"{NAMES_MIN} to {NAMES_MAX}",
                remedy="Every kind of action needs a name of its own; ask for a number between.",
            )

    def securities(self) -> pl.DataFrame:
        """Return the securities; the spun-off company is listed from the start."""
        universe = self._universe()
        return pl.DataFrame(
            {
                "security_id": universe.security_ids,
                "symbol": universe.symbols,
                "name": universe.names,
                "sector": universe.sectors,
            }
        )

    def identical_groups(self) -> pl.DataFrame:
        """Return the two share classes of the largest company."""
        universe = self._universe()
        pair = [universe.security_ids[i] for i in (universe.first_class, universe.second_class)]
        return pl.DataFrame(
            {
                "security_id": pair,
                "identical_group": [f"G-{pair[0]}"] * 2,
                "from_date": [self._sessions(self.first_night)[0]] * 2,
            }
        )

    def night(self, night: dt.date) -> MarketNight:
        """Return the feeds of ``night``."""
        universe, path = self._universe(), self._path(night)
        caps = np.where(universe.in_benchmark & (path.close_microusd[-1] > 0), path.cap_usd, 0.0)
        return MarketNight(
            prices=prices_frame(security_ids=universe.security_ids, close_microusd=path.close_microusd[-1]),
            corporate_actions=actions_frame(self._action_rows(universe, path)),
            benchmark=benchmark_frame(security_ids=universe.security_ids, sectors=universe.sectors, caps=caps),
        )

    def history(self, *, last: dt.date) -> PriceHistory:
        """Return the path up to ``last``."""
        universe, path = self._universe(), self._path(last)
        close = np.where(path.close_microusd > 0, path.close_microusd / 1e6, np.nan)
        # New shares that one share of a session has become by the last session.
        later = np.cumprod(np.vstack([np.ones(close.shape[1]), path.split[:0:-1]]), axis=0)[::-1]
        total = np.full_like(close, np.nan)
        total[1:] = (close[1:] + path.dividend_microusd[1:] / 1e6) * path.split[1:] / close[:-1] - 1.0
        return PriceHistory(
            sessions=path.sessions,
            security_ids=universe.security_ids,
            restated_close_usd=close / later,
            total_return=total,
        )

    def _universe(self) -> Universe:
        return make_universe(seed=self.seed, names=self.names, factors=self.factors)

    def _sessions(self, night: dt.date) -> list[dt.date]:
        begin = dt.date(self.first_night.year - YEARS_BEFORE, self.first_night.month, 1)
        return sessions_between(first=begin, last=night)

    def _path(self, night: dt.date) -> _Path:
        """Return the path up to ``night``.

        Raises
        ------
        NightOrderError
            Where ``night`` is no session, or lies before the book's first.
        """
        require_session(night)
        if night < self.first_night:
            raise NightOrderError(
                code="NIGHT-010",
                where=f"synthetic market, night {night}",
                found="a session before the book's first night",
                expected=f"{self.first_night} or later",
                remedy="Make a book that begins earlier.",
            )
        universe, sessions = self._universe(), tuple(self._sessions(night))
        first = len(self._sessions(self.first_night)) - 1
        returns, events = _draw(universe, sessions=sessions, first=first, seed=self.seed)
        return _compound(universe, sessions=sessions, first=first, returns=returns, events=events)

    def _action_rows(self, universe: Universe, path: _Path) -> list[dict[str, object]]:
        """Return the rows of the actions on the path's last session."""
        night, ids = path.sessions[-1], universe.security_ids
        rows: list[dict[str, object]] = [
            {
                "security_id": ids[i],
                "kind": "cash_dividend",
                "ex_date": night,
                "cash_microusd": int(path.dividend_microusd[-1, i]),
            }
            for i in np.flatnonzero(path.dividend_microusd[-1])
        ]
        for event in path.events:
            if path.first + event.offset != len(path.sessions) - 1:
                continue
            row: dict[str, object] = {"security_id": ids[event.security], "kind": event.kind, "ex_date": night}
            if event.new != event.old:
                row["ratio"] = f"{event.new}/{event.old}"
            if event.kind == "spinoff":
                row["new_security_id"] = ids[universe.child]
                row["fmv_old_microusd"] = int(path.close_microusd[-1, universe.parent])
                row["fmv_new_microusd"] = int(path.close_microusd[-1, universe.child])
            rows.append(row)
        return rows


def _draw(
    universe: Universe, *, sessions: tuple[dt.date, ...], first: int, seed: int
) -> tuple[Floats, tuple[Event, ...]]:
    """Return simple total returns (T, n) and the actions up to the last session.

    A session's draws come from a generator of its own, seeded by the date.
    """
    factors, names = universe.exposures.shape
    normal = np.empty((len(sessions), factors + names))
    events = [event for event in universe.scheduled if first + event.offset < len(sessions)]
    split_rate = SPLITS_PER_NAME_YEAR * universe.splitting.size / 252.0
    touched = {event.security for event in universe.scheduled}
    for row, session in enumerate(sessions):
        rng = np.random.default_rng([seed, _SESSION_DRAWS, session.toordinal()])
        normal[row] = rng.standard_normal(factors + names)
        splits, unclear, who, which = rng.random(4)
        if splits < split_rate:
            security = int(universe.splitting[int(who * universe.splitting.size)])
            events.append(Event("split", offset=row - first, security=security, new=2 + int(which * 2), old=1))
        elif unclear < UNCLASSIFIED_PER_SESSION and row > first + max(e.offset for e in universe.scheduled):
            security = int(who * (names - 2))
            if security not in touched:
                events.append(Event("unclassified", offset=row - first, security=security))
    # The years before the book grew as expected, whatever the seed, so that it opens with gains and with losses.
    normal[: first + 1, :factors] -= normal[: first + 1, :factors].mean(axis=0)
    returns = universe.drift + normal[:, factors:] * universe.specific_sd
    # Factor by factor: a matrix product may add in another order on another machine.
    for factor in range(factors):
        returns += normal[:, factor, None] * universe.exposures[factor]
    second, one = universe.second_class, universe.first_class
    returns[:, second] = returns[:, one] + normal[:, factors + second] * universe.specific_sd[second]
    return np.clip(returns, -RETURN_LIMIT, RETURN_LIMIT), tuple(events)


def _compound(
    universe: Universe, *, sessions: tuple[dt.date, ...], first: int, returns: Floats, events: tuple[Event, ...]
) -> _Path:
    """Return the path that follows from total ``returns`` (T, n) and ``events``."""
    rows, names = returns.shape
    split, dividend = np.ones((rows, names)), np.zeros((rows, names))
    quarter = (np.arange(rows)[:, None] - universe.dividend_phase) % SESSIONS_IN_QUARTER == 0
    dividend[quarter] = np.broadcast_to(universe.dividend_rate, (rows, names))[quarter]
    kept = 1.0 + returns
    spun = rows
    for event in events:
        row = first + event.offset
        dividend[row, event.security] = 0.0
        if event.kind == "spinoff":
            spun, per_parent_share = row, event.new / event.old
            kept[row, event.security] *= 1.0 - SPUN_OFF_FRACTION
        else:
            split[row, event.security] *= event.new / event.old
    kept *= 1.0 - dividend
    value = np.cumprod(kept / split, axis=0)
    price = value / value[first] * universe.price_usd
    cap = universe.cap_usd * np.prod(kept, axis=0)
    price[:, universe.child] = np.nan
    if spun < rows:
        growth = np.cumprod(np.r_[1.0, kept[spun + 1 :, universe.child]])
        leaving = SPUN_OFF_FRACTION / (1.0 - SPUN_OFF_FRACTION)
        price[spun:, universe.child] = price[spun, universe.parent] * leaving / per_parent_share * growth
        parent_cap = universe.cap_usd[universe.parent] * np.prod(kept[: spun + 1, universe.parent])
        cap[universe.child] = parent_cap * leaving * growth[-1]
    # Whole cents, and never nothing.
    cents = np.maximum(np.rint(np.nan_to_num(price) * 100.0), np.where(np.isnan(price), 0.0, 1.0))
    before = np.nan_to_num(price) / (1.0 - dividend)
    paid = np.where(dividend > 0.0, np.maximum(np.rint(before * dividend * 100.0), 1.0), 0.0)
    return _Path(
        sessions=sessions,
        close_microusd=cents.astype(np.int64) * 10_000,
        dividend_microusd=paid.astype(np.int64) * 10_000,
        split=split,
        cap_usd=cap,
        events=events,
        first=first,
    )
