"""Branch and bound for the few accounts that the compiled search leaves open, with Clarabel at every node.

The compiled search finds candidates by Newton alone and misses some on badly conditioned accounts. Here each node's
best directions are solved as a whole by Clarabel, whose prices also bound the node; a fully decided node is thereby
closed exactly. Limited by nodes, never by a clock. Symbols: `solvers.arrays`.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from solvers.arrays import BUY, SELL, UNDECIDED, Account, Bytes, Floats, Response
from solvers.curvature import new_curvature
from solvers.dual import choose_directions, dual, new_response
from solvers.newton import ascend
from solvers.outcome import Outcome
from solvers.reduce import Fixed, solve_whole
from solvers.search import NARROW, NODE, ROOT, branching_disjunction

RAY_LENGTH = 1e6
"""Prices this far along a proof of infeasibility bound an infeasible node by more than any objective."""
IMPOSSIBLE = 1e3
"""A bound above this, in net asset values, means that nothing meets the node's limits."""


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
    best: Fixed | None = None
    best_directions: Bytes = dataclasses.field(default_factory=lambda: np.zeros(0, np.int8))
    best_theta: float = 0.0
    tried: dict[bytes, Fixed] = dataclasses.field(default_factory=dict)
    nodes: int = 0

    @property
    def objective(self) -> float:
        """Return the best objective, inf where there is none."""
        return np.inf if self.best is None else self.best.objective

    @property
    def bound(self) -> float:
        """Return the proven bound of the non-convex problem."""
        return min(leaf.bound for leaf in self.leaves)


def search_carefully(account: Account, *, target: float, nodes_max: int, breach_max: float) -> Tree:
    """Branch until the gap is below ``target`` or ``nodes_max`` nodes were split; return the tree."""
    size = len(account.y0) + 3 + (len(account.r) - 4) // 2
    out = new_response(account)
    directions = np.zeros(len(account.member_at) - 1, np.int8)
    pi = np.zeros(size)
    pi[: len(account.y0)] = account.gamma * account.y0
    root = Node(directions, pi, 0.0, -np.inf, pi.copy(), 0.0)
    tree = Tree(account, out, [root])
    _climb(tree, root)
    _try(tree, root, breach_max)
    while tree.nodes < nodes_max and tree.objective - tree.bound > target:
        open_leaves = [leaf for leaf in tree.leaves if not leaf.is_closed]
        if not open_leaves:
            break
        node = min(open_leaves, key=lambda leaf: leaf.bound)
        if node.bound > min(tree.objective - target, IMPOSSIBLE):
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
        tree.tried[key] = solve_whole(tree.account, directions, node.theta, -np.inf, tree.out)
    fixed = tree.tried[key]
    if fixed.outcome is Outcome.INFEASIBLE:
        ray = RAY_LENGTH * fixed.pi / max(float(np.abs(fixed.pi).max()), 1e-300)
        _, bound = dual(tree.account, ray, 0.0, node.directions, 0.0, tree.out)
        _prove(node, bound, ray, 0.0)
        return
    if fixed.outcome is not Outcome.SOLVED:
        return
    _, bound = dual(tree.account, fixed.pi, node.theta, node.directions, 0.0, tree.out)
    _prove(node, bound, fixed.pi, node.theta)
    if fixed.breach <= breach_max and fixed.objective < tree.objective:
        tree.best, tree.best_directions, tree.best_theta = fixed, directions, node.theta


def _branching(tree: Tree, node: Node) -> int:
    """Return the disjunction to decide next, or -1 where all are decided."""
    dual(tree.account, node.pi, node.theta, node.directions, NARROW, tree.out)
    d = branching_disjunction(tree.account, node.directions, tree.out)
    if d >= 0:
        return d
    undecided = np.flatnonzero(node.directions == UNDECIDED)
    return int(undecided[0]) if len(undecided) else -1
