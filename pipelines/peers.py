"""The same accounts through ours and through peers, every answer weighed by our evaluator against our proven bound.

Two tables, each of one run on the same cores. ``whole``: accounts with all limits that a night has, through ours,
through CVXPY account by account and through one full Clarabel program each. ``shared``: the same accounts cut down to
what the PyPI package taxrebalance can express too. CVXPY and Clarabel decide no directions; where they buy and sell one
name at once, or pass a limit, their answer is counted as one that may not be used, and stays in the table.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ledger.amounts import MICRO
from ledger.errors import SettingError
from pipelines.measure import machine, timed
from solvers.baselines import Trades, full_program, solve_full, solve_naive, trades_of
from solvers.dual import account_of
from solvers.evaluate import judge
from solvers.generator import random_shard, some_accounts
from solvers.prepare import prepare
from solvers.problem import NO_GAIN_LIMIT, Floats, Integers, ShardAnswers, ShardProblems, SolveSettings
from solvers.program import all_free
from solvers.shard import solve_shard
from solvers.tables import tables_of

DUST = 1e-7
"""Trades below this fraction of an account are an interior-point method's noise: forgiven to peers, not traded."""
PROVEN_BP = 0.01
SHARE_DIGITS = 5
"""The package rounds its trades to this many digits of a share, which may oversell a lot by half of the last."""
ABOUT_CLAIMS = (
    "the objective is", "the bound", "cash after the orders", "the net gain", "the certificate", "a limit is relaxed",
    "an account that is not to trade", "more than the trigger",
)  # fmt: skip
"""Offences of what an answer states of itself, which peers do not state."""
WASHES = ("is both bought and sold", "is bought while the household sells its group at a loss")
SLACK = 1e-6
"""Fraction of an account by which a peer may pass a limit before its answer counts as one that may not be used."""
SECONDS_MAX = 3600


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """One account's trades: micro-shares sold per lot of the account, and bought per security."""

    seconds: float
    sold: Integers
    bought: Integers
    says_feasible: bool
    lower_bound: float | None
    """What the peer proves, if it proves anything: fraction of net asset value."""


def measure_peers(*, names: int, factors: int, accounts: int, seed: int, peer_python: Path | None) -> dict[str, Any]:
    """Return both tables; the package's column only with the ``peer_python`` of an environment that has it.

    Raises
    ------
    SettingError
        Where that Python cannot run the package.
    """
    load = os.getloadavg()
    whole = random_shard(names=names, factors=factors, accounts=accounts, seed=seed, households=False, share_step=1)
    shared = shared_problem(whole)
    solve_shard(some_accounts(whole, np.arange(min(accounts, 2))), SolveSettings())
    versions: dict[str, str] = {}
    tables = {}
    for label, problems in (("whole", whole), ("shared", shared)):
        seconds, ours = timed(functools.partial(solve_shard, problems, SolveSettings()))
        rows = {"openbell": _own_row(ours, seconds=seconds)}
        for peer in ("cvxpy", "clarabel_full_qp"):
            rows[peer] = _row(problems, ours, baseline_answers(problems, peer=peer))
        if label == "shared" and peer_python is not None:
            answers, versions = package_answers(problems, python=peer_python)
            rows["taxrebalance"] = _row(problems, ours, answers)
        tables[label] = rows
    return {
        "names": names,
        "factors": factors,
        "accounts": accounts,
        "seed": seed,
        **tables,
        "settings": {
            "openbell": dataclasses.asdict(SolveSettings()),
            "cvxpy": "CLARABEL with CVXPY's defaults, one program an account, built anew, directions undecided",
            "clarabel_full_qp": "Clarabel's defaults, matrices made outside the clock, directions undecided",
            "taxrebalance": "rebalance() with its default search budget; no cost, losses count in full",
        },
        "peer_versions": versions,
        "machine": machine() | {"load_average_before": load, "load_average_after": os.getloadavg()},
    }


def shared_problem(problems: ShardProblems) -> ShardProblems:
    """Return the accounts with only what taxrebalance can express: lots, two rates, risk, turnover, cash from zero.

    No costs, because the package pays them from cash and we do not; no bands, caps, budgets, windows or exclusions.
    """
    every = np.ones(len(problems.account_ids))
    return dataclasses.replace(
        problems,
        cost_rate=0.0 * every,
        cash_min=0.0 * every,
        cash_max=every,
        sector_band=np.inf * every,
        net_gain_budget_microusd=np.full(len(every), NO_GAIN_LIMIT),
        max_weight=np.ones_like(problems.max_weight),
        can_buy=np.ones_like(problems.can_buy),
        can_sell=np.ones_like(problems.can_sell),
        lot_loss_sale_allowed=np.ones_like(problems.lot_loss_sale_allowed),
    )


def baseline_answers(problems: ShardProblems, *, peer: str) -> list[Answer]:
    """Return what CVXPY, or one full Clarabel program, answers for each account, directions undecided."""
    book = prepare(tables_of(problems), np.arange(len(problems.account_ids)))
    found = []
    for at in (0, *range(len(problems.account_ids))):  # the first twice: once for what a library does only once
        account = account_of(book, at)
        free = all_free(account, np.zeros(int(book.disjunctions[at]), np.int8))
        if peer == "cvxpy":
            seconds, trades = timed(functools.partial(solve_naive, account, free))
        else:
            program = full_program(account, free)
            seconds, solution = timed(functools.partial(solve_full, program))
            trades = trades_of(account, free, solution)
        entries = slice(int(book.entry_at[at]), int(book.entry_at[at]) + len(account.quantity))
        found.append(_answer(problems, at, trades=trades, lots=book.first_lot[entries], seconds=seconds))
    return found[1:]


def _answer(problems: ShardProblems, a: int, *, trades: Trades, lots: Integers, seconds: float) -> Answer:
    """Return a baseline's trades in micro-shares; its entries are single lots, because no account has sublots."""
    lo, hi = problems.lot_start[a], problems.lot_start[a + 1]
    price = problems.market.price_microusd
    nav = nav_of(problems, a)
    sold = np.zeros(hi - lo, np.int64)
    of_lot = np.where(trades.sold > DUST, trades.sold, 0.0)
    sold[lots - lo] = np.round(of_lot * nav / price[problems.lot_security[lots]] * MICRO).astype(np.int64)
    bought = np.where(trades.bought > DUST, trades.bought, 0.0) * nav / price * MICRO
    return Answer(
        seconds=seconds,
        sold=np.minimum(sold, problems.lot_micro_shares[lo:hi]),
        bought=np.floor(bought).astype(np.int64),
        says_feasible=trades.status in ("optimal", "Solved"),
        lower_bound=trades.optimum,
    )


def nav_of(problems: ShardProblems, a: int) -> float:
    """Return the value of an account, micro-dollars."""
    lots = slice(int(problems.lot_start[a]), int(problems.lot_start[a + 1]))
    price = problems.market.price_microusd[problems.lot_security[lots]]
    return float((problems.lot_micro_shares[lots] / MICRO * price).sum()) + float(problems.cash_microusd[a])


def package_answers(problems: ShardProblems, *, python: Path) -> tuple[list[Answer], dict[str, str]]:
    """Return what taxrebalance answers in its own environment, and the versions there."""
    script = Path(__file__).with_name("peer_taxrebalance.py")
    with tempfile.TemporaryDirectory(prefix="openbell-peers-") as folder:
        source, target = Path(folder) / "accounts.json", Path(folder) / "answers.json"
        source.write_text(json.dumps(package_document(problems)), encoding="utf-8")
        try:
            done = subprocess.run(  # noqa: S603 - a Python that the caller named, and a file of ours
                [python, "-P", script, source, target], capture_output=True, text=True, timeout=SECONDS_MAX, check=False
            )
            told = done.stderr.strip().splitlines()[-1:] if done.returncode else []
        except OSError as error:
            told = [str(error.strerror)]
        if told:
            raise SettingError(
                code="SET-024",
                where=f"--peer-python {python}",
                found=told[0],
                expected="a Python with the package taxrebalance",
                remedy="`make peers` sets one up in build/peers.",
            )
        answered = json.loads(target.read_text(encoding="utf-8"))
    answers = [_package_answer(problems, a, told=told) for a, told in enumerate(answered["answers"])]
    return answers, answered["versions"]


def package_document(problems: ShardProblems) -> dict[str, Any]:
    """Return the accounts as the package's own terms have them; its risk term has no half in front."""
    market = problems.market
    ids, price = market.security_ids, market.price_microusd / MICRO
    covariance = market.exposures @ market.exposures.T + np.diag(market.specific_variance)
    accounts = []
    for a in range(len(problems.account_ids)):
        lots = range(int(problems.lot_start[a]), int(problems.lot_start[a + 1]))
        shares = {lot: int(problems.lot_micro_shares[lot]) / MICRO for lot in lots}
        accounts.append({
            "cash": int(problems.cash_microusd[a]) / MICRO,
            "target_weights": dict(zip(ids, market.benchmark_weights[problems.benchmark[a]].tolist(), strict=True)),
            "short_rate": float(problems.short_gain_rate[a]),
            "long_rate": float(problems.long_gain_rate[a]),
            "risk_aversion": float(problems.risk_aversion[a]) / 2.0,
            "turnover_max": float(problems.turnover_max[a]),
            "lots": [
                {
                    "lot": lot - lots.start,
                    "security": ids[int(problems.lot_security[lot])],
                    "shares": shares[lot],
                    "basis_per_share": int(problems.lot_basis_microusd[lot]) / MICRO / shares[lot],
                    "long_term": bool(problems.lot_long_term[lot]),
                }
                for lot in lots
            ],
        })  # fmt: skip
    return {
        "prices": dict(zip(ids, price.tolist(), strict=True)),
        "covariance": covariance.tolist(),
        "accounts": accounts,
    }


def _package_answer(problems: ShardProblems, a: int, *, told: dict[str, Any]) -> Answer:
    """Return the package's trades in micro-shares; its relaxed bound is in dollars."""
    lo, hi = problems.lot_start[a], problems.lot_start[a + 1]
    number = {name: i for i, name in enumerate(problems.market.security_ids)}
    sold, bought = np.zeros(hi - lo, np.int64), np.zeros(len(number), np.int64)
    for trade in told["trades"]:
        shares = round(trade["shares"] * MICRO)
        if trade["side"] == "SELL":
            sold[int(trade["lot_id"])] = shares
        else:
            bought[number[trade["ticker"]]] = shares
    bound = told["summary"]["relaxed_lower_bound"]
    return Answer(
        seconds=told["seconds"],
        sold=np.minimum(sold, problems.lot_micro_shares[lo:hi]),
        bought=bought,
        says_feasible=told["feasible"],
        lower_bound=None if bound is None else bound * MICRO / nav_of(problems, a),
    )


def laid_out(problems: ShardProblems, ours: ShardAnswers, answers: list[Answer]) -> ShardAnswers:
    """Return our answers with a peer's orders in the place of ours, for the evaluator."""
    account, security, lot, shares = [], [], [], []
    for a, answer in enumerate(answers):
        lots, names = np.flatnonzero(answer.sold), np.flatnonzero(answer.bought)
        lo = int(problems.lot_start[a])
        account.append(np.full(len(lots) + len(names), a))
        security.append(np.concatenate([problems.lot_security[lo + lots], names]))
        lot.append(np.concatenate([lo + lots, np.full(len(names), -1)]))
        shares.append(np.concatenate([answer.sold[lots], answer.bought[names]]))
    columns = [np.concatenate(parts).astype(np.int64) for parts in (account, security, lot, shares)]
    return dataclasses.replace(
        ours,
        order_account=columns[0],
        order_security=columns[1],
        order_is_buy=columns[2] < 0,
        order_lot=columns[2],
        order_micro_shares=columns[3],
    )


def _own_row(ours: ShardAnswers, *, seconds: float) -> dict[str, Any]:
    distance = (ours.objective - ours.bound) * 1e4
    held = np.array([status.is_held for status in ours.status])
    return {
        "ms_per_account": 1e3 * seconds / len(held),
        "usable": float(np.mean(~held)),
        "proven_within_0.01_bp": float(np.mean(distance[~held] <= PROVEN_BP)) if (~held).any() else 0.0,
        "above_the_bound_bp": _spread(distance[~held]),
    }


def _row(problems: ShardProblems, ours: ShardAnswers, answers: list[Answer]) -> dict[str, Any]:
    """Return a peer's figures: what may not be used is counted, and its distance left out of the spread."""
    wide = dataclasses.replace(problems, max_weight=problems.max_weight + SLACK)
    certificate = dataclasses.replace(ours.certificate, relaxed=ours.certificate.relaxed + SLACK)
    judged = judge(wide, dataclasses.replace(laid_out(problems, ours, answers), certificate=certificate))
    offences = [(a, text) for a, text in judged.offences if not text.startswith(ABOUT_CLAIMS)]
    both = {a for a, text in offences if text.endswith(WASHES)}
    unusable = {a for a, _ in offences} | {a for a, answer in enumerate(answers) if not answer.says_feasible}
    usable = np.array([a not in unusable for a in range(len(answers))])
    own = np.array([np.nan if answer.lower_bound is None else answer.lower_bound for answer in answers])
    proven = usable & ((judged.objective - own) * 1e4 <= PROVEN_BP)
    distance = (judged.objective - ours.bound) * 1e4
    return {
        "ms_per_account": 1e3 * float(np.mean([answer.seconds for answer in answers])),
        "usable": float(np.mean(usable)),
        "buys_and_sells_one_name": len(both),
        "proven_within_0.01_bp": float(np.mean(proven)),
        "above_our_bound_bp": _spread(distance[usable & np.isfinite(distance)]),
    }


def _spread(distance: Floats) -> dict[str, float] | None:
    if not len(distance):
        return None
    return {"p50": float(np.median(distance)), "p95": float(np.percentile(distance, 95)), "max": float(distance.max())}
