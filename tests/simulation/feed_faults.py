"""What goes wrong in the feeds of a night. A fault is one row of `FEED_FAULTS`: its odds in a night, and a function.

The function changes the delivery and says there what has to come of it; it returns what it did, or None where
tonight's files give it nothing to do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import polars as pl

from tests.simulation.world import Delivery, World


def a_price_is_missing(world: World, delivery: Delivery) -> str:
    security = _any(world, delivery.frames["prices"], "security_id")
    delivery.frames["prices"] = delivery.frames["prices"].filter(pl.col("security_id") != security)
    delivery.untraded.add(security)
    return security


def a_tick_is_bad(world: World, delivery: Delivery) -> str:
    security = _any(world, delivery.frames["prices"], "security_id")
    factor = world.rng.choice((0.1, 0.5, 1.9, 10.0))
    close = (pl.col("close_usd").cast(pl.Float64) * factor).round(4).cast(pl.String)
    delivery.frames["prices"] = delivery.frames["prices"].with_columns(
        close_usd=pl.when(pl.col("security_id") == security).then(close).otherwise(pl.col("close_usd"))
    )
    return f"{security} x {factor}"


def an_action_is_late(world: World, delivery: Delivery) -> str | None:
    actions = delivery.frames["corporate_actions"].filter(ex_date=str(delivery.night))
    if actions.is_empty():
        return None
    action = _any(world, actions, "action_id")
    _hold_back(delivery, "corporate_actions", pl.col("action_id") == action)
    row = actions.filter(action_id=action)
    for security in (row["security_id"].item(), row["new_security_id"].item()):
        if security:
            delivery.unsettled |= world.holders(security)
    return f"{row['kind'].item()} of {row['security_id'].item()}"


def an_event_comes_twice(world: World, delivery: Delivery) -> str | None:
    activity = delivery.frames["activity"].filter(pl.col("trade_date") == str(delivery.night))
    if activity.is_empty():
        return None
    event = _any(world, activity, "event_id")
    twice = activity.filter(event_id=event)
    delivery.frames["activity"] = pl.concat([delivery.frames["activity"], twice])
    right = twice.with_columns(event_id=pl.lit(f"{event} again"), supersedes=pl.lit(event))
    delivery.late.setdefault("activity", []).append(right)
    delivery.unsettled.add(twice["account_id"].item())
    delivery.held.add(twice["account_id"].item())
    return event


def an_event_is_missing(world: World, delivery: Delivery) -> str | None:
    trades = delivery.frames["activity"].filter(
        pl.col("kind").is_in(["buy", "sell"]), pl.col("trade_date") == str(delivery.night)
    )
    if trades.is_empty():
        return None
    event = _any(world, trades, "event_id")
    _hold_back(delivery, "activity", pl.col("event_id") == event)
    account = trades.filter(event_id=event)["account_id"][0]  # it may come twice
    delivery.unsettled.add(account)
    delivery.held.add(account)
    return event


def a_position_is_missing(world: World, delivery: Delivery) -> str:
    row = delivery.frames["positions"].row(world.rng.randrange(delivery.frames["positions"].height), named=True)
    here = (pl.col("account_id") == row["account_id"]) & (pl.col("security_id") == row["security_id"])
    delivery.frames["positions"] = delivery.frames["positions"].filter(~here)
    delivery.held.add(row["account_id"])
    return f"{row['security_id']} of {row['account_id']}"


def a_position_comes_twice(world: World, delivery: Delivery) -> str:
    positions = delivery.frames["positions"]
    number = world.rng.randrange(positions.height)
    delivery.mended["positions"] = positions
    delivery.frames["positions"] = pl.concat([positions, positions[number]])
    delivery.refused = True
    return str(positions.row(number)[:2])


def the_cash_is_wrong(world: World, delivery: Delivery) -> str:
    account = _any(world, delivery.frames["cash"], "account_id")
    wrong = (pl.col("cash_usd").cast(pl.Float64) + 1000).round(2).cast(pl.String)
    delivery.frames["cash"] = delivery.frames["cash"].with_columns(
        cash_usd=pl.when(pl.col("account_id") == account).then(wrong).otherwise(pl.col("cash_usd"))
    )
    delivery.held.add(account)
    return account


def an_account_is_frozen_or_thawed(world: World, delivery: Delivery) -> str:
    account = _any(world, world.accounts(), "account_id")
    world.freeze(account, frozen=account not in world.frozen)
    return f"{account} {'frozen' if account in world.frozen else 'thawed'}"


@dataclasses.dataclass(frozen=True, slots=True)
class FeedFault:
    odds: float
    strike: Callable[[World, Delivery], str | None]


FEED_FAULTS = (
    FeedFault(0.15, a_price_is_missing),
    FeedFault(0.10, a_tick_is_bad),
    FeedFault(0.25, an_action_is_late),
    FeedFault(0.12, an_event_comes_twice),
    FeedFault(0.12, an_event_is_missing),
    FeedFault(0.12, a_position_is_missing),
    FeedFault(0.05, a_position_comes_twice),
    FeedFault(0.12, the_cash_is_wrong),
    FeedFault(0.12, an_account_is_frozen_or_thawed),
)


def _any(world: World, frame: pl.DataFrame, column: str) -> str:
    chosen: str = world.rng.choice(sorted(frame[column].unique()))
    return chosen


def _hold_back(delivery: Delivery, name: str, which: pl.Expr) -> None:
    delivery.late.setdefault(name, []).append(delivery.frames[name].filter(which))
    delivery.frames[name] = delivery.frames[name].filter(~which)
