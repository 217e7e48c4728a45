"""What each Clarabel status means for an account: used, infeasible, or refused. Nothing else exists."""

from __future__ import annotations

import enum


class Outcome(enum.Enum):
    """What may be done with a solver's answer."""

    SOLVED = "solved"
    INFEASIBLE = "infeasible"
    REFUSED = "refused"


# Every name in clarabel.SolverStatus is listed; a test holds us to it.
# The Almost* answers met looser tolerances than we asked for, so they are refused, not used. An account's program is
# bounded on every side, so a dual infeasible one is a bug in its making, and refused too.
OUTCOME_OF_STATUS = {
    "Unsolved": Outcome.REFUSED,
    "Solved": Outcome.SOLVED,
    "PrimalInfeasible": Outcome.INFEASIBLE,
    "DualInfeasible": Outcome.REFUSED,
    "AlmostSolved": Outcome.REFUSED,
    "AlmostPrimalInfeasible": Outcome.REFUSED,
    "AlmostDualInfeasible": Outcome.REFUSED,
    "MaxIterations": Outcome.REFUSED,
    "MaxTime": Outcome.REFUSED,
    "NumericalError": Outcome.REFUSED,
    "InsufficientProgress": Outcome.REFUSED,
    "CallbackTerminated": Outcome.REFUSED,
}
