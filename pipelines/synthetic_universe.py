"""The synthetic universe: who its companies are, what moves them, and which corporate actions lie ahead.

Everything follows from the seed and the number of names and factors. A few actions are placed on sessions soon
after the book's first night, in large companies that nearly every account owns, so that every kind is met in the
first weeks; more splits and a rare action without terms come at random ever after.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from pipelines.market import Floats

SECTORS = (
    "Communication Services",
    "Consumer Discretionary",
    "Consumer Staples",
    "Energy",
    "Financials",
    "Health Care",
    "Industrials",
    "Information Technology",
    "Materials",
    "Real Estate",
    "Utilities",
)
MARKET_SD, SECTOR_SD, STYLE_SD = 0.008, 0.004, 0.0018
"""Standard deviations of one session's factor returns."""
MARKET_DRIFT = 0.0004
SPUN_OFF_FRACTION = 0.2
"""Part of the parent's value that leaves with the spun-off company."""
SMALL_RANK, REVERSE_RANK, UNLISTED_RANK = 0.7, 0.9, 0.95
"""Ranks by capitalisation, as parts of all: the action without terms, the reverse split, the end of the benchmark."""
SPLIT_PRICE_MIN_USD = 60.0

_UNIVERSE_DRAWS = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """A corporate action other than a cash dividend."""

    kind: str
    offset: int
    """Sessions after the book's first night; negative before it."""
    security: int
    new: int = 1
    old: int = 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Universe:
    """n securities; the last but one is a second share class of the largest company, the last is spun off later."""

    security_ids: tuple[str, ...]
    symbols: tuple[str, ...]
    names: tuple[str, ...]
    sectors: tuple[str, ...]
    drift: Floats
    """(n,) expected return of one session."""
    exposures: Floats
    """(K, n) exposures to the returns of the market, sector and style factors of one session."""
    specific_sd: Floats
    """(n,) standard deviation of one session's own return."""
    price_usd: Floats
    """(n,) close on the book's first night; the spun-off company has none yet."""
    cap_usd: Floats
    """(n,) capitalisation when the path begins; what a company gains since then is its size today."""
    dividend_rate: Floats
    """(n,) part of the price paid each quarter; zero for those who pay none."""
    dividend_phase: npt.NDArray[np.int64]
    """(n,) session of the quarter on which the dividend is paid."""
    in_benchmark: npt.NDArray[np.bool_]
    scheduled: tuple[Event, ...]
    splitting: npt.NDArray[np.int64]
    """Securities that may split at random."""
    first_class: int
    second_class: int
    parent: int
    child: int


def make_universe(*, seed: int, names: int, factors: int) -> Universe:
    """Return the universe of ``names`` securities, at least twelve, moved by ``factors`` factors."""
    rng = np.random.default_rng([seed, _UNIVERSE_DRAWS])
    companies = names - 2
    sector = rng.permutation(np.arange(companies) % len(SECTORS))
    cap = np.sort(np.exp(rng.normal(24.0, 1.0, companies)))[::-1][rng.permutation(companies)]
    rank = np.argsort(-cap, kind="stable")
    scheduled = _scheduled(rank)
    price = np.clip(np.exp(rng.normal(4.3, 0.8, companies)), 8.0, 700.0)
    for event in scheduled:
        price[event.security] = _FITTING_PRICE_USD.get((event.new, event.old), price[event.security])
    exposures = _exposures(rng, sector=sector, factors=factors)
    specific = rng.uniform(0.12, 0.3, companies) / np.sqrt(252.0)
    rate = np.where(rng.random(companies) < 0.8, rng.uniform(0.006, 0.038, companies), 0.0) / 4.0
    phase = rng.integers(0, 63, companies)
    of = np.r_[np.arange(companies), rank[0], _parent_of(scheduled)]
    cap = np.r_[cap, 0.6 * cap[rank[0]], 0.0]
    involved = {event.security for event in scheduled} | {int(rank[0])}
    dear = np.flatnonzero(price > SPLIT_PRICE_MIN_USD)
    label = [f"{SECTORS[sector[i]]} Company {i + 1:04d}" for i in of]
    return Universe(
        security_ids=tuple(f"S{number:04d}" for number in range(1, names + 1)),
        symbols=tuple(_symbol(number) for number in range(names)),
        names=(*label[:-2], f"{label[-2]} Class B", f"{label[-1]} Spin-off"),
        sectors=tuple(SECTORS[sector[i]] for i in of),
        drift=(MARKET_DRIFT / MARKET_SD) * exposures[0][of],
        exposures=exposures[:, of],
        specific_sd=np.r_[specific, 0.0005, 0.3 / np.sqrt(252.0)],
        price_usd=np.r_[price, 0.98 * price[rank[0]], np.nan],
        cap_usd=cap,
        dividend_rate=np.r_[rate, rate[rank[0]], 0.0],
        dividend_phase=phase[of],
        in_benchmark=np.r_[np.argsort(rank) < UNLISTED_RANK * companies, True, True],
        scheduled=scheduled,
        splitting=np.array([i for i in dear if int(i) not in involved], dtype=np.int64),
        first_class=int(rank[0]),
        second_class=names - 2,
        parent=_parent_of(scheduled),
        child=names - 1,
    )


_FITTING_PRICE_USD = {(2, 1): 420.0, (3, 2): 165.0, (3, 1): 680.0, (1, 10): 6.0}
"""Closes on the first night that make the ratio of a scheduled split plausible."""


def _scheduled(rank: npt.NDArray[np.int64]) -> tuple[Event, ...]:
    """Return the actions of the first weeks; ``rank`` lists companies from the largest to the smallest."""
    small, smallest = rank[int(SMALL_RANK * rank.size)], rank[int(REVERSE_RANK * rank.size)]
    return (
        Event("split", offset=2, security=int(rank[1]), new=2, old=1),
        Event("split", offset=4, security=int(rank[3]), new=3, old=2),
        Event("symbol_change", offset=5, security=int(rank[6])),
        Event("stock_dividend", offset=6, security=int(rank[5]), new=21, old=20),
        Event("spinoff", offset=8, security=int(rank[2]), new=1, old=3),
        Event("split", offset=10, security=int(rank[4]), new=3, old=1),
        Event("split", offset=12, security=int(smallest), new=1, old=10),
        Event("unclassified", offset=14, security=int(small)),
    )


def _parent_of(scheduled: tuple[Event, ...]) -> int:
    return next(event.security for event in scheduled if event.kind == "spinoff")


def _exposures(rng: np.random.Generator, *, sector: npt.NDArray[np.int64], factors: int) -> Floats:
    """Return exposures (factors, n) of one session: the market, then sectors, then styles.

    With fewer sector factors than sectors, several sectors share one.
    """
    companies = sector.size
    sector_factors = min(len(SECTORS), (factors - 1) * 2 // 3)
    exposures = np.zeros((factors, companies))
    exposures[0] = MARKET_SD * rng.uniform(0.6, 1.4, companies)
    if sector_factors:
        exposures[1 + sector % sector_factors, np.arange(companies)] = SECTOR_SD * rng.uniform(0.7, 1.3, companies)
    styles = factors - 1 - sector_factors
    exposures[1 + sector_factors :] = STYLE_SD * rng.normal(0.0, 1.0, (styles, companies))
    return exposures


def _symbol(number: int) -> str:
    """Return four letters for a number; 7919 is prime to 26, so no two numbers share them."""
    code = (number * 7919 + 104_729) % 26**4
    return "".join(chr(ord("A") + code // 26**place % 26) for place in (3, 2, 1, 0))
