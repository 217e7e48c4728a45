"""The first, reduced programs of a whole block of accounts: made and read in one compiled call each.

Handing one account's arrays over to compiled code costs more than building its program, so a block does it at once:
`open_programs` lays all programs side by side, Clarabel solves them one after the other, each from fresh, and
`close_programs` turns the answers into trades, prices, objectives and bounds. What is not certified by that goes on to
`solvers.reduce`, account by account. Symbols: `solvers.arrays`, `solvers.program`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from solvers.arrays import ABSENT, Book, Bytes, Floats, Integers
from solvers.compiling import kernel
from solvers.conic import QUICK, Columns, cones_of, solve
from solvers.dual import account_of, dual, judge, new_response
from solvers.outcome import Outcome
from solvers.program import Free, Nearness, Program, build, inner_free, read
from solvers.searching import Searched

MARGIN = 1e-6
"""Nudge of the cash price, per unit of net asset value, that frees a trade next to its bound."""
FIRST = Nearness(near=1e-7, priced=1e-7)
"""Around the prices of a candidate that Newton met to the last digit."""
LOOSE = Nearness(near=1e-3, priced=ABSENT)
"""Around anything else: no equalities."""


class Programs(NamedTuple):
    """Programs side by side; the pieces of account a are ``at[a]:at[a + 1]`` of each array."""

    P_at: Integers
    P_data: Floats
    P_rows: Integers
    start_at: Integers
    """Where the column starts of both matrices begin, and, less a, the variables."""
    P_start: Integers
    A_start: Integers
    q: Floats
    A_at: Integers
    A_data: Floats
    A_rows: Integers
    b_at: Integers
    b: Floats
    trade_at: Integers
    security: Integers
    entry: Integers
    cap: Floats
    row_at: Integers
    """(A, rows of r)"""
    equal: Integers
    factors: Integers
    y: Floats
    gamma: Floats
    free_sale: Bytes
    fixed_sale: Floats
    """By entry of the book."""
    free_bought: Bytes
    fixed_bought: Floats
    """(A, n)"""


class Closed(NamedTuple):
    """The answers read: trades, prices and what they are worth."""

    sale: Floats
    bought: Floats
    pi: Floats
    objective: Floats
    breach: Floats
    te2: Floats
    bound: Floats


@kernel
def put(values: npt.NDArray[Any], at: int, part: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Write ``part`` at place ``at`` of ``values``, in a larger copy where it does not fit.

    Parts may leave gaps: ``at`` can lie beyond the end of a full ``values``.
    """
    end = at + part.shape[0]
    if end > values.shape[0]:
        larger = np.zeros(2 * end, values.dtype)
        larger[: values.shape[0]] = values
        values = larger
    values[at:end] = part
    return values


@kernel
def open_programs(book: Book, searched: Searched) -> Programs:
    """Return the reduced program of every account of the book around its search's directions and prices."""
    count = book.gamma.shape[0]
    k = book.y0.shape[1]
    wide = 64 * count
    P_at, start_at, A_at, b_at, trade_at = (
        np.zeros(count + 1, np.int64), np.zeros(count + 1, np.int64), np.zeros(count + 1, np.int64),
        np.zeros(count + 1, np.int64), np.zeros(count + 1, np.int64),
    )  # fmt: skip
    P_data, q, A_data, b, cap = np.empty(wide), np.empty(wide), np.empty(wide), np.empty(wide), np.empty(wide)
    P_rows, P_start, A_rows, A_start = (
        np.empty(wide, np.int64), np.empty(wide, np.int64), np.empty(wide, np.int64), np.empty(wide, np.int64),
    )  # fmt: skip
    security, entry = np.empty(wide, np.int64), np.empty(wide, np.int64)
    row_at = np.empty(book.r.shape, np.int64)
    equal, factors = np.zeros(count, np.int64), np.zeros(count, np.int64)
    y, gamma = np.empty((count, k)), np.empty(count)
    free_sale, fixed_sale = np.zeros(book.quantity.shape[0], np.int8), np.zeros(book.quantity.shape[0])
    free_bought, fixed_bought = np.zeros(book.x0.shape, np.int8), np.zeros(book.x0.shape)
    for a in range(count):
        account = account_of(book, a)
        directions = searched.directions[a, : book.disjunctions[a]]
        out = new_response(account)
        free = inner_free(account, directions, searched.pi[a], searched.theta[a], MARGIN, out)
        nearness = FIRST if np.isfinite(searched.objective[a]) else LOOSE
        program = build(account, searched.theta[a], free, searched.pi[a], nearness)
        P_data, P_rows = put(P_data, P_at[a], program.P_data), put(P_rows, P_at[a], program.P_rows)
        P_start, A_start = put(P_start, start_at[a], program.P_start), put(A_start, start_at[a], program.A_start)
        q = put(q, start_at[a], program.q)
        A_data, A_rows = put(A_data, A_at[a], program.A_data), put(A_rows, A_at[a], program.A_rows)
        b = put(b, b_at[a], program.b)
        security, entry = put(security, trade_at[a], program.security), put(entry, trade_at[a], program.entry)
        cap = put(cap, trade_at[a], program.cap)
        P_at[a + 1] = P_at[a] + program.P_data.shape[0]
        start_at[a + 1] = start_at[a] + program.P_start.shape[0]
        A_at[a + 1] = A_at[a] + program.A_data.shape[0]
        b_at[a + 1] = b_at[a] + program.b.shape[0]
        trade_at[a + 1] = trade_at[a] + program.cap.shape[0]
        row_at[a], equal[a], factors[a], y[a], gamma[a] = (
            program.row_at, program.equal, program.factors, program.y, program.gamma,
        )  # fmt: skip
        lo = book.entry_at[a]
        free_sale[lo : lo + free.sale.shape[0]] = free.sale
        fixed_sale[lo : lo + free.sale.shape[0]] = free.fixed_sale
        free_bought[a], fixed_bought[a] = free.bought, free.fixed_bought
    return Programs(
        P_at, P_data, P_rows, start_at, P_start, A_start, q, A_at, A_data, A_rows, b_at, b, trade_at, security, entry,
        cap, row_at, equal, factors, y, gamma, free_sale, fixed_sale, free_bought, fixed_bought,
    )  # fmt: skip


@kernel
def close_programs(book: Book, searched: Searched, programs: Programs, solved: Bytes, x: Floats, z: Floats) -> Closed:
    """Read Clarabel's answers; everything is recomputed over the full accounts, nan where there is no answer."""
    count = book.gamma.shape[0]
    out = Closed(
        np.zeros(book.quantity.shape[0]), np.zeros(book.x0.shape), np.zeros(searched.pi.shape),
        np.full(count, np.nan), np.full(count, np.nan), np.full(count, np.nan), np.full(count, -np.inf),
    )  # fmt: skip
    for a in range(count):
        if not solved[a]:
            continue
        account = account_of(book, a)
        directions = searched.directions[a, : book.disjunctions[a]]
        lo, hi = book.entry_at[a], book.entry_at[a] + account.quantity.shape[0]
        free = Free(
            programs.free_sale[lo:hi], programs.free_bought[a], programs.fixed_sale[lo:hi], programs.fixed_bought[a],
            programs.fixed_sale[lo:hi], programs.fixed_bought[a],
        )  # fmt: skip
        start, trades = programs.start_at[a], slice(programs.trade_at[a], programs.trade_at[a + 1])
        program = Program(
            programs.P_data[:0], programs.P_rows[:0], programs.P_start[:0], programs.q[:0],
            programs.A_data[:0], programs.A_rows[:0], programs.A_start[:0], programs.b[:0],
            programs.security[trades], programs.entry[trades], programs.cap[trades], programs.row_at[a],
            programs.equal[a], programs.factors[a], programs.y[a], programs.gamma[a],
        )  # fmt: skip
        read(
            account, program, free, x[start : programs.start_at[a + 1]], z[programs.b_at[a] : programs.b_at[a + 1]],
            out.sale[lo:hi], out.bought[a], out.pi[a],
        )  # fmt: skip
        out.objective[a], out.breach[a], out.te2[a] = judge(account, out.sale[lo:hi], out.bought[a])
        response = new_response(account)
        theta = searched.theta[a]
        _, at_guess = dual(account, searched.pi[a], theta, directions, 0.0, response)
        _, at_answer = dual(account, out.pi[a], theta, directions, 0.0, response)
        out.bound[a] = max(at_guess, at_answer)
    return out


def solve_block(book: Book, searched: Searched, wanted: Bytes) -> tuple[Closed, list[str]]:
    """Solve the reduced programs of the accounts flagged in ``wanted`` (A,); return their answers and statuses."""
    programs = open_programs(book, searched)
    count = len(wanted)
    solved = np.zeros(count, np.int8)
    x = np.zeros(int(programs.start_at[-1]))
    z = np.zeros(int(programs.b_at[-1]))
    statuses = [""] * count
    columns = programs.start_at.tolist()
    equal = (programs.factors + programs.equal).tolist()
    for a in np.flatnonzero(wanted).tolist():
        begin, end = columns[a], columns[a + 1]
        entries = slice(int(programs.P_at[a]), int(programs.P_at[a + 1]))
        cells = slice(int(programs.A_at[a]), int(programs.A_at[a + 1]))
        rows = slice(int(programs.b_at[a]), int(programs.b_at[a + 1]))
        height, width = rows.stop - rows.start, end - begin - 1
        answer = solve(
            P=Columns(
                data=programs.P_data[entries], rows=programs.P_rows[entries], start=programs.P_start[begin:end],
                height=width,
            ),
            q=programs.q[begin : begin + width],
            A=Columns(
                data=programs.A_data[cells], rows=programs.A_rows[cells], start=programs.A_start[begin:end],
                height=height,
            ),
            b=programs.b[rows],
            cones=cones_of(equal[a], height),
            chosen=QUICK,
        )  # fmt: skip
        statuses[a] = answer.status
        if answer.outcome is Outcome.SOLVED:
            solved[a] = 1
            x[begin : begin + width] = answer.x
            z[rows] = answer.z
    return close_programs(book, searched, programs, solved, x, z), statuses
