"""The arrays that the compiled kernels work on: some accounts side by side, and one account's slice of them.

Symbols, as in `docs/model.md`; everything is a fraction of the account's net asset value:
    n securities, k factors, c sectors, e sale entries of one account, d disjunctions of one account
    F (n, k) exposures, FT its transpose, D (n,) specific variance
    x0 = holding - benchmark weight, y0 = F' x0
    a sale entry is what can be sold at one rate: a lot, or the joined sublots of one lot (`solvers.prepare`)
    a disjunction is a group of identical securities where something can be bought and some loss can be sold:
    buy in it or sell its losses, not both
    prices pi = [lambda (k), cash, sector (c), turnover, gain]: the multipliers; those of two-sided rows are signed
    limits r = [cash high, cash low, sector high (c), sector low (c), turnover, gain, factor high (k), factor low (k)],
    what is left when idle. Factor bands bound y = F'x itself, which the dual minimises over: they have no price of
    their own beside lambda
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]

ABSENT = 1e6
"""A limit this wide is no limit: no account trades a million times its own value."""
SELL, UNDECIDED, BUY = -1, 0, 1
"""Directions of a disjunction: losses may be sold, not yet decided, purchases may be made."""


class Book(NamedTuple):
    """The prepared problems of A accounts, side by side; ``Account`` is one of them."""

    F: Floats
    FT: Floats
    D: Floats
    sector: Integers
    entry_at: Integers
    """(A + 1,) where each account's entries begin."""
    first: Integers
    """(A, n + 1) entries of security i are ``first[i]:first[i + 1]``, counted from the account's first."""
    quantity: Floats
    cost: Floats
    """Tax plus trading cost per unit sold; ascending within a security."""
    gain: Floats
    """1 - basis / value."""
    loss: Bytes
    """1 where selling the entry realises a loss, its own or that of a sublot in front of it."""
    first_lot: Integers
    last_lot: Integers
    """Lots of the shard that the entry joins, both included."""
    x0: Floats
    room: Floats
    """(A, n) how much may be bought."""
    disjunction: Integers
    """(A, n) number of the security's disjunction, or -1."""
    member_at: Integers
    """(A, n + 1) members of disjunction j are ``member[member_at[j]:member_at[j + 1]]``."""
    member: Integers
    disjunctions: Integers
    """(A,) how many."""
    y0: Floats
    r: Floats
    gamma: Floats
    kappa: Floats
    half_specific: Floats
    """(A,) half of sum D x0^2."""
    te2: Floats
    """(A,) square of the largest tracking error; ``ABSENT`` for none."""
    banded: Flags
    """(A,) whether the account has factor bands."""


class Account(NamedTuple):
    """One account of a `Book`, as views."""

    F: Floats
    FT: Floats
    D: Floats
    sector: Integers
    first: Integers
    quantity: Floats
    cost: Floats
    gain: Floats
    loss: Bytes
    x0: Floats
    room: Floats
    disjunction: Integers
    member_at: Integers
    member: Integers
    y0: Floats
    r: Floats
    gamma: float
    kappa: float
    half_specific: float
    te2: float
    banded: bool


class Response(NamedTuple):
    """What each security would do at given prices, in the branch that sells and in the branch that buys."""

    price: Floats
    """(n,) derivative of the objective in the active weight, at rest."""
    sale: Floats
    """(e,) sold per entry in the selling branch (the only branch of securities outside disjunctions)."""
    gain_sale: Floats
    """(e,) sold in the buying branch: gains of a disjunction with several members."""
    sold: Floats
    sold_gain: Floats
    """(n,) each: sum of sale, and of sale times gain."""
    buy_sold: Floats
    buy_sold_gain: Floats
    """(n,) each: the same in the buying branch."""
    bought: Floats
    sell_value: Floats
    buy_value: Floats
    """(n,) each: the branch's share of the dual."""
    sell_inner: Bytes
    sell_margin: Floats
    """(n,) whether the marginal entry is sold in part, and its gain."""
    buy_inner: Bytes
    buy_margin: Floats
    sell_share: Floats
    buy_share: Floats
    """(n,) weight of either branch; both 1 outside disjunctions, and they sum to one inside."""
    slope: Floats
    """(d,) 1 where the disjunction lies inside the smoothed kink, else 0."""
    order: Integers
    """(e,) entries by ascending cost at the present price of gains, within each security."""
