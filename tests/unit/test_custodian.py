from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from assets.book import Book
from assets.feeds import validate_feeds
from assets.sessions import session_after
from ledger.amounts import MICRO
from ledger.errors import FeedError, NightOrderError, SettingError
from pipelines import custodian_day as day
from pipelines.book_maker import make_book
from pipelines.custodian import write_next_feeds
from pipelines.custodian_day import CASH_SIGN, SHARE_SIGN
from pipelines.draws import keys_of, uniform
from pipelines.feed_tables import micro, read_table
from pipelines.market import actions_frame

FIRST = dt.date(2026, 9, 1)
NEXT = session_after(FIRST)
NO_ACTIONS = actions_frame([])
ALLOCATION = {
    "account_id": pl.String,
    "security_id": pl.String,
    "side": pl.String,
    "shares": pl.String,
    "lot_id": pl.String,
}


@pytest.fixture
def book(tmp_path: Path) -> Book:
    path = tmp_path / "book"
    make_book(path, market="synthetic", accounts=40, shards=2, seed=5, first_night=FIRST, names=30, factors=5)
    return Book.open(path)


def publish(book: Book, night: dt.date, rows: list[dict[str, str | None]]) -> None:
    folder = book.published(night)
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows, schema=ALLOCATION).write_csv(folder / "allocations.csv")
    (folder / "manifest.json").write_text("{}", encoding="utf-8")


def some_orders(book: Book) -> list[dict[str, str | None]]:
    """One whole lot sold and one share bought in every account."""
    lots = read_table(folder=book.path / "static", name="opening_lots")
    sold = lots.group_by("account_id", maintain_order=True).first()
    bought = lots.group_by("account_id", maintain_order=True).last()
    return [
        {"side": "sell", **{key: row[key] for key in ("account_id", "security_id", "shares", "lot_id")}}
        for row in sold.iter_rows(named=True)
    ] + [
        {"side": "buy", "shares": "1", "lot_id": None} | {key: row[key] for key in ("account_id", "security_id")}
        for row in bought.iter_rows(named=True)
    ]


def activity(book: Book, night: dt.date) -> pl.DataFrame:
    return read_table(folder=book.feeds(night), name="activity").with_columns(
        micro("shares", alias="micro_shares"), micro("amount_usd", alias="amount_microusd")
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def with_simulation(book: Book, **changes: float) -> Book:
    simulation = book.settings.simulation.model_copy(update=changes)
    return Book(book.path, book.settings.model_copy(update={"simulation": simulation}))


def test_the_next_session_is_written_and_meets_its_contracts(book: Book) -> None:
    publish(book, FIRST, some_orders(book))
    assert write_next_feeds(book, night=FIRST) == NEXT
    validate_feeds(book=book, night=NEXT)
    assert {"buy", "sell"} <= set(activity(book, NEXT)["kind"])


def test_cash_after_is_cash_before_and_the_activity(book: Book) -> None:
    publish(book, FIRST, some_orders(book))
    write_next_feeds(book, night=FIRST)
    signed = pl.col("amount_microusd") * pl.col("kind").replace_strict(CASH_SIGN, return_dtype=pl.Int64)
    moved = activity(book, NEXT).group_by("account_id").agg(moved=signed.sum())
    before, after = (
        read_table(folder=book.feeds(night), name="cash").select("account_id", micro("cash_usd", alias=name))
        for night, name in ((FIRST, "before"), (NEXT, "after"))
    )
    table = before.join(after, on="account_id").join(moved, on="account_id", how="left")
    assert table.height == 40
    assert (table["before"] + table["moved"].fill_null(0)).equals(table["after"].alias("before"))
    assert (table["after"] >= 0).all()


def test_positions_after_are_positions_before_and_the_fills(book: Book) -> None:
    publish(book, FIRST, some_orders(book))
    write_next_feeds(book, night=FIRST)
    signed = pl.col("micro_shares") * pl.col("kind").replace_strict(SHARE_SIGN, default=0, return_dtype=pl.Int64)
    traded = activity(book, NEXT).filter(pl.col("micro_shares").is_not_null())
    parts = [
        read_table(folder=book.feeds(FIRST), name="positions").select(
            "account_id", "security_id", micro("shares", alias="micro_shares")
        ),
        traded.select("account_id", "security_id", micro_shares=signed),
    ]
    key = ["account_id", "security_id"]
    expected = pl.concat(parts).group_by(key).agg(pl.col("micro_shares").sum())
    expected = expected.filter(pl.col("micro_shares") > 0).sort(key)
    after = read_table(folder=book.feeds(NEXT), name="positions").select(*key, micro("shares", alias="micro_shares"))
    assert after.equals(expected)


def test_the_same_night_gives_the_same_bytes_and_leaves_them(book: Book) -> None:
    publish(book, FIRST, some_orders(book))
    write_next_feeds(book, night=FIRST)
    first = contents(book.feeds(NEXT))
    write_next_feeds(book, night=FIRST)
    assert contents(book.feeds(NEXT)) == first
    assert sorted(path.name for path in (book.path / "feeds").iterdir()) == [FIRST.isoformat(), NEXT.isoformat()]


def test_other_feeds_are_not_written_over(book: Book) -> None:
    publish(book, FIRST, some_orders(book))
    write_next_feeds(book, night=FIRST)
    (book.feeds(NEXT) / "risk_model.csv").write_text("mine\n", encoding="utf-8")
    write_next_feeds(book, night=FIRST)
    (book.feeds(NEXT) / "cash.csv").write_text("other\n", encoding="utf-8")
    with pytest.raises(FeedError, match=r"cash\.csv"):
        write_next_feeds(book, night=FIRST)
    assert (book.feeds(NEXT) / "cash.csv").read_text(encoding="utf-8") == "other\n"


def test_without_orders_the_session_still_comes(book: Book) -> None:
    publish(book, FIRST, [])
    write_next_feeds(book, night=FIRST)
    validate_feeds(book=book, night=NEXT)
    assert not {"buy", "sell"} & set(activity(book, NEXT)["kind"])


def test_weeks_of_sessions_keep_ids_unique_and_pay_a_fee_each_month(book: Book) -> None:
    night, events = FIRST, []
    for _ in range(24):
        publish(book, night, [])
        night = write_next_feeds(book, night=night)
        events.append(activity(book, night))
    table = pl.concat(events)
    assert table["event_id"].n_unique() == table.height
    assert table["event_id"].str.len_chars().max() <= 64  # type: ignore[operator]
    assert set(table.filter(pl.col("kind") == "fee")["trade_date"]) == {"2026-10-01"}
    assert {"dividend", "reinvest", "deposit"} <= set(table["kind"])
    validate_feeds(book=book, night=night)


def test_a_night_that_is_not_published_is_refused_and_nothing_is_written(book: Book) -> None:
    with pytest.raises(NightOrderError, match="no published orders"):
        write_next_feeds(book, night=FIRST)
    assert [path.name for path in (book.path / "feeds").iterdir()] == [FIRST.isoformat()]


def test_a_book_with_feeds_from_outside_is_refused(book: Book) -> None:
    outside = book.settings.market.model_copy(update={"source": "feeds"})
    with pytest.raises(SettingError, match="feeds"):
        write_next_feeds(Book(book.path, book.settings.model_copy(update={"market": outside})), night=FIRST)


def test_slippage_moves_prices_and_partial_fills_stay_whole_share_steps(book: Book) -> None:
    orders = some_orders(book)
    publish(book, FIRST, orders)
    loose = with_simulation(book, slippage_bps=20.0, partial_fill_share=0.5)
    write_next_feeds(loose, night=FIRST)
    sold = activity(book, NEXT).filter(pl.col("kind") == "sell")
    asked = pl.DataFrame(orders, schema=ALLOCATION).filter(pl.col("side") == "sell")
    steps = read_table(folder=book.path / "static", name="accounts").select(
        "account_id", micro("share_step", alias="step")
    )
    table = sold.join(
        asked.select("account_id", "lot_id", micro("shares", alias="asked")), on=["account_id", "lot_id"]
    ).join(steps, on="account_id")
    in_part = (table["micro_shares"] < table["asked"]).sum()
    assert 0.2 * asked.height < in_part + (asked.height - table.height) < 0.8 * asked.height
    assert (table["micro_shares"] <= table["asked"]).all()
    assert (table["micro_shares"] % table["step"] == 0).all()


def accounts(*, step: int = 1, cost_bps: float = 0.0) -> pl.DataFrame:
    row = {"account_id": "A", "mode": "tax_aware", "frozen": False, "cost_bps": cost_bps, "share_step_micro": step}
    return pl.DataFrame([row])


def held(**micro_shares: int) -> pl.DataFrame:
    rows = [("A", name, shares) for name, shares in micro_shares.items()]
    return pl.DataFrame(rows, schema=["account_id", "security_id", "micro_shares"], orient="row")


def closes(**close_microusd: int) -> pl.DataFrame:
    rows = list(close_microusd.items())
    return pl.DataFrame(rows, schema=["security_id", "close_microusd"], orient="row")


def order(side: str, security_id: str, micro_shares: int, lot_id: str | None = None) -> dict[str, object]:
    return {
        "account_id": "A",
        "security_id": security_id,
        "side": side,
        "micro_shares": micro_shares,
        "lot_id": lot_id,
    }


def executed(orders: list[dict[str, object]], **other: object) -> list[tuple[Any, ...]]:
    facts: dict[str, Any] = {
        "accounts": accounts(),
        "positions": held(X=10 * MICRO),
        "actions": NO_ACTIONS,
        "prices": closes(X=50 * MICRO),
        "night": NEXT,
        "seed": 1,
        "slippage_bps": 0.0,
        "partial_fill_share": 0.0,
    }
    facts.update(other)
    schema = {"account_id": str, "security_id": str, "side": str, "micro_shares": int, "lot_id": str}
    trades = day.executions(pl.DataFrame(orders, schema=schema), **facts)
    return trades.select("kind", "security_id", "lot_id", "micro_shares", "amount_microusd").rows()


def action(kind: str, security_id: str = "X", **terms: object) -> pl.DataFrame:
    return actions_frame([{"security_id": security_id, "kind": kind, "ex_date": NEXT} | terms])


def test_a_trade_pays_its_cost() -> None:
    costly = accounts(cost_bps=10.0)
    assert executed([order("buy", "X", MICRO)], accounts=costly) == [
        ("buy", "X", "2026-09-02-X", MICRO, 50_050_000),
    ]
    assert executed([order("sell", "X", MICRO, "L1")], accounts=costly) == [("sell", "X", "L1", MICRO, 49_950_000)]


def test_an_order_is_scaled_by_a_split_of_its_session() -> None:
    split = action("split", ratio="3/2")
    assert executed([order("sell", "X", MICRO, "L1")], actions=split) == [
        ("sell", "X", "L1", 1_500_000, 75_000_000),
    ]


@pytest.mark.parametrize("kind", ["unclassified", "delisting", "merger"])
def test_an_order_lapses_where_nobody_knows_the_terms_of_an_action(kind: str) -> None:
    assert executed([order("buy", "X", MICRO), order("sell", "X", MICRO, "L1")], actions=action(kind)) == []


def test_an_order_lapses_without_a_price_or_without_the_shares() -> None:
    assert executed([order("buy", "Y", MICRO)]) == []
    assert executed([order("sell", "X", 11 * MICRO, "L1")]) == []
    assert executed([order("sell", "X", 6 * MICRO, "L1"), order("sell", "X", 6 * MICRO, "L2")]) == []


def test_nobody_trades_at_a_bad_tick() -> None:
    tick = closes(X=12 * MICRO, Y=50 * MICRO, Z=25 * MICRO)
    before = closes(X=50 * MICRO, Z=50 * MICRO)
    split = action("split", security_id="Z", ratio="2/1")
    good = day.believed(tick, before=before, actions=split, jump_max=0.35)
    assert good["security_id"].to_list() == ["Y", "Z"]


def test_a_position_is_scaled_as_a_whole_and_rounded_down() -> None:
    assert day.after_actions(held(X=7), actions=action("split", ratio="3/2")).rows() == [("A", "X", 10)]
    assert day.after_actions(held(X=7), actions=action("split", ratio="1/10")).rows() == []


def test_a_spinoff_adds_shares_and_keeps_the_old_ones() -> None:
    spin = action("spinoff", ratio="1/3", new_security_id="Y", fmv_old_microusd=1, fmv_new_microusd=1)
    assert day.after_actions(held(X=10, Y=1), actions=spin).rows() == [("A", "X", 10), ("A", "Y", 4)]


def test_a_dividend_is_paid_to_the_cent_on_what_was_held() -> None:
    paid = day.dividends(held(X=1_234_567, Z=MICRO), actions=action("cash_dividend", cash_microusd=330_000))
    assert paid.select("kind", "security_id", "amount_microusd").rows() == [("dividend", "X", 410_000)]


def test_purchases_are_cut_back_to_the_cash_there_is() -> None:
    buys = pl.DataFrame(
        [("A", "buy", "X", "LX", 10 * MICRO, 500 * MICRO), ("A", "buy", "Y", "LY", 10 * MICRO, 500 * MICRO)],
        schema=day.EVENT_COLUMNS,
        orient="row",
    )
    cash = pl.DataFrame({"account_id": ["A"], "cash_microusd": [600 * MICRO]})
    cut = day.within_cash(buys, cash=cash, accounts=accounts(step=MICRO))
    assert cut["micro_shares"].to_list() == [5 * MICRO, 5 * MICRO]
    assert day.cash_after(cash, events=cut)["cash_microusd"].to_list() == [100 * MICRO]
    none = cash.with_columns(cash_microusd=-MICRO)
    assert day.within_cash(buys, cash=none, accounts=accounts()).is_empty()
    enough = cash.with_columns(cash_microusd=1000 * MICRO)
    assert day.within_cash(buys, cash=enough, accounts=accounts()).equals(buys)


def test_a_withdrawal_that_cash_does_not_cover_lapses() -> None:
    cash = pl.DataFrame({"account_id": ["A", "B"], "cash_microusd": [100 * MICRO, 99 * MICRO]})
    flows = pl.DataFrame({"account_id": ["A", "B"], "amount_microusd": [-100 * MICRO, -100 * MICRO]})
    booked = day.flows_booked(flows, cash=cash)
    assert booked.select("account_id", "kind", "amount_microusd").rows() == [("A", "withdrawal", 100 * MICRO)]


def test_a_draw_belongs_to_its_keys_and_not_to_its_place() -> None:
    keys = keys_of(["A", "B", "C"])
    drawn = uniform("purpose", seed=1, day=2, keys=keys)
    assert uniform("purpose", seed=1, day=2, keys=keys[::-1]).tolist() == drawn[::-1].tolist()
    assert uniform("other", seed=1, day=2, keys=keys).tolist() != drawn.tolist()
    assert uniform("purpose", seed=2, day=2, keys=keys).tolist() != drawn.tolist()
    assert uniform("purpose", seed=1, day=3, keys=keys).tolist() != drawn.tolist()


def test_draws_fill_the_unit_interval_evenly() -> None:
    drawn = uniform("purpose", seed=1, day=2, keys=keys_of(str(number) for number in range(10_000)))
    assert drawn.min() >= 0.0
    assert drawn.max() < 1.0
    assert abs(drawn.mean() - 0.5) < 0.01
    assert abs(drawn.var() - 1 / 12) < 0.002
