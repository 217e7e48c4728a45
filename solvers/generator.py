"""Seeded random shards for tests, benchmarks and published instances: markets with sectors and styles, and accounts.

Nothing in them comes from a client or a vendor.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ledger.amounts import MICRO
from solvers.problem import RELAXABLE, Floats, Integers, Market, Mode, ShardProblems

SECTORS = 11


def random_market(*, names: int, factors: int, seed: int, benchmarks: int = 1, pairs: int = 0) -> Market:
    """Return n names with log-normal weights, one market factor, sector factors and styles.

    The first ``pairs`` even-numbered names share an identical group with their right neighbour.
    """
    random = np.random.default_rng([seed, names, factors])
    weights = np.sort(np.exp(random.normal(0.0, 1.1, (benchmarks, names))))[:, ::-1]
    sector = random.integers(0, SECTORS, names)
    exposures = np.zeros((names, factors))
    exposures[:, 0] = random.normal(1.0, 0.25, names) * 0.16
    sector_factors = min(SECTORS, factors - 1)
    for j in range(sector_factors):
        exposures[sector % sector_factors == j, 1 + j] = 0.12
    styles = factors - 1 - sector_factors
    if styles > 0:
        exposures[:, 1 + sector_factors :] = random.normal(0.0, 1.0, (names, styles)) * np.linspace(0.05, 0.015, styles)
    price = np.round(np.exp(random.normal(4.4, 0.8, names)), 2)
    group = np.arange(names)
    group[1 : 2 * pairs : 2] = group[0 : 2 * pairs : 2]
    return Market(
        security_ids=tuple(f"S{i:05d}" for i in range(names)),
        price_microusd=np.round(price * MICRO).astype(np.int64),
        exposures=exposures,
        specific_variance=random.uniform(0.18, 0.42, names) ** 2,
        sectors=tuple(f"Sector {j}" for j in range(SECTORS)),
        sector=sector.astype(np.int64),
        identical_group=np.unique(group, return_inverse=True)[1].astype(np.int64),
        benchmark_ids=tuple(f"B{j}" for j in range(benchmarks)),
        benchmark_weights=weights / weights.sum(axis=1, keepdims=True),
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lots:
    """One account's lots, sorted by security."""

    security: Integers
    shares: Integers
    basis: Integers
    long_term: np.ndarray[Any, np.dtype[np.bool_]]
    recent: np.ndarray[Any, np.dtype[np.bool_]]


def random_lots(market: Market, random: np.random.Generator, *, weights: Floats, nav: float) -> Lots:
    """Return one to six lots per name, with bases from a price history of up to eight years."""
    n = len(weights)
    price = market.price_microusd
    counts = np.where(weights > 0.0, np.clip(random.poisson(2.0, n) + 1, 1, 6), 0)
    security = np.repeat(np.arange(n), counts)
    share = random.gamma(1.5, 1.0, len(security)) + 1e-3
    share /= np.bincount(security, share, n)[security]
    shares = np.maximum(np.round(weights[security] * share * nav / price[security] * 1e4), 1.0).astype(np.int64) * 100
    days = np.minimum(random.exponential(550.0, len(security)), 3000.0)
    years = days / 365.0
    drift = 0.08 * years + 0.10 * np.sqrt(years) * np.sin(years * 2.0 + 0.5)
    basis_ratio = np.exp(-(drift + 0.25 * np.sqrt(years + 0.02) * random.normal(0.0, 1.0, len(security))))
    basis = np.round(shares.astype(float) * price[security] / MICRO * basis_ratio).astype(np.int64)
    return Lots(security=security, shares=shares, basis=basis, long_term=days > 365.0, recent=days <= 30.0)


def random_shard(
    *,
    names: int = 60,
    factors: int = 6,
    accounts: int = 8,
    seed: int = 0,
    pairs: int = 0,
    households: bool = True,
    share_step: int = 100,
    **changes: Any,  # noqa: ANN401 - any field
) -> ShardProblems:
    """Return a realistic shard; ``changes`` replace whole fields of `ShardProblems`, broadcast to their shape.

    With ``households`` the accounts form households of one to four, each with retirement accounts in its later waves.
    """
    market = random_market(names=names, factors=factors, seed=seed, pairs=pairs)
    rows = [_account(market, np.random.default_rng([seed, names, factors, a, 1]), share_step) for a in range(accounts)]
    household, wave = _households(accounts, seed=seed) if households else (np.arange(accounts), np.zeros(accounts, int))
    fields: dict[str, Any] = {
        key: np.array([row[key] for row in rows]) for key in rows[0] if not key.startswith("lot_")
    }
    counts = [len(row["lot_security"]) for row in rows]
    for key in (key for key in rows[0] if key.startswith("lot_")):
        fields[key] = np.concatenate([row[key] for row in rows])
    fields |= {
        "market": market,
        "account_ids": tuple(f"A{a:05d}" for a in range(accounts)),
        "household": household.astype(np.int64),
        "wave": wave.astype(np.int64),
        "taxable": (wave < 2) if households else np.ones(accounts, dtype=bool),
        "lot_start": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        "lot_ids": tuple(f"L{a}-{j}" for a, count in enumerate(counts) for j in range(count)),
        "lot_number": np.arange(sum(counts)),
    }
    for key, value in changes.items():
        like = fields[key]
        fields[key] = np.broadcast_to(np.asarray(value, like.dtype), like.shape).copy()
    return ShardProblems(**fields)


def _households(accounts: int, *, seed: int) -> tuple[Integers, Integers]:
    """Return household and wave of each account."""
    random = np.random.default_rng([seed, accounts, 2])
    household = np.zeros(accounts, np.int64)
    wave = np.zeros(accounts, np.int64)
    at = number = 0
    while at < accounts:
        size = min(int(random.integers(1, 5)), accounts - at)
        household[at : at + size] = number
        wave[at : at + size] = np.arange(size)
        at, number = at + size, number + 1
    return household, wave


def _account(market: Market, random: np.random.Generator, share_step: int) -> dict[str, Any]:
    """Return the fields of one account."""
    n = len(market.security_ids)
    benchmark = market.benchmark_weights[0]
    excluded = random.random(n) < 0.05
    held = ~excluded & (random.random(n) < random.uniform(0.75, 1.0))
    held[0] = True
    wanted = np.where(held, benchmark * np.exp(random.normal(0.0, 0.35, n)), 0.0)
    cash = random.uniform(0.0, 0.03)
    nav = float(np.exp(random.uniform(np.log(2e5), np.log(2e7))) * MICRO)
    lots = random_lots(market, random, weights=wanted * (1.0 - cash) / wanted.sum(), nav=nav)
    price = market.price_microusd.astype(float)
    value = lots.shares * price[lots.security] / MICRO
    cash_microusd = round(cash / (1.0 - cash) * value.sum())
    nav = cash_microusd + value.sum()
    holding = np.bincount(lots.security, value, n) / nav
    recent_buy = np.zeros(n, bool)
    np.logical_or.at(recent_buy, lots.security, lots.recent)
    sectors = len(market.sectors)
    drift = np.abs(np.bincount(market.sector, holding - benchmark, sectors)).max()
    return {
        "mode": int(Mode.TAX_AWARE),
        "benchmark": 0,
        "cash_microusd": cash_microusd,
        "flow_microusd": 0,
        "short_gain_rate": 0.408,
        "long_gain_rate": 0.238,
        "short_loss_rate": 0.408,
        "long_loss_rate": 0.238,
        "loss_margin": 0.0,
        "risk_aversion": float(random.choice([25.0, 50.0, 100.0])),
        "cost_rate": float(random.choice([0.0003, 0.0005, 0.001])),
        "cash_min": 0.002,
        "cash_max": 0.012,
        "sector_band": max(0.02, drift + 0.003),
        "turnover_max": float(random.choice([0.1, 0.2, 0.3])),
        "net_gain_budget_microusd": round(float(random.choice([0.0, 0.001, 0.005])) * nav),
        "tracking_error_max": np.inf,
        "factor_band": np.inf,
        "relaxation_rank": np.zeros(len(RELAXABLE), np.int64),
        "trigger": 0.0,
        "share_step_micro": share_step,
        "min_trade_microusd": 0,
        "max_weight": np.maximum(2.5 * benchmark, benchmark + 0.005),
        "can_buy": ~(excluded | (random.random(n) < 0.04)),
        "can_sell": random.random(n) >= 0.01,
        "lot_security": lots.security,
        "lot_micro_shares": lots.shares,
        "lot_basis_microusd": lots.basis,
        "lot_long_term": lots.long_term,
        "lot_sale_allowed": np.ones(len(lots.security), bool),
        "lot_loss_sale_allowed": ~recent_buy[lots.security],
    }


def some_accounts(problems: ShardProblems, rows: Integers) -> ShardProblems:
    """Return the shard of the accounts ``rows``, in that order."""
    lots = [np.arange(problems.lot_start[a], problems.lot_start[a + 1]) for a in rows]
    chosen = np.concatenate([np.zeros(0, np.int64), *lots])
    fields: dict[str, Any] = {
        field.name: getattr(problems, field.name) for field in dataclasses.fields(problems) if field.name != "market"
    }
    kept = {
        name: value[chosen] if name.startswith("lot_") else value[rows]
        for name, value in fields.items()
        if name not in {"account_ids", "lot_ids", "lot_start"}
    }
    return ShardProblems(
        market=problems.market,
        account_ids=tuple(problems.account_ids[a] for a in rows),
        lot_ids=tuple(problems.lot_ids[lot] for lot in chosen),
        lot_start=np.concatenate([[0], np.cumsum([len(part) for part in lots])]).astype(np.int64),
        **kept,
    )


def with_sublots(problems: ShardProblems, *, share: float, adjustment: float, seed: int) -> ShardProblems:
    """Return the shard with a ``share`` of its lots in two sublots, the later one's basis moved by ``adjustment``.

    This is what a disallowed loss does to part of a replacement lot.
    """
    random = np.random.default_rng(seed)
    split = (random.random(len(problems.lot_ids)) < share) & (problems.lot_micro_shares > 10_000)
    source = np.repeat(np.arange(len(split)), 1 + split)
    later = np.zeros(len(source), bool)
    later[1:] = source[1:] == source[:-1]
    pair = split[source]
    half = problems.lot_micro_shares[source] // 2
    shares = np.where(pair, np.where(later, problems.lot_micro_shares[source] - half, half), half * 0)
    basis = problems.lot_basis_microusd[source]
    lot_basis = np.where(pair, np.where(later, basis - basis // 2 + np.round(basis * adjustment), basis // 2), basis)
    counts = np.add.reduceat(1 + split, problems.lot_start[:-1])
    return dataclasses.replace(
        problems,
        lot_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        lot_ids=tuple(problems.lot_ids[lot] for lot in source.tolist()),
        lot_number=problems.lot_number[source],
        lot_security=problems.lot_security[source],
        lot_micro_shares=np.where(pair, shares, problems.lot_micro_shares[source]).astype(np.int64),
        lot_basis_microusd=lot_basis.astype(np.int64),
        lot_long_term=problems.lot_long_term[source],
        lot_sale_allowed=problems.lot_sale_allowed[source],
        lot_loss_sale_allowed=problems.lot_loss_sale_allowed[source],
    )
