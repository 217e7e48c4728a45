"""The lots of a night, from those of the night before and the night's files."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import polars as pl
import pytest

from assets.book import Tax
from assets.lots_tables import write_lots
from assets.store import Version
from assets.wash_tables import write_wash_windows
from ledger.errors import NightOrderError
from tests.ledger_cases import SHARD, Row, SmallBook

FIRST = dt.date(2026, 6, 1)
SECOND = dt.date(2026, 6, 2)
THIRD = dt.date(2026, 6, 3)
FOURTH = dt.date(2026, 6, 4)
LONG_AGO = dt.date(2024, 5, 6)
LATELY = dt.date(2026, 5, 20)


def lot(account: str, name: str, shares: float, basis: float, **facts: object) -> Row:
    return {
        "account_id": account,
        "lot_id": name,
        "security_id": "X",
        "acquired_date": LONG_AGO,
        "shares": shares,
        "basis_usd": basis,
        **facts,
    }


LOTS = (lot("T1", "A", 100, 1000), lot("T2", "B", 50, 400), lot("IRA", "I", 30, 300), lot("OTHER", "O", 10, 80))


def trade(event: str, kind: str, account: str = "T1", **facts: object) -> Row:
    return {"event_id": event, "account_id": account, "kind": kind, **facts}


def sale(event: str, account: str = "T1", **facts: object) -> Row:
    return trade(event, "sell", account, **{"security_id": "X", "lot_id": "A", **facts})


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book whose first night has run: an old lot in each taxable account and in the IRA."""
    path = tmp_path_factory.mktemp("opened")
    SmallBook(path, first_night=FIRST, lots=LOTS).night(FIRST)
    return path


@pytest.fixture
def book(opened: Path, tmp_path: Path) -> SmallBook:
    shutil.copytree(opened, tmp_path / "book")
    return SmallBook(tmp_path / "book", first_night=FIRST, lots=LOTS)


def refusals(book: SmallBook, version: Version) -> dict[object, object]:
    return {row["event_id"]: row["code"] for row in book.rows(version, "from lots.refused_event")}


def cash(book: SmallBook, version: Version) -> dict[object, object]:
    return {
        row["account_id"]: row["cash"]
        for row in book.rows(version, "select *, cash_microusd / 1e6 as cash from lots.cash")
    }


def test_the_first_night_opens_with_the_custodians_lots(book: SmallBook) -> None:
    opening = book.store.head("lots", night=FIRST, shard=SHARD)
    assert book.sublots(opening) == [
        ("IRA", "X", "I", 30, 300, LONG_AGO, False),
        ("OTHER", "X", "O", 10, 80, LONG_AGO, False),
        ("T1", "X", "A", 100, 1000, LONG_AGO, False),
        ("T2", "X", "B", 50, 400, LONG_AGO, False),
    ]


def test_an_opening_lot_with_a_tacked_period_has_absorbed(tmp_path: Path) -> None:
    tacked = lot("T1", "A", 1, 9, acquired_date=LATELY, holding_start_date=LONG_AGO)
    book = SmallBook(tmp_path, first_night=FIRST, lots=[tacked])
    assert book.sublots(book.night(FIRST)) == [("T1", "X", "A", 1, 9, LONG_AGO, True)]


def test_a_night_without_its_predecessor_is_refused_and_writes_nothing(book: SmallBook) -> None:
    with pytest.raises(NightOrderError, match="NIGHT-003"):
        book.night(THIRD)
    assert not book.store.has("lots", night=THIRD, shard=SHARD)


def test_every_kind_of_activity_moves_shares_and_cash(book: SmallBook) -> None:
    night = book.night(
        SECOND,
        activity=[
            trade("E1", "deposit", amount_usd=500),
            trade("E2", "buy", security_id="Y", lot_id="N", shares=4, amount_usd=120),
            trade("E3", "reinvest", security_id="Y", shares=0.5, amount_usd=15),
            trade("E4", "dividend", security_id="Y", amount_usd=15),
            trade("E5", "fee", amount_usd=2),
            trade("E6", "withdrawal", amount_usd=30),
            sale("E7", shares=40, amount_usd=800),
            trade("E8", "transfer_out", "OTHER", security_id="X", lot_id="O", shares=4),
            trade(
                "E9",
                "transfer_in",
                "OTHER",
                security_id="Y",
                lot_id="P",
                shares=2,
                amount_usd=50,
                acquired_date=LONG_AGO,
            ),
        ],
    )
    assert refusals(book, night) == {}
    assert cash(book, night) == {"T1": 500 - 120 - 15 + 15 - 2 - 30 + 800, "T2": 0, "IRA": 0, "OTHER": 0}
    assert book.sublots(night) == [
        ("IRA", "X", "I", 30, 300, LONG_AGO, False),
        ("OTHER", "X", "O", 6, 48, LONG_AGO, False),
        ("OTHER", "Y", "P", 2, 50, LONG_AGO, False),
        ("T1", "X", "A", 60, 600, LONG_AGO, False),
        ("T1", "Y", "E3", 0.5, 15, SECOND, False),
        ("T1", "Y", "N", 4, 120, SECOND, False),
        ("T2", "X", "B", 50, 400, LONG_AGO, False),
    ]


def test_realised_gains_are_kept_by_year_and_term(book: SmallBook) -> None:
    book.night(SECOND, activity=[sale("E1", shares=10, amount_usd=70)])
    night = book.night(THIRD, activity=[trade("E2", "buy", "T2", security_id="X", lot_id="N", shares=4, amount_usd=30)])
    assert book.rows(night, "from lots.realized_to_date") == [
        {
            "household_id": "H1",
            "account_id": "T1",
            "tax_year": 2026,
            "short_gain_microusd": 0,
            "long_gain_microusd": -30_000_000,
            "short_disallowed_microusd": 0,
            "long_disallowed_microusd": 12_000_000,
        }
    ]
    # The spouse's replacement is long-term at once: it inherits the period of the shares it replaces.
    assert ("T2", "X", "N", 4, 42, LONG_AGO + (THIRD - SECOND), True) in book.sublots(night)


def test_a_sale_in_an_ira_is_neither_gain_nor_loss(book: SmallBook) -> None:
    night = book.night(SECOND, activity=[sale("E1", "IRA", lot_id="I", shares=30, amount_usd=100)])
    assert book.rows(night, "from lots.realized_to_date") == []
    assert book.rows(night, "from lots.open_loss") == []
    assert book.rows(night, "select taxable from lots.disposal_piece") == [{"taxable": False}]
    assert cash(book, night)["IRA"] == 100


def test_a_transfer_inside_the_household_keeps_dates_and_basis(book: SmallBook) -> None:
    night = book.night(
        SECOND,
        activity=[
            trade("E1", "transfer_out", security_id="X", lot_id="A", shares=40),
            trade("E2", "transfer_in", "T2", security_id="X", lot_id="A", shares=40, amount_usd=0),
        ],
    )
    assert refusals(book, night) == {}
    assert ("T2", "X", "A", 40, 400, LONG_AGO, False) in book.sublots(night)
    assert ("T1", "X", "A", 60, 600, LONG_AGO, False) in book.sublots(night)
    later = book.night(THIRD, activity=[sale("E3", "T2", shares=40, amount_usd=300)])
    assert book.rows(later, "from lots.wash_match") == []


BAD = {
    "an unknown lot": (sale("E1", lot_id="Q", shares=1, amount_usd=1), "LOT-005"),
    "more than is open": (sale("E1", shares=101, amount_usd=1), "LOT-004"),
    "a short sale": (sale("E1", "T2", security_id="Y", lot_id=None, shares=1, amount_usd=1), "LOT-004"),
    "an unknown security": (trade("E1", "buy", security_id="Q", shares=1, amount_usd=1), "LOT-003"),
    "no shares": (trade("E1", "buy", security_id="X", amount_usd=1), "LOT-006"),
    "no amount": (sale("E1", shares=1), "LOT-006"),
    "another session": (sale("E1", shares=1, amount_usd=1, trade_date=dt.date(2026, 7, 1)), "LOT-002"),
    "before the opening": (sale("E1", shares=1, amount_usd=1, trade_date=dt.date(2026, 5, 4)), "LOT-008"),
    "tomorrow's trade": (sale("E1", shares=1, amount_usd=1, trade_date=THIRD), "LOT-002"),
    "a cancel of nothing": (trade("E1", "cancel"), "LOT-006"),
    "an option": (trade("E1", "buy_to_open", security_id="X", shares=1, amount_usd=1), "LOT-012"),
    "a declared short sale": (trade("E1", "sell_short", security_id="X", shares=1, amount_usd=1), "LOT-012"),
    "no security": (trade("E1", "buy", shares=1, amount_usd=1), "LOT-003"),
    "a lot's name in use": (trade("E1", "buy", security_id="X", lot_id="A", shares=1, amount_usd=1), "LOT-007"),
}


@pytest.mark.parametrize(("event", "code"), BAD.values(), ids=BAD)
def test_an_impossible_event_is_refused_and_its_neighbours_are_booked(book: SmallBook, event: Row, code: str) -> None:
    neighbours = [sale("E8", shares=5, amount_usd=60), sale("E9", "OTHER", lot_id="O", shares=5, amount_usd=45)]
    night = book.night(SECOND, activity=[event, *neighbours])
    if code == "LOT-004" and event["lot_id"] == "A":
        # Nobody can say which of two sales of one lot is the wrong one.
        assert refusals(book, night) == {"E1": code, "E8": code}
    else:
        assert refusals(book, night) == {"E1": code}
        assert cash(book, night)["T1"] == 60
    assert cash(book, night)["OTHER"] == 45
    [refusal] = book.rows(night, "from lots.refused_event where event_id = 'E1'")
    assert refusal["place"] == f"event E1 of account {event['account_id']}"
    assert all(refusal[fact] for fact in ("found", "expected", "remedy"))


def test_an_event_named_twice_is_refused_both_times(book: SmallBook) -> None:
    night = book.night(
        SECOND, activity=[sale("E1", shares=1, amount_usd=9), sale("E1", "T2", lot_id="B", shares=1, amount_usd=9)]
    )
    rows = book.rows(night, "select account_id, code from lots.refused_event order by account_id")
    assert rows == [{"account_id": "T1", "code": "LOT-001"}, {"account_id": "T2", "code": "LOT-001"}]


def test_an_event_whose_namesake_is_in_another_shard_is_refused(book: SmallBook) -> None:
    night = book.night(SECOND, activity=[sale("E1", shares=1, amount_usd=9, namesakes=2)])
    assert refusals(book, night) == {"E1": "LOT-001"}


@pytest.mark.parametrize(("receiver", "code"), [("OTHER", "LOT-009"), ("IRA", "LOT-010")])
def test_a_gift_and_a_move_into_an_ira_are_refused_on_both_sides(book: SmallBook, receiver: str, code: str) -> None:
    night = book.night(
        SECOND,
        activity=[
            trade("E1", "transfer_out", security_id="X", lot_id="A", shares=10),
            trade("E2", "transfer_in", receiver, security_id="X", lot_id="A", shares=10, amount_usd=0),
        ],
    )
    assert refusals(book, night) == {"E1": code, "E2": code}


def test_a_transfer_whose_other_side_fails_is_refused(book: SmallBook) -> None:
    night = book.night(
        SECOND,
        activity=[
            trade("E1", "transfer_out", security_id="X", lot_id="A", shares=101),
            trade("E2", "transfer_in", "T2", security_id="X", lot_id="A", shares=101, amount_usd=0),
        ],
    )
    assert refusals(book, night) == {"E1": "LOT-004", "E2": "LOT-011"}


@pytest.mark.parametrize(("acquired", "disallowed"), [(SECOND, 40), (LATELY, 40), (LONG_AGO, 0), (None, 0)])
def test_a_lot_from_outside_meets_the_losses_near_its_purchase(
    book: SmallBook, acquired: dt.date | None, disallowed: int
) -> None:
    book.night(SECOND, activity=[sale("E1", shares=10, amount_usd=60)])
    facts = {"security_id": "X", "lot_id": "N", "shares": 25, "amount_usd": 200, "acquired_date": acquired}
    third = book.night(THIRD, activity=[trade("E2", "transfer_in", "T2", **facts)])
    matched = book.rows(third, "select disallowed_microusd // 1000000 as usd from lots.wash_match")
    assert matched == ([{"usd": disallowed}] if disallowed else [])


def test_a_reverse_split_into_thirds_makes_no_loss_of_an_even_sale(book: SmallBook) -> None:
    book.night(
        SECOND, actions=[{"action_id": "C1", "security_id": "X", "kind": "split", "ratio_new": 1, "ratio_old": 3}]
    )
    # 100 shares at 1,000 are 33 1/3 at 30 each: ten of them for 300 gain nothing.
    third = book.night(THIRD, activity=[sale("E1", shares=10, amount_usd=300)])
    assert book.rows(third, "from lots.open_loss") == []
    fourth = book.night(FOURTH, activity=[sale("E2", shares=10, amount_usd=299)])
    assert len(book.rows(fourth, "from lots.open_loss")) == 1


def test_two_moves_of_lots_with_one_name_are_no_gift(book: SmallBook) -> None:
    night = book.night(
        SECOND,
        activity=[
            trade("E1", "transfer_out", security_id="X", lot_id="A", shares=10),
            trade("E2", "transfer_in", "OTHER", security_id="X", lot_id="A", shares=7, amount_usd=70),
        ],
    )
    assert refusals(book, night) == {}


def test_a_refusal_stays_until_an_event_supersedes_it(book: SmallBook) -> None:
    book.night(SECOND, activity=[sale("E1", lot_id="Q", shares=1, amount_usd=9)])
    third = book.night(THIRD)
    assert refusals(book, third) == {"E1": "LOT-005"}
    mended = sale("E2", shares=1, amount_usd=9, trade_date=SECOND, supersedes="E1")
    fourth = book.night(FOURTH, activity=[mended])
    assert refusals(book, fourth) == {}
    assert cash(book, fourth)["T1"] == 9


def test_a_late_purchase_reopens_a_loss_already_told(book: SmallBook) -> None:
    book.night(SECOND)
    told = book.night(THIRD, activity=[sale("E1", shares=10, amount_usd=60)])
    late = trade("E2", "buy", "T2", security_id="X", lot_id="N", shares=4, amount_usd=30, trade_date=SECOND)
    night = book.night(FOURTH, activity=[late])
    assert told.rows["wash_match"] == 0
    [restated] = book.rows(night, "from lots.restatement")
    assert (restated["sale_id"], restated["tax_year"], restated["disallowed_microusd"]) == ("E1", 2026, 16_000_000)
    [year] = book.rows(night, "select long_gain_microusd, long_disallowed_microusd from lots.realized_to_date")
    assert year == {"long_gain_microusd": -40_000_000, "long_disallowed_microusd": 16_000_000}
    assert ("T2", "X", "N", 4, 46, LONG_AGO - (THIRD - SECOND), True) in book.sublots(night)


def test_a_superseding_sale_takes_the_place_of_the_wrong_one(book: SmallBook) -> None:
    book.night(SECOND, activity=[sale("E1", shares=40, amount_usd=500)])
    right = sale("E2", shares=30, amount_usd=390, trade_date=SECOND, supersedes="E1")
    night = book.night(THIRD, activity=[right, sale("E3", "OTHER", lot_id="O", shares=1, amount_usd=9)])
    assert ("T1", "X", "A", 70, 700, LONG_AGO, False) in book.sublots(night)
    assert cash(book, night) == {"T1": 390, "T2": 0, "IRA": 0, "OTHER": 9}
    changed = {row["sale_id"]: row["micro_shares"] for row in book.rows(night, "from lots.restatement")}
    assert changed == {"E1": -40_000_000, "E2": 30_000_000}


def test_an_event_reported_again_is_refused(book: SmallBook) -> None:
    book.night(SECOND, activity=[sale("E1", shares=40, amount_usd=500)])
    night = book.night(THIRD, activity=[sale("E1", shares=40, amount_usd=500, trade_date=SECOND)])
    assert refusals(book, night) == {"E1": "LOT-001"}
    assert ("T1", "X", "A", 60, 600, LONG_AGO, False) in book.sublots(night)


def test_of_two_events_in_one_file_the_superseding_one_is_booked(book: SmallBook) -> None:
    night = book.night(
        SECOND,
        activity=[sale("E1", shares=10, amount_usd=90), sale("E2", shares=20, amount_usd=190, supersedes="E1")],
    )
    assert refusals(book, night) == {}
    assert cash(book, night)["T1"] == 190


def test_activity_of_the_first_night_is_refused(tmp_path: Path) -> None:
    book = SmallBook(tmp_path, first_night=FIRST, lots=[lot("T1", "A", 10, 100)])
    night = book.night(FIRST, activity=[sale("E1", shares=1, amount_usd=9)])
    assert refusals(book, night) == {"E1": "LOT-008"}


def test_a_rerun_gives_the_same_digest(book: SmallBook) -> None:
    activity = [
        sale("E1", shares=10, amount_usd=90),
        trade("E2", "buy", security_id="X", lot_id="N", shares=4, amount_usd=30),
    ]
    first = book.night(SECOND, activity=activity)
    again = book.night(SECOND, activity=list(reversed(activity)))
    assert again.digest == first.digest


def action(kind: str, **facts: object) -> Row:
    return {"action_id": "C1", "security_id": "X", "kind": kind, **facts}


def test_a_split_scales_every_lot_and_no_cash(book: SmallBook) -> None:
    night = book.night(SECOND, actions=[action("split", ratio_new=7, ratio_old=1)])
    assert ("T1", "X", "A", 700, 1000, LONG_AGO, False) in book.sublots(night)
    assert set(cash(book, night).values()) == {0}


def test_the_lots_of_an_account_together_hold_what_the_custodian_pays(tmp_path: Path) -> None:
    lots = [lot("T1", f"L{number}", 1, 10) for number in range(3)]
    book = SmallBook(tmp_path, first_night=FIRST, lots=lots)
    book.night(FIRST)
    night = book.night(SECOND, actions=[action("split", ratio_new=1, ratio_old=3)])
    assert sum(float(str(row[3])) for row in book.sublots(night)) == 1
    assert sum(float(str(row[4])) for row in book.sublots(night)) == 30


def test_a_spin_off_divides_the_basis_of_every_lot(book: SmallBook) -> None:
    terms = {"new_security_id": "Y", "ratio_new": 1, "ratio_old": 4, "fmv_old_usd": 30, "fmv_new_usd": 40}
    night = book.night(SECOND, actions=[action("spinoff", **terms)])
    assert ("T1", "X", "A", 100, 750, LONG_AGO, False) in book.sublots(night)
    assert ("T1", "Y", "A", 25, 250, LONG_AGO, False) in book.sublots(night)


def test_a_symbol_change_renames_the_holding(book: SmallBook) -> None:
    night = book.night(SECOND, actions=[action("symbol_change", new_security_id="Z")])
    assert ("T1", "Z", "A", 100, 1000, LONG_AGO, False) in book.sublots(night)


def test_a_merger_for_cash_pays_and_closes_every_lot(book: SmallBook) -> None:
    night = book.night(SECOND, actions=[action("merger", cash_usd=12)])
    assert book.sublots(night) == []
    assert cash(book, night) == {"T1": 1200, "T2": 600, "IRA": 360, "OTHER": 120}


def test_a_return_of_capital_pays_cash_and_lowers_basis(book: SmallBook) -> None:
    night = book.night(SECOND, actions=[action("return_of_capital", cash_usd=9)])
    assert ("T2", "X", "B", 50, 0, LONG_AGO, False) in book.sublots(night)
    assert cash(book, night)["T2"] == 450
    [gain] = book.rows(night, "select long_gain_microusd from lots.realized_to_date where account_id = 'T2'")
    assert gain == {"long_gain_microusd": 50_000_000}


def test_a_cash_dividend_books_nothing_by_itself(book: SmallBook) -> None:
    night = book.night(SECOND, actions=[action("cash_dividend", cash_usd=1)])
    assert set(cash(book, night).values()) == {0}


def test_an_action_that_is_not_understood_changes_nothing(book: SmallBook) -> None:
    night = book.night(SECOND, actions=[action("split", ratio_new=2, ratio_old=1, understood=False)])
    assert ("T1", "X", "A", 100, 1000, LONG_AGO, False) in book.sublots(night)


INCOMPLETE = {
    "a spin-off without fair values": (action("spinoff", new_security_id="Y", ratio_new=1, ratio_old=1), "LOT-020"),
    "a merger into an unknown security": (action("merger", new_security_id="Q", ratio_new=1, ratio_old=1), "LOT-021"),
    "a delisting without its cash": (action("delisting"), "LOT-020"),
    "a split without a ratio": (action("split"), "LOT-020"),
}


@pytest.mark.parametrize(("terms", "code"), INCOMPLETE.values(), ids=INCOMPLETE)
def test_an_incomplete_action_holds_its_owners_and_changes_no_lot(book: SmallBook, terms: Row, code: str) -> None:
    before = book.sublots(book.store.head("lots", night=FIRST, shard=SHARD))
    night = book.night(SECOND, actions=[terms])
    assert book.sublots(night) == before
    held = book.rows(night, "select account_id, code from lots.refused_event order by account_id")
    assert held == [{"account_id": name, "code": code} for name in ("IRA", "OTHER", "T1", "T2")]


def test_the_windows_tell_the_next_session_what_it_may_not_do(tmp_path: Path) -> None:
    book = SmallBook(
        tmp_path,
        first_night=FIRST,
        lots=[lot("T1", "A", 10, 100), lot("IRA", "N", 4, 30, security_id="Y", acquired_date=LATELY)],
    )
    book.night(FIRST)
    lots = book.night(SECOND, activity=[sale("E1", shares=10, amount_usd=60)])
    windows = write_wash_windows(store=book.store, book=book.book, night=SECOND, shard=SHARD)
    assert book.rows(windows, "from lots.no_buy") == [
        {
            "household_id": "H1",
            "identical_group": "X",
            "micro_shares": 10_000_000,
            "loss_microusd": 40_000_000,
            "last_day": dt.date(2026, 7, 2),
        }
    ]
    assert book.rows(windows, "from lots.no_loss_sale") == [
        {
            "household_id": "H1",
            "identical_group": "Y",
            "micro_shares": 4_000_000,
            "last_day": dt.date(2026, 6, 19),
            "only_purchase": "IRA/Y/N/2026-05-20",
        }
    ]
    assert lots.rows["open_loss"] == 1


def test_a_window_closes_after_its_last_day(tmp_path: Path) -> None:
    book = SmallBook(
        tmp_path, first_night=dt.date(2026, 6, 29), lots=[lot("T1", "N", 4, 30, acquired_date=dt.date(2026, 5, 31))]
    )
    book.night(dt.date(2026, 6, 29))
    open_windows = write_wash_windows(store=book.store, book=book.book, night=dt.date(2026, 6, 29), shard=SHARD)
    book.night(dt.date(2026, 6, 30))
    closed_windows = write_wash_windows(store=book.store, book=book.book, night=dt.date(2026, 6, 30), shard=SHARD)
    # Seen from 2026-06-30 the purchase is 30 days old; from 2026-07-01 it is 31.
    assert open_windows.rows["no_loss_sale"] == 1
    assert closed_windows.rows["no_loss_sale"] == 0


def test_the_solver_sees_the_term_of_the_next_session(tmp_path: Path) -> None:
    book = SmallBook(tmp_path, first_night=FIRST, lots=[lot("T1", "A", 1, 9, acquired_date=dt.date(2025, 6, 1))])
    version = book.night(FIRST)
    versions = {"lots": version, "policies": book.store.head("account_policies", night=FIRST)}
    with book.store.reading(versions) as tables:
        for kind, name in (("account", "T1"), ("security", "X")):
            tables.run(f"proposals/work/{kind}_number")
            tables.insert(f"{kind}_number", pl.DataFrame({f"{kind}_id": [name], kind: [0]}))
        [short] = tables.query("lots/open_lots", trade_date=FIRST).to_dicts()
        [long] = tables.query("lots/open_lots", trade_date=SECOND).to_dicts()
    assert (short["long_term_next"], long["long_term_next"]) == (False, True)
    assert (long["micro_shares"], long["basis_microusd"]) == (1_000_000, 9_000_000)


@pytest.mark.parametrize(("tax", "basis"), [(Tax(), 120), (Tax(spouse_basis="lost"), 90)], ids=["carry", "lost"])
def test_the_readings_come_from_the_books_settings(tmp_path: Path, tax: Tax, basis: int) -> None:
    lots = [lot("T1", "A", 10, 100), lot("T2", "B", 10, 90, acquired_date=LATELY)]
    book = SmallBook(tmp_path, first_night=FIRST, lots=lots, tax=tax)
    book.night(FIRST)
    [spouse] = book.sublots(book.night(SECOND, activity=[sale("E1", shares=10, amount_usd=70)]))
    assert spouse[4] == basis


def test_only_the_accounts_of_the_shard_are_written(book: SmallBook) -> None:
    version = write_lots(store=book.store, book=book.book, night=FIRST, shard="s001")
    assert version.rows["sublot"] == 0
    assert version.rows["cash"] == 0
