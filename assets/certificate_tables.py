"""Certificates in tables: written with the proposals, read back and judged before anything of them is approved."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

from assets.figure_tables import IN_BASIS_POINTS, wrong_gaps, wrong_order_figures
from assets.problem_arrays import lot_names
from assets.store import Tables
from solvers.evaluate import Claims, judge
from solvers.problem import Certificate, Floats, Integers, ShardAnswers, ShardProblems, Status


def certificate_rows(problems: ShardProblems, answers: ShardAnswers) -> pl.DataFrame:
    """Return the rows of `certificate`."""
    certificate = answers.certificate
    cap = certificate.tracking_error_max
    return pl.DataFrame(
        {
            "account_id": problems.account_ids,
            "relaxed": [row.tolist() if row.any() else [] for row in certificate.relaxed],
            "tracking_error_max": [float(value) if np.isfinite(value) else None for value in cap],
        },
        schema={"account_id": pl.String, "relaxed": pl.List(pl.Float64), "tracking_error_max": pl.Float64},
    )


def leaf_rows(problems: ShardProblems, answers: ShardAnswers) -> pl.DataFrame:
    """Return the rows of `certificate_leaf`."""
    certificate = answers.certificate
    count = np.diff(certificate.leaf_start)
    account = np.repeat(np.arange(len(count)), count)
    leaf, name = np.nonzero(certificate.leaf_directions)
    decided = (name + 1) * certificate.leaf_directions[leaf, name]
    return pl.DataFrame(
        {
            "account_id": [problems.account_ids[a] for a in account.tolist()],
            "leaf": np.arange(len(account)) - certificate.leaf_start[account],
            "prices": _lists(certificate.leaf_prices.ravel(), np.full(len(account), certificate.leaf_prices.shape[1])),
            "cap_price": certificate.leaf_cap_price,
            "decided": _lists(decided, np.bincount(leaf, minlength=len(account))),
        },
        schema={
            "account_id": pl.String,
            "leaf": pl.Int64,
            "prices": pl.List(pl.Float64),
            "cap_price": pl.Float64,
            "decided": pl.List(pl.Int64),
        },
    )


def _lists(values: Floats | Integers, lengths: Integers) -> pl.Series:
    """Return a column of lists of these lengths, cut from ``values`` one after the other."""
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    return pl.Series(pa.LargeListArray.from_arrays(pa.array(bounds), pa.array(values)))


def offence_rows(tables: Tables, problems: ShardProblems) -> pl.DataFrame:
    """Return (account_id, offence): all that the judge cannot confirm of the stored answers to ``problems``."""
    account = pl.DataFrame({"account_id": problems.account_ids}, schema={"account_id": pl.String}).with_row_index("row")
    answer = account.join(tables.select("from proposals.answer"), on="account_id", how="left", maintain_order="left")
    orders = tables.select("from proposals.proposed_order order by account_id, security_id, side, lot_id")
    parts = _order_parts(orders, problems, account)
    known = parts.filter(pl.col("security").is_not_null() & pl.col("lot").is_not_null()).sort(
        "row", "security", "lot", maintain_order=True
    )
    claims = _claims(tables, problems, answer=answer, orders=known)
    found = [(problems.account_ids[a], text) for a, text in judge(problems, claims).offences]
    named = {account for account, _ in found}
    figures = [*wrong_gaps(answer, problems), *wrong_order_figures(orders, known, problems)]
    found += [(account, text) for account, text in figures if account not in named]
    strays = _strays(orders, known, problems)
    found += [(account, "an order of a lot or security that the account cannot trade") for account in strays]
    return pl.DataFrame(sorted(set(found)), schema={"account_id": pl.String, "offence": pl.String}, orient="row")


def _strays(orders: pl.DataFrame, known: pl.DataFrame, problems: ShardProblems) -> list[str]:
    """Return the accounts with orders of lots or securities that are not in their problem."""
    whole = dict(known.group_by("account_id").agg(pl.col("micro_shares").sum()).iter_rows())
    asked = dict(orders.group_by("account_id").agg(pl.col("micro_shares").sum()).iter_rows())
    solved = sorted(asked.keys() & set(problems.account_ids))
    return [name for name in solved if whole.get(name, 0) != asked[name]]


def _claims(tables: Tables, problems: ShardProblems, *, answer: pl.DataFrame, orders: pl.DataFrame) -> Claims:
    """Return what the stored answers claim; ``orders`` are those of known lots and securities, by sublot."""
    account = answer.select("row", "account_id")
    shadow = account.join(tables.select("from proposals.shadow_price"), on="account_id").sort("row", "limit_name")
    lot = orders["lot"].to_numpy().astype(np.int64)
    return Claims(
        status=tuple(Status(word) for word in answer["status"]),
        objective=_floats(answer["objective"]),
        bound=_floats(answer["bound"]),
        gap_continuous=_floats(answer["gap_continuous_bp"]) / IN_BASIS_POINTS,
        objective_idle=_floats(answer["objective_idle"]),
        nav_microusd=answer["nav_microusd"].to_numpy(),
        tracking_error_before=_floats(answer["tracking_error_before_bps"]) / IN_BASIS_POINTS,
        tracking_error_after=_floats(answer["tracking_error_after_bps"]) / IN_BASIS_POINTS,
        turnover=answer["turnover"].to_numpy(),
        cash_after_microusd=answer["cash_after_microusd"].to_numpy(),
        net_gain_microusd=answer["net_gain_microusd"].to_numpy(),
        shadow_account=shadow["row"].to_numpy().astype(np.int64),
        shadow_limit=tuple(shadow["limit_name"]),
        shadow_usd_per_unit=_floats(shadow["usd_per_unit"]),
        order_account=orders["row"].to_numpy().astype(np.int64),
        order_security=orders["security"].to_numpy().astype(np.int64),
        order_is_buy=lot < 0,
        order_lot=lot,
        order_micro_shares=orders["micro_shares"].to_numpy().astype(np.int64),
        certificate=_certificate(tables, problems, account),
    )


def _floats(column: pl.Series) -> Floats:
    """Return a column as floats, nan where there is none."""
    return np.asarray(column.fill_null(np.nan).to_numpy(), np.float64)


def _order_parts(orders: pl.DataFrame, problems: ShardProblems, account: pl.DataFrame) -> pl.DataFrame:
    """Return the orders with rows for accounts, securities and lots; a lot's sublots leave in position order.

    What a lot cannot give is put on its last sublot, for the judge to see. Purchases have lot -1.
    """
    security = pl.DataFrame({"security_id": problems.market.security_ids}).with_row_index("security")
    placed = orders.join(account, on="account_id").join(security, on="security_id", how="left")
    key = ["row", "security", "lot_id"]
    placed = placed.with_columns(pl.col("row").cast(pl.Int64), pl.col("security").cast(pl.Int64))
    sublots = (
        _sublots(problems, placed.filter(pl.col("side") == "sell").drop_nulls("security"))
        .sort("lot")
        .with_columns(
            before=pl.col("shares").cum_sum().over(key) - pl.col("shares"), last=pl.col("lot").max().over(key)
        )
    )
    sales = placed.filter(pl.col("side") == "sell").join(sublots, on=key, how="left")
    left = pl.col("micro_shares") - pl.col("before")
    taken = pl.when(pl.col("lot") == pl.col("last")).then(left).otherwise(pl.min_horizontal(left, "shares"))
    sales = sales.with_columns(micro_shares=taken).filter(pl.col("lot").is_null() | (pl.col("micro_shares") > 0))
    wanted = ["account_id", "row", "security", "lot", "micro_shares"]
    purchases = placed.filter(pl.col("side") == "buy").with_columns(lot=pl.lit(-1, pl.Int64))
    return pl.concat([sales.select(wanted), purchases.select(wanted)])


def _sublots(problems: ShardProblems, sales: pl.DataFrame) -> pl.DataFrame:
    """Return the sublots of the lots that are sold; most are not, and their names are not looked at."""
    owner = np.repeat(np.arange(len(problems.account_ids)), np.diff(problems.lot_start))
    is_sold = np.zeros(problems.can_sell.shape, np.bool_)
    is_sold[sales["row"].to_numpy(), sales["security"].to_numpy()] = True
    lot = np.flatnonzero(is_sold[owner, problems.lot_security])
    found = pl.DataFrame(
        {
            "row": owner[lot],
            "security": problems.lot_security[lot],
            "lot_id": lot_names(problems, lot),
            "lot": lot,
            "shares": problems.lot_micro_shares[lot],
        }
    )
    return found.join(sales, on=["row", "security", "lot_id"], how="semi")


def _certificate(tables: Tables, problems: ShardProblems, account: pl.DataFrame) -> Certificate:
    """Return the stored certificates; permissions are the problems' own, which the judge closes by itself."""
    m, n = problems.can_buy.shape
    size = problems.market.exposures.shape[1] + len(problems.market.sectors) + 3
    stored = account.join(tables.select("from proposals.certificate"), on="account_id", how="left").sort("row")
    relaxed = np.zeros((m, 2 * len(problems.market.sectors) + 4 + 2 * problems.market.exposures.shape[1]))
    for row, amounts in enumerate(stored["relaxed"].to_list()):
        if amounts and len(amounts) == relaxed.shape[1]:
            relaxed[row] = amounts
    leaves = account.join(tables.select("from proposals.certificate_leaf"), on="account_id").sort("row", "leaf")
    prices = np.full((leaves.height, size), np.nan)
    directions = np.zeros((leaves.height, n), np.int8)
    for leaf, (row, decided) in enumerate(leaves.select("prices", "decided").iter_rows()):
        if len(row) == size:
            prices[leaf] = row
        for number in decided:
            directions[leaf, min(abs(number), n) - 1] = np.sign(number)
    return Certificate(
        leaf_start=np.searchsorted(leaves["row"].to_numpy(), np.arange(m + 1)).astype(np.int64),
        leaf_prices=prices,
        leaf_cap_price=leaves["cap_price"].to_numpy(),
        leaf_directions=directions,
        relaxed=relaxed,
        tracking_error_max=stored["tracking_error_max"].fill_null(np.inf).to_numpy(),
        can_buy=problems.can_buy,
        lot_loss_sale_allowed=problems.lot_loss_sale_allowed,
    )
