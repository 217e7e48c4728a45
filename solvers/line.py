"""The line: a block of accounts through search, Clarabel, certificate and rounding, and out as answers."""

from __future__ import annotations

import numpy as np

from solvers.alone import Alone, is_open, is_worth
from solvers.answer import (
    BASIS_POINT,
    NOTHING_LEFT,
    AccountAnswer,
    Proof,
    gap_refusal,
    held,
    idle_answer,
    proof_of,
    traded_answer,
)
from solvers.arrays import Book, Integers
from solvers.block import Closed, solve_block
from solvers.orders import INTACT, Result
from solvers.prepare import Tables, prepare
from solvers.problem import Flags, SolveSettings, Status
from solvers.reduce import FIXED_GAP_MAX, first_answer
from solvers.rounding import Rounded, round_block
from solvers.searching import FEASIBLE, Searched, search_all
from solvers.unaided import close_unaided, either


class Line:
    """Answers accounts of one shard, a block at a time; a block's other accounts change no answer."""

    def __init__(self, *, tables: Tables, settings: SolveSettings, sectors: tuple[str, ...]) -> None:
        self.tables = tables
        self.settings = settings
        self.alone = Alone(tables=tables, settings=settings, sectors=sectors)
        self.target = settings.gap_bp_target * BASIS_POINT

    def answer_rows(self, rows: Integers) -> list[AccountAnswer]:
        """Answer the accounts ``rows`` of the shard."""
        book = prepare(self.tables, rows)
        searched = search_all(self.tables, rows, book, self.target, self.settings.nodes_max)
        may_idle = searched.idle_breach <= FEASIBLE
        idles = may_idle & (searched.idle - searched.bound < self.tables.trigger[rows])
        wanted = ~idles & np.isfinite(searched.bound)
        closed, statuses = self._closed(book, searched, wanted)
        certified = self._certified(closed)
        settled = certified & self._settled(searched, closed) & ~joined_accounts(book)
        rounded = round_block(
            self.tables, rows, book, searched.directions, settled.astype(np.int8), closed.sale, closed.bought
        )
        answers = []
        for at, a in enumerate(rows.tolist()):
            if idles[at]:
                answers.append(self._idle(a, at, searched, Status.CERTIFIED_NO_TRADE, "", proof_of(searched, at)))
            elif not wanted[at]:
                answers.append(
                    held(Status.HELD_SOLVER, "the search met a number that is none", searched=searched, at=at)
                )
            elif settled[at] and rounded.broken[at] == INTACT:
                answers.append(self._rounded(a, at, book, searched, rounded))
            else:
                entries = slice(int(book.entry_at[at]), int(book.entry_at[at] + book.first[at, -1]))
                first = first_answer(closed, at, entries, statuses[at]) if certified[at] else None
                answers.append(self.alone.answer(a, at, book, searched, first=first))
        return answers

    def _closed(self, book: Book, searched: Searched, wanted: Flags) -> tuple[Closed, list[str]]:
        """Return direction-fixed answers: by Clarabel always, or only where the search's own trades are no answer."""
        if self.settings.clarabel == "always":
            return solve_block(book, searched, wanted.astype(np.int8))
        unaided = close_unaided(book, searched, wanted.astype(np.int8))
        alone = self._certified(unaided)
        closed, statuses = solve_block(book, searched, (wanted & ~alone).astype(np.int8))
        return either(book, unaided, closed, alone), statuses

    def _certified(self, closed: Closed) -> Flags:
        """Return where the direction-fixed answer keeps all limits and meets its own dual; a nan never does."""
        flags: Flags = (closed.breach <= self.settings.violation_max) & (
            closed.objective - closed.bound <= FIXED_GAP_MAX
        )
        return flags

    def _settled(self, searched: Searched, closed: Closed) -> Flags:
        """Return where the gap is small, or the search missed nothing that more care could find."""
        missed = np.array([is_open(searched, at) for at in range(len(searched.bound))], np.bool_)
        flags: Flags = (closed.objective - searched.bound <= self.target) | ~missed
        return flags

    def _rounded(self, a: int, at: int, book: Book, searched: Searched, rounded: Rounded) -> AccountAnswer:
        """Return the answer of an account whose rounded orders keep every limit."""
        proof = proof_of(searched, at)
        continuous = float(rounded.continuous[at])
        refusal = gap_refusal(max(continuous - proof.bound, 0.0), self.settings)
        if refusal:
            return held(Status.HELD_SOLVER, refusal, searched=searched, at=at)
        result = Result(
            float(rounded.objective[at]), float(rounded.te2[at]), float(rounded.turnover[at]),
            int(rounded.cash_after[at]), int(rounded.net_gain[at]), int(rounded.broken[at]),
        )  # fmt: skip
        may_idle = searched.idle_breach[at] <= FEASIBLE
        if may_idle and not is_worth(result, searched=searched, at=at, trigger=float(self.tables.trigger[a])):
            return self._idle(a, at, searched, Status.CERTIFIED, NOTHING_LEFT, proof)
        return traded_answer(
            searched=searched, at=at, proof=proof, continuous=continuous,
            sold=rounded.sold[book.entry_at[at] : book.entry_at[at + 1]], bought=rounded.bought[at],
            result=result,
        )  # fmt: skip

    def _idle(self, a: int, at: int, searched: Searched, status: Status, reason: str, proof: Proof) -> AccountAnswer:
        return idle_answer(status, reason, searched=searched, at=at, proof=proof, cash=int(self.tables.cash[a]))


def joined_accounts(book: Book) -> Flags:
    """Return (A,) which accounts have an entry that joins several sublots."""
    flags = np.zeros(len(book.gamma), np.bool_)
    for at in range(len(flags)):
        entries = slice(int(book.entry_at[at]), int(book.entry_at[at] + book.first[at, -1]))
        flags[at] = bool((book.first_lot[entries] < book.last_lot[entries]).any())
    return flags
