"""Clarabel through its own interface: every setting stated, a fresh solver per call, statuses from a closed table."""

from __future__ import annotations

from typing import Any, NamedTuple

import clarabel
import numpy as np

from solvers.arrays import Floats, Integers
from solvers.outcome import OUTCOME_OF_STATUS, Outcome


class Answer(NamedTuple):
    """A solver's answer: outcome, Clarabel's own word, primal and dual vectors."""

    outcome: Outcome
    status: str
    x: Floats
    z: Floats


class Columns:
    """A sparse matrix in compressed columns, as Clarabel reads it; lists cross its boundary faster than arrays."""

    __slots__ = ("data", "has_canonical_format", "has_sorted_indices", "indices", "indptr", "nnz", "shape")

    def __init__(self, *, data: Floats, rows: Integers, start: Integers, height: int) -> None:
        self.data = data.tolist()
        self.indices = rows.tolist()
        self.indptr = start.tolist()
        self.shape = (height, len(self.indptr) - 1)
        self.nnz = len(self.data)
        self.has_canonical_format = True
        self.has_sorted_indices = True


def settings(*, careful: bool) -> clarabel.DefaultSettings:
    """Return every setting that we rely on; ``careful`` adds scaling, refinement and tighter tolerances.

    The quick settings are safe because nothing is used that the certificate does not confirm.
    """
    chosen = clarabel.DefaultSettings()
    chosen.verbose = False
    chosen.max_iter = 200
    chosen.time_limit = float("inf")  # A limit in seconds would make the answer depend on the machine.
    chosen.max_threads = 1
    chosen.direct_solve_method = "qdldl"
    chosen.tol_gap_abs = 1e-9 if careful else 1e-8
    chosen.tol_gap_rel = 1e-9 if careful else 1e-8
    chosen.tol_feas = 1e-9 if careful else 1e-8
    chosen.tol_infeas_abs = 1e-8
    chosen.tol_infeas_rel = 1e-8
    chosen.equilibrate_enable = careful
    chosen.presolve_enable = False
    chosen.chordal_decomposition_enable = False
    chosen.iterative_refinement_enable = careful
    return chosen


QUICK = settings(careful=False)
CAREFUL = settings(careful=True)


def cones_of(equalities: int, height: int) -> list[Any]:
    """Return the cones of ``height`` rows of which the first are equalities."""
    cones: list[Any] = []
    if equalities:
        cones.append(clarabel.ZeroConeT(equalities))
    if height > equalities:
        cones.append(clarabel.NonnegativeConeT(height - equalities))
    return cones


def solve(
    *, P: Columns, q: Floats, A: Columns, b: Floats, cones: list[Any], chosen: clarabel.DefaultSettings
) -> Answer:
    """Minimise 1/2 x'Px + q'x subject to A x + s = b, s in ``cones``; P is the upper triangle.

    Clarabel takes a nan without complaint: it is refused here.
    """
    if not (np.isfinite(q).all() and np.isfinite(b).all()):
        return Answer(Outcome.REFUSED, "not a number", np.zeros(len(q)), np.zeros(len(b)))
    found = clarabel.DefaultSolver(P, q.tolist(), A, b.tolist(), cones, chosen).solve()
    status = str(found.status)
    return Answer(OUTCOME_OF_STATUS[status], status, np.array(found.x), np.array(found.z))
