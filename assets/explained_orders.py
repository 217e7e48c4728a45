"""Orders explained in dollars: what each is expected to realise, what tax it makes or saves, and what risk it takes.

The parts add up. Gains and losses are those of the orders' lots; the tax of a sale is rounded from the running sum in
the order in which the published tax was summed, so that the parts are the published figure to the micro-dollar. The
cost of risk is quadratic, g/2 |x|^2 in the active weights x, so that an order's part in its change is its change of
weight times the gradient halfway between before and after: exact, whichever order is taken first.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import polars as pl

from ledger.amounts import MICRO, plain, to_micro
from solvers.problem import Floats, ShardProblems
from solvers.views import View

TAXED = ("taxable", "trust")
"""Registrations whose sales realise gains and losses."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RiskPrices:
    """What a dollar more of each security costs one account in risk, halfway between before and after its orders."""

    usd_per_usd: dict[str, float]
    before_usd: float
    after_usd: float


def risk_prices(problems: ShardProblems, orders: pl.DataFrame) -> RiskPrices:
    """Return the prices of risk of the one account of ``problems``; ``orders`` are those of `explain/orders`.

    The cost of risk is g/2 times the squared tracking error times the net asset value, g the account's aversion.
    """
    view = View(
        problems, 0, 1, can_buy=problems.can_buy, loss_allowed=problems.lot_loss_sale_allowed,
        relaxed=np.zeros((1, 0)), cap=problems.tracking_error_max,
    )  # fmt: skip
    market, nav, aversion = view.market, float(view.nav[0]) / MICRO, float(view.aversion[0])
    row = {name: number for number, name in enumerate(market.security_ids)}
    change = np.zeros(len(row))
    for security, side, value in orders.select("security_id", "side", "estimated_microusd").iter_rows():
        change[row[security]] += (1 if side == "buy" else -1) * value / MICRO / nav
    before, after = view.x0[0], view.x0[0] + change

    def gradient(x: Floats) -> Floats:
        return aversion * (market.exposures @ (market.exposures.T @ x) + market.specific_variance * x)

    halfway = 0.5 * (gradient(before) + gradient(after))
    return RiskPrices(
        usd_per_usd=dict(zip(market.security_ids, halfway.tolist(), strict=True)),
        before_usd=0.5 * float(before @ gradient(before)) * nav,
        after_usd=0.5 * float(after @ gradient(after)) * nav,
    )


def order_rows(orders: pl.DataFrame, *, policy: dict[str, Any], risk: RiskPrices) -> list[dict[str, Any]]:
    """Return the rows of `explain/orders` as plain values with the dollars of tax, cost and risk of each."""
    taxed = policy["registration"] in TAXED
    rows = []
    for order, tax in zip(orders.iter_rows(named=True), tax_by_order(orders, policy), strict=True):
        sign = 1 if order["side"] == "buy" else -1
        value = order["estimated_microusd"] / MICRO
        sale = order["side"] == "sell"
        rows.append({
            "security_id": order["security_id"],
            "symbol": order["symbol"],
            "side": order["side"],
            "shares": plain(order["micro_shares"]),
            "lot_id": order["lot_id"],
            "price_usd": plain(order["price_microusd"]),
            "estimated_usd": plain(order["estimated_microusd"]),
            "basis_usd": plain(order["estimated_microusd"] - order["gain_microusd"]) if sale else None,
            "acquired_date": _day(order["acquired_date"]),
            "holding_start_date": _day(order["holding_start_date"]),
            "holding_start_last_date": _day(order["holding_start_last_date"]),
            "lot_parts": order["parts"] if sale else None,
            "term": order["term"],
            "reason": order["reason"],
            "gain_usd": plain(order["gain_microusd"]) if sale else None,
            "short_gain_usd": plain(order["short_gain_microusd"]) if sale else None,
            "long_gain_usd": plain(order["long_gain_microusd"]) if sale else None,
            "loss_usd": plain(order["loss_microusd"]) if sale else None,
            "taxed": taxed and sale,
            "tax_usd": plain(tax),
            "cost_usd": value * policy["cost_bps"] / 1e4,
            "risk_usd": sign * value * risk.usd_per_usd[order["security_id"]],
            "may_lose": order["may_lose"],
        })  # fmt: skip
    return rows


def tax_by_order(orders: pl.DataFrame, policy: dict[str, Any]) -> list[int]:
    """Return the tax of each order in micro-dollars, from the running sum; ``orders`` are in published order."""
    owed, told, taxes = 0.0, 0, []
    for order in orders.iter_rows(named=True):
        owed += _tax_microusd(order, policy) if policy["registration"] in TAXED else 0.0
        taxes.append(round(owed) - told)
        told = round(owed)
    return taxes


def _tax_microusd(order: dict[str, Any], policy: dict[str, Any]) -> float:
    """Return the tax on one order at the account's rates, micro-dollars; below zero where losses save some."""
    short, long = order["short_gain_microusd"], order["long_gain_microusd"]
    short_rate: float = policy["short_rate"] if short >= 0 else policy["short_loss_rate"]
    long_rate: float = policy["long_rate"] if long >= 0 else policy["long_loss_rate"]
    return float(short) * short_rate + float(long) * long_rate


def _day(day: object) -> str | None:
    return None if day is None else str(day)


def added_up(orders: list[dict[str, Any]], outcome: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return what the parts of the orders add up to, beside the published figures of their account."""
    taxed = [row for row in orders if row["taxed"]]

    def total(name: str) -> int:
        return sum(to_micro(row[name]) for row in taxed)

    parts = {
        "orders": str(len(orders)),
        "realized_gain_usd": plain(total("gain_usd")),
        "harvested_loss_usd": plain(total("loss_usd")),
        "tax_saved_usd": plain(-total("tax_usd")),
    }
    return {figure: {"parts": part, "published": str(outcome[figure])} for figure, part in parts.items()}
