"""What answers claim, as the judge reads it: from the solve itself, or from what is stored of it."""

from __future__ import annotations

import dataclasses

from solvers.problem import Certificate, Flags, Floats, Integers, ShardAnswers, Status


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What stored answers claim: the part of `ShardAnswers` that the judge reads; orders sorted by account."""

    status: tuple[Status, ...]
    objective: Floats
    bound: Floats
    gap_continuous: Floats
    objective_idle: Floats
    nav_microusd: Integers
    tracking_error_before: Floats
    tracking_error_after: Floats
    turnover: Floats
    cash_after_microusd: Integers
    net_gain_microusd: Integers
    shadow_account: Integers
    """Ascending."""
    shadow_limit: tuple[str, ...]
    shadow_usd_per_unit: Floats
    order_account: Integers
    order_security: Integers
    order_is_buy: Flags
    order_lot: Integers
    order_micro_shares: Integers
    certificate: Certificate


Stated = Claims | ShardAnswers
