"""The figures stored beside answers and orders, recomputed: gaps in their units, and each order's value, gain and term.

Part of what reconciliation judges (`assets.certificate_tables`), on exact integers and apart from the code that wrote
them. What the published harvested losses, gains and tax saved are sums of is confirmed here, order by order.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from assets.problem_arrays import lot_names
from solvers.evaluate import lots_at_loss
from solvers.problem import Integers, ShardProblems
from solvers.views import value_of

GAP_BP_TOLERANCE = 1e-9
GAP_MICROUSD_TOLERANCE = 1
IN_BASIS_POINTS = 1e4
ORDER_FIGURES = (
    "price_microusd", "estimated_microusd", "short_gain_microusd", "long_gain_microusd", "loss_microusd", "may_lose",
    "term",
)  # fmt: skip
KEY = ["account_id", "security_id", "lot_id"]


def wrong_gaps(answer: pl.DataFrame, problems: ShardProblems) -> list[tuple[str, str]]:
    """Return (account_id, what is wrong) where a gap is not objective minus bound, or the cash not the account's.

    ``answer`` has the stored answers in the order of the problems' accounts.
    """
    gap = pl.col("objective") - pl.col("bound")
    whole = (gap * pl.col("nav_microusd")).round()
    judged = answer.with_columns(cash=pl.Series(problems.cash_microusd)).with_columns(
        _unlike("gap_bp", gap * IN_BASIS_POINTS, GAP_BP_TOLERANCE),
        _unlike("gap_microusd", whole, GAP_MICROUSD_TOLERANCE),
        _unlike("cash_before_microusd", pl.col("cash"), 0),
    )
    return [
        (account, f"{name} is not as recomputed")
        for name in ("gap_bp", "gap_microusd", "cash_before_microusd")
        for account in judged.filter(f"{name} is wrong")["account_id"].to_list()
    ]


def _unlike(name: str, expected: pl.Expr, tolerance: float) -> pl.Expr:
    """Return whether a column differs from what is expected, or only one of the two is there."""
    same = ((pl.col(name) - expected).abs() <= tolerance).fill_null(value=False)
    return (~same & ~(pl.col(name).is_null() & expected.is_null())).alias(f"{name} is wrong")


def first_parts(basis: Integers, *, of: Integers, shares: Integers) -> Integers:
    """Return what belongs to the first ``shares`` of a lot ``of`` so many, `ledger.amounts.part` for arrays."""
    rows = pl.DataFrame({"basis": basis, "of": of, "taken": np.clip(shares, 0, of)})
    whole = pl.col("basis").cast(pl.Int128) * pl.col("taken") // pl.col("of")
    return rows.select(whole.cast(pl.Int64)).to_series().to_numpy()


def wrong_order_figures(orders: pl.DataFrame, parts: pl.DataFrame, problems: ShardProblems) -> list[tuple[str, str]]:
    """Return (account_id, what is wrong) of every stored order whose figures are not those of its ``parts``.

    ``parts`` has (account_id, row, security, lot, micro_shares), a row per sublot that is sold and per purchase.
    """
    lot = parts["lot"].to_numpy().astype(np.int64)
    security = parts["security"].to_numpy().astype(np.int64)
    shares = parts["micro_shares"].to_numpy().astype(np.int64)
    price = problems.market.price_microusd[security]
    value = value_of(np.maximum(shares, 0), price).whole
    sold = np.flatnonzero(lot >= 0)
    gain, long_term, may_lose = np.zeros(len(lot), np.int64), np.zeros(len(lot), np.bool_), np.zeros(len(lot), np.bool_)
    gain[sold] = value[sold] - first_parts(
        problems.lot_basis_microusd[lot[sold]], of=problems.lot_micro_shares[lot[sold]], shares=shares[sold]
    )
    long_term[sold] = problems.lot_long_term[lot[sold]]
    may_lose[sold] = lots_at_loss(problems, parts["row"].to_numpy().astype(np.int64)[sold], lot[sold])
    each = pl.DataFrame(
        {
            "account_id": parts["account_id"],
            "security_id": [problems.market.security_ids[i] for i in security.tolist()],
            "lot_id": lot_names(problems, lot),
            "price_microusd": price,
            "estimated_microusd": value,
            "short_gain_microusd": np.where(long_term, 0, gain),
            "long_gain_microusd": np.where(long_term, gain, 0),
            "loss_microusd": np.maximum(-gain, 0),
            "may_lose": may_lose,
            "is_long": long_term,
        },
        schema_overrides={"account_id": pl.String, "security_id": pl.String},
    )
    sums = [f"{name}_microusd" for name in ("estimated", "short_gain", "long_gain", "loss")]
    expected = each.group_by(KEY).agg(
        pl.col("price_microusd").first(), pl.col(sums).sum(), pl.col("may_lose").any(), pl.col("is_long").all()
    )
    expected = expected.with_columns(
        term=pl.when(pl.col("lot_id").is_not_null()).then(
            pl.when(pl.col("is_long")).then(pl.lit("long")).otherwise(pl.lit("short"))
        )
    )
    both = orders.join(expected, on=KEY, how="inner", nulls_equal=True, suffix=" expected")
    found: list[tuple[str, str]] = []
    for name in ORDER_FIGURES:
        wrong = both.filter(pl.col(name).ne_missing(pl.col(f"{name} expected")))
        found += [
            (account, f"{name} of an order of {security} is not as recomputed")
            for account, security in wrong.select("account_id", "security_id").iter_rows()
        ]
    return found
