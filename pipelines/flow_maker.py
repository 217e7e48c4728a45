"""Expected deposits and withdrawals: on any night a few accounts tell of money to come or to go next session."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from ledger.amounts import MICRO
from pipelines.draws import keys_of, uniform
from pipelines.market import Floats

FLOWS_PER_NIGHT = 0.004
DEPOSIT_SHARE = 0.7
DEPOSIT_WEIGHT_MAX, WITHDRAWAL_WEIGHT_MAX = 0.08, 0.03
_ROUND_USD = 100.0


def expected_flows(accounts: pl.DataFrame, *, nav_usd: Floats, night: dt.date, seed: int) -> pl.DataFrame:
    """Return account_id and amount_microusd, signed, in whole hundreds of dollars.

    ``accounts`` has account_id, mode and frozen, in the order of ``nav_usd`` (one each). Accounts that do not
    trade, or only buy, tell of no withdrawals: nothing would raise the cash.
    """
    keys, day = keys_of(accounts["account_id"]), night.toordinal()
    tells = uniform("flow", seed=seed, day=day, keys=keys) < FLOWS_PER_NIGHT
    deposits = uniform("direction", seed=seed, day=day, keys=keys) < DEPOSIT_SHARE
    size = uniform("size", seed=seed, day=day, keys=keys)
    weight = np.where(deposits, DEPOSIT_WEIGHT_MAX * size, -WITHDRAWAL_WEIGHT_MAX * size)
    usd = np.round(weight * np.maximum(nav_usd, 0.0) / _ROUND_USD) * _ROUND_USD
    raises_cash = (~accounts["frozen"] & ~accounts["mode"].is_in(["hold", "buy_only"])).to_numpy()
    return (
        accounts.select("account_id", amount_microusd=pl.Series((usd * MICRO).astype(np.int64)))
        .filter(pl.Series(tells & (usd != 0.0) & (deposits | raises_cash)))
        .sort("account_id")
    )
