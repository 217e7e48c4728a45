"""The readings of the law that the authorities leave open: one dated record, stated and never implied."""

from __future__ import annotations

import dataclasses
from typing import Literal

Tacking = Literal["additive", "union", "replacement"]
SameDayOrder = Literal["day", "exec"]
OlderLot = Literal["absorbs", "newer_only"]
SpouseBasis = Literal["carry", "lost"]


@dataclasses.dataclass(frozen=True, slots=True)
class Readings:
    """How the ledger reads what section 1091 does not settle."""

    tacking: Tacking = "additive"
    """What 26 U.S.C. 1223(3) adds to a replacement's holding period: the days that the sold shares were held; the
    same, but no day counted twice; or nothing."""
    same_day_order: SameDayOrder = "day"
    """Whether shares bought before a sale must still be held after all sales of its day, or after the sale itself."""
    older_lot: OlderLot = "absorbs"
    """Whether a lot bought before the one sold, but within the window, can be its replacement."""
    spouse_basis: SpouseBasis = "carry"
    """Whether a loss that another owner's purchase disallows joins the basis of that purchase, or is lost."""


DEFAULT = Readings()
