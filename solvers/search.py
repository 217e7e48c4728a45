"""Directions of one account, and the proof of how good they are: dual ascent, then branch and bound; compiled.

A node fixes some disjunctions; its bound is the best true dual seen at it. The leaves' bounds and prices are the
certificate: the smallest of them bounds the non-convex problem, and `solvers.evaluate` recomputes it elsewhere.
The search is limited by nodes, never by a clock. Symbols: `solvers.arrays`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solvers.arrays import BUY, SELL, UNDECIDED, Account, Bytes, Floats, Response
from solvers.compiling import kernel
from solvers.curvature import Curvature, new_curvature
from solvers.dual import choose_directions, dual, judge, trades_of
from solvers.newton import Rules, ascend

WIDE, NARROW = 1e-6, 1e-7
"""Widths of the smoothed kinks, fractions of net asset value."""
ROOT = Rules(width=WIDE, steps_max=25, slope_min=1e-10, gain_min=1e-10, damping=0.02)
ROOT_AGAIN = Rules(width=NARROW, steps_max=15, slope_min=1e-10, gain_min=1e-10, damping=1e-4)
NODE = Rules(width=NARROW, steps_max=14, slope_min=1e-10, gain_min=1e-10, damping=1e-4)
FIXED = Rules(width=0.0, steps_max=30, slope_min=1e-11, gain_min=-1.0, damping=1e-4)
CASH_PRICE_MAX = 0.3
BISECTIONS = 9
CANDIDATE_BREACH_MAX = 1e-8
CANDIDATE_SLOPE_MAX = 1e-9
OPEN, LEAF, SPLIT = 1, 2, 3


class Found(NamedTuple):
    """What the search knows of one account."""

    objective: float
    """Best direction-fixed objective; inf where none was met."""
    bound: float
    theta: float
    """Multiplier of the tracking-error cap under the best directions."""
    nodes: int
    rows: int
    """How many rows of the desk's nodes are in use."""
    missed: int
    """Direction vectors whose optimum Newton did not reach."""


class Desk(NamedTuple):
    """Storage for the search of one account; node arrays have a row per node."""

    out: Response
    curve: Curvature
    directions: Bytes
    """(d,) best known, with the prices of their optimum, and its trades."""
    pi: Floats
    node_directions: Bytes
    node_pi: Floats
    node_theta: Floats
    node_bound: Floats
    node_state: Bytes
    proof_pi: Floats
    """Where each node's bound was seen: prices, and the multiplier of the tracking-error cap."""
    proof_theta: Floats
    trial_directions: Bytes
    trial_pi: Floats
    trial_proof: Floats


@kernel
def cold_start(account: Account, directions: Bytes, pi: Floats, out: Response) -> None:
    """Fill ``pi``: factors as they stand, and a price of cash, by bisection, that brings cash into its band."""
    k = account.y0.shape[0]
    pi[:] = 0.0
    for j in range(k):
        pi[j] = account.gamma * account.y0[j]
    low, high = -CASH_PRICE_MAX, CASH_PRICE_MAX
    target = 0.5 * (account.r[0] - account.r[1])
    for _ in range(BISECTIONS):
        pi[k] = 0.5 * (low + high)
        dual(account, pi, 0.0, directions, 0.0, out)
        total = 0.0
        for i in range(account.D.shape[0]):
            total += out.buy_share[i] * (out.bought[i] - out.buy_sold[i]) - out.sell_share[i] * out.sold[i]
        if total > target:
            low = float(pi[k])
        else:
            high = float(pi[k])


@kernel
def try_directions(account: Account, directions: Bytes, start: Floats, theta: float, found: Found, desk: Desk) -> Found:
    """Solve the direction-fixed problem; return ``found``, improved where its optimum is better."""
    desk.trial_pi[:] = start
    top = ascend(
        account, desk.trial_pi, theta, directions, FIXED, found.objective, desk.out, desk.curve, desk.trial_proof
    )
    if top.best > found.objective:
        return found
    missed = Found(found.objective, found.bound, found.theta, found.nodes, found.rows, found.missed + 1)
    if top.slope >= CANDIDATE_SLOPE_MAX:
        return missed
    dual(account, desk.trial_pi, top.theta, directions, 0.0, desk.out)
    sale = np.empty(account.quantity.shape[0])
    bought = np.empty(account.D.shape[0])
    trades_of(account, directions, desk.out, sale, bought)
    value, breach, _ = judge(account, sale, bought)
    if breach >= CANDIDATE_BREACH_MAX:
        return missed
    if value >= found.objective - 1e-12:
        return found
    desk.directions[:] = directions
    desk.pi[:] = desk.trial_pi
    return Found(value, found.bound, top.theta, found.nodes, found.rows, found.missed)


@kernel
def branching_disjunction(account: Account, directions: Bytes, out: Response) -> int:
    """Return the undecided disjunction whose compromise is dearest, or -1 when all undecided ones agree."""
    chosen = -1
    score = 0.0
    nearest = np.inf
    fallback = -1
    for d in range(directions.shape[0]):
        if directions[d] != UNDECIDED:
            continue
        size = weight = sell_value = buy_value = share = 0.0
        for at in range(account.member_at[d], account.member_at[d + 1]):
            i = account.member[at]
            size += out.sold[i] + out.bought[i]
            weight += account.D[i]
            sell_value += out.sell_value[i]
            buy_value += out.buy_value[i]
            share = out.sell_share[i]
        compromise = min(share, 1.0 - share) * weight * size * size
        if compromise > score:
            score, chosen = compromise, d
        distance = abs(sell_value - buy_value)
        if size > 0.0 and distance < nearest:
            nearest, fallback = distance, d
    return chosen if chosen >= 0 else fallback


@kernel
def open_node(
    account: Account, parent: int, row: int, d: int, direction: int, target: float, found: Found, desk: Desk
) -> Found:
    """Fill node ``row`` with a child of ``parent`` that decides disjunction ``d``; try its best directions."""
    child = desk.node_directions[row]
    child[:] = desk.node_directions[parent]
    child[d] = direction
    pi = desk.node_pi[row]
    pi[:] = desk.node_pi[parent]
    top = ascend(
        account, pi, desk.node_theta[parent], child, NODE, found.objective - 0.5 * target,
        desk.out, desk.curve, desk.proof_pi[row],
    )  # fmt: skip
    desk.node_theta[row] = top.theta
    desk.node_bound[row] = top.best
    desk.proof_theta[row] = top.best_theta
    if top.best < desk.node_bound[parent]:
        desk.node_bound[row] = desk.node_bound[parent]
        desk.proof_theta[row] = desk.proof_theta[parent]
        desk.proof_pi[row] = desk.proof_pi[parent]
    desk.node_state[row] = OPEN
    if desk.node_bound[row] >= found.objective - target:
        return found
    dual(account, pi, top.theta, child, 0.0, desk.out)
    choose_directions(account, child, desk.out, desk.trial_directions)
    return try_directions(account, desk.trial_directions, pi, top.theta, found, desk)


@kernel
def branch(account: Account, target: float, nodes_max: int, found: Found, desk: Desk) -> Found:
    """Branch and bound from the root in row 0 of the desk's nodes; return what is known at the end."""
    nodes, count = 0, 1
    desk.node_state[0] = OPEN
    while nodes < nodes_max:
        lowest = -1
        bound = np.inf
        for e in range(count):
            if desk.node_state[e] == OPEN and desk.node_bound[e] < bound:
                lowest, bound = e, desk.node_bound[e]
        if lowest < 0 or bound >= found.objective - target:
            break
        dual(account, desk.node_pi[lowest], desk.node_theta[lowest], desk.node_directions[lowest], NARROW, desk.out)
        d = branching_disjunction(account, desk.node_directions[lowest], desk.out)
        if d < 0:
            desk.node_state[lowest] = LEAF
            continue
        desk.node_state[lowest] = SPLIT
        nodes += 1
        for direction in (SELL, BUY):
            found = open_node(account, lowest, count, d, direction, target, found, desk)
            count += 1
    bound = np.inf
    for e in range(count):
        if desk.node_state[e] != SPLIT:
            bound = min(bound, desk.node_bound[e])
    return Found(found.objective, bound, found.theta, nodes, count, found.missed)


@kernel
def search(account: Account, target: float, nodes_max: int, trigger: float, idle: float, desk: Desk) -> Found:
    """Find directions and their certificate from a cold start; ``desk`` holds the details.

    ``idle`` is the objective of doing nothing, inf where that breaks a limit; the search ends early where the bound
    proves that nothing is worth ``trigger``.
    """
    root = desk.node_directions[0]
    root[:] = UNDECIDED
    pi = desk.node_pi[0]
    cold_start(account, root, pi, desk.out)
    top = ascend(account, pi, 0.0, root, ROOT, np.inf, desk.out, desk.curve, desk.proof_pi[0])
    desk.node_bound[0], desk.node_theta[0], desk.proof_theta[0] = top.best, top.theta, top.best_theta
    desk.node_state[0] = LEAF
    desk.pi[:] = pi
    found = Found(np.inf, top.best, top.theta, 0, 1, 0)
    for stage in range(2):
        if idle - desk.node_bound[0] < trigger or found.objective - desk.node_bound[0] <= target:
            break
        if stage == 1:
            top = ascend(
                account, pi, desk.node_theta[0], root, ROOT_AGAIN, np.inf, desk.out, desk.curve, desk.trial_proof
            )
            desk.node_theta[0] = top.theta
            if top.best > desk.node_bound[0]:
                desk.node_bound[0], desk.proof_theta[0] = top.best, top.best_theta
                desk.proof_pi[0] = desk.trial_proof
        dual(account, pi, top.theta, root, 0.0, desk.out)
        choose_directions(account, root, desk.out, desk.trial_directions)
        if stage == 0:
            desk.directions[:] = desk.trial_directions
        elif same(desk.trial_directions, desk.directions):
            continue
        found = try_directions(account, desk.trial_directions, pi, top.theta, found, desk)
    found = Found(found.objective, desk.node_bound[0], found.theta, 0, 1, found.missed)
    # Without any candidate the limits may be impossible: that is for Clarabel to say, not for more nodes.
    if found.objective < np.inf and found.objective - found.bound > target and idle - found.bound >= trigger:
        found = branch(account, target, nodes_max, found, desk)
    return found


@kernel
def same(left: Bytes, right: Bytes) -> bool:
    """Return whether two direction vectors agree."""
    differing = 0
    for d in range(left.shape[0]):
        differing += left[d] != right[d]
    return differing == 0


@kernel
def new_desk(account: Account, out: Response, nodes_max: int) -> Desk:
    """Return storage for a search with at most ``nodes_max`` splits."""
    d = account.member_at.shape[0] - 1
    size = 3 + (account.r.shape[0] - 4) // 2
    rows = 2 * nodes_max + 1
    return Desk(
        out,
        new_curvature(account),
        np.zeros(d, np.int8),
        np.zeros(size),
        np.zeros((rows, d), np.int8),
        np.zeros((rows, size)),
        np.zeros(rows),
        np.full(rows, -np.inf),
        np.zeros(rows, np.int8),
        np.zeros((rows, size)),
        np.zeros(rows),
        np.zeros(d, np.int8),
        np.zeros(size),
        np.zeros(size),
    )
