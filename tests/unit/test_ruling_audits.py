"""Every audit of rulings and breaks finds its offender in a published file that somebody has put wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from assets.publication import RULING_AUDITS
from assets.store import Store, Tables, schema_of

ACCOUNT = "A1"
SOUND = (
    # An account that trades X, and has accepted breaks in Y and in cash.
    "insert into account_outcome by name select 'A1' as account_id, 'H1' as household_id, 's000' as shard, "
    "'CERTIFIED' as status, '' as reasons, 0 as harvested_loss_microusd, 0 as realized_gain_microusd, "
    "0 as tax_saved_microusd, 5 as cash_before_microusd, 4 as cash_after_microusd, 1 as orders",
    "insert into allocation by name select 'A1' as account_id, 'H1' as household_id, 'X' as security_id, "
    "'buy' as side, 1 as micro_shares, 1000000 as price_microusd, 1 as estimated_microusd, 0 as gain_microusd, "
    "0 as loss_microusd, 'rebalance' as reason",
    "insert into published_order select security_id, side, micro_shares, estimated_microusd from allocation",
    "insert into acceptance values ('R1', 'A1', 'Y', -2, 'late'), ('R2', 'A1', null, 3, 'interest')",
    "insert into recon_break values ('A1', 'quantity', 'Y', 7, 5, null, '', 'R1'), "
    "('A1', 'cash', null, 5, 8, null, '', 'R2'), ('A7', 'unknown_account', 'X', 0, 1, 'book', '', null)",
    "insert into switch values ('account', 'A2', 'R3', ''), ('household', 'H2', 'R4', ''), ('security', 'Z', 'R5', '')",
)
WRONG = [
    ("update switch set target = 'A1' where scope = 'account'", "every_frozen_account_is_held_as_frozen"),
    ("update switch set target = 'H1' where scope = 'household'", "every_frozen_account_is_held_as_frozen"),
    ("insert into switch values ('book', '', 'R6', '')", "every_frozen_account_is_held_as_frozen"),
    ("update switch set target = 'A1' where scope = 'account'", "no_frozen_account_has_an_allocation"),
    ("update switch set target = 'H1' where scope = 'household'", "no_frozen_account_has_an_allocation"),
    ("insert into switch values ('book', '', 'R6', '')", "no_frozen_account_has_an_allocation"),
    ("update switch set target = 'X' where scope = 'security'", "no_frozen_security_has_an_order"),
    ("delete from acceptance where ruling_id = 'R1'", "no_account_trades_over_a_break_that_nobody_accepts"),
    ("update acceptance set difference_micro = -3", "no_account_trades_over_a_break_that_nobody_accepts"),
    ("update acceptance set account_id = 'A2'", "no_account_trades_over_a_break_that_nobody_accepts"),
    ("update acceptance set security_id = 'Y'", "no_account_trades_over_a_break_that_nobody_accepts"),
    ("update recon_break set accepted_by = null", "no_account_trades_over_a_break_that_nobody_accepts"),
    ("update allocation set security_id = 'Y'", "no_name_is_traded_while_its_break_is_accepted"),
    ("update recon_break set book_micro = 4 where kind = 'cash'", "no_account_trades_on_cash_in_dispute"),
    ("update recon_break set custodian_micro = 4 where kind = 'cash'", "no_account_trades_on_cash_in_dispute"),
]


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    with Store(tmp_path).reading({}) as opened:
        for path in schema_of("trades"):
            opened.run(f"schema/trades/{path.stem}")
        opened.execute("create schema policies")
        opened.execute("use policies")
        for table in ("account", "security"):
            opened.run(f"schema/account_policies/{table}")
        opened.execute("use main")
        policy = {"household_id": "H1", "owner_id": "O1", "registration": "ira", "benchmark_id": "B", "mode": "hold"}
        numbers = dict.fromkeys(
            ("short_rate", "long_rate", "short_loss_rate", "long_loss_rate", "cash_min", "cash_max", "cost_bps",
             "trigger_bps", "min_trade_microusd", "min_holding_days"), 0,
        )  # fmt: skip
        facts = policy | numbers | {"account_id": ACCOUNT, "frozen": False, "risk_aversion": 1, "share_step_micro": 1}
        opened.insert("policies.account", pl.DataFrame([facts]))
        for statement in SOUND:
            opened.execute(statement)
        yield opened


def test_a_sound_file_offends_no_audit(tables: Tables) -> None:
    assert {audit for audit in RULING_AUDITS if not tables.offenders(audit).is_empty()} == set()


@pytest.mark.parametrize(("wrong", "audit"), WRONG)
def test_what_a_ruling_forbids_is_found(tables: Tables, wrong: str, audit: str) -> None:
    tables.execute(wrong)
    assert not tables.offenders(audit).is_empty()
