"""What goes out is held to the store's facts: every audit finds the fault that it is there for, in the files."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import polars as pl
import pytest

from assets.book import Book
from assets.publication import AUDITS, RULINGS, audit_files
from assets.publish import DATA_FILES
from assets.store import Store, Version, schema_of
from assets.verification import check_audits, published_night
from ledger.errors import StoreError
from tests.book_cases import NIGHTS, filled_from_before

NIGHT = dt.date.fromisoformat(NIGHTS[2])
SHARD = "s000"
Read = dict[str, Version]


@pytest.fixture(scope="module")
def store(three_nights: Path) -> Store:
    return Store(three_nights)


@pytest.fixture(scope="module")
def files(three_nights: Path) -> dict[str, bytes]:
    return {name: (three_nights / "published" / str(NIGHT) / name).read_bytes() for name in DATA_FILES}


@pytest.fixture(scope="module")
def read(three_nights: Path, store: Store) -> Read:
    manifest = json.loads((three_nights / "published" / str(NIGHT) / "manifest.json").read_bytes())
    versions = {}
    for name, digest in manifest["store"].items():
        asset, _, *shard = name.split("/")
        versions[name] = store.version(asset, night=NIGHT, shard=shard[0] if shard else None, digest=digest)
    return versions


def offended(store: Store, files: Mapping[str, bytes], read: Read) -> set[str]:
    with store.reading({"trades": read[f"trades/{NIGHT}"]}) as tables:
        rulings = {table: tables.select(f"from trades.{table} order by all") for table in RULINGS}
    found = audit_files(files, store=store, night=NIGHT, read=read, rulings=rulings, loss_margin=0.02).offenders
    assert tuple(found) == AUDITS
    return {audit for audit, rows in found.items() if not rows.is_empty()}


def changed(files: Mapping[str, bytes], read: Read, *changes: str) -> dict[str, bytes]:
    """Return the files with ``changes`` made to their rows, which statements see as tables of texts."""
    with contextlib.closing(duckdb.connect()) as connection:
        for name in ("account_policies", "benchmark_weights", "prices", "corporate_actions"):
            connection.execute(f"attach '{read[f'{name}/{NIGHT}'].path}' as {name} (read_only)")
        for name in ("lots", "wash_windows"):
            connection.execute(f"attach '{read[f'{name}/{NIGHT}/{SHARD}'].path}' as {name} (read_only)")
        for name in DATA_FILES:
            frame = pl.read_csv(io.BytesIO(files[name]), infer_schema=False)
            connection.register("frame", frame)
            connection.execute(f"create table {name.removesuffix('.csv')} as from frame")
        for change in changes:
            before = counted(connection)
            connection.execute(change)
            assert counted(connection) != before, "the fault was injected"
        return {
            name: connection.sql(f"from {name.removesuffix('.csv')}").pl().write_csv(line_terminator="\n").encode()
            for name in DATA_FILES
        }


def counted(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    tables = (name.removesuffix(".csv") for name in DATA_FILES)
    return [connection.sql(f"select count(*), sum(hash({table})) from {table}").fetchall()[0] for table in tables]


def test_the_files_as_they_went_out_offend_nothing(store: Store, files: dict[str, bytes], read: Read) -> None:
    assert offended(store, files, read) == set()


BUY = (
    f"insert into allocations select '{NIGHT}', account_id, security_id, 'buy', '1.000000', null, "
    "(close_microusd * 0.000001)::varchar, (close_microusd * 0.000001)::varchar, null, null, 'rebalance' from "
)
PRICED = " join prices.price using (security_id) order by all limit 1"
FREE = "(from accounts where status like 'CERTIFIED%')"
SELL = (
    f"insert into allocations select '{NIGHT}', account_id, security_id, 'sell', '0.100000', min(lot_id), "
    "(any_value(close_microusd) * 0.000001)::varchar, (any_value(close_microusd) // 10 * 0.000001)::varchar, "
    "'0.000000', 'long', 'rebalance' from lots.sublot join prices.price using (security_id) "
    "join accounts using (account_id) "
)
ONE_ACCOUNT = (
    "account_id = (select account_id from allocations join account_policies.account using (account_id) "
    "join accounts using (account_id) where status = 'CERTIFIED' and {} "
    "group by account_id order by count(*) desc, account_id limit 1)"
)
TIMES = "update allocations set shares = greatest(shares::decimal(24, 6) * {}, 0.000001)::varchar where {} and "

FAULTS = {
    "an account left out": (
        "delete from accounts where account_id = (select min(account_id) from accounts)",
        "every_account_of_the_book_is_published_once"),
    "an account twice": (
        "insert into accounts from accounts order by account_id limit 1",
        "every_account_of_the_book_is_published_once"),
    "a block of more shares": (
        "update orders set shares = (shares::decimal(24, 6) + 1)::varchar where rowid = 0",
        "every_block_is_the_sum_of_its_allocations"),
    "a block of less money": (
        "update orders set estimated_usd = (estimated_usd::decimal(24, 6) - 1)::varchar where rowid = 0",
        "every_block_is_the_sum_of_its_allocations"),
    "a block twice": (
        "insert into orders select night, security_id, side, '0.000001', '0.000000' from orders limit 1",
        "every_block_is_the_sum_of_its_allocations"),
    "a held account that trades": (
        "update accounts set status = 'HELD_BREAK', reasons = 'a break' where orders > '0' and status = 'CERTIFIED'",
        "no_held_account_has_an_allocation"),
    "another reason than was approved": (
        "update allocations set reason = 'harvest' where reason = 'rebalance'",
        "every_published_row_is_what_its_shard_approved"),
    "an allocation left out": (
        "delete from allocations where rowid = 0", "every_published_row_is_what_its_shard_approved"),
    "an outcome that is not the shard's": (
        "update accounts set status = 'HELD_DEADLINE' where status = 'CERTIFIED_NO_TRADE'",
        "every_published_row_is_what_its_shard_approved"),
    "a name bought and sold": (
        "insert into allocations select night, account_id, security_id, 'sell', '1.000000', 'L', price_usd, price_usd, "
        "'0.000000', 'long', 'rebalance' from allocations where side = 'buy' limit 1",
        "no_published_account_buys_and_sells_one_security"),
    "an allocation twice": (
        "insert into allocations from allocations where side = 'buy' limit 1",
        "no_published_account_buys_and_sells_one_security"),
    "a lot that is not there": (
        "update allocations set lot_id = lot_id || '-' where lot_id is not null", "no_published_sale_exceeds_its_lot"),
    "a lot of another account": (
        "update allocations set lot_id = (select min(lot_id) from lots.sublot "
        "where sublot.account_id <> allocations.account_id "
        "and lot_id not in (select lot_id from lots.sublot as own where own.account_id = allocations.account_id)) "
        "where side = 'sell'",
        "no_published_sale_exceeds_its_lot"),
    "more than the lot": (
        "update allocations set shares = (shares::decimal(24, 6) + 1000000)::varchar where side = 'sell'",
        "no_published_sale_exceeds_its_lot"),
    "another price": (
        "update allocations set price_usd = (price_usd::decimal(24, 6) + 0.01)::varchar where rowid = 0",
        "every_published_amount_is_at_tonights_price"),
    "an amount that does not multiply out": (
        "update allocations set estimated_usd = (estimated_usd::decimal(24, 6) + 0.000001)::varchar where side = 'buy'",
        "every_published_amount_is_at_tonights_price"),
    "another gain": (
        "update allocations set estimated_gain_usd = (estimated_gain_usd::decimal(24, 6) - 1)::varchar "
        "where side = 'sell'",
        "every_published_gain_is_that_of_its_lots"),
    "another term": (
        "update allocations set term = 'long' where term = 'short'", "every_published_gain_is_that_of_its_lots"),
    "a total gain that its lots do not have": (
        "update accounts set realized_gain_usd = (realized_gain_usd::decimal(24, 6) + 1)::varchar where orders > '0'",
        "every_published_gain_is_that_of_its_lots"),
    "cash that does not add up": (
        "update accounts set cash_after_usd = (cash_after_usd::decimal(24, 6) + 0.000002)::varchar "
        "where status = 'CERTIFIED'",
        "every_published_cash_adds_up"),
    "cash that was never there": (
        "update accounts set cash_before_usd = '1.000000', cash_after_usd = '1.000000' "
        "where status = 'CERTIFIED_NO_TRADE'",
        "every_published_cash_adds_up"),
    "cash of a held account that moves": (
        "update accounts set cash_after_usd = '9999.000000' where status like 'HELD%'", "every_published_cash_adds_up"),
    "a loss sold that another account of the household buys": (
        SELL + "join account_policies.account using (account_id) where registration in ('taxable', 'trust') "
        "and status like 'CERTIFIED%' and part_shares * 0.000001 * close_microusd < part_basis_microusd "
        "and sublot.household_id in (select household_id from accounts group by household_id having count(*) > 1) "
        "group by account_id, security_id order by account_id, security_id limit 1",
        BUY + "(select other.account_id, allocations.security_id from allocations "
        "join accounts as own using (account_id) "
        "join accounts as other on other.household_id = own.household_id and other.account_id <> own.account_id "
        "where shares = '0.100000' and side = 'sell')" + PRICED,
        "no_household_washes_its_own_loss_in_the_published_file"),
    "a purchase in a closed window": (
        BUY + "(select account_id, identical_group as security_id from wash_windows.no_buy "
        f"join {FREE} using (household_id) where last_day > '{NIGHT}')" + PRICED,
        "no_published_order_is_in_a_closed_wash_window"),
    "a loss sold that a recent purchase disallows": (
        SELL + f"join wash_windows.no_loss_sale on no_loss_sale.household_id = sublot.household_id "
        "and identical_group = security_id join account_policies.account using (account_id) "
        "where registration in ('taxable', 'trust') and only_purchase is distinct from "
        "account_id || '/' || security_id || '/' || lot_id and status like 'CERTIFIED%' "
        f"and part_shares * 0.000001 * close_microusd < part_basis_microusd and acquired_date < date '{NIGHT}' - 60 "
        "group by account_id, security_id order by account_id, security_id limit 1",
        "no_published_order_is_in_a_closed_wash_window"),
    "a purchase outside the benchmark": (
        BUY + f"{FREE} cross join (from account_policies.security anti join benchmark_weights.benchmark_weight "
        "using (security_id))" + PRICED,
        "no_published_order_is_forbidden"),
    "a purchase that a restriction forbids": (
        BUY + "(select account_id, value as security_id from account_policies.restriction where on_what = 'security' "
        f"and kind in ('exclude', 'no_buy')) join {FREE} using (account_id)" + PRICED,
        "no_published_order_is_forbidden"),
    "an order of a frozen account": (
        BUY + "(select account_id, (select min(security_id) from benchmark_weights.benchmark_weight) as security_id "
        "from account_policies.account where frozen)" + PRICED,
        "no_published_order_is_forbidden"),
    "an order below the minimum": (
        "update allocations set shares = '0.0001' where side = 'buy' and account_id in "
        "(select account_id from account_policies.account where min_trade_microusd > 1000000)",
        "no_published_order_is_below_the_minimum_trade"),
    "an order off the share step": (
        "update allocations set shares = (shares::decimal(24, 6) + 0.000001)::varchar where side = 'buy'",
        "no_published_order_breaks_its_share_step"),
    "purchases above the cash there is": (
        TIMES.format(50, "side = 'buy'") + ONE_ACCOUNT.format("true"), "every_published_cash_adds_up"),
    "purchases below the least cash": (
        TIMES.format(3, "side = 'buy'") + ONE_ACCOUNT.format("true"), "no_published_account_leaves_its_cash_band"),
    "sales above the most cash": (
        TIMES.format(0.000001, "side = 'buy'") + ONE_ACCOUNT.format("cash_max < 0.5"),
        "no_published_account_leaves_its_cash_band"),
    "more turnover than allowed": (
        TIMES.format(50, "true") + ONE_ACCOUNT.format("turnover_max is not null"),
        "no_published_account_exceeds_its_turnover"),
    "more of a name than its cap": (
        TIMES.format(1000000, "side = 'buy'") + ONE_ACCOUNT.format("side = 'buy'"),
        "no_published_account_exceeds_a_name_cap"),
    "more of a sector than its band": (
        TIMES.format(1000, "side = 'buy'") + ONE_ACCOUNT.format("sector_band is not null and side = 'buy'"),
        "no_published_account_leaves_its_sector_band"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_files_is_found(store: Store, files: dict[str, bytes], read: Read, fault: str) -> None:
    *changes, audit = FAULTS[fault]
    assert audit in offended(store, changed(files, read, *changes), read)


@pytest.fixture(scope="module")
def copied(three_nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("facts") / "book"
    shutil.copytree(three_nights, path, ignore=shutil.ignore_patterns("dagster", "feeds", "files", *NIGHTS[:2]))
    return path


@contextlib.contextmanager
def rewritten(path: Path, read: Read, name: str, *changes: str) -> Iterator[Read]:
    """Yield what was read with another version in the place of ``name``, its tables changed."""
    asset, _, *shard = name.split("/")
    with Store(path).writing(asset, night=NIGHT, shard=shard[0] if shard else None) as writing:
        writing.attach(read[name], alias="before")
        for table in schema_of(asset):
            writing.execute(filled_from_before(table))
        for change in changes:
            writing.execute(change)
    assert writing.version is not None
    assert writing.version.digest != read[name].digest, "the fact was changed"
    yield read | {name: writing.version}


POLICIES = f"account_policies/{NIGHT}"
PROPOSALS = f"proposals/{NIGHT}/{SHARD}"
ANSWERED = f"reconciliation/{NIGHT}/{SHARD}"
TRADES = f"trades/{NIGHT}"
SWITCH = "insert into switch select '{}', {}, 'R1', 'a reason' from allocation order by all limit 1"
BREAK = "insert into recon_break select account_id, {}, null, '', {} from approved_order order by all limit 1"
FACTS = {
    "a gain budget that is used up": (
        POLICIES, "update account set net_gain_budget_microusd = -1000000000000",
        "no_published_account_exceeds_its_gain_budget"),
    "a factor band that is narrower": (
        POLICIES, "update account set factor_band = 0.00001", "no_published_account_leaves_its_factor_band"),
    "a sector band that is narrower": (
        POLICIES, "update account set sector_band = 0.00001", "no_published_account_leaves_its_sector_band"),
    "a tracking-error cap that is lower": (
        PROPOSALS, "update certificate set tracking_error_max = 0.00001",
        "no_published_account_exceeds_its_tracking_error_cap"),
    "a minimum of holding days": (
        POLICIES, "update account set min_holding_days = 100000", "no_published_order_is_forbidden"),
    "accounts that only buy": (POLICIES, "update account set mode = 'buy_only'", "no_published_order_is_forbidden"),
    "names that may not be sold": (
        POLICIES,
        "insert into restriction select account_id, 'no_sell', 'sector', sector, null, '' "
        "from account cross join (select distinct sector from security)",
        "no_published_order_is_forbidden"),
    "a price that is not trusted": (
        f"prices/{NIGHT}", "update price set trusted = false, distrust = 'jump'", "no_published_order_is_forbidden"),
    "a name frozen by an action": (
        f"corporate_actions/{NIGHT}",
        f"insert into frozen_security select security_id, date '{NIGHT}', 'A', 'terms' from "
        f"(select unnest(range(60)) as n) cross join (select 'S' || lpad((n + 1)::varchar, 4, '0') as security_id)",
        "no_published_order_is_forbidden"),
    "a limit widened and not listed": (
        PROPOSALS, "update certificate set relaxed = list_resize([0.5], 40, 0.0)", "every_relaxed_limit_is_listed"),
    "a tracking-error cap given up and not listed": (
        PROPOSALS, "update certificate set tracking_error_max = 5.0", "every_relaxed_limit_is_listed"),
    "a shard that answered otherwise": (
        ANSWERED, "update approved_order set micro_shares = micro_shares + 1",
        "every_published_row_is_what_its_shard_approved"),
    "an account that was frozen and is not held": (
        TRADES, SWITCH.format("account", "account_id"), "every_frozen_account_is_held_as_frozen"),
    "an account that was frozen and trades": (
        TRADES, SWITCH.format("account", "account_id"), "no_frozen_account_has_an_allocation"),
    "a security that was frozen and is traded": (
        TRADES, SWITCH.format("security", "security_id"), "no_frozen_security_has_an_order"),
    "a break that nobody accepted": (
        ANSWERED, BREAK.format("'quantity', security_id, 1, 2", "null"),
        "no_account_trades_over_a_break_that_nobody_accepts"),
    "an accepted break in a name that is traded": (
        ANSWERED, BREAK.format("'quantity', security_id, 1, 2", "'R1'"),
        "no_name_is_traded_while_its_break_is_accepted"),
    "cash that the custodian does not have": (
        ANSWERED, BREAK.format("'cash', null, 2, 1", "'R1'"), "no_account_trades_on_cash_in_dispute"),
}  # fmt: skip


@pytest.mark.parametrize("fact", FACTS)
def test_files_that_the_facts_do_not_bear_out_are_found(
    store: Store, files: dict[str, bytes], read: Read, copied: Path, fact: str
) -> None:
    name, change, audit = FACTS[fact]
    with rewritten(copied, read, name, change) as other:
        assert audit in offended(store, files, other)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("update allocations set shares = '1.5 shares'", "allocations.csv: found '1.5 shares' in the column shares"),
        ("update allocations set estimated_usd = '99999999999999.0'", "found '99999999999999.0' in the column estim"),
        ("update allocations set shares = '0.000000'", "allocations.csv: found Constraint Error"),
        ("update allocations set estimated_gain_usd = null where side = 'sell'", "allocations.csv: found Constraint"),
        ("update orders set shares = null", "orders.csv: found Constraint Error"),
        ("update accounts set orders = 'many'", "accounts.csv: found Conversion Error"),
    ],
)
def test_a_file_with_a_value_that_is_none_of_its_column_is_refused(
    store: Store, files: dict[str, bytes], read: Read, change: str, found: str
) -> None:
    with pytest.raises(StoreError, match=f"STORE-007 .*{found}"):
        offended(store, changed(files, read, change), read)


def test_every_audit_has_a_fault_that_it_finds() -> None:
    found = {audit for *_, audit in FAULTS.values()} | {audit for *_, audit in FACTS.values()}
    assert found == set(AUDITS)


def test_verification_runs_the_audits_over_the_bytes_that_stand(book_copy: Path) -> None:
    orders = book_copy / "published" / str(NIGHT) / "orders.csv"
    lines = orders.read_text(encoding="utf-8").splitlines(keepends=True)
    orders.write_text("".join(lines[:-1]), encoding="utf-8")
    book = Book.open(book_copy)
    check = check_audits(published_night(book=book, night=NIGHT), store=Store(book_copy))
    assert [one.where for one in check.differences] == ["audit every_block_is_the_sum_of_its_allocations"]
    orders.write_text("".join(lines).replace(",buy,", ",buy,x"), encoding="utf-8")
    check = check_audits(published_night(book=book, night=NIGHT), store=Store(book_copy))
    assert [one.where for one in check.differences] == ["orders.csv"]
