"""The search over many accounts in one compiled call, and what it leaves behind, side by side."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solvers.arrays import Book, Bytes, Floats, Integers
from solvers.compiling import kernel
from solvers.dual import account_of, new_response
from solvers.prepare import Tables, idle_of
from solvers.search import SPLIT, Desk, Found, new_desk, search

FEASIBLE = 1e-12
"""Float error forgiven when idling is judged, fraction of net asset value."""


class Searched(NamedTuple):
    """What the search found for the A accounts of a book; leaves of account a are ``leaf_at[a]:leaf_at[a + 1]``."""

    idle: Floats
    idle_breach: Floats
    idle_te2: Floats
    objective: Floats
    """Best candidate; inf where none was met."""
    bound: Floats
    theta: Floats
    nodes: Integers
    missed: Integers
    directions: Bytes
    """(A, n) by number of disjunction."""
    pi: Floats
    leaf_at: Integers
    leaf_pi: Floats
    leaf_theta: Floats
    leaf_bound: Floats
    leaf_directions: Bytes
    """(leaves, n) by number of disjunction."""


@kernel
def grown(values: Floats, rows: int) -> Floats:
    """Return a copy with room for ``rows`` rows, twice over."""
    larger = np.zeros((2 * rows, values.shape[1]), values.dtype)
    larger[: values.shape[0]] = values
    return larger


@kernel
def search_all(tables: Tables, rows: Integers, book: Book, target: float, nodes_max: int) -> Searched:
    """Search the accounts ``rows`` of the shard, prepared in ``book``, each on its own and from cold."""
    count = rows.shape[0]
    n = tables.F.shape[0]
    size = 3 + (book.r.shape[1] - 4) // 2
    out = Searched(
        np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count),
        np.zeros(count, np.int64), np.zeros(count, np.int64),
        np.zeros((count, n), np.int8), np.zeros((count, size)),
        np.zeros(count + 1, np.int64), np.zeros((0, size)), np.zeros(0), np.zeros(0), np.zeros((0, n), np.int8),
    )  # fmt: skip
    leaf_pi = np.zeros((2 * count, size))
    leaf_theta, leaf_bound = np.zeros((2 * count, 1)), np.zeros((2 * count, 1))
    leaf_directions = np.zeros((2 * count, n), np.int8)
    for at in range(count):
        account = account_of(book, at)
        idle, breach, te2 = idle_of(account)
        out.idle[at], out.idle_breach[at], out.idle_te2[at] = idle, breach, te2
        desk = new_desk(account, new_response(account), nodes_max)
        worth = idle if breach <= FEASIBLE else np.inf
        found = search(account, target, nodes_max, tables.trigger[rows[at]], worth, desk)
        keep(at, found, desk, out)
        begin = out.leaf_at[at]
        if begin + found.rows > leaf_pi.shape[0]:
            leaf_pi = grown(leaf_pi, begin + found.rows)
            leaf_theta = grown(leaf_theta, begin + found.rows)
            leaf_bound = grown(leaf_bound, begin + found.rows)
            leaf_directions = grown(leaf_directions, begin + found.rows)
        end = begin
        for row in range(found.rows):
            if desk.node_state[row] != SPLIT:
                leaf_pi[end] = desk.proof_pi[row]
                leaf_theta[end, 0] = desk.proof_theta[row]
                leaf_bound[end, 0] = desk.node_bound[row]
                leaf_directions[end, : desk.directions.shape[0]] = desk.node_directions[row]
                end += 1
        out.leaf_at[at + 1] = end
    total = out.leaf_at[count]
    return Searched(
        out.idle, out.idle_breach, out.idle_te2, out.objective, out.bound, out.theta, out.nodes, out.missed,
        out.directions, out.pi,
        out.leaf_at, leaf_pi[:total].copy(), leaf_theta[:total, 0].copy(), leaf_bound[:total, 0].copy(),
        leaf_directions[:total].copy(),
    )  # fmt: skip


@kernel
def keep(at: int, found: Found, desk: Desk, out: Searched) -> None:
    """Write one account's findings into row ``at``."""
    out.objective[at] = found.objective
    out.bound[at] = found.bound
    out.theta[at] = found.theta
    out.nodes[at] = found.nodes
    out.missed[at] = found.missed
    out.directions[at, : desk.directions.shape[0]] = desk.directions
    out.pi[at] = desk.pi
