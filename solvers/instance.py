"""One account as a JSON document: an instance is read and refused by name, or solved and answered (contract)."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from ledger.amounts import MICRO, plain
from solvers.arrays import ABSENT
from solvers.evaluate import judge
from solvers.instance_form import NUMBER_MAX, RATES, InstanceError, need, number, refused, require_form
from solvers.irreducible import irreducible_conflict
from solvers.problem import (
    NO_GAIN_LIMIT,
    NO_LIMIT,
    RELAXABLE,
    Floats,
    Integers,
    Market,
    Mode,
    ShardAnswers,
    ShardProblems,
    SolveSettings,
    Status,
    relaxation_ranks,
)
from solvers.shard import solve_shard

__all__ = [
    "FORMAT",
    "SOLUTION_FORMAT",
    "InstanceError",
    "covariance_root",
    "read_instance",
    "solution",
    "solve_instance",
]

FORMAT = "openbell-instance/1"
SOLUTION_FORMAT = "openbell-solution/1"
BENCHMARK_SUM_TOLERANCE = 1e-6
PRICE_USD_MAX = 5_000_000
EIGENVALUE_MIN = -1e-10


def solve_instance(
    document: dict[str, Any], settings: SolveSettings | None = None, *, irreducible: bool = False
) -> dict[str, Any]:
    """Return the solution document of an instance document; raises `InstanceError` where it makes no sense.

    With ``irreducible`` it also names limits that cannot be kept together, and could without any one of them.
    """
    problems = read_instance(document)
    answer = solution(problems, confirmed(problems, solve_shard(problems, settings or SolveSettings())))
    if irreducible:
        found = irreducible_conflict(problems) if answer["status"] == Status.HELD_INFEASIBLE else []
        answer["irreducible"] = [{"limit": limit, "needed": _known(needed)} for limit, needed in found]
    return answer


def confirmed(problems: ShardProblems, answers: ShardAnswers) -> ShardAnswers:
    """Return the answers of a one-account shard as they are, or held where the judge does not confirm them."""
    offences = judge(problems, answers).offences
    if not offences:
        return answers
    nothing = np.zeros(0, np.int64)
    unknown = np.full(1, np.nan)
    return dataclasses.replace(
        answers,
        status=(Status.HELD_SOLVER,),
        reasons=("the judge does not confirm the answer: " + "; ".join(text for _, text in offences[:3]),),
        objective=unknown,
        bound=unknown,
        gap_continuous=unknown,
        cash_after_microusd=problems.cash_microusd,
        tracking_error_after=answers.tracking_error_before,
        net_gain_microusd=np.zeros(1, np.int64),
        turnover=np.zeros(1),
        order_account=nothing,
        order_security=nothing,
        order_is_buy=np.zeros(0, np.bool_),
        order_lot=nothing,
        order_micro_shares=nothing,
        order_reason=(),
        shadow_account=nothing,
        shadow_limit=(),
        shadow_usd_per_unit=np.zeros(0),
    )


def read_instance(document: dict[str, Any]) -> ShardProblems:
    """Return the problem of one account; every number checked, securities sorted by name."""
    require_form(document, tag=FORMAT)
    securities = sorted(document["securities"], key=lambda row: str(row["security_id"]))
    if not securities:
        raise refused("INST-002", "securities", "none", "at least one")
    ids = [str(row["security_id"]) for row in securities]
    if len(set(ids)) != len(ids):
        raise refused("INST-003", "securities", "a security_id twice", "one row per security")
    market = _market(document, securities, ids)
    lots = _lots(document, {name: i for i, name in enumerate(ids)})
    problems = _problems(document, market, securities, lots)
    _require_countable(problems)
    return problems


def _require_countable(problems: ShardProblems) -> None:
    """Refuse an account whose value, or one share of it, exact money in 64 bits could not hold."""
    price = problems.market.price_microusd
    for name, one in zip(problems.market.security_ids, price.tolist(), strict=True):
        if one > PRICE_USD_MAX * MICRO:
            raise refused("INST-016", f"security {name} price_usd", f"{one / MICRO}", f"no more than {PRICE_USD_MAX}")
    prices = price[problems.lot_security].tolist()
    held = sum(s * p for s, p in zip(problems.lot_micro_shares.tolist(), prices, strict=True)) // MICRO
    if held + abs(int(problems.cash_microusd[0])) > NUMBER_MAX * MICRO:
        raise refused("INST-016", "the account", f"a value of {held / MICRO}", f"no more than {NUMBER_MAX:.0f} dollars")


def _micro(value: object, where: str, *, least: float = -math.inf, above: float = -math.inf) -> int:
    """Return a number in millionths, still above ``above`` when it is."""
    micro = round(number(value, where, least=least, above=above) * MICRO)
    if micro <= above * MICRO:
        raise refused("INST-005", where, repr(value), f"at least a millionth more than {above}")
    return micro


def _market(document: dict[str, Any], securities: list[dict[str, Any]], ids: list[str]) -> Market:
    """Return the market of the instance's securities."""
    covariance = document.get("factor_covariance")
    root = covariance_root(covariance, len(covariance or securities[0]["exposures"]))
    exposures = []
    for row in securities:
        where = f"security {row['security_id']} exposures"
        if len(row["exposures"]) != len(root):
            raise refused("INST-006", where, f"{len(row['exposures'])} numbers", f"{len(root)}, as the covariance")
        exposures.append([number(value, where) for value in row["exposures"]])
    weights = [number(row["benchmark_weight"], f"security {row['security_id']} benchmark_weight", least=0.0)
               for row in securities]  # fmt: skip
    if abs(math.fsum(weights) - 1.0) > BENCHMARK_SUM_TOLERANCE:
        raise refused("INST-007", "benchmark_weight", f"a sum of {math.fsum(weights)!r}", "a sum of 1")
    sectors = sorted({str(row["sector"]) for row in securities})
    groups: dict[str, int] = {}
    group = [
        groups.setdefault(str(row.get("identical_group") or row["security_id"]), len(groups)) for row in securities
    ]
    return Market(
        security_ids=tuple(ids),
        price_microusd=np.array(
            [_micro(row["price_usd"], f"security {row['security_id']} price_usd", above=0.0) for row in securities],
            np.int64,
        ),
        exposures=_times(np.array(exposures, np.float64), root),
        specific_variance=np.array(
            [
                number(row["specific_variance"], f"security {row['security_id']} specific_variance", above=0.0)
                for row in securities
            ]
        ),
        sectors=tuple(sectors),
        sector=np.array([sectors.index(str(row["sector"])) for row in securities], np.int64),
        identical_group=np.array(group, np.int64),
        benchmark_ids=("benchmark",),
        benchmark_weights=np.array([weights]),
    )


def covariance_root(covariance: list[list[float]] | None, size: int) -> Floats:
    """Return a lower triangle R with R R' = covariance (identity when it is missing), refusing an indefinite one.

    Cholesky with zero columns where a pivot vanishes, each sum in a fixed order: bits do not depend on a library.
    """
    if covariance is None:
        return np.eye(size)
    widths = sorted({len(row) for row in covariance})
    if len(covariance) != size or widths != [size]:
        raise refused("INST-008", "factor_covariance", f"{len(covariance)} rows of {widths}", f"{size} rows of {size}")
    matrix = np.array([[number(value, "factor_covariance") for value in row] for row in covariance], np.float64)
    scale = max(float(np.abs(matrix).max()), 1e-300)
    if np.abs(matrix - matrix.T).max() > 1e-12 * scale:
        raise refused("INST-009", "factor_covariance", "an asymmetric matrix", "a symmetric one")
    if float(np.linalg.eigvalsh(matrix).min()) < EIGENVALUE_MIN * scale:
        raise refused("INST-009", "factor_covariance", "a negative eigenvalue", "a positive semidefinite matrix")
    root = np.zeros_like(matrix)
    for j in range(size):
        pivot = matrix[j, j] - math.fsum(value * value for value in root[j, :j].tolist())
        if pivot <= 1e-14 * scale:
            continue
        root[j, j] = math.sqrt(pivot)
        for i in range(j + 1, size):
            shared = math.fsum((root[i, :j] * root[j, :j]).tolist())
            root[i, j] = (matrix[i, j] - shared) / root[j, j]
    return root


def _times(exposures: Floats, root: Floats) -> Floats:
    """Return exposures times the root, each sum in order."""
    product = np.zeros((len(exposures), len(root)))
    for j in range(len(root)):
        product += exposures[:, j : j + 1] * root[j : j + 1, :]
    return product


def _lots(document: dict[str, Any], index: dict[str, int]) -> list[dict[str, Any]]:
    """Return the lots checked, sorted by security, sublots of one lot kept in their order."""
    for lot in document["lots"]:
        if str(lot["security_id"]) not in index:
            raise refused("INST-010", f"lot {lot['lot_id']}", f"security {lot['security_id']!r}", "a listed security")
        if lot["term"] not in {"short", "long"}:
            raise refused("INST-011", f"lot {lot['lot_id']} term", repr(lot["term"]), "'short' or 'long'")
    return sorted(document["lots"], key=lambda lot: (index[str(lot["security_id"])], str(lot["lot_id"])))


def _limit(policy: dict[str, Any], key: str, *, least: float = -math.inf) -> float:
    """Return a limit of the policy, ``NO_LIMIT`` where it is missing or null."""
    value = policy.get(key)
    return NO_LIMIT if value is None else number(value, f"policy {key}", least=least)


def _mode(policy: dict[str, Any]) -> int:
    """Return the code of the policy's mode, tax_aware where it names none."""
    word = str(policy.get("mode") or "tax_aware")
    known = [mode.name.lower() for mode in Mode]
    if word not in known:
        raise refused("INST-013", "policy mode", repr(word), ", ".join(known))
    return known.index(word)


def _factor_band(document: dict[str, Any]) -> float:
    """Return the policy's factor band; refused where the exposures are not those that the band is on."""
    band = _limit(document["policy"], "factor_band", least=0.0)
    covariance = document.get("factor_covariance")
    is_own = covariance is not None and not np.array_equal(np.array(covariance), np.eye(len(covariance)))
    if band < NO_LIMIT and is_own:
        # The solve's exposures are times the covariance's root: a band on them would be another limit.
        raise refused("INST-017", "policy factor_band", "a factor_covariance of its own", "the identity, or none")
    return band


def _relaxation_order(policy: dict[str, Any]) -> list[str]:
    """Return the limits that may give, first to last, refusing unknown names and names twice."""
    order = policy.get("relaxation_order")
    if order is None:
        return []
    if not isinstance(order, list):
        raise refused("INST-014", "policy relaxation_order", repr(order)[:60], "a list of limits")
    known = ("cash", *RELAXABLE)
    for at, name in enumerate(order):
        if name not in known:
            raise refused("INST-018", "policy relaxation_order", repr(name)[:60], ", ".join(known))
        if relaxation_ranks([*order[:at], name]) == relaxation_ranks(order[:at]):
            raise refused("INST-018", "policy relaxation_order", f"{name!r} a second time", "every limit once")
    return order


def _policy(document: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of the account's rates and policy."""
    policy, rates = document["policy"], document["rates"]
    cash_min = 0.0 if policy.get("cash_min") is None else number(policy["cash_min"], "policy cash_min")
    cash_max = _limit(policy, "cash_max")
    if cash_max < cash_min:
        raise refused("INST-012", "policy cash_max", repr(cash_max), f"at least the cash_min of {cash_min!r}")
    budget = policy.get("net_gain_budget_usd")
    floats = {f"{key}_rate": number(rates[key], f"rates {key}", least=0.0) for key in RATES} | {
        "risk_aversion": number(need(policy, "risk_aversion", "policy"), "policy risk_aversion", above=0.0),
        "cost_rate": number(policy.get("cost_rate") or 0.0, "policy cost_rate", least=0.0),
        "cash_min": cash_min,
        "cash_max": cash_max,
        "sector_band": _limit(policy, "sector_band", least=0.0),
        "turnover_max": _limit(policy, "turnover_max", least=0.0),
        "tracking_error_max": _limit(policy, "tracking_error_max", least=0.0),
        "factor_band": _factor_band(document),
        "trigger": number(policy.get("trigger") or 0.0, "policy trigger", least=0.0),
        "loss_margin": number(policy.get("loss_margin") or 0.0, "policy loss_margin", least=0.0),
    }
    whole = {
        "cash_microusd": _micro(document["cash_usd"], "cash_usd"),
        "flow_microusd": _micro(document.get("flow_usd") or 0.0, "flow_usd"),
        "net_gain_budget_microusd": NO_GAIN_LIMIT if budget is None else _micro(budget, "policy net_gain_budget_usd"),
        "share_step_micro": max(_micro(policy.get("share_step") or 1e-6, "policy share_step", above=0.0), 1),
        "min_trade_microusd": _micro(policy.get("min_trade_usd") or 0.0, "policy min_trade_usd", least=0.0),
        "household": 0,
        "wave": 0,
        "mode": _mode(policy),
        "benchmark": 0,
    }
    columns: dict[str, Any] = {key: np.array([value], np.float64) for key, value in floats.items()}
    columns |= {key: np.array([value], np.int64) for key, value in whole.items()}
    return columns | {"relaxation_rank": np.array([relaxation_ranks(_relaxation_order(policy))], np.int64)}


def _problems(
    document: dict[str, Any], market: Market, securities: list[dict[str, Any]], lots: list[dict[str, Any]]
) -> ShardProblems:
    """Return the shard of this one account."""
    index = {name: i for i, name in enumerate(market.security_ids)}
    caps = [row.get("max_weight") for row in securities]
    return ShardProblems(
        market=market,
        account_ids=(str(document["account_id"]),),
        taxable=np.array([bool(document.get("taxable", True))]),
        max_weight=np.array([[ABSENT if cap is None else number(cap, "max_weight", least=0.0) for cap in caps]]),
        can_buy=np.array([[bool(row.get("can_buy", True)) for row in securities]]),
        can_sell=np.array([[bool(row.get("can_sell", True)) for row in securities]]),
        lot_start=np.array([0, len(lots)], np.int64),
        lot_ids=tuple(str(lot["lot_id"]) for lot in lots),
        lot_number=_lot_numbers(lots),
        lot_security=np.array([index[str(lot["security_id"])] for lot in lots], np.int64),
        lot_micro_shares=np.array(
            [_micro(lot["shares"], f"lot {lot['lot_id']} shares", above=0.0) for lot in lots], np.int64
        ),
        lot_basis_microusd=np.array(
            [_micro(lot["basis_usd"], f"lot {lot['lot_id']} basis_usd", least=0.0) for lot in lots], np.int64
        ),
        lot_long_term=np.array([lot["term"] == "long" for lot in lots], np.bool_),
        lot_sale_allowed=np.array([bool(lot.get("sale_allowed", True)) for lot in lots], np.bool_),
        lot_loss_sale_allowed=np.array([bool(lot.get("loss_sale_allowed", True)) for lot in lots], np.bool_),
        **_policy(document),
    )


def _lot_numbers(lots: list[dict[str, Any]]) -> Integers:
    """Return (L,) the custodian lot of each row: rows that follow each other and are named alike are of one."""
    names = [(lot["security_id"], str(lot["lot_id"])) for lot in lots]
    return np.cumsum([at > 0 and name != names[at - 1] for at, name in enumerate(names)], dtype=np.int64)


def solution(problems: ShardProblems, answers: ShardAnswers) -> dict[str, Any]:
    """Return the solution document of a one-account shard; numbers that do not exist are null."""
    objective, bound = float(answers.objective[0]), float(answers.bound[0])
    nav_usd = int(answers.nav_microusd[0]) / MICRO
    gap = objective - bound
    orders: dict[tuple[str, str], dict[str, Any]] = {}
    for order in range(len(answers.order_account)):
        security = problems.market.security_ids[int(answers.order_security[order])]
        side = "buy" if answers.order_is_buy[order] else "sell"
        row = orders.setdefault(
            (security, side),
            {"security_id": security, "side": side, "shares": 0, "lots": [], "reason": answers.order_reason[order]},
        )
        shares = int(answers.order_micro_shares[order])
        row["shares"] += shares
        if side == "sell":
            lot_id = problems.lot_ids[int(answers.order_lot[order])]
            if row["lots"] and row["lots"][-1]["lot_id"] == lot_id:
                row["lots"][-1]["shares"] += shares
            else:
                row["lots"].append({"lot_id": lot_id, "shares": shares})
    for row in orders.values():
        row["shares"] = float(plain(row["shares"]))
        for lot in row["lots"]:
            lot["shares"] = float(plain(lot["shares"]))
    return {
        "format": SOLUTION_FORMAT,
        "account_id": problems.account_ids[0],
        "status": str(answers.status[0]),
        "reasons": [answers.reasons[0]] if answers.reasons[0] else [],
        "objective": _known(objective),
        "bound": _known(bound),
        "gap_bp": _known(gap * 1e4),
        "gap_usd": _known(gap * nav_usd),
        "orders": [orders[key] for key in sorted(orders)],
        "tracking_error": _known(float(answers.tracking_error_after[0])),
        "cash_after_usd": float(plain(int(answers.cash_after_microusd[0]))),
        "net_gain_usd": float(plain(int(answers.net_gain_microusd[0]))),
        "turnover": float(answers.turnover[0]),
        "shadow_prices_usd": dict(zip(answers.shadow_limit, answers.shadow_usd_per_unit.tolist(), strict=True)),
        "conflict": [
            {"limit": limit, "needed": needed}
            for limit, needed in zip(answers.conflict_limit, answers.conflict_needed.tolist(), strict=True)
        ],
    }


def _known(value: float) -> float | None:
    """Return the number, or None for a nan."""
    return value if math.isfinite(value) else None
