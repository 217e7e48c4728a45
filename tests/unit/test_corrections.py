"""What arrives late: events, cancels, and actions whose terms come after their day."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from assets.store import Version
from tests.ledger_cases import Row, SmallBook

FIRST = dt.date(2026, 6, 1)
SECOND, THIRD, FOURTH, FIFTH = (dt.date(2026, 6, day) for day in (2, 3, 4, 5))
LONG_AGO = dt.date(2024, 5, 6)


def lot(account: str, name: str, shares: float, basis: float, **facts: object) -> Row:
    common = {"account_id": account, "lot_id": name, "security_id": "X", "acquired_date": LONG_AGO}
    return {**common, "shares": shares, "basis_usd": basis, **facts}


LOTS = (
    lot("T1", "A", 100, 1000),
    lot("T2", "B", 50, 400),
    lot("OTHER", "O", 10, 80),
    lot("T1", "V", 10, 90, security_id="V"),
)


def trade(event: str, kind: str, account: str = "T1", **facts: object) -> Row:
    return {"event_id": event, "account_id": account, "kind": kind, **facts}


def sale(event: str, account: str = "T1", **facts: object) -> Row:
    return trade(event, "sell", account, **{"security_id": "X", "lot_id": "A", **facts})


def action(kind: str, **facts: object) -> Row:
    day = facts.pop("on", SECOND)
    return {"action_id": "C1", "security_id": "X", "kind": kind, "ex_date": day, "effective_date": day, **facts}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("opened")
    small(path).night(FIRST)
    return path


@pytest.fixture
def book(opened: Path, tmp_path: Path) -> SmallBook:
    shutil.copytree(opened, tmp_path / "book")
    return small(tmp_path / "book")


def small(path: Path) -> SmallBook:
    return SmallBook(path, first_night=FIRST, lots=LOTS, securities=("V", "X", "Y", "Z"))


def refusals(book: SmallBook, version: Version) -> dict[object, object]:
    return {row["event_id"]: row["code"] for row in book.rows(version, "from lots.refused_event")}


def cash(book: SmallBook, version: Version) -> dict[object, object]:
    query = "select account_id, cash_microusd / 1e6 as cash from lots.cash where cash_microusd <> 0"
    return {row["account_id"]: row["cash"] for row in book.rows(version, query)}


def held(book: SmallBook, version: Version, security: str) -> dict[object, tuple[object, object]]:
    rows = [row for row in book.sublots(version) if row[1] == security]
    return {f"{row[0]}/{row[2]}": (row[3], row[4]) for row in rows}


def test_a_late_split_is_booked_on_its_day_and_the_sale_after_it_is_told_again(book: SmallBook) -> None:
    book.night(SECOND)
    book.night(THIRD, activity=[sale("E1", shares=60, amount_usd=300)])
    night = book.night(FOURTH, actions=[action("split", ratio_new=2, ratio_old=1)])
    assert held(book, night, "X") == {"T1/A": (140, 700), "T2/B": (100, 400), "OTHER/O": (20, 80)}
    [told] = book.rows(night, "from lots.restatement")
    assert (told["sale_id"], told["micro_shares"], told["basis_microusd"]) == ("E1", 0, -300_000_000)
    days = book.rows(night, "select distinct effective_date from lots.event where event_id = 'C1'")
    assert days == [{"effective_date": SECOND}]


def test_a_sale_of_shares_that_a_late_spin_off_gives_is_booked_when_its_terms_arrive(book: SmallBook) -> None:
    book.night(SECOND)
    third = book.night(THIRD, activity=[sale("E1", security_id="Y", shares=20, amount_usd=500)])
    assert refusals(book, third) == {"E1": "LOT-005"}
    terms = {"new_security_id": "Y", "ratio_new": 1, "ratio_old": 4, "fmv_old_usd": 30, "fmv_new_usd": 40}
    night = book.night(FOURTH, actions=[action("spinoff", **terms)])
    assert refusals(book, night) == {}
    assert held(book, night, "Y") == {"T1/A": (5, 50), "T2/B": (12.5, 100), "OTHER/O": (2.5, 20)}
    assert cash(book, night) == {"T1": 500}


def test_a_late_merger_carries_an_open_loss_to_the_purchase_that_undoes_it(book: SmallBook) -> None:
    book.night(SECOND, activity=[sale("E1", shares=100, amount_usd=500)])
    book.night(THIRD, activity=[trade("E2", "buy", "T2", security_id="Y", lot_id="N", shares=50, amount_usd=400)])
    merger = action("merger", on=THIRD, new_security_id="Y", ratio_new=1, ratio_old=1)
    night = book.night(FOURTH, actions=[merger])
    [told] = book.rows(night, "from lots.restatement")
    assert (told["sale_id"], told["disallowed_microusd"]) == ("E1", 250_000_000)
    assert held(book, night, "Y")["T2/N"] == (50, 650)


def test_a_correction_of_a_later_night_reads_the_late_action_again(book: SmallBook) -> None:
    book.night(SECOND)
    book.night(THIRD)
    book.night(FOURTH, actions=[action("split", ratio_new=2, ratio_old=1)])
    late = trade("E2", "buy", "T2", security_id="X", lot_id="N", shares=4, amount_usd=30, trade_date=THIRD)
    night = book.night(FIFTH, activity=[late])
    assert held(book, night, "X") == {"T1/A": (200, 1000), "T2/B": (100, 400), "T2/N": (4, 30), "OTHER/O": (20, 80)}


def test_a_refused_action_is_cured_by_its_terms(book: SmallBook) -> None:
    refused = book.night(SECOND, actions=[action("spinoff", new_security_id="Y", ratio_new=1, ratio_old=4)])
    assert refusals(book, refused) == {"C1": "LOT-020"}
    terms = {"new_security_id": "Y", "ratio_new": 1, "ratio_old": 4, "fmv_old_usd": 30, "fmv_new_usd": 40}
    night = book.night(THIRD, actions=[action("spinoff", **terms)])
    assert refusals(book, night) == {}
    assert held(book, night, "Y")["T1/A"] == (25, 250)


def test_an_action_of_the_first_night_is_in_the_opening_lots(book: SmallBook) -> None:
    night = book.night(SECOND, actions=[action("split", on=FIRST, ratio_new=2, ratio_old=1)])
    assert held(book, night, "X")["T1/A"] == (100, 1000)


def test_two_actions_of_one_day_apply_in_the_order_of_their_sequences(book: SmallBook) -> None:
    spin = {"new_security_id": "Y", "ratio_new": 1, "ratio_old": 1, "fmv_old_usd": 30, "fmv_new_usd": 10}
    split = {"action_id": "C2", "ratio_new": 1, "ratio_old": 2}
    night = book.night(SECOND, actions=[action("spinoff", sequence=1, **spin), action("split", sequence=2, **split)])
    assert (held(book, night, "X")["T1/A"], held(book, night, "Y")["T1/A"]) == ((50, 750), (100, 250))


def test_a_correction_in_another_account_takes_the_place_of_the_event(book: SmallBook) -> None:
    book.night(SECOND, activity=[trade("E1", "buy", security_id="Z", lot_id="N", shares=4, amount_usd=30)])
    right = trade("E2", "buy", "OTHER", security_id="Z", lot_id="N", shares=4, amount_usd=30, trade_date=SECOND)
    night = book.night(THIRD, activity=[{**right, "supersedes": "E1"}])
    assert held(book, night, "Z") == {"OTHER/N": (4, 30)}
    assert cash(book, night) == {"OTHER": -30}


def test_a_correction_in_another_security_takes_the_place_of_the_event(book: SmallBook) -> None:
    book.night(SECOND, activity=[trade("E1", "buy", security_id="Z", lot_id="N", shares=4, amount_usd=30)])
    night = book.night(THIRD, activity=[trade("E2", "deposit", amount_usd=7, supersedes="E1")])
    assert held(book, night, "Z") == {}
    assert cash(book, night) == {"T1": 7}


def test_a_cancel_takes_an_event_back(book: SmallBook) -> None:
    book.night(SECOND, activity=[sale("E1", shares=40, amount_usd=300)])
    night = book.night(THIRD, activity=[trade("E2", "cancel", supersedes="E1")])
    assert held(book, night, "X")["T1/A"] == (100, 1000)
    assert (cash(book, night), refusals(book, night)) == ({}, {})
    [told] = book.rows(night, "select sale_id, micro_shares from lots.restatement")
    assert told == {"sale_id": "E1", "micro_shares": -40_000_000}
    assert book.rows(night, "select kind from lots.event where event_id = 'E2'") == [{"kind": "cancel"}]


def test_a_cancel_takes_a_refused_event_and_a_payment_back(book: SmallBook) -> None:
    second = book.night(
        SECOND, activity=[sale("E1", lot_id="Q", shares=1, amount_usd=9), trade("E2", "fee", amount_usd=5)]
    )
    assert refusals(book, second) == {"E1": "LOT-005"}
    cancels = [trade("E3", "cancel", supersedes="E1"), trade("E4", "cancel", "OTHER", supersedes="E2")]
    night = book.night(THIRD, activity=cancels)
    assert (refusals(book, night), cash(book, night)) == ({}, {})


@pytest.mark.parametrize("kind", ["cancel", "deposit"])
def test_a_correction_of_an_event_that_nobody_reported_is_refused(book: SmallBook, kind: str) -> None:
    neighbour = sale("E3", shares=1, amount_usd=9)
    second = book.night(SECOND, activity=[trade("E2", kind, amount_usd=7, supersedes="E1"), neighbour])
    assert (refusals(book, second), cash(book, second)) == ({"E2": "LOT-013"}, {"T1": 9})
    third = book.night(THIRD, activity=[sale("E4", shares=1, amount_usd=9, trade_date=SECOND)])
    assert refusals(book, third) == {"E2": "LOT-013"}
    cured = book.night(FOURTH, activity=[trade("E1", "fee", amount_usd=3, trade_date=SECOND)])
    assert refusals(book, cured) == {}
    assert cash(book, cured) == {"T1": 18 + (7 if kind == "deposit" else 0)}


def test_a_purchase_that_comes_late_mends_the_sale_that_was_refused(book: SmallBook) -> None:
    second = book.night(SECOND, activity=[sale("E1", security_id="Z", lot_id="N", shares=2, amount_usd=30)])
    assert refusals(book, second) == {"E1": "LOT-005"}
    late = trade("E2", "buy", security_id="Z", lot_id="N", shares=4, amount_usd=40, trade_date=SECOND)
    third = book.night(THIRD, activity=[late])
    assert refusals(book, third) == {}
    assert held(book, third, "Z") == {"T1/N": (2, 20)}


def test_an_event_that_comes_late_twice_is_refused_the_second_time(book: SmallBook) -> None:
    book.night(SECOND)
    late = trade("E2", "buy", security_id="Z", lot_id="N", shares=4, amount_usd=40, trade_date=SECOND)
    book.night(THIRD, activity=[late])
    night = book.night(FOURTH, activity=[late])
    assert refusals(book, night) == {"E2": "LOT-001"}
    assert (held(book, night, "Z"), cash(book, night)) == ({"T1/N": (4, 40)}, {"T1": -40})


def test_a_correction_reads_only_the_sessions_that_it_needs(book: SmallBook) -> None:
    for night in (SECOND, THIRD, FOURTH):
        book.night(night, activity=[sale(f"E{night.day}", shares=1, amount_usd=9)])
    late = trade("E9", "buy", "T2", security_id="Z", lot_id="N", shares=4, amount_usd=30, trade_date=FOURTH)
    version = book.night(
        FIFTH, activity=[late, sale("E8", shares=2, amount_usd=18, supersedes="E4", trade_date=FOURTH)]
    )
    read = {name for name in version.inputs if name.startswith("custodian_activity")}
    assert read == {f"custodian_activity/{night}" for night in (FOURTH, FIFTH)}


def test_a_correction_leaves_the_other_names_of_its_household_alone(book: SmallBook) -> None:
    book.night(SECOND)
    late = trade("E2", "buy", "T2", security_id="X", lot_id="N", shares=4, amount_usd=30, trade_date=SECOND)
    night = book.night(THIRD, activity=[late, sale("E3", lot_id="V", security_id="V", shares=10, amount_usd=50)])
    corrected = book.rows(night, "select security_id from lots.event where kind = 'correction'")
    assert corrected == []
    assert held(book, night, "V") == {}
    assert cash(book, night) == {"T1": 50, "T2": -30}


def test_what_the_days_booked_again_break_is_found_by_their_audits(
    book: SmallBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assets import correction
    from ledger.errors import AuditError

    book.night(SECOND)
    late = trade("E2", "buy", "T2", security_id="X", lot_id="N", shares=4, amount_usd=30, trade_date=SECOND)
    steps = (*correction.ACTION_STEPS, "corrections/keep_losses_of_pairs", "lots/load_parts")
    monkeypatch.setattr(correction, "LOAD_STEPS", (*correction.LOAD_STEPS, *steps[-1:]))
    with pytest.raises(AuditError, match="booked again"):
        book.night(THIRD, activity=[late])


def test_a_dividend_of_tonight_beside_a_late_event_of_its_security_touches_no_lot(book: SmallBook) -> None:
    book.night(SECOND)
    late = sale("E1", shares=40, amount_usd=300, trade_date=SECOND)
    night = book.night(THIRD, activity=[late, trade("E2", "dividend", security_id="X", amount_usd=5)])
    assert held(book, night, "X")["T1/A"] == (60, 600)
    assert cash(book, night) == {"T1": 305}
