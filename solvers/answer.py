"""What the solve says of one account, and the names of its limits."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from solvers.arrays import Bytes, Floats, Integers
from solvers.orders import INTACT, Result
from solvers.problem import SolveSettings, Status
from solvers.searching import Searched

BASIS_POINT = 1e-4
NOTHING_LEFT = "rounding leaves nothing worth trading"


class Leaves(NamedTuple):
    """A certificate: under every leaf's directions its prices prove a bound; the leaves cover all directions."""

    directions: Bytes
    """(leaves, disjunctions)"""
    pi: Floats
    theta: Floats
    bound: Floats


class Proof(NamedTuple):
    """The bound of the non-convex problem, and what it took."""

    bound: float
    nodes: int
    leaves: Leaves


@dataclasses.dataclass(slots=True, kw_only=True)
class AccountAnswer:
    """What the solve says of one account."""

    status: Status
    reason: str = ""
    objective: float = np.nan
    bound: float = np.nan
    gap_continuous: float = np.nan
    idle: float = np.nan
    idle_te2: float = np.nan
    nodes: int = 0
    sold: Integers | None = None
    """Micro-shares per lot of the account; None for no orders."""
    bought: Integers | None = None
    result: Result | None = None
    leaves: Leaves | None = None
    prices: tuple[Floats, float] | None = None
    """Of the trades before rounding, where joined sublots ask for other prices than the certificate's."""
    conflict: tuple[tuple[str, float], ...] = ()


def limit_names(sectors: tuple[str, ...], factors: int) -> tuple[str, ...]:
    """Return the names of the rows of r; factors are numbered as in the risk model's columns."""
    highs = tuple(f"sector:{name} high" for name in sectors)
    lows = tuple(f"sector:{name} low" for name in sectors)
    bands = tuple(f"factor:f{j:02d} {side}" for side in ("high", "low") for j in range(1, factors + 1))
    return ("cash_min", "cash_max", *highs, *lows, "turnover", "net_gain_budget", *bands)


def proof_of(searched: Searched, at: int) -> Proof:
    """Return what the compiled search proved."""
    part = slice(int(searched.leaf_at[at]), int(searched.leaf_at[at + 1]))
    leaves = Leaves(
        searched.leaf_directions[part], searched.leaf_pi[part], searched.leaf_theta[part], searched.leaf_bound[part]
    )
    return Proof(float(searched.bound[at]), int(searched.nodes[at]), leaves)


def held(status: Status, reason: str, *, searched: Searched, at: int) -> AccountAnswer:
    """Return an answer that trades nothing, for a stated reason."""
    return AccountAnswer(
        status=status,
        reason=reason,
        idle=float(searched.idle[at]),
        idle_te2=float(searched.idle_te2[at]),
        nodes=int(searched.nodes[at]),
    )


def idle_answer(status: Status, reason: str, *, searched: Searched, at: int, proof: Proof, cash: int) -> AccountAnswer:
    """Return a certified answer without orders: its certificate is against doing nothing."""
    objective = float(searched.idle[at])
    bound = min(proof.bound, objective)
    return AccountAnswer(
        status=status,
        reason=reason,
        objective=objective,
        bound=bound,
        gap_continuous=objective - bound,
        idle=objective,
        idle_te2=float(searched.idle_te2[at]),
        nodes=proof.nodes,
        result=Result(objective, float(searched.idle_te2[at]), 0.0, cash, 0, INTACT),
        leaves=proof.leaves,
    )


def traded_answer(
    *,
    searched: Searched,
    at: int,
    proof: Proof,
    continuous: float,
    sold: Integers,
    bought: Integers,
    result: Result,
) -> AccountAnswer:
    """Return a certified answer with its orders."""
    return AccountAnswer(
        status=Status.CERTIFIED,
        objective=result.objective,
        bound=min(proof.bound, result.objective),
        gap_continuous=max(continuous - proof.bound, 0.0),
        idle=float(searched.idle[at]),
        idle_te2=float(searched.idle_te2[at]),
        nodes=proof.nodes,
        sold=sold,
        bought=bought,
        result=result,
        leaves=proof.leaves,
    )


def gap_refusal(gap: float, settings: SolveSettings) -> str:
    """Return why an answer with this gap is not used, or nothing where it is; a nan never is."""
    if gap <= settings.gap_bp_max * BASIS_POINT:
        return ""
    return f"the gap of {gap / BASIS_POINT:.3f} bp is above {settings.gap_bp_max} bp"
