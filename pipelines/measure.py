"""How fast and how good the solve is, against a modelling layer and one full quadratic program, in one run.

Times are CPU seconds of this process, everything in Python included. Every account starts from nothing: what is warm
on the next day is only that most of its orders were made on the day before.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.metadata
import os
import platform
import time
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ledger.amounts import MICRO
from solvers.baselines import full_program, solve_full, solve_naive
from solvers.block import solve_block
from solvers.dual import account_of
from solvers.generator import random_shard, some_accounts
from solvers.prepare import prepare
from solvers.problem import ShardAnswers, ShardProblems, SolveSettings
from solvers.program import all_free
from solvers.reduce import FIXED_GAP_MAX
from solvers.searching import search_all
from solvers.shard import solve_shard
from solvers.tables import tables_of

Result = TypeVar("Result")
BASELINES_MAX = 20
SINGLES_MAX = 200
SESSIONS_PER_YEAR = 252
WITHIN_BP = 0.01
PACKAGES = ("numpy", "numba", "clarabel", "cvxpy", "scipy")


def measure_solve(*, names: int, factors: int, accounts: int, seed: int) -> dict[str, Any]:
    """Return the figures of `accounts` seeded random accounts: ours in both settings, the two baselines, ratios."""
    load = os.getloadavg()
    problems = random_shard(names=names, factors=factors, accounts=accounts, seed=seed, households=False)
    solve_shard(some_accounts(problems, np.arange(min(accounts, 2))), SolveSettings())
    ours = {choice: _ours(problems, SolveSettings(clarabel=choice), seed=seed) for choice in ("always", "uncertified")}
    naive, full = baselines(problems, count=min(accounts, BASELINES_MAX))
    per_second = ours["always"]["cold"]["accounts_per_second"]
    return {
        "names": names,
        "factors": factors,
        "accounts": accounts,
        "seed": seed,
        **ours["always"],
        "before_rounding": before_rounding(problems, SolveSettings()),
        "clarabel_only_where_uncertified": ours["uncertified"],
        "naive_cvxpy": _baseline(naive),
        "full_clarabel_qp": _baseline(full),
        "ratio_to_naive_cvxpy": per_second * float(np.mean(naive)),
        "ratio_to_full_clarabel_qp": per_second * float(np.mean(full)),
        "machine": machine() | {"load_average_before": load, "load_average_after": os.getloadavg()},
    }


def machine() -> dict[str, Any]:
    """Return what the figures were measured on, without the machine's name."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def _processor() -> str:
    """Return the processor's model where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as facts:
            names = [line.partition(":")[2].strip() for line in facts if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.machine()


def timed(call: Callable[[], Result]) -> tuple[float, Result]:
    """Return CPU seconds and the result of a call."""
    begin = time.process_time()
    result = call()
    return time.process_time() - begin, result


def _ours(problems: ShardProblems, settings: SolveSettings, *, seed: int) -> dict[str, Any]:
    """Return our figures, of the night and of the session after it."""
    accounts = len(problems.account_ids)
    seconds, answers = timed(functools.partial(solve_shard, problems, settings))
    later = next_day(problems, answers, seed=seed)
    again, answers_again = timed(functools.partial(solve_shard, later, settings))
    single = [
        timed(functools.partial(solve_shard, some_accounts(problems, np.array([a])), settings))[0] * 1e3
        for a in range(min(accounts, SINGLES_MAX))
    ]
    return {
        "cold": {"accounts_per_second": accounts / seconds, **quality(answers)},
        "next_day": {"accounts_per_second": accounts / again, **quality(answers_again)},
        "one_account_alone_ms": {
            "p50": float(np.percentile(single, 50)),
            "p99": float(np.percentile(single, 99)),
            "max": max(single),
            "accounts": len(single),
        },
    }


def _baseline(seconds: list[float]) -> dict[str, Any]:
    return {
        "accounts": len(seconds),
        "accounts_per_second": 1.0 / float(np.mean(seconds)),
        "p50_ms": float(np.percentile(seconds, 50)) * 1e3,
        "p99_ms": float(np.percentile(seconds, 99)) * 1e3,
    }


def quality(answers: ShardAnswers) -> dict[str, Any]:
    """Return how good the answers are; gaps are of the continuous answers, the cost of rounding apart."""
    gap = answers.gap_continuous * 1e4
    rounding = (answers.objective - answers.bound) * 1e4 - gap
    known = gap[np.isfinite(gap)]
    return {
        "held": sum(status.is_held for status in answers.status),
        "share_within_0.01_bp": float(np.mean(gap <= WITHIN_BP)),
        "gap_max_bp": float(known.max()) if len(known) else None,
        "rounding_p50_bp": float(np.nanpercentile(rounding, 50)) if len(known) else None,
        "nodes_mean": float(answers.nodes.mean()),
    }


def before_rounding(problems: ShardProblems, settings: SolveSettings) -> dict[str, Any]:
    """Return how far Clarabel's first answers are from their limits and from their own dual, direction fixed.

    The line uses no answer that is further from either than the largest accepted here; those that are go through more
    rounds, alone, under the same standard.
    """
    tables = tables_of(problems)
    rows = np.arange(len(problems.account_ids))
    book = prepare(tables, rows)
    searched = search_all(tables, rows, book, settings.gap_bp_target * 1e-4, settings.nodes_max)
    closed, _ = solve_block(book, searched, np.ones(len(rows), np.int8))
    gap = closed.objective - closed.bound
    used = (closed.breach <= settings.violation_max) & (gap <= FIXED_GAP_MAX)
    return {
        "used": int(used.sum()),
        "to_more_rounds": int((~used).sum()),
        "violation_max": float(closed.breach[used].max(initial=0.0)),
        "direction_fixed_gap_max": float(gap[used].max(initial=0.0)),
    }


def next_day(problems: ShardProblems, answers: ShardAnswers, *, seed: int) -> ShardProblems:
    """Return the accounts one session later: their orders made at the close, prices moved as the risk model says.

    A purchase is a new short-term lot that may be sold at a loss: it is the only recent one of its group.
    """
    market = problems.market
    n, k = market.exposures.shape
    random = np.random.default_rng([seed, n, k, 3])
    move = market.exposures @ random.normal(0.0, 1.0, k) + np.sqrt(market.specific_variance) * random.normal(
        0.0, 1.0, n
    )
    price = np.maximum(np.round(market.price_microusd * np.exp(move / np.sqrt(SESSIONS_PER_YEAR))), 1).astype(np.int64)
    sold = np.zeros(len(problems.lot_ids), np.int64)
    sales = ~answers.order_is_buy
    np.add.at(sold, answers.order_lot[sales], answers.order_micro_shares[sales])
    left = problems.lot_micro_shares - sold
    kept = np.flatnonzero(left > 0)
    buys = np.flatnonzero(answers.order_is_buy)
    owner = np.repeat(np.arange(len(problems.account_ids)), np.diff(problems.lot_start))
    bought = answers.order_micro_shares[buys]
    security = answers.order_security[buys]
    account = np.concatenate([owner[kept], answers.order_account[buys]])
    name = np.concatenate([problems.lot_security[kept], security])
    order = np.lexsort((np.arange(len(account)), name, account))
    basis = problems.lot_basis_microusd * (left / problems.lot_micro_shares)
    ids = [problems.lot_ids[lot] for lot in kept.tolist()] + [f"N{number}" for number in range(len(buys))]

    def lots(old: Any, new: Any) -> Any:  # noqa: ANN401 - any column
        return np.concatenate([old[kept], new])[order]

    return dataclasses.replace(
        problems,
        market=dataclasses.replace(market, price_microusd=price),
        cash_microusd=answers.cash_after_microusd,
        net_gain_budget_microusd=np.maximum(problems.net_gain_budget_microusd - answers.net_gain_microusd, 0),
        lot_start=np.searchsorted(account[order], np.arange(len(problems.account_ids) + 1)).astype(np.int64),
        lot_ids=tuple(ids[at] for at in order.tolist()),
        lot_number=lots(problems.lot_number, problems.lot_number.max(initial=-1) + 1 + np.arange(len(buys))),
        lot_security=name[order],
        lot_micro_shares=lots(left, bought),
        lot_basis_microusd=lots(
            basis.astype(np.int64), np.round(bought / MICRO * market.price_microusd[security]).astype(np.int64)
        ),
        lot_long_term=lots(problems.lot_long_term, np.zeros(len(buys), np.bool_)),
        lot_sale_allowed=lots(problems.lot_sale_allowed, np.ones(len(buys), np.bool_)),
        lot_loss_sale_allowed=lots(problems.lot_loss_sale_allowed, np.ones(len(buys), np.bool_)),
    )


def baselines(problems: ShardProblems, *, count: int) -> tuple[list[float], list[float]]:
    """Return CPU seconds of naive CVXPY and of one full Clarabel QP for each of the first ``count`` accounts."""
    settings = SolveSettings()
    tables = tables_of(problems)
    rows = np.arange(count)
    book = prepare(tables, rows)
    searched = search_all(tables, rows, book, settings.gap_bp_target * 1e-4, settings.nodes_max)
    naive, full = [], []
    for at in (0, *range(count)):  # the first account twice: once for what a library does only once
        account = account_of(book, at)
        free = all_free(account, searched.directions[at, : book.disjunctions[at]])
        naive.append(timed(functools.partial(solve_naive, account, free))[0])
        full.append(timed(functools.partial(solve_full, full_program(account, free)))[0])
    return naive[1:], full[1:]
