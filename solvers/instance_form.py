"""The form of an instance document: which fields there are, and what stands in them; refused by name otherwise.

Only the form is held here. What the numbers must be to make sense is held where they are read (`solvers.instance`).
"""

from __future__ import annotations

import math
from typing import Any

from ledger.errors import InputError

NUMBER_MAX = 1e12
"""No honest number is larger: dollars of an account, shares, rates; larger ones would overflow exact money."""
POLICY = (
    "risk_aversion", "cost_rate", "cash_min", "cash_max", "sector_band", "turnover_max", "net_gain_budget_usd",
    "tracking_error_max", "factor_band", "relaxation_order", "share_step", "min_trade_usd", "trigger", "loss_margin",
    "mode",
)  # fmt: skip
RATES = ("short_gain", "long_gain", "short_loss", "long_loss")
PARTS: dict[str, type] = {"securities": list, "lots": list, "rates": dict, "policy": dict}
TRUTHS = {"securities": ("can_buy", "can_sell"), "lots": ("sale_allowed", "loss_sale_allowed")}
WORDS = {"securities": ("security_id", "sector", "identical_group"), "lots": ("lot_id", "security_id", "term")}
REQUIRED: dict[str, tuple[str, ...]] = {
    "securities": ("security_id", "price_usd", "benchmark_weight", "sector", "exposures", "specific_variance"),
    "lots": ("lot_id", "security_id", "shares", "basis_usd", "term"),
}


class InstanceError(InputError):
    """An instance is not what the contract says."""

    code = "INST-000"


def refused(code: str, where: str, found: str, expected: str) -> InstanceError:
    """Return the refusal of an instance."""
    return InstanceError(
        code=code, where=where, found=found, expected=expected, remedy="Mend the instance and solve it again."
    )


def need(row: dict[str, Any], key: str, where: str) -> Any:  # noqa: ANN401 - JSON
    """Return ``row[key]``, or refuse."""
    if key not in row:
        raise refused("INST-002", where, f"no field {key}", "all fields of the contract")
    return row[key]


def number(value: object, where: str, *, least: float = -math.inf, above: float = -math.inf) -> float:
    """Return a finite number within its range, or refuse."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise refused("INST-004", where, repr(value), "a finite number")
    if value < least or value <= above:
        raise refused("INST-005", where, repr(value), f"at least {least}" if value < least else f"more than {above}")
    if abs(value) > NUMBER_MAX:
        raise refused("INST-016", where, repr(value), f"no more than {NUMBER_MAX:.0f}")
    return float(value)


def require_form(document: dict[str, Any], *, tag: str) -> None:
    """Refuse a document whose parts are not objects, lists, words and truths where those belong."""
    if document.get("format") != tag:
        raise refused("INST-001", "format", repr(document.get("format")), repr(tag))
    for key in ("account_id", "cash_usd", *PARTS):
        need(document, key, "the instance")
    _word(document["account_id"], "account_id")
    _truth(document, "taxable", "the instance")
    for part, kind in PARTS.items():
        if not isinstance(document[part], kind):
            raise refused("INST-014", part, repr(document[part])[:60], "a list" if kind is list else "an object")
    for part, required in REQUIRED.items():
        for place, row in enumerate(document[part]):
            _require_row(part, place, row, required)
    for part, known in (("rates", RATES), ("policy", POLICY)):
        unknown = sorted(set(document[part]) - set(known))
        if unknown:
            # A limit under a wrong name would be no limit.
            raise refused("INST-015", part, f"a field {unknown[0]!r}", ", ".join(known))
    for key in RATES:
        need(document["rates"], key, "rates")
    covariance = document.get("factor_covariance")
    if covariance is not None and not (
        isinstance(covariance, list) and all(isinstance(row, list) for row in covariance)
    ):
        raise refused("INST-014", "factor_covariance", repr(covariance)[:60], "a list of rows")


def _require_row(part: str, place: int, row: object, required: tuple[str, ...]) -> None:
    """Refuse a row that is no object, lacks a field, or holds something else than a word or truth where one belongs."""
    if not isinstance(row, dict):
        raise refused("INST-014", f"{part} row {place + 1}", repr(row)[:60], "an object")
    where = f"{'security' if part == 'securities' else 'lot'} {row.get(required[0], f'in row {place + 1}')}"
    for key in required:
        need(row, key, where)
    for key in WORDS[part]:
        if row.get(key) is not None or key in required:
            _word(row[key], f"{where} {key}")
    for key in TRUTHS[part]:
        _truth(row, key, where)
    if part == "securities" and not isinstance(row["exposures"], list):
        raise refused("INST-014", f"{where} exposures", repr(row["exposures"])[:60], "a list of numbers")


def _word(value: object, where: str) -> None:
    if not isinstance(value, str) or not value:
        raise refused("INST-014", where, repr(value)[:60], "a text")


def _truth(row: dict[str, Any], key: str, where: str) -> None:
    if not isinstance(row.get(key, True), bool):
        raise refused("INST-014", f"{where} {key}", repr(row[key])[:60], "true or false")
