"""A shard's problems as arrays in, and its certified orders as arrays out.

Everything an account's answer may depend on is in these arrays; there is no hidden state, so an account's
answer is the same in any shard, in any order, in any process.

Symbols (used throughout this package, as in `docs/model.md`):
    m accounts, n securities, k factors, L lots of the whole shard; lots of account a are
    ``lot_start[a]:lot_start[a + 1]``, in the order (security, lot).
Quantities of shares and money enter as integers (micro-shares, micro-dollars) and leave as integers; floats
live only between the two.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NO_LIMIT = np.inf


class Names(Protocol):
    """Names by row: a tuple, or a frame's column, of which nothing is made but what is asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int, /) -> str: ...


class Mode(enum.IntEnum):
    """What the account may do: the codes of the column ``mode`` of accounts.csv."""

    TAX_AWARE = 0
    TAX_UNAWARE = 1
    BUY_ONLY = 2
    HOLD = 3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What all accounts of a night share: n securities, k factors."""

    security_ids: tuple[str, ...]
    """n names, in ascending order."""
    price_microusd: Integers
    """(n,) micro-dollars per share, positive."""
    exposures: Floats
    """(n, k) annualised, already times the root of the factor covariance."""
    specific_variance: Floats
    """(n,) annualised, positive."""
    sectors: tuple[str, ...]
    """Names of the sectors."""
    sector: Integers
    """(n,) index into ``sectors``."""
    identical_group: Integers
    """(n,) index of the group of substantially identical securities; groups are numbered by first member."""
    benchmark_ids: tuple[str, ...]
    benchmark_weights: Floats
    """(number of benchmarks, n), each row sums to one."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ShardProblems:
    """The m accounts of a shard; an unset limit is ``NO_LIMIT``."""

    market: Market
    account_ids: tuple[str, ...]
    household: Integers
    """(m,) index of the account's household."""
    wave: Integers
    """(m,) position in the household's declared order; a household's accounts are solved wave after wave."""
    taxable: Flags
    """(m,) False for IRA and Roth accounts: no tax on sales, yet their purchases wash the household's losses."""
    mode: Integers
    """(m,) a `Mode`."""
    benchmark: Integers
    """(m,) row of ``market.benchmark_weights``."""
    cash_microusd: Integers
    """(m,)"""
    flow_microusd: Integers
    """(m,) expected deposit (> 0) or withdrawal (< 0), to be invested or raised tonight."""
    short_gain_rate: Floats
    long_gain_rate: Floats
    short_loss_rate: Floats
    long_loss_rate: Floats
    """(m,) each, fractions."""
    loss_margin: Floats
    """(m,) a lot worth less than its basis plus this fraction of it counts as a loss for wash sales: fills come at
    another price than the one its tax is reckoned at."""
    risk_aversion: Floats
    cost_rate: Floats
    """(m,) fraction of traded value."""
    cash_min: Floats
    cash_max: Floats
    sector_band: Floats
    turnover_max: Floats
    """(m,) each, fractions of net asset value."""
    factor_band: Floats
    """(m,) largest exposure of the active weights to any factor, either way, in the units of ``market.exposures``."""
    net_gain_budget_microusd: Integers
    """(m,) what is left of the calendar year's budget; ``NO_GAIN_LIMIT`` for none."""
    tracking_error_max: Floats
    """(m,) annualised standard deviation."""
    relaxation_rank: Integers
    """(m, len(`RELAXABLE`)) where nothing keeps all limits: 1 for the limit that gives first, 2 for the next, 0 for one
    that stays; an account with zeros only has declared nothing."""
    trigger: Floats
    """(m,) smallest benefit worth trading for, fraction of net asset value."""
    share_step_micro: Integers
    """(m,) orders are whole multiples, full sales of a lot excepted."""
    min_trade_microusd: Integers
    """(m,) smallest order per security."""
    max_weight: Floats
    """(m, n) cap on the holding after the trade, fraction of net asset value; a holding above it may only fall."""
    can_buy: Flags
    can_sell: Flags
    """(m, n) each: exclusions, no-buy and no-sell lists, wash windows and frozen names are already in them."""
    lot_start: Integers
    """(m + 1,)"""
    lot_ids: Names
    """(L,) what orders and offences call the row's lot; nothing is decided by it."""
    lot_number: Integers
    """(L,) the custodian lot that a row is a part of: rows of one number in one account and security, which follow each
    other, are its sublots in position order."""
    lot_security: Integers
    """(L,) index of the security."""
    lot_micro_shares: Integers
    lot_basis_microusd: Integers
    lot_long_term: Flags
    lot_sale_allowed: Flags
    """(L,) False within the minimum holding days."""
    lot_loss_sale_allowed: Flags
    """(L,) False where a loss would be disallowed: the lot is not sold below its basis."""


NO_GAIN_LIMIT = np.iinfo(np.int64).max
RELAXABLE = (
    "cash_min", "cash_max", "sector_band", "turnover", "net_gain_budget", "factor_band", "tracking_error_max",
)  # fmt: skip
"""What a policy's relaxation order may name, and ``cash`` for both sides of the cash band."""


def relaxation_ranks(order: Sequence[str]) -> list[int]:
    """Return the rank of each of `RELAXABLE` in a declared order, 0 where it is not in it.

    >>> relaxation_ranks(["turnover", "cash"])
    [2, 2, 0, 1, 0, 0, 0]
    """
    return [
        next((at for at, name in enumerate(order, start=1) if limit == name or limit.startswith(f"{name}_m")), 0)
        for limit in RELAXABLE
    ]


class Status(enum.StrEnum):
    """The closed vocabulary of outcomes; one per account per night, and nothing else exists."""

    CERTIFIED = "CERTIFIED"
    CERTIFIED_NO_TRADE = "CERTIFIED_NO_TRADE"
    CERTIFIED_RELAXED = "CERTIFIED_RELAXED"
    HELD_INFEASIBLE = "HELD_INFEASIBLE"
    HELD_DATA = "HELD_DATA"
    HELD_BREAK = "HELD_BREAK"
    HELD_FROZEN = "HELD_FROZEN"
    HELD_DEADLINE = "HELD_DEADLINE"
    HELD_SOLVER = "HELD_SOLVER"

    @property
    def is_held(self) -> bool:
        """Return whether the account trades nothing tonight."""
        return self.name.startswith("HELD_")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What proves the bounds: prices under directions that, together, cover all directions of an account.

    `solvers.evaluate` recomputes every bound from these and the problems alone. An account without a bound has no
    leaf. A disjunction is a group of identical securities where something can be bought and some loss can be sold;
    an account's disjunctions are numbered by their first member.
    """

    leaf_start: Integers
    """(m + 1,) leaves of account a are ``leaf_start[a]:leaf_start[a + 1]``."""
    leaf_prices: Floats
    """(leaves, k + sectors + 3) multipliers of the factors, cash, the sectors, turnover and net gain."""
    leaf_cap_price: Floats
    """(leaves,) multiplier of half the squared tracking-error cap."""
    leaf_directions: npt.NDArray[np.int8]
    """(leaves, n) per disjunction: -1 losses may be sold, 1 purchases may be made, 0 undecided."""
    relaxed: Floats
    """(m, 2 sectors + 4 + 2 k) what the limits were widened by: cash min and max, sectors high and low, turnover,
    gain, factors high and low."""
    tracking_error_max: Floats
    """(m,) the caps in force."""
    can_buy: Flags
    lot_loss_sale_allowed: Flags
    """The permissions as they stood when the account was solved, its household's earlier orders taken into account."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ShardAnswers:
    """One answer per account (arrays of m), and the orders of all accounts (arrays of their number).

    Orders are sorted by (account, security, lot). A purchase has ``order_lot`` -1; a sale names its lot.
    """

    status: tuple[Status, ...]
    reasons: tuple[str, ...]
    """Empty, or why the account is held or relaxed, in words."""
    objective: Floats
    """(m,) of the rounded orders, fraction of net asset value; nan where the account is held."""
    bound: Floats
    """(m,) proven lower bound of the continuous, non-convex problem; nan where there is none."""
    gap_continuous: Floats
    """(m,) objective before rounding minus bound."""
    objective_idle: Floats
    """(m,) of doing nothing."""
    nav_microusd: Integers
    cash_after_microusd: Integers
    """(m,) cash minus purchases plus sales at tonight's prices; costs and flows are not in it."""
    tracking_error_before: Floats
    tracking_error_after: Floats
    net_gain_microusd: Integers
    turnover: Floats
    nodes: Integers
    """(m,) direction vectors examined."""
    order_account: Integers
    order_security: Integers
    order_is_buy: Flags
    order_lot: Integers
    """Index into the shard's lots, or -1."""
    order_micro_shares: Integers
    order_reason: tuple[str, ...]
    """harvest, rebalance, raise cash, invest cash, exclusion or transition."""
    shadow_account: Integers
    shadow_limit: tuple[str, ...]
    shadow_usd_per_unit: Floats
    """Dollars of objective for one more unit of the limit."""
    conflict_account: Integers
    conflict_limit: tuple[str, ...]
    conflict_needed: Floats
    """For held-infeasible accounts: the limits in conflict and by how much each would have to give."""
    certificate: Certificate


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SolveSettings:
    """What the solve may not decide for itself; part of the policy version in the manifest."""

    clarabel: Literal["always", "uncertified"] = "always"
    """Whether Clarabel answers every account that trades, or only where the search's own trades are not certified."""
    gap_bp_max: float = 1.0
    """Largest accepted distance from the proven bound, basis points of net asset value, before rounding."""
    gap_bp_target: float = 0.01
    """Branch and bound stops when the gap is below this."""
    nodes_max: int = 200
    violation_max: float = 1e-7
    """Largest accepted breach of a row before rounding, fraction of net asset value."""
    approach_price: float = 0.02
    """Objective that one unit of a band is worth to an account that has drifted out of it and cannot get back."""
