"""Opening lots: holdings near the benchmark, bought in one to six lots over the years of the price path.

Accounts are made in blocks of a fixed size, each from draws of its own: the time grows with the book and no faster,
and the memory not at all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from ledger.amounts import MICRO
from pipelines.account_maker import Accounts, Integers
from pipelines.market import Floats, MarketNight, PriceHistory

BLOCK_ACCOUNTS = 500
LOTS_MAX = 6
LOTS_ODDS = (0.18, 0.24, 0.23, 0.17, 0.11, 0.07)
"""Of one to `LOTS_MAX` lots in a holding: three on average."""
LOTS_MEAN = 3.0
RECENT_SHARE, RECENT_SESSIONS = 0.03, 20
"""Part of the lots bought within the last sessions, which the wash-sale window still covers."""
HOLDING_USD_MIN = 50.0
LEGACY_SHARE = 0.1
"""Part of the accounts that still hold a name outside their benchmark, or one that they exclude."""

_LOT_DRAWS = 21


@dataclasses.dataclass(frozen=True, slots=True)
class _Shelf:
    """What can be bought: n securities by security_id."""

    security_ids: pl.Series
    sectors: npt.NDArray[np.object_]
    price_microusd: Integers
    """(n,) on the first night; zero where there is none."""
    weights: Floats
    """(number of benchmarks, n)"""
    benchmark_ids: list[str]
    sessions: pl.Series
    buyable: Integers
    """(n, T) rows of the sessions on which a restated close is known, ascending, in the first ``known`` places."""
    known: Integers
    """(n,)"""
    close_usd: Floats
    """(T, n) restated to today's shares."""


def odds_of(lots: float) -> Floats:
    """Return the odds of one to `LOTS_MAX` lots in a holding that are ``lots`` on average (1 to `LOTS_MAX`).

    >>> odds_of(3.0).tolist() == list(LOTS_ODDS), round(float(odds_of(1.5) @ range(1, 7)), 9)
    (True, 1.5)
    """
    odds: Floats = np.array(LOTS_ODDS)
    if lots == LOTS_MEAN:
        return odds
    number = np.arange(1, LOTS_MAX + 1)
    low, high, tilted = -200.0, 200.0, odds
    for _ in range(80):  # Tilted by a power of the number; the mean grows with the power.
        power = (low + high) / 2.0
        tilted = odds * np.exp(power * np.log(number) - max(power, 0.0) * np.log(LOTS_MAX))
        tilted /= float(tilted.sum())
        low, high = (power, high) if float(tilted @ number) < lots else (low, power)
    return tilted


def opening_lots(
    accounts: Accounts,
    *,
    seed: int,
    market: MarketNight,
    history: PriceHistory,
    securities: pl.DataFrame,
    lots: float = LOTS_MEAN,
) -> Iterator[pl.DataFrame]:
    """Yield the lots of one block of accounts after another: the columns of static/opening_lots, sorted.

    A holding has ``lots`` lots on average.
    """
    odds = odds_of(lots)
    shelf = _shelf(market, history=history, securities=securities)
    for number, begin in enumerate(range(0, accounts.policies.height, BLOCK_ACCOUNTS)):
        rng = np.random.default_rng([seed, _LOT_DRAWS, number])
        rows = slice(begin, begin + BLOCK_ACCOUNTS)
        units = _units(rng, accounts, rows=rows, shelf=shelf)
        yield _lots(rng, accounts.policies[rows], units=units, shelf=shelf, odds=odds)


def _shelf(market: MarketNight, *, history: PriceHistory, securities: pl.DataFrame) -> _Shelf:
    ids = pl.Series(history.security_ids, dtype=pl.String)
    order = pl.DataFrame({"security_id": ids})
    listed = order.join(securities, on="security_id", how="left", maintain_order="left")
    price = order.join(market.prices, on="security_id", how="left", maintain_order="left")["close_microusd"]
    benchmark_ids = market.benchmark["benchmark_id"].unique().sort().to_list()
    weights = [
        order.join(
            market.benchmark.filter(pl.col("benchmark_id") == name), on="security_id", how="left", maintain_order="left"
        )["weight"]
        .cast(pl.Float64)
        .fill_null(0.0)
        .to_numpy()
        for name in benchmark_ids
    ]
    known = np.isfinite(history.restated_close_usd)
    # A name must have a believed close on the first night itself to be held at all.
    tonight = np.where(known[-1], price.fill_null(0).to_numpy(), 0)
    return _Shelf(
        security_ids=ids,
        sectors=listed["sector"].to_numpy(),
        price_microusd=tonight,
        weights=np.array(weights) * (tonight > 0),
        benchmark_ids=benchmark_ids,
        sessions=pl.Series(history.sessions, dtype=pl.Date),
        buyable=np.argsort(~known.T, axis=1, kind="stable"),
        known=known.sum(axis=0),
        close_usd=history.restated_close_usd,
    )


def _units(rng: np.random.Generator, accounts: Accounts, *, rows: slice, shelf: _Shelf) -> Integers:
    """Return the share steps held (accounts of the block, n): the benchmark with noise, gaps and legacy names."""
    policies = accounts.policies[rows]
    row = np.array([shelf.benchmark_ids.index(name) for name in policies["benchmark_id"]])
    weight = shelf.weights[row]
    noise = rng.uniform(0.05, 0.3, policies.height)[:, None] * rng.standard_normal(weight.shape)
    target = weight * np.exp(noise) * (rng.random(weight.shape) > rng.uniform(0.0, 0.08, policies.height)[:, None])
    legacy = rng.random(policies.height) < LEGACY_SHARE
    target *= ~_excluded(accounts, policies, shelf=shelf) | legacy[:, None]
    stray = rng.integers(0, shelf.known.size, policies.height)
    target[np.arange(policies.height), stray] += np.where(legacy, rng.uniform(0.002, 0.015, policies.height), 0.0)
    target[:, shelf.price_microusd == 0] = 0.0
    value = accounts.nav_usd[rows] * (1.0 - accounts.cash_weight[rows])
    # An account that excludes all there is holds cash.
    usd = target / np.maximum(target.sum(axis=1, keepdims=True), np.finfo(float).tiny) * value[:, None]
    usd[usd < HOLDING_USD_MIN] = 0.0
    step_usd = policies["share_step_micro"].to_numpy()[:, None] / MICRO * np.maximum(shelf.price_microusd, 1) / MICRO
    steps: Integers = np.rint(usd / step_usd).astype(np.int64)
    return steps


def _excluded(accounts: Accounts, policies: pl.DataFrame, *, shelf: _Shelf) -> npt.NDArray[np.bool_]:
    """Return which names (accounts of the block, n) an account excludes, by name or by sector."""
    excluded = np.zeros((policies.height, shelf.known.size), dtype=bool)
    row_of = {name: row for row, name in enumerate(policies["account_id"])}
    column_of = {name: column for column, name in enumerate(shelf.security_ids)}
    listed = accounts.restrictions.filter(
        pl.col("kind") == "exclude", pl.col("account_id").is_in(policies["account_id"].to_list())
    )
    for account, on, value in listed.select("account_id", "on", "value").iter_rows():
        if on == "sector":
            excluded[row_of[account]] |= shelf.sectors == value
        else:
            excluded[row_of[account], column_of[value]] = True
    return excluded


def _lots(
    rng: np.random.Generator, policies: pl.DataFrame, *, units: Integers, shelf: _Shelf, odds: Floats
) -> pl.DataFrame:
    """Return the holdings ``units`` (share steps) split into lots with dates and bases."""
    account, security = np.nonzero(units)
    count = rng.choice(LOTS_MAX, size=account.size, p=odds) + 1
    within = np.arange(LOTS_MAX) < count[:, None]
    part = np.cumsum((0.2 + rng.exponential(1.0, within.shape)) * within, axis=1)
    # Cumulative positions in whole steps, so that the lots of a holding always sum to it.
    position = np.floor(units[account, security][:, None] * (part / part[:, -1:])).astype(np.int64)
    position[:, -1] = units[account, security]
    size = np.diff(position, axis=1, prepend=0)
    holding, _ = np.nonzero(size)
    steps, account, security = size[size > 0], account[holding], security[holding]
    row = _bought(rng, account=account, security=security, accounts=policies.height, shelf=shelf)
    shares = steps * policies["share_step_micro"].to_numpy()[account]
    cents = np.rint(shares / MICRO * shelf.close_usd[row, security] * 100.0).astype(np.int64)
    order = np.lexsort((steps, row, security, account))
    account, security, row = account[order], security[order], row[order]
    number = np.arange(account.size) - np.searchsorted(account, account) + 1
    acquired = shelf.sessions.gather(row)
    return pl.DataFrame(
        {
            "account_id": policies["account_id"].gather(account),
            "lot_id": pl.select(pl.lit("L") + pl.Series(number).cast(pl.String).str.zfill(5)).to_series(),
            "security_id": shelf.security_ids.gather(security),
            "acquired_date": acquired,
            "holding_start_date": acquired,
            "micro_shares": shares[order],
            "basis_microusd": cents[order] * (MICRO // 100),
        }
    )


def _bought(
    rng: np.random.Generator, *, account: Integers, security: Integers, accounts: int, shelf: _Shelf
) -> Integers:
    """Return the row of the session on which each lot was bought: since the account was opened, some of them lately."""
    opened = rng.uniform(0.0, 0.8, accounts)[account]
    known = shelf.known[security]
    place = np.floor(known * (opened + (1.0 - opened) * rng.random(account.size))).astype(np.int64)
    ago = np.floor(np.minimum(known, RECENT_SESSIONS) * rng.random(account.size)).astype(np.int64)
    place = np.where(rng.random(account.size) < RECENT_SHARE, known - 1 - ago, place)
    return shelf.buyable[security, np.minimum(place, known - 1)]
