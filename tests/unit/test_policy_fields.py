"""Every field of an account's policy binds in the night: changed for all accounts, the approved orders keep it.

Each case also says what the book's own policies break, so that a field that is not read fails here.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from assets.sessions import session_after
from assets.store import SQL, Store
from tests.judged_books import NIGHT, SHARD, propose, reconciled, rewrite

Outcomes = dict[str, tuple[str, str]]
Check = Callable[[pl.DataFrame, Outcomes, pl.DataFrame], bool]
"""Orders, outcomes and facts of the accounts: True where the field is kept."""
CERTIFIED = "CERTIFIED"
LEAST = 2_000 * 10**6
UNTAXED = "short_rate = 0, long_rate = 0, short_loss_rate = 0, long_loss_rate = 0"


@pytest.fixture(scope="module")
def proposed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("policies") / "book"
    propose(path)
    return path


@pytest.fixture(scope="module")
def usual(proposed: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[pl.DataFrame, Outcomes, pl.DataFrame]:
    copy = tmp_path_factory.mktemp("usual") / "book"
    shutil.copytree(proposed, copy)
    outcomes, orders = reconciled(copy)
    return orders, outcomes, facts_of(copy)


def facts_of(path: Path) -> pl.DataFrame:
    """Return value, cash after with flow, tracking error, turnover and net gain of every account."""
    store = Store(path)
    versions = {name: store.head(name, night=NIGHT, shard=SHARD) for name in ("proposals", "reconciliation")} | {
        "positions": store.head("custodian_positions", night=NIGHT)
    }
    with store.reading(versions) as tables:
        return tables.select(
            "select outcome.*, answer.nav_microusd, answer.turnover, answer.objective_idle, "
            "outcome.cash_after_microusd + coalesce(flow.amount_microusd, 0) as cash_with_flow "
            "from reconciliation.outcome join proposals.answer using (account_id) "
            "left join positions.flow using (account_id)"
        ).with_columns(certified=pl.col("status") == CERTIFIED)


def recent_sales(orders: pl.DataFrame, path: Path, days: int) -> pl.DataFrame:
    """Return sales of lots held for less than ``days`` on the trade date."""
    with Store(path).reading({"lots": Store(path).head("lots", night=NIGHT, shard=SHARD)}) as tables:
        bought = tables.select("select account_id, security_id, lot_id, max(acquired_date) as day from lots.sublot "
                               "group by all")  # fmt: skip
    held = (pl.lit(session_after(NIGHT)) - pl.col("day")).dt.total_days()
    return orders.join(bought, on=["account_id", "security_id", "lot_id"]).filter(held < days)


def idle_accounts(outcomes: Outcomes) -> int:
    return sum(status == "CERTIFIED_NO_TRADE" for status, _ in outcomes.values())


def small_trades(orders: pl.DataFrame) -> pl.DataFrame:
    value = orders.group_by("account_id", "security_id").agg(pl.col("estimated_microusd").sum())
    return value.filter(pl.col("estimated_microusd") < LEAST - 100)


def all_(condition: pl.Expr) -> Check:
    return lambda _orders, _outcomes, facts: bool(facts.filter("certified").select(condition.all()).item())


CASES: dict[str, tuple[str, Check]] = {
    "hold": ("mode = 'hold'", lambda orders, _outcomes, _facts: orders.is_empty()),
    "frozen": ("frozen = true", lambda orders, _outcomes, _facts: orders.is_empty()),
    "buy_only": ("mode = 'buy_only'", lambda orders, _outcomes, _facts: (orders["side"] == "buy").all()),
    "turnover_max": ("turnover_max = 0.004", all_(pl.col("turnover") <= 0.004 + 1e-9)),
    "tracking_error_max_bps": ("tracking_error_max_bps = 70", all_(pl.col("tracking_error_after_bps") <= 70.0001)),
    "cash band": ("cash_min = 0.03, cash_max = 0.04",
                  all_((pl.col("cash_with_flow") / pl.col("nav_microusd")).is_between(0.03 - 1e-9, 0.04 + 1e-9))),
    "trigger_bps": ("trigger_bps = 10000", lambda _orders, outcomes, _facts: idle_accounts(outcomes) >= 5),
    "min_trade_usd": (f"min_trade_microusd = {LEAST}",
                      lambda orders, _outcomes, _facts: small_trades(orders).is_empty()),
    "share_step": ("share_step_micro = 1000000",
                   lambda orders, _outcomes, _facts: bool(
                       (orders.filter(pl.col("side") == "buy")["micro_shares"] % 1_000_000 == 0).all())),
    "tax rates": (UNTAXED,
                  all_(pl.col("tax_saved_microusd") == 0)),
    "cost_bps": ("cost_bps = 1000", lambda orders, _outcomes, _facts: orders.height < 500),
}  # fmt: skip


@pytest.mark.parametrize("field", CASES)
def test_a_field_of_the_policy_binds(
    proposed: Path, usual: tuple[pl.DataFrame, Outcomes, pl.DataFrame], tmp_path: Path, field: str
) -> None:
    change, kept = CASES[field]
    assert not kept(*usual), "the book's own policies keep it already"
    path = tmp_path / "book"
    shutil.copytree(proposed, path)
    rewrite(path, "account_policies", f"update account set {change}", shard=None)
    outcomes, orders = reconciled(path, anew=True)
    facts = facts_of(path)
    assert kept(orders, outcomes, facts)
    assert not {reason for status, reason in outcomes.values() if "the judge" in reason}


def test_a_gain_budget_binds_where_gains_cost_nothing(proposed: Path, tmp_path: Path) -> None:
    most = []
    for budget in ("null", "0"):
        path = tmp_path / budget
        shutil.copytree(proposed, path)
        change = f"update account set {UNTAXED}, net_gain_budget_microusd = {budget}"
        rewrite(path, "account_policies", change, shard=None)
        reconciled(path, anew=True)
        gains = facts_of(path).filter("certified").select(pl.col("realized_gain_microusd") - 2 * pl.col("orders"))
        most.append(max(gains["realized_gain_microusd"].to_list()))
    assert most[0] > 0
    assert most[1] <= 0


def test_lots_are_kept_for_the_minimum_holding_days(
    proposed: Path, usual: tuple[pl.DataFrame, Outcomes, pl.DataFrame], tmp_path: Path
) -> None:
    assert not recent_sales(usual[0], proposed, 900).is_empty()
    path = tmp_path / "book"
    shutil.copytree(proposed, path)
    rewrite(path, "account_policies", "update account set min_holding_days = 900", shard=None)
    _, orders = reconciled(path, anew=True)
    assert orders.filter(pl.col("side") == "sell").height > 0
    assert recent_sales(orders, path, 900).is_empty()


def test_an_expected_flow_is_raised_and_invested(
    proposed: Path, usual: tuple[pl.DataFrame, Outcomes, pl.DataFrame], tmp_path: Path
) -> None:
    facts = usual[2].filter("certified", pl.col("orders") > 0)
    account, nav = facts.select("account_id", "nav_microusd").row(0)
    for amount in (nav // 50, -nav // 50):
        path = tmp_path / f"book{amount}"
        shutil.copytree(proposed, path)
        rewrite(
            path, "custodian_positions",
            f"delete from flow where account_id = '{account}'",
            f"insert into flow by name select '{account}' as account_id, {amount} as amount_microusd",
            shard=None,
        )  # fmt: skip
        reconciled(path, anew=True)
        after = facts_of(path).filter(pl.col("account_id") == account, "certified")
        assert after.height == 1
        assert abs(after["cash_with_flow"].item() / nav) < 0.04
        assert abs(after["cash_after_microusd"].item() + amount) < 0.04 * nav


def factor_audit(path: Path) -> list[tuple[str, str]]:
    """Return the rows of the factor band's audit over the night's approved orders."""
    store = Store(path)
    shard = {"lots": "lots", "proposals": "proposals", "approved": "reconciliation"}
    night = {"policies": "account_policies", "prices": "prices", "benchmark": "benchmark_weights", "risk": "risk_model",
             "shards": "account_shards", "positions": "custodian_positions"}  # fmt: skip
    versions = {alias: store.head(asset, night=NIGHT, shard=SHARD) for alias, asset in shard.items()}
    versions |= {alias: store.head(asset, night=NIGHT) for alias, asset in night.items()}
    statement = (SQL / "audits" / "no_certified_account_leaves_its_factor_band.sql").read_text(encoding="utf-8")
    with store.reading(versions) as tables:
        for table in ("outcome", "approved_order"):
            statement = statement.replace(f"from {table}", f"from approved.{table}")
        tables.run("proposals/compared_holding", shard=SHARD)
        return tables.select(statement).rows()


def test_a_factor_band_binds_and_its_audit_bites(proposed: Path, tmp_path: Path) -> None:
    path = tmp_path / "book"
    shutil.copytree(proposed, path)
    reconciled(path)
    band = "update account set factor_band = 0.0004, sector_band = null, turnover_max = null, cash_max = 0.5"
    rewrite(path, "account_policies", band, shard=None)
    assert len(factor_audit(path)) >= 5
    outcomes, orders = reconciled(path, anew=True)
    assert not {reason for _, reason in outcomes.values() if "the judge" in reason}
    assert sum(status == CERTIFIED for status, _ in outcomes.values()) >= 3
    assert orders.height > 0
    assert factor_audit(path) == []


def test_a_declared_order_is_what_gives_in_the_night(proposed: Path, tmp_path: Path) -> None:
    path = tmp_path / "book"
    shutil.copytree(proposed, path)
    change = "update account set turnover_max = 0.001, cash_min = 0.05, cash_max = 0.06, relaxation_order = 'turnover'"
    rewrite(path, "account_policies", change, shard=None)
    outcomes, _ = reconciled(path, anew=True)
    assert not {reason for _, reason in outcomes.values() if "the judge" in reason}
    relaxed = [reason for status, reason in outcomes.values() if status == "CERTIFIED_RELAXED"]
    assert len(relaxed) >= 5
    assert all(reason.startswith("relaxed in the declared order: turnover by ") for reason in relaxed)
    facts = facts_of(path).filter(pl.col("status") == "CERTIFIED_RELAXED")
    assert (facts["cash_with_flow"] / facts["nav_microusd"]).is_between(0.05 - 1e-9, 0.06 + 1e-9).all()
