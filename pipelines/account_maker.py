"""Synthetic accounts: households, tax brackets, policies and restrictions, seeded and made a column at a time."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ledger.amounts import MICRO
from pipelines.market import BROAD, SCREENED, Floats

Integers = npt.NDArray[np.int64]

HOUSEHOLDS: tuple[tuple[float, tuple[tuple[str, int], ...]], ...] = (
    (0.30, (("taxable", 1),)),
    (0.08, (("trust", 1),)),
    (0.07, (("ira", 1),)),
    (0.13, (("taxable", 1), ("ira", 1))),
    (0.10, (("taxable", 1), ("taxable", 2))),
    (0.07, (("taxable", 1), ("roth", 1))),
    (0.08, (("taxable", 1), ("ira", 1), ("ira", 2))),
    (0.06, (("taxable", 1), ("trust", 1), ("roth", 2))),
    (0.06, (("taxable", 1), ("taxable", 2), ("ira", 1), ("roth", 2))),
    (0.05, (("taxable", 1), ("trust", 2), ("ira", 1), ("ira", 2))),
)
"""How often a household is made of which registrations, each with the number of its owner (2 is the spouse)."""

BRACKETS = ((0.22, 0.15), (0.29, 0.20), (0.373, 0.238), (0.408, 0.238), (0.473, 0.303), (0.541, 0.371))
"""Short- and long-term rates, federal and state together."""
CASH_BANDS = ((0.0, 0.01), (0.002, 0.012), (0.005, 0.02), (0.01, 0.03))
NAV_USD_MIN, NAV_USD_MAX = 100_000.0, 20_000_000.0
WHOLE_SHARES_NAV_USD_MIN = 1_000_000.0
"""Smaller accounts hold fractions: one share would be too large a part of them."""
NAMES_IN_SECTOR_MIN = 5
"""A name is excluded only from sectors where others can take its place."""

RESTRICTIONS = (
    ("exclude", "security", 0.12, 3, "client request"),
    ("exclude", "sector", 0.05, 1, "values screen"),
    ("no_buy", "security", 0.08, 3, "employer"),
    ("no_sell", "security", 0.05, 2, "family holding"),
    ("max_weight", "security", 0.06, 2, "concentration"),
)
"""Kind, what it is on, the part of the accounts that have it, how many each at most, and the reason given."""

_ACCOUNT_DRAWS, _RESTRICTION_DRAWS = 11, 12
_EPOCH = dt.date(1970, 1, 1).toordinal()


@dataclasses.dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of a book (m of them), and what their holdings are to be made from."""

    policies: pl.DataFrame
    """The columns of static/accounts, by account_id."""
    restrictions: pl.DataFrame
    """The columns of static/restrictions."""
    nav_usd: Floats
    """(m,) net asset value aimed at."""
    cash_weight: Floats
    """(m,) part of it in cash."""


def make_accounts(
    *,
    count: int,
    seed: int,
    first_night: dt.date,
    benchmark: pl.DataFrame,
    securities: pl.DataFrame,
) -> Accounts:
    """Return ``count`` accounts on the night's ``benchmark`` weights."""
    rng = np.random.default_rng([seed, _ACCOUNT_DRAWS])
    household, registration, owner = _memberships(rng, count)
    nav = np.exp(rng.uniform(np.log(NAV_USD_MIN), np.log(NAV_USD_MAX), count))
    taxed = ~np.isin(registration, ("ira", "roth"))
    bracket = rng.integers(0, len(BRACKETS), household.max() + 1)[household]
    rates = np.where(taxed[:, None], np.array(BRACKETS)[bracket], 0.0)
    band = np.array(CASH_BANDS)[rng.integers(0, len(CASH_BANDS), count)]
    mode = _pick(rng, ("tax_aware", "tax_unaware", "buy_only", "hold"), count, p=(0.92, 0.03, 0.03, 0.02))
    whole = (nav >= WHOLE_SHARES_NAV_USD_MIN) & (rng.random(count) < 0.4)
    step = np.where(whole, MICRO, _pick(rng, (1, 100, 1000, 10_000), count, p=(0.1, 0.5, 0.2, 0.2)))
    budget = np.round(nav * _pick(rng, (0.0, 0.0025, 0.005, 0.01), count), -2)
    min_trade = np.where(nav > 500_000.0, _pick(rng, (0, 25, 50, 100), count), _pick(rng, (0, 5, 10, 20), count))
    policies = pl.DataFrame(
        {
            "account_id": _ids("A", np.arange(1, count + 1), digits=6),
            "household_id": _ids("H", household + 1, digits=5),
            "owner_id": pl.select(pl.format("{}-{}", _ids("H", household + 1, digits=5), pl.Series(owner))).to_series(),
            "registration": registration,
            "benchmark_id": np.where(rng.random(count) < 0.75, BROAD, SCREENED),
            "mode": np.where(taxed, mode, "tax_unaware"),
            "frozen": rng.random(count) < 0.02,
            "short_rate": rates[:, 0],
            "long_rate": rates[:, 1],
            "short_loss_rate": rates[:, 0],
            "long_loss_rate": rates[:, 1],
            "risk_aversion": _pick(rng, (10.0, 20.0, 30.0, 50.0, 80.0), count),
            "tracking_error_max_bps": pl.repeat(None, count, dtype=pl.Float64, eager=True),
            "cash_min": band[:, 0],
            "cash_max": band[:, 1],
            "sector_band": _sometimes(_pick(rng, (0.02, 0.03, 0.05), count), given=rng.random(count) < 0.7),
            "turnover_max": _sometimes(_pick(rng, (0.1, 0.2, 0.3), count), given=rng.random(count) < 0.7),
            "net_gain_budget_microusd": _sometimes(
                (budget * MICRO).astype(np.int64), given=taxed & (rng.random(count) < 0.4)
            ),
            "cost_bps": _pick(rng, (1.0, 2.0, 5.0), count),
            "trigger_bps": _pick(rng, (0.5, 1.0, 2.0), count),
            "min_trade_microusd": min_trade * MICRO,
            "share_step_micro": step,
            "min_holding_days": _pick(rng, (0, 7, 31), count, p=(0.8, 0.1, 0.1)),
        }
    )
    excess = np.where(rng.random(count) < 0.08, rng.uniform(-0.5, 3.0, count), rng.random(count))
    restrictions = _restrictions(
        policies["account_id"], seed=seed, first_night=first_night, benchmark=benchmark, securities=securities
    )
    return Accounts(
        policies=_without_impossible_bands(policies, restrictions),
        restrictions=restrictions,
        nav_usd=nav,
        cash_weight=np.maximum(band[:, 0] + excess * (band[:, 1] - band[:, 0]), 0.0),
    )


def _memberships(rng: np.random.Generator, count: int) -> tuple[Integers, npt.NDArray[np.str_], Integers]:
    """Return household number, registration and owner number of ``count`` accounts, households in order."""
    odds = np.array([part for part, _ in HOUSEHOLDS])
    made_of = rng.choice(len(HOUSEHOLDS), size=count, p=odds / odds.sum())
    size = np.array([len(members) for _, members in HOUSEHOLDS])[made_of]
    household = np.repeat(np.arange(count), size)[:count]
    place = np.arange(count) - np.searchsorted(household, household)
    widest = max(len(members) for _, members in HOUSEHOLDS)
    padded = [list(members) + [("", 0)] * (widest - len(members)) for _, members in HOUSEHOLDS]
    registration = np.array([[kind for kind, _ in members] for members in padded])
    owner = np.array([[number for _, number in members] for members in padded])
    kind_of_household = made_of[household]
    return household, registration[kind_of_household, place], owner[kind_of_household, place]


def _restrictions(
    account_ids: pl.Series, *, seed: int, first_night: dt.date, benchmark: pl.DataFrame, securities: pl.DataFrame
) -> pl.DataFrame:
    """Return exclusions, no-buy and no-sell lists and weight caps of about a third of the accounts.

    One in six is dated: it ends soon, or begins soon.
    """
    rng = np.random.default_rng([seed, _RESTRICTION_DRAWS])
    broad = benchmark.filter(pl.col("benchmark_id") == BROAD).join(securities, on="security_id").sort("security_id")
    crowded = pl.len().over("sector") >= NAMES_IN_SECTOR_MIN
    names = broad.filter(crowded)["security_id"]
    sectors = broad["sector"].unique().sort()
    table = pl.concat(
        _listed(
            rng,
            account_ids,
            kind=kind,
            on=on,
            among=names if on == "security" else sectors,
            share=share,
            each=each,
            reason=reason,
        )
        for kind, on, share, each, reason in RESTRICTIONS
    )
    days = np.array([0, 10, 20, 40])[rng.integers(0, 4, table.height)]
    dated = rng.random(table.height)
    limit = pl.Series(np.round(rng.uniform(0.02, 0.05, table.height), 3))
    day = pl.Series(first_night.toordinal() - _EPOCH + days).cast(pl.Int32).cast(pl.Date)
    return (
        table.with_columns(
            limit=pl.when(pl.col("kind") == "max_weight").then(limit),
            from_date=pl.when(pl.Series(dated < 0.06)).then(day).otherwise(dt.date(first_night.year - 1, 1, 1)),
            to_date=pl.when(pl.Series((dated >= 0.06) & (dated < 0.16))).then(day),
        )
        .select("account_id", "kind", "on", "value", "limit", "reason", "from_date", "to_date")
        .unique(["account_id", "kind", "on", "value"], keep="first", maintain_order=True)
        .sort("account_id", "kind", "on", "value")
    )


def _listed(
    rng: np.random.Generator,
    account_ids: pl.Series,
    *,
    kind: str,
    on: str,
    among: pl.Series,
    share: float,
    each: int,
    reason: str,
) -> pl.DataFrame:
    """Return one to ``each`` rows, with values drawn from ``among``, for a ``share`` of the accounts."""
    times = np.where(rng.random(account_ids.len()) < share, rng.integers(1, each + 1, account_ids.len()), 0)
    times = times if among.len() else np.zeros_like(times)
    rows = int(times.sum())
    return pl.DataFrame(
        {
            "account_id": account_ids.gather(np.repeat(np.arange(account_ids.len()), times)),
            "kind": pl.repeat(kind, rows, dtype=pl.String, eager=True),
            "on": pl.repeat(on, rows, dtype=pl.String, eager=True),
            "value": among.gather(rng.integers(0, max(among.len(), 1), rows)),
            "reason": pl.repeat(reason, rows, dtype=pl.String, eager=True),
        }
    )


def _without_impossible_bands(policies: pl.DataFrame, restrictions: pl.DataFrame) -> pl.DataFrame:
    """Return ``policies`` with no sector band where a whole sector is excluded: it could never be met."""
    whole_sector = restrictions.filter(pl.col("kind") == "exclude", pl.col("on") == "sector")["account_id"]
    excluding = pl.col("account_id").is_in(whole_sector.unique().sort().to_list())
    return policies.with_columns(sector_band=pl.when(~excluding).then("sector_band"))


def _pick(
    rng: np.random.Generator, options: Sequence[Any], size: int, *, p: Sequence[float] | None = None
) -> npt.NDArray[Any]:
    """Return ``size`` of the ``options``, equally likely unless ``p`` says how."""
    return np.array(options)[rng.choice(len(options), size=size, p=p)]


def _sometimes(values: npt.NDArray[Any], *, given: npt.NDArray[np.bool_]) -> pl.Series:
    """Return ``values`` where ``given``, else null."""
    return pl.select(pl.when(pl.Series(given)).then(pl.Series(values))).to_series()


def _ids(letter: str, numbers: Integers, *, digits: int) -> pl.Series:
    """Return ids such as A000001."""
    number = pl.Series(numbers).cast(pl.String).str.zfill(digits)
    return pl.select(pl.lit(letter) + number).to_series()
