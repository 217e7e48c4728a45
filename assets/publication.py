"""Publication: a night's files, read back from their bytes and held to the store's facts before they go out.

Nothing here shares a statement with what made the files. The audits read the bytes of accounts.csv, allocations.csv and
orders.csv as integers, and the partitions that the night read: what each shard let out, tonight's prices, the lots, the
policies. Every limit is told again from them, the wash proof over the whole file and so across shards. They run when a
night is published, and again whenever it is verified.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
from collections.abc import Mapping

import polars as pl

from assets.feed_values import micro
from assets.sessions import session_after
from assets.store import Store, Tables, Version, all_cores, changed_file, partition_name

NIGHTLY = {
    "prices": "prices",
    "actions": "corporate_actions",
    "benchmark": "benchmark_weights",
    "risk": "risk_model",
    "policies": "account_policies",
    "shards": "account_shards",
    "positions": "custodian_positions",
}
SHARDED = {"lots": "lots", "windows": "wash_windows", "proposals": "proposals", "answered": "reconciliation"}
ROWS = {"account_outcome": "accounts.csv", "allocation": "allocations.csv", "published_order": "orders.csv"}
MILLIONTHS = {
    "micro_shares": "shares",
    "price_microusd": "price_usd",
    "estimated_microusd": "estimated_usd",
    "gain_microusd": "estimated_gain_usd",
    "harvested_loss_microusd": "harvested_loss_usd",
    "realized_gain_microusd": "realized_gain_usd",
    "cash_before_microusd": "cash_before_usd",
    "cash_after_microusd": "cash_after_usd",
}
"""Columns of `ROWS` that are another column of the file in millionths."""
SUMS = ("traded", "sold_lot")
FROM_SHARDS = (
    "account_fact",
    "held_value",
    "holding",
    "sold_part",
    "approved",
    "answered_outcome",
    "closed_group",
    "recon_break",
)
RULINGS = ("switch", "acceptance")
DERIVED = ("stopped", "sold_sum", "limit_fact", "holding_after", "benchmark_name", "active_weight", "active_exposure")
RULING_AUDITS = (
    "every_frozen_account_is_held_as_frozen",
    "no_frozen_account_has_an_allocation",
    "no_frozen_security_has_an_order",
    "no_account_trades_over_a_break_that_nobody_accepts",
    "no_name_is_traded_while_its_break_is_accepted",
    "no_account_trades_on_cash_in_dispute",
)
AUDITS = (
    "every_account_of_the_book_is_published_once",
    "every_block_is_the_sum_of_its_allocations",
    "no_held_account_has_an_allocation",
    "every_published_row_is_what_its_shard_approved",
    "no_published_account_buys_and_sells_one_security",
    "no_published_sale_exceeds_its_lot",
    "every_published_amount_is_at_tonights_price",
    "every_published_gain_is_that_of_its_lots",
    "every_published_cash_adds_up",
    "no_household_washes_its_own_loss_in_the_published_file",
    "no_published_order_is_in_a_closed_wash_window",
    "no_published_order_is_forbidden",
    "no_published_order_is_below_the_minimum_trade",
    "no_published_order_breaks_its_share_step",
    "no_published_account_leaves_its_cash_band",
    "no_published_account_exceeds_its_turnover",
    "no_published_account_exceeds_its_gain_budget",
    "no_published_account_exceeds_a_name_cap",
    "no_published_account_leaves_its_sector_band",
    "no_published_account_leaves_its_factor_band",
    "no_published_account_exceeds_its_tracking_error_cap",
    "every_relaxed_limit_is_listed",
    *RULING_AUDITS,
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the audits found in a night's files: the offenders of each, and what was read to tell."""

    offenders: Mapping[str, pl.DataFrame]
    inputs: Mapping[str, str]


def audit_files(
    files: Mapping[str, bytes],
    *,
    store: Store,
    night: dt.date,
    read: Mapping[str, Version],
    rulings: Mapping[str, pl.DataFrame],
    loss_margin: float,
) -> Findings:
    """Hold the data ``files`` of ``night`` to ``read``, the night's partitions by name.

    A shard whose reconciliation is not among them has not answered. ``rulings`` are the switches and acceptances that
    the night is published with, by table of the `trades` partition. ``loss_margin`` is the fraction of its basis by
    which a lot still counts as a loss for wash sales.
    """
    nightly = {alias: read[partition_name(asset, night=night, shard=None)] for alias, asset in NIGHTLY.items()}
    shards = sorted(version.shard for version in read.values() if version.asset == "reconciliation" and version.shard)
    trade_date = session_after(night)
    # Sums of integers only, and audits that return no rows: nothing depends on which thread comes first.
    with store.reading(nightly, threads=all_cores()) as tables:
        for table in (*ROWS, *FROM_SHARDS, *RULINGS):
            tables.run(f"publication/work/{table}")
        for table in RULINGS:
            tables.insert(table, rulings[table])
        for table, name in ROWS.items():
            tables.insert_text(table, _rows(tables, table, files[name], where=name), where=name)
        for table in SUMS:
            tables.run(f"publication/{table}")
        for shard in shards:
            for alias, asset in SHARDED.items():
                tables.attach(read[partition_name(asset, night=night, shard=shard)], alias=alias)
            for table in ("shard_holding", *FROM_SHARDS):
                tables.run(f"publication/{table}", shard=shard, trade_date=trade_date, loss_margin=loss_margin)
            for alias in SHARDED:
                tables.detach(alias)
        for table in DERIVED:
            tables.run(f"publication/{table}")
        return Findings(offenders={audit: tables.offenders(audit) for audit in AUDITS}, inputs=dict(tables.inputs))


def _rows(tables: Tables, table: str, content: bytes, *, where: str) -> pl.DataFrame:
    """Return the columns that ``table`` has of a published file: amounts in millionths, all others as their text.

    Raises
    ------
    StoreError
        Where an amount is none.
    """
    wanted = tables.select(f"select column_name from duckdb_columns() where table_name = '{table}'")["column_name"]  # noqa: S608
    file = pl.read_csv(io.BytesIO(content), infer_schema=False)
    columns = {}
    for column in wanted.to_list():
        written = file[MILLIONTHS.get(column, column)]
        columns[column] = micro(written) if column in MILLIONTHS else written
        unreadable = written.filter(columns[column].is_null() & written.is_not_null())
        if unreadable.len():
            raise changed_file(where, table=table, found=f"{unreadable[0]!r} in the column {written.name}")
    return pl.DataFrame(columns).with_columns(pl.col("^reasons$").fill_null(""))
