"""Branch and bound for the few accounts that the compiled search leaves open, with Clarabel at every node.

The compiled search finds candidates by Newton alone and misses some on badly conditioned accounts. Here each node's
best directions are solved by Clarabel, around Newton's prices for them and as a whole where that is not enough; its
prices also bound the node, so that a fully decided node is closed exactly. Limited by nodes, never by a clock.
Symbols: `solvers.arrays`.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from solvers.arrays import ABSENT, BUY, SELL, UNDECIDED, Account, Bytes, Floats, Response
from solvers.curvature import new_curvature
from solvers.dual import choose_directions, dual, new_response
from solvers.newton import ascend
from solvers.outcome import Outcome
from solvers.reduce import Fixed, holds, solve_fixed
from solvers.search import CANDIDATE_SLOPE_MAX, FIXED, NARROW, NODE, ROOT, branching_disjunction

RAY_LENGTH = 1e6
"""Prices so many dearest objectives along a proof of infeasibility bound an infeasible node by more than any."""
GROWTHS_MAX = 20
ROOT_STEPS_MAX = 40
ROOTS_MAX = 6
"""Directions per account for which the cap's multiplier is searched with Clarabel."""
SLACK_GAP = 2e-8
"""What the tracking error's distance from its cap may add to a direction-fixed gap."""


@dataclasses.dataclass(slots=True, eq=False)
class Node:
    """Some decided directions, and the prices of the best bound seen under them."""

    directions: Bytes
    pi: Floats
    theta: float
    bound: float
    proof_pi: Floats
    proof_theta: float
    is_closed: bool = False


@dataclasses.dataclass(slots=True, eq=False)
class Tree:
    """All leaves, and the best answer so far."""

    account: Account
    out: Response
    leaves: list[Node]
    dearest: float
    """A bound above this means that nothing meets the node's limits."""
    best: Fixed | None = None
    best_directions: Bytes = dataclasses.field(default_factory=lambda: np.zeros(0, np.int8))
    best_theta: float = 0.0
    tried: dict[bytes, tuple[Fixed, float]] = dataclasses.field(default_factory=dict)
    nodes: int = 0
    roots: int = 0

    @property
    def objective(self) -> float:
        """Return the best objective, inf where there is none."""
        return np.inf if self.best is None else self.best.objective

    @property
    def bound(self) -> float:
        """Return the proven bound of the non-convex problem."""
        return min(leaf.bound for leaf in self.leaves)


def dearest_objective(account: Account) -> float:
    """Return what no trades within the limits can exceed: a bound above it proves that there are none.

    No more can be bought than what is sold and the cash above its minimum pay for, and turnover limits both; so the sum
    of the active weights is limited, and the risk is at most its square times the most volatile security's.
    """
    sales = float(account.quantity.sum())
    purchases = min(float(account.room.sum()), sales + max(float(account.r[0]), 0.0))
    k = len(account.y0)
    turnover = max(float(account.r[len(account.r) - 2 * k - 2]), 0.0)
    active = float(np.abs(account.x0).sum()) + min(sales + purchases, turnover)
    variance = float((account.F**2).sum(axis=1).max()) + float(account.D.max())
    linear = float(np.maximum(account.cost, 0.0) @ account.quantity) + account.kappa * purchases
    return linear + 0.5 * account.gamma * min(variance * active**2, account.te2)


def search_carefully(account: Account, *, target: float, nodes_max: int, breach_max: float) -> Tree:
    """Branch until the gap is below ``target`` or ``nodes_max`` nodes were split; return the tree."""
    size = 3 + (len(account.r) - 4) // 2
    out = new_response(account)
    directions = np.zeros(len(account.member_at) - 1, np.int8)
    pi = np.zeros(size)
    pi[: len(account.y0)] = account.gamma * account.y0
    root = Node(directions, pi, 0.0, -np.inf, pi.copy(), 0.0)
    tree = Tree(account, out, [root], dearest_objective(account))
    _climb(tree, root)
    _try(tree, root, breach_max)
    while tree.nodes < nodes_max and tree.objective - tree.bound > target:
        open_leaves = [leaf for leaf in tree.leaves if not leaf.is_closed]
        if not open_leaves:
            break
        node = min(open_leaves, key=lambda leaf: leaf.bound)
        if node.bound > min(tree.objective - target, tree.dearest):
            break
        d = _branching(tree, node)
        if d < 0:
            node.is_closed = True
            continue
        tree.nodes += 1
        tree.leaves.remove(node)
        for direction in (SELL, BUY):
            child = Node(
                node.directions.copy(), node.pi.copy(), node.theta, node.bound, node.proof_pi, node.proof_theta
            )
            child.directions[d] = direction
            tree.leaves.append(child)
            _climb(tree, child)
            if child.bound < tree.objective - target:
                _try(tree, child, breach_max)
    return tree


def _climb(tree: Tree, node: Node) -> None:
    """Raise the node's bound by Newton, from wide kinks to narrow ones."""
    curve = new_curvature(tree.account)
    proof = np.empty_like(node.pi)
    for rules in (ROOT, NODE._replace(steps_max=30), NODE._replace(steps_max=30, width=0.1 * NARROW)):
        top = ascend(tree.account, node.pi, node.theta, node.directions, rules, tree.objective, tree.out, curve, proof)
        node.theta = top.theta
        _prove(node, top.best, proof, top.best_theta)


def _prove(node: Node, bound: float, pi: Floats, theta: float) -> None:
    """Keep the better bound."""
    if bound > node.bound:
        node.bound, node.proof_pi, node.proof_theta = bound, pi.copy(), theta


def _try(tree: Tree, node: Node, breach_max: float) -> None:
    """Solve the node's best directions as a whole; use the answer, its prices, or its proof of infeasibility."""
    dual(tree.account, node.pi, node.theta, node.directions, 0.0, tree.out)
    directions = np.empty_like(node.directions)
    choose_directions(tree.account, node.directions, tree.out, directions)
    key = directions.tobytes()
    if key not in tree.tried:
        tree.tried[key] = _solve(tree, directions, node, breach_max)
    fixed, theta = tree.tried[key]
    if fixed.outcome is Outcome.INFEASIBLE:
        ray = fixed.pi.copy()
        if not tree.account.banded:
            # Without a band a factor's price costs its square: far along the ray it would only lose.
            ray[: len(tree.account.y0)] = 0.0
        ray *= RAY_LENGTH * max(tree.dearest, 1.0) / max(float(np.abs(ray).max()), 1e-300)
        _, bound = dual(tree.account, ray, 0.0, node.directions, 0.0, tree.out)
        _prove(node, bound, ray, 0.0)
        return
    if fixed.outcome is not Outcome.SOLVED:
        return
    _, bound = dual(tree.account, fixed.pi, theta, node.directions, 0.0, tree.out)
    _prove(node, bound, fixed.pi, theta)
    if holds(fixed, breach_max) and fixed.objective < tree.objective:
        tree.best, tree.best_directions, tree.best_theta = fixed, directions, theta


def _solve(tree: Tree, directions: Bytes, node: Node, breach_max: float) -> tuple[Fixed, float]:
    """Solve with ``directions`` fixed, from the node's prices; return the answer and the multiplier of the cap."""
    account, pi, proof = tree.account, node.pi.copy(), np.empty_like(node.pi)
    top = ascend(account, pi, node.theta, directions, FIXED, np.inf, tree.out, new_curvature(account), proof)
    if account.te2 >= ABSENT or top.slope < CANDIDATE_SLOPE_MAX or tree.roots == ROOTS_MAX:
        return solve_fixed(account, directions, pi, top.theta, -np.inf, tree.out, breach_max), top.theta
    tree.roots += 1
    pi = node.pi.copy()
    theta = _price_of_cap(account, directions, pi, node.theta, tree.out, breach_max)
    return solve_fixed(account, directions, pi, theta, -np.inf, tree.out, breach_max), theta


def _price_of_cap(
    account: Account, directions: Bytes, pi: Floats, theta: float, out: Response, breach_max: float
) -> float:
    """Return the multiplier that keeps the tracking-error cap, and bring ``pi`` to it; the last tried if none does.

    Clarabel at one multiplier after the other where climbing both at once stands still: the tracking error falls as
    the multiplier rises, and its inverse square is nearly linear in it (Illinois rule).
    """

    def slack_at(wanted: float) -> float:
        plain = account._replace(gamma=account.gamma + wanted, te2=ABSENT)
        fixed = solve_fixed(plain, directions, pi, 0.0, -np.inf, out, breach_max)
        if fixed.outcome is not Outcome.SOLVED:
            return np.nan
        pi[:] = fixed.pi
        return account.te2 / max(fixed.te2, 1e-300) - 1.0

    low, high = 0.0, max(theta, account.gamma)
    low_slack, high_slack = -1.0, slack_at(high)
    for _ in range(GROWTHS_MAX):
        if not high_slack < 0.0:
            break
        low, low_slack = high, high_slack
        high = 2.0 * high
        high_slack = slack_at(high)
    for _ in range(ROOT_STEPS_MAX):
        if not 0.5 * high_slack * max(high, account.gamma) * account.te2 > SLACK_GAP:
            break
        wanted = high - (high - low) * high_slack / (high_slack - low_slack)
        wanted = min(max(wanted, low + 1e-4 * (high - low)), high - 1e-9 * (high - low))
        slack = slack_at(wanted)
        if slack >= 0.0:
            high, high_slack, low_slack = wanted, slack, 0.5 * low_slack
        else:
            low, low_slack = wanted, slack
    slack_at(high)
    return high


def _branching(tree: Tree, node: Node) -> int:
    """Return the disjunction to decide next, or -1 where all are decided."""
    dual(tree.account, node.pi, node.theta, node.directions, NARROW, tree.out)
    d = branching_disjunction(tree.account, node.directions, tree.out)
    if d >= 0:
        return d
    undecided = np.flatnonzero(node.directions == UNDECIDED)
    return int(undecided[0]) if len(undecided) else -1
