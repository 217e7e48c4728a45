"""Trades that one account did not make: what stopped each, and which sale, purchase, order or restriction did it."""

from __future__ import annotations

import datetime as dt

import polars as pl

from assets.explained_words import Row, told, told_non_trade
from assets.store import Tables


def non_trades(tables: Tables, *, policy: Row, trade_date: dt.date) -> list[Row]:
    """Return the trades that were not made with what stopped each, and because of what."""
    bound = {"household_id": policy["household_id"], "trade_date": trade_date}
    causes = {
        ("wash_window", "buy"): _by_group(tables.query("explain/open_losses", **bound)),
        ("wash_window", "sell"): _by_group(tables.query("explain/recent_purchases", **bound)),
    }
    orders = tables.query("explain/household_orders", **bound)
    restrictions = tables.query("explain/restrictions", **bound).to_dicts()
    rows = []
    for row in tables.query("explain/non_trades", account_id=policy["account_id"]).to_dicts():
        found = causes.get((row["stopped_by"], row["side"]), {}).get(row["identical_group"], [])
        found = found or _orders_that_close(row, orders, policy["account_id"])
        found = found or _restrictions_that_bar(row, restrictions, policy["account_id"])
        plain_row = told(row) | {"because": [told(cause) for cause in found]}
        rows.append(plain_row | {"told": told_non_trade(plain_row)})
    return rows


def _by_group(causes: pl.DataFrame) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in causes.to_dicts():
        found.setdefault(row["identical_group"], []).append(row)
    return found


def _orders_that_close(row: Row, orders: pl.DataFrame, account_id: str) -> list[Row]:
    """Return tonight's orders that close a group to the trade that ``row`` tells of."""
    sides = {"purchase": "buy", "loss_sale": "sell"}
    where, _, what = row["stopped_by"].partition("_")
    if row["stopped_by"] in ("household_purchase", "household_loss_sale"):
        of_account = pl.col("account_id") != account_id
        side = sides[what]
    elif row["stopped_by"] in ("purchase_tonight", "loss_sale_tonight"):
        of_account = pl.col("account_id") == account_id
        side = "buy" if where == "purchase" else "sell"
    else:
        return []
    closing = orders.filter(of_account, pl.col("identical_group") == row["identical_group"], pl.col("side") == side)
    return (closing.filter("may_lose") if side == "sell" else closing).to_dicts()


def _restrictions_that_bar(row: Row, restrictions: list[Row], account_id: str) -> list[Row]:
    """Return the restrictions of the account that bar the trade that ``row`` tells of."""
    kinds = {"exclusion": ("exclude",), "no_buy": ("no_buy",), "no_sell": ("no_sell",), "max_weight": ("max_weight",)}
    on = {"security": row["security_id"], "sector": row["sector"]}
    return [
        stated
        for stated in restrictions
        if stated["account_id"] == account_id
        and stated["kind"] in kinds.get(row["stopped_by"], ())
        and stated["value"] == on[stated["on_what"]]
    ]
