"""Proposals: the shard's problems assembled, solved and written with their certificates.

Four kinds of account never reach the solver: frozen ones, those whose policy breaks its contract, those with an event
the ledger refused, and those whose value cannot be trusted. Each is an answer row with its reason; its neighbours are
solved.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from assets.book import Book
from assets.certificate_tables import certificate_rows, leaf_rows
from assets.non_trade_tables import non_trade_rows
from assets.problem_arrays import (
    ShardFacts,
    account_values,
    facts_without,
    frozen_values,
    lot_names,
    market_of,
    problems_of,
)
from assets.sessions import session_after
from assets.store import Store, Tables, Version
from ledger.amounts import MICRO
from solvers.evaluate import lots_at_loss
from solvers.problem import ShardAnswers, ShardProblems, SolveSettings, Status
from solvers.shard import solve_shard

INPUTS = {
    "prices": "prices",
    "actions": "corporate_actions",
    "benchmark": "benchmark_weights",
    "risk": "risk_model",
    "policies": "account_policies",
    "shards": "account_shards",
    "positions": "custodian_positions",
}
AUDITS = ("every_account_of_the_shard_is_answered_once", "no_held_account_proposes_an_order")
IN_BASIS_POINTS = 1e4


def write_proposals(*, store: Store, book: Book, night: dt.date, shard: str) -> Version:
    """Solve every account of ``shard`` and write the answers, orders, shadow prices and conflicts."""
    trade_date = session_after(night)
    with store.writing("proposals", night=night, shard=shard) as writing:
        for alias, asset in INPUTS.items():
            writing.attach(store.head(asset, night=night), alias=alias)
        writing.attach(store.head("lots", night=night, shard=shard), alias="lots")
        writing.attach(store.head("wash_windows", night=night, shard=shard), alias="windows")
        facts = read_facts(writing, shard=shard, trade_date=trade_date)
        values = account_values(facts)
        held = held_before_solving(facts, values=values, unpriced=writing.query("proposals/unpriced_lots"), book=book)
        solvable = facts_without(facts, held["account_id"])
        market = market_of(facts)
        problems = problems_of(solvable, market, trade_date=trade_date, loss_margin=book.settings.tax.loss_margin)
        answers = solve_shard(problems, settings_of(book))
        writing.insert(
            "answer", pl.concat([answer_rows(problems, answers, facts), held_rows(held, facts, values=values)])
        )
        writing.insert("proposed_order", order_rows(problems, answers))
        writing.insert("shadow_price", named_rows(problems, answers, "shadow", value="usd_per_unit"))
        writing.insert("conflict", named_rows(problems, answers, "conflict", value="needed"))
        writing.insert("held_security", frozen_values(facts).drop("distrusted"))
        writing.insert("non_trade", non_trade_rows(problems, answers, facts))
        writing.insert("certificate", certificate_rows(problems, answers))
        writing.insert("certificate_leaf", leaf_rows(problems, answers))
        for audit in AUDITS:
            writing.audit(audit, shard=shard)
    assert writing.version is not None
    return writing.version


def settings_of(book: Book) -> SolveSettings:
    """Return the solver's standard as book.toml states it."""
    solve = book.settings.solve
    return SolveSettings(
        clarabel=solve.clarabel,
        gap_bp_max=solve.gap_bp_max,
        gap_bp_target=solve.gap_bp_target,
        nodes_max=solve.nodes_max,
    )


def read_facts(tables: Tables, *, shard: str, trade_date: dt.date) -> ShardFacts:
    """Read the rows a shard's problems are made of; the temporary table compared_holding stays for who comes after."""
    tables.run("proposals/compared_holding", shard=shard)
    universe = tables.query("proposals/universe")
    accounts = tables.query("proposals/accounts", shard=shard, trade_date=trade_date)
    for name, frame in (("account", accounts), ("security", universe)):
        tables.run(f"proposals/work/{name}_number")
        tables.insert(f"{name}_number", frame.select(f"{name}_id").with_row_index(name))
    return ShardFacts(
        universe=universe,
        exposures=tables.select("select security_id, factor, exposure from risk.exposure order by all"),
        benchmark_weights=tables.select("from benchmark.benchmark_weight order by all"),
        accounts=accounts,
        lots=tables.query("lots/open_lots", trade_date=trade_date),
        restricted=tables.query("proposals/restricted", shard=shard),
        closed_groups=tables.query("proposals/closed_groups", shard=shard, trade_date=trade_date),
    )


def held_before_solving(facts: ShardFacts, *, values: pl.DataFrame, unpriced: pl.DataFrame, book: Book) -> pl.DataFrame:
    """Return account_id, status and reasons of the accounts that are not solved tonight; ``values`` are theirs."""
    limit = book.settings.trust.frozen_value_max
    distrusted = frozen_values(facts).filter("distrusted")
    frozen = distrusted.group_by("account_id").agg(pl.col("value_microusd").sum(), pl.col("security_id"))
    judged = (
        facts.accounts.select("account_id", "frozen", "refused_codes", "frozen_by", "policy_fault")
        .join(values, on="account_id")
        .join(frozen, on="account_id", how="left")
        .join(unpriced, on="account_id", how="left")
        .with_columns(share=pl.col("value_microusd").fill_null(0) / pl.col("nav_microusd"))
    )
    names = pl.col("security_id").list.sort().list.join(" ")
    percent = (pl.col("share") * 100).round(2).cast(pl.String)
    verdicts = [
        (pl.col("frozen_by").is_not_null(), Status.HELD_FROZEN, pl.col("frozen_by")),
        (pl.col("policy_fault").is_not_null(), Status.HELD_DATA, pl.col("policy_fault")),
        (pl.col("frozen"), Status.HELD_FROZEN, pl.lit("the account is frozen")),
        (
            pl.col("refused_codes").is_not_null(),
            Status.HELD_DATA,
            pl.format("the ledger refused an event of the household: {}", pl.col("refused_codes")),
        ),
        (
            pl.col("securities").is_not_null(),
            Status.HELD_DATA,
            pl.format("never priced: {}", pl.col("securities")),
        ),
        (pl.col("nav_microusd") <= 0, Status.HELD_DATA, pl.lit("the account has no value")),
        (pl.col("share") > limit, Status.HELD_DATA, pl.format("{} % in frozen names: {}", percent, names)),
    ]
    status, reasons = pl.lit(None, pl.String), pl.lit(None, pl.String)
    for holds, verdict, reason in reversed(verdicts):
        status = pl.when(holds).then(pl.lit(verdict.value)).otherwise(status)
        reasons = pl.when(holds).then(reason).otherwise(reasons)
    return judged.select("account_id", status=status, reasons=reasons).filter(pl.col("status").is_not_null())


def answer_rows(problems: ShardProblems, answers: ShardAnswers, facts: ShardFacts) -> pl.DataFrame:
    """Return the rows of `answer` for the solved accounts."""
    gap = answers.objective - answers.bound
    solved = pl.DataFrame(
        {
            "account_id": problems.account_ids,
            "status": [status.value for status in answers.status],
            "reasons": answers.reasons,
            "objective": answers.objective,
            "bound": answers.bound,
            "gap_continuous_bp": answers.gap_continuous * IN_BASIS_POINTS,
            "gap_bp": gap * IN_BASIS_POINTS,
            "gap_microusd": np.round(np.nan_to_num(gap) * answers.nav_microusd).astype(np.int64),
            "objective_idle": answers.objective_idle,
            "nav_microusd": answers.nav_microusd,
            "tracking_error_before_bps": answers.tracking_error_before * IN_BASIS_POINTS,
            "tracking_error_after_bps": answers.tracking_error_after * IN_BASIS_POINTS,
            "cash_before_microusd": problems.cash_microusd,
            "cash_after_microusd": answers.cash_after_microusd,
            "net_gain_microusd": answers.net_gain_microusd,
            "turnover": answers.turnover,
            "nodes": answers.nodes,
        },
        schema_overrides={"account_id": pl.String, "status": pl.String, "reasons": pl.String},
    ).with_columns(pl.col(pl.Float64).fill_nan(None))
    solved = solved.with_columns(
        gap_microusd=pl.when(pl.col("gap_bp").is_not_null()).then("gap_microusd"),
        turnover=pl.col("turnover").fill_null(0.0),
    )
    return facts.accounts.select("account_id", "household_id", "wave").join(solved, on="account_id")


def held_rows(held: pl.DataFrame, facts: ShardFacts, *, values: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of `answer` for the accounts that were not solved: no figures but their value and cash."""
    unknown = {
        name: pl.lit(None, pl.Float64)
        for name in (
            "objective",
            "bound",
            "gap_continuous_bp",
            "gap_bp",
            "objective_idle",
            "tracking_error_before_bps",
            "tracking_error_after_bps",
        )
    }
    rows = (
        held.join(facts.accounts.select("account_id", "household_id", "wave", "cash_microusd"), on="account_id")
        .join(values, on="account_id")
        .with_columns(
            **unknown,
            gap_microusd=pl.lit(None, pl.Int64),
            cash_before_microusd=pl.col("cash_microusd"),
            cash_after_microusd=pl.col("cash_microusd"),
            net_gain_microusd=pl.lit(0, pl.Int64),
            turnover=pl.lit(0.0),
            nodes=pl.lit(0, pl.Int64),
        )
    )
    return rows.select(
        "account_id",
        "household_id",
        "wave",
        "status",
        "reasons",
        "objective",
        "bound",
        "gap_continuous_bp",
        "gap_bp",
        "gap_microusd",
        "objective_idle",
        "nav_microusd",
        "tracking_error_before_bps",
        "tracking_error_after_bps",
        "cash_before_microusd",
        "cash_after_microusd",
        "net_gain_microusd",
        "turnover",
        "nodes",
    )


def order_rows(problems: ShardProblems, answers: ShardAnswers) -> pl.DataFrame:
    """Return the rows of `proposed_order`; parts of one lot stand in one row.

    The estimated gain of a part is its value at the close minus the floor share of its basis. The losses of parts are
    also summed by themselves: a gain of another part does not net a loss that a wash sale would disallow.
    """
    price = problems.market.price_microusd[answers.order_security]
    lot = np.maximum(answers.order_lot, 0)
    is_sale = ~answers.order_is_buy
    rows = pl.DataFrame(
        {
            "account_id": [problems.account_ids[number] for number in answers.order_account],
            "security_id": [problems.market.security_ids[number] for number in answers.order_security],
            "side": np.where(answers.order_is_buy, "buy", "sell").tolist(),
            "micro_shares": answers.order_micro_shares,
            "lot_id": lot_names(problems, answers.order_lot),
            "price_microusd": price,
            "of_shares": problems.lot_micro_shares[lot] if len(problems.lot_ids) else np.zeros(0, np.int64),
            "of_basis": problems.lot_basis_microusd[lot] if len(problems.lot_ids) else np.zeros(0, np.int64),
            "long": problems.lot_long_term[lot] & is_sale if len(problems.lot_ids) else np.zeros(0, np.bool_),
            "reason": answers.order_reason,
            "may_lose": is_sale & lots_at_loss(problems, answers.order_account, lot) if len(problems.lot_ids)
            else np.zeros(0, np.bool_),
        },
        schema_overrides={"account_id": pl.String, "security_id": pl.String, "side": pl.String,
                          "reason": pl.String},
    )  # fmt: skip
    shares = pl.col("micro_shares").cast(pl.Int128)
    value = (shares * pl.col("price_microusd") // MICRO).cast(pl.Int64)
    basis = (shares * pl.col("of_basis") // pl.col("of_shares")).cast(pl.Int64)
    gain = pl.when(pl.col("side") == "sell").then(value - basis).otherwise(0)
    return (
        rows.with_columns(
            estimated_microusd=value,
            short_gain_microusd=pl.when(pl.col("long")).then(0).otherwise(gain),
            long_gain_microusd=pl.when(pl.col("long")).then(gain).otherwise(0),
            loss_microusd=(-gain).clip(lower_bound=0),
        )
        .group_by("account_id", "security_id", "side", "lot_id", "price_microusd")
        .agg(
            pl.col(
                "micro_shares", "estimated_microusd", "short_gain_microusd", "long_gain_microusd", "loss_microusd"
            ).sum(),
            pl.col("long").all(),
            pl.col("may_lose").any(),
            pl.col("reason").sort().first(),
        )
        .with_columns(
            term=pl.when(pl.col("side") == "sell").then(
                pl.when(pl.col("long")).then(pl.lit("long")).otherwise(pl.lit("short"))
            )
        )
        .drop("long")
        .sort("account_id", "security_id", "side", "lot_id")
    )


def named_rows(problems: ShardProblems, answers: ShardAnswers, kind: str, *, value: str) -> pl.DataFrame:
    """Return (account_id, limit_name, value) of the shadow prices or conflicts."""
    return pl.DataFrame(
        {
            "account_id": [problems.account_ids[number] for number in getattr(answers, f"{kind}_account")],
            "limit_name": list(getattr(answers, f"{kind}_limit")),
            value: getattr(answers, f"{kind}_{'usd_per_unit' if kind == 'shadow' else 'needed'}"),
        },
        schema={"account_id": pl.String, "limit_name": pl.String, value: pl.Float64},
    )
