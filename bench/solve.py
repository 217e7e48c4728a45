"""How fast the solve is, against a modelling layer and against one full quadratic program, in one run.

    python -m bench.solve --names 200 --factors 20 --accounts 400 --seed 950

The accounts are those of `tests.solver_cases`, one per household. Times are CPU seconds of one process, everything
in Python included; both baselines get the directions for free and round nothing:
    naive      the account written in CVXPY and handed to Clarabel
    full QP    Clarabel alone with its default settings on the whole account, its matrices made outside the clock
"""

from __future__ import annotations

import argparse
import functools
import importlib.metadata
import json
import platform
import time
from collections.abc import Callable
from typing import Any, TypeVar

import clarabel
import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from solvers.arrays import ABSENT, Account
from solvers.dual import account_of
from solvers.prepare import prepare
from solvers.problem import Floats, ShardAnswers, ShardProblems, SolveSettings
from solvers.program import Free, all_free
from solvers.searching import search_all
from solvers.shard import solve_shard
from solvers.tables import tables_of
from tests.solver_cases import random_shard, some_accounts

Result = TypeVar("Result")
BASELINES_MAX = 10
SAMPLE_MAX = 60


def bench(*, names: int, factors: int, accounts: int, seed: int) -> dict[str, Any]:
    """Return one row of figures."""
    settings = SolveSettings()
    problems = random_shard(names=names, factors=factors, accounts=accounts, seed=seed, households=False)
    solve_shard(some_accounts(problems, np.arange(2)), settings)
    seconds, answers = timed(lambda: solve_shard(problems, settings))
    single = [
        timed(functools.partial(solve_shard, some_accounts(problems, np.array([a])), settings))[0]
        for a in range(min(accounts, SAMPLE_MAX))
    ]
    baseline = baselines(problems, settings, count=min(accounts, BASELINES_MAX))
    ours = seconds / accounts
    return {
        "names": names,
        "factors": factors,
        "accounts": accounts,
        "seed": seed,
        "accounts_per_second": accounts / seconds,
        "single_p50_ms": float(np.percentile(single, 50)) * 1e3,
        "single_p99_ms": float(np.percentile(single, 99)) * 1e3,
        **quality(answers),
        **{f"{name}_ms": value * 1e3 for name, value in baseline.items()},
        "ratio_to_naive": baseline["naive"] / ours,
        "ratio_to_full_qp": baseline["full_qp"] / ours,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "versions": {name: importlib.metadata.version(name) for name in ("numpy", "numba", "clarabel", "cvxpy")},
    }


def timed(call: Callable[[], Result]) -> tuple[float, Result]:
    """Return CPU seconds and the result of a call."""
    begin = time.process_time()
    result = call()
    return time.process_time() - begin, result


def quality(answers: ShardAnswers) -> dict[str, Any]:
    """Return how good the answers are."""
    gap = answers.gap_continuous * 1e4
    rounding = (answers.objective - answers.bound) * 1e4 - gap
    return {
        "held": sum(status.is_held for status in answers.status),
        "share_within_0.01_bp": float(np.mean(gap <= 0.01)),
        "gap_max_bp": float(np.nanmax(gap)),
        "rounding_p50_bp": float(np.nanpercentile(rounding, 50)),
        "nodes_mean": float(answers.nodes.mean()),
    }


def baselines(problems: ShardProblems, settings: SolveSettings, *, count: int) -> dict[str, float]:
    """Return mean CPU seconds of the two baselines over the first ``count`` accounts."""
    tables = tables_of(problems)
    rows = np.arange(count)
    book = prepare(tables, rows)
    searched = search_all(tables, rows, book, settings.gap_bp_target * 1e-4, settings.nodes_max)
    naive, full = [], []
    for at in range(count):
        account = account_of(book, at)
        free = all_free(account, searched.directions[at, : book.disjunctions[at]])
        naive.append(timed(functools.partial(naive_optimum, account, free))[0])
        program = full_program(account, free)
        full.append(timed(functools.partial(solve_full, program))[0])
    return {"naive": float(np.mean(naive[1:])), "full_qp": float(np.mean(full))}


def naive_optimum(account: Account, free: Free) -> float:
    """Return the optimum of the account as written in CVXPY, directions fixed by what is free."""
    n = len(account.D)
    bought, sold = cp.Variable(n, nonneg=True), cp.Variable(len(account.quantity), nonneg=True)
    security = np.repeat(np.arange(n), np.diff(account.first))
    entries = np.arange(len(security))
    sales = sp.csr_matrix((np.ones(len(security)), (security, entries)), (n, len(security)))
    sectors = (len(account.r) - 4) // 2
    members = sp.csr_matrix((np.ones(n), (account.sector, np.arange(n))), (sectors, n))
    trade = bought - sales @ sold
    active = account.x0 + trade
    risk = cp.sum_squares(account.F.T @ active) + cp.sum_squares(cp.multiply(np.sqrt(account.D), active))
    value = 0.5 * account.gamma * risk + account.cost @ sold + account.kappa * cp.sum(bought)
    r = account.r
    limits = [
        cp.sum(trade) <= r[0],
        cp.sum(trade) >= -r[1],
        members @ trade <= r[2 : 2 + sectors],
        members @ trade >= -r[2 + sectors : 2 + 2 * sectors],
        cp.sum(bought) + cp.sum(sold) <= r[-2],
        bought <= np.where(free.bought > 0, account.room, 0.0),
        sold <= np.where(free.sale > 0, account.quantity, 0.0),
    ]
    if r[-1] < ABSENT:
        limits.append(account.gain @ sold <= r[-1])
    program = cp.Problem(cp.Minimize(value), limits)
    program.solve(solver=cp.CLARABEL)
    return float(program.value)


def full_program(account: Account, free: Free) -> tuple[Any, ...]:
    """Return Clarabel's arguments for the whole account: net trades t, sales s, factors y; purchases are t + sales."""
    n, k = account.F.shape
    entries = np.flatnonzero(free.sale)
    security = np.repeat(np.arange(n), np.diff(account.first))[entries]
    may_buy = free.bought > 0
    traded = np.flatnonzero(may_buy | np.isin(np.arange(n), security))
    t, s = len(traded), len(entries)
    place = np.full(n, -1)
    place[traded] = np.arange(t)
    sectors = (len(account.r) - 4) // 2
    sales = sp.csc_matrix((np.ones(s), (place[security], np.arange(s))), (t, s))
    members = sp.csc_matrix((np.ones(t), (account.sector[traded], np.arange(t))), (sectors, t))
    one, eye = np.ones((1, t)), sp.identity(t, format="csr")
    nothing = sp.csc_matrix((1, k))
    buys = may_buy[traded]
    rows: list[tuple[Any, Floats]] = [
        (sp.hstack([sp.csc_matrix(account.F[traded].T), sp.csc_matrix((k, s)), -sp.identity(k)]), -account.y0),
        (sp.hstack([eye[~buys], sales[~buys], sp.csc_matrix(((~buys).sum(), k))]), np.zeros((~buys).sum())),
        (sp.hstack([one, np.zeros((1, s)), nothing]), account.r[:1]),
        (sp.hstack([-one, np.zeros((1, s)), nothing]), account.r[1:2]),
        (sp.hstack([members, sp.csc_matrix((sectors, s + k))]), account.r[2 : 2 + sectors]),
        (sp.hstack([-members, sp.csc_matrix((sectors, s + k))]), account.r[2 + sectors : 2 + 2 * sectors]),
        (sp.hstack([one, 2.0 * np.ones((1, s)), nothing]), account.r[-2:-1]),
        (sp.hstack([np.zeros((1, t)), account.gain[entries][None], nothing]), account.r[-1:]),
        (sp.hstack([-eye[buys], -sales[buys], sp.csc_matrix((buys.sum(), k))]), np.zeros(buys.sum())),
        (sp.hstack([eye[buys], sales[buys], sp.csc_matrix((buys.sum(), k))]), account.room[traded][buys]),
        (sp.hstack([sp.csc_matrix((s, t)), -sp.identity(s), sp.csc_matrix((s, k))]), np.zeros(s)),
        (sp.hstack([sp.csc_matrix((s, t)), sp.identity(s), sp.csc_matrix((s, k))]), account.quantity[entries]),
    ]
    matrix = sp.vstack([row for row, _ in rows], format="csc")
    matrix.sort_indices()
    b = np.concatenate([limit for _, limit in rows])
    weight = account.gamma * account.D[traded]
    curvature = sp.diags(np.concatenate([weight, np.zeros(s), np.full(k, account.gamma)]), format="csc")
    linear = [weight * account.x0[traded] + account.kappa, account.cost[entries] + account.kappa, np.zeros(k)]
    equal = k + int((~buys).sum())
    chosen = clarabel.DefaultSettings()
    chosen.verbose = False
    return (
        curvature,
        np.concatenate(linear),
        matrix,
        b,
        [clarabel.ZeroConeT(equal), clarabel.NonnegativeConeT(len(b) - equal)],
        chosen,
    )


def solve_full(program: tuple[Any, ...]) -> str:
    """Solve one whole account with Clarabel's defaults; return its status."""
    return str(clarabel.DefaultSolver(*program).solve().status)


def main() -> None:
    """Print one JSON row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("names", 200), ("factors", 20), ("accounts", 200), ("seed", 950)):
        parser.add_argument(f"--{name}", type=int, default=default)
    arguments = parser.parse_args()
    print(json.dumps(bench(**vars(arguments)), indent=1))


if __name__ == "__main__":
    main()
