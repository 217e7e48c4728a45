"""The operator's terms of reorganisations: what they resolve, what they say nothing of, what they leave open."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from ledger.errors import FeedError
from tests.feed_cases import put
from tests.unit.test_market_tables import Market, table

HEADER = "ex_date,security_id,kind,new_symbol,ratio,cash,note,price_check,source\n"
UNCLASSIFIED = "X1,AAA,unclassified,NIGHT,2.376,,,,,\n"


def stated(market: Market, *rows: str, header: str = HEADER) -> None:
    put(market.book, "reorganisations", header + "".join(f"{row}\n" for row in rows))


def outcomes(market: Market) -> list[tuple[str, str | None, str]]:
    rows = table(market.store, "corporate_actions", "reorganisation", night=market.last)
    return rows.select("security_id", "action_id", "outcome").rows()


def known(market: Market, action: str) -> dict[str, object]:
    rows = table(market.store, "corporate_actions", "known_action", night=market.last)
    [row] = rows.filter(rows["action_id"] == action).iter_rows(named=True)
    return row


@pytest.fixture
def market(tmp_path: Path) -> Market:
    return Market(tmp_path / "book")


def spin_off(market: Market, *, parent: str = "94", child: str = "7") -> dt.date:
    """Run the night on which DDD leaves AAA, which closed at 100 before; the vendor tells a factor."""
    return market.night({"AAA": parent, "DDD": child}, actions=UNCLASSIFIED)


def test_a_spin_off_is_valued_by_the_closes_of_its_day_once_its_terms_arrive(market: Market) -> None:
    ex_date = spin_off(market)
    assert market.frozen() == {"AAA": "X1"}
    market.night({"AAA": "90", "DDD": "9"})
    stated(market, f"{ex_date},AAA,spinoff,DD,1.0,0.0,,,")
    night = market.night({"AAA": "80", "DDD": "8"})
    assert market.frozen() == {}
    row = known(market, "X1")
    assert (row["kind"], row["new_security_id"], row["effective_date"], row["booked_on"]) == (
        "spinoff",
        "DDD",
        ex_date,
        night,
    )
    assert (row["ratio_new"], row["ratio_old"]) == (1, 1)
    assert (row["fmv_old_microusd"], row["fmv_new_microusd"]) == (94_000_000, 7_000_000)
    assert outcomes(market) == [("AAA", "X1", f"booked on {night}")]
    market.night()
    assert (market.actions(), market.frozen()) == ({}, {})


def test_terms_that_are_there_on_the_day_use_the_closes_of_the_night(market: Market) -> None:
    stated(market, "2015-06-02,AAA,spinoff,DD,1.0,0.0,,,")
    assert spin_off(market) == dt.date(2015, 6, 2)
    assert market.actions() == {"X1": None}
    assert market.price("AAA")["total_return"] == pytest.approx(0.01)


def test_closes_that_do_not_explain_the_close_before_are_not_taken(market: Market) -> None:
    ex_date = spin_off(market, parent="43")
    stated(market, f"{ex_date},AAA,spinoff,DD,1.0,0.0,,,")
    market.night({"AAA": "43"})
    assert "do not explain the close before, 100.0" in str(market.actions()["X1"])
    assert market.frozen() == {"AAA": "X1"}


def test_stated_fair_values_are_taken_as_they_stand(market: Market) -> None:
    ex_date = spin_off(market, parent="43")
    header = HEADER.rstrip() + ",fmv_old_usd,fmv_new_usd,cash_in_lieu_usd\n"
    stated(market, f"{ex_date},AAA,spinoff,DD,1/2,0.0,,,,43,57,57", header=header)
    market.night({"AAA": "43"})
    row = known(market, "X1")
    assert (row["fmv_old_microusd"], row["fmv_new_microusd"], row["cash_in_lieu_microusd"]) == (
        43_000_000,
        57_000_000,
        57_000_000,
    )


def test_a_day_without_a_believed_close_tells_no_fair_value(market: Market) -> None:
    ex_date = market.night({"AAA": "94", "DDD": ""}, actions=UNCLASSIFIED)
    stated(market, f"{ex_date},AAA,spinoff,DD,1.0,0.0,,,")
    market.night()
    assert market.actions() == {"X1": f"fair values are not stated, and there is no believed close of DDD on {ex_date}"}


@pytest.mark.parametrize(
    ("symbol", "reason"),
    [
        ("DDD", "new_symbol DDD is not a symbol of securities.csv: state new_security_id"),
        ("TWO", "new_symbol TWO is that of 2 securities of securities.csv: state new_security_id"),
    ],
)
def test_a_symbol_of_no_or_two_securities_is_not_guessed(market: Market, symbol: str, reason: str) -> None:
    names = "security_id,symbol,name,sector\n" + "".join(
        f"{name},{ticker},N,S\n"
        for name, ticker in (("AAA", "AAA"), ("BBB", "BB"), ("CCC", "CC"), ("DDD", "DD"), ("E1", "TWO"), ("E2", "TWO"))
    )
    put(market.book, "securities", names.replace(",S\n", ",Energy\n").replace("CC,N,Energy", "CC,N,Health"))
    ex_date = spin_off(market)
    stated(market, f"{ex_date},AAA,spinoff,{symbol},1.0,0.0,,,")
    market.night()
    assert market.actions() == {"X1": reason}
    header = HEADER.rstrip() + ",new_security_id\n"
    stated(market, f"{ex_date},AAA,spinoff,{symbol},1.0,0.0,,,,DDD", header=header)
    market.night()
    assert market.actions() == {"X1": None}


def test_a_row_without_a_vendors_action_is_an_action_of_its_own(market: Market) -> None:
    ex_date = market.night({"CCC": ""})
    stated(market, f"{ex_date},CCC,acquired_cash,,,11.5,,,")
    market.night({"CCC": ""})
    name = f"terms:CCC:{ex_date}"
    assert market.actions() == {name: None}
    assert (known(market, name)["kind"], known(market, name)["cash_microusd"]) == ("merger", 11_500_000)
    # The vendor tells of the name's end later: nothing new, and nothing to freeze it for.
    market.night({"CCC": ""}, actions=f"X9,CCC,delisting,{ex_date},,,,,,\n")
    assert (market.actions(), market.frozen()) == ({}, {})


def test_terms_end_a_delisting_that_waits_for_them(market: Market) -> None:
    ex_date = market.night({"CCC": ""}, actions="X1,CCC,delisting,NIGHT,,,,,,\n")
    assert market.frozen() == {"CCC": "X1"}
    stated(market, f"{ex_date},CCC,merger_stock,DD,1.282,0.0,,,")
    market.night({"CCC": ""})
    row = known(market, "X1")
    assert (row["kind"], row["new_security_id"], row["ratio_new"], row["ratio_old"]) == ("merger", "DDD", 641, 500)
    assert market.frozen() == {}


def test_what_the_feed_tells_of_an_action_stays_and_terms_fill_what_is_missing(market: Market) -> None:
    stated(market, "2015-06-02,AAA,spinoff,DD,9,0.0,,,")
    market.night({"AAA": "94"}, actions="X1,AAA,spinoff,NIGHT,1,,DDD,,,\n")
    row = known(market, "X1")
    assert (row["ratio_new"], row["fmv_new_microusd"], row["why_not"]) == (1, 7_000_000, None)


def test_a_row_at_the_company_spun_off_names_its_parent(market: Market) -> None:
    ex_date = spin_off(market)
    stated(market, f"{ex_date},DDD,spinoff_parent_AAA,DD,1.0,0.0,,,")
    market.night()
    row = known(market, "X1")
    assert (row["security_id"], row["new_security_id"], row["kind"]) == ("AAA", "DDD", "spinoff")


def test_rows_that_cannot_be_used_say_why_and_freeze_nothing(market: Market) -> None:
    market.night()
    stated(
        market,
        "2015-06-02,ZTS,ipo_or_new_member,,,0.0,,,",
        "2015-06-02,ZZZ,acquired_cash,,,3,,,",
        "2015-06-02,DDD,spinoff_parent_QQQ,DD,1,,,,",
        "2013-07-01,AAA,spinoff,DD,1,,,,",
        "2035-01-02,AAA,spinoff,DD,1,,,,",
    )
    market.night()
    assert (market.actions(), market.frozen()) == ({}, {})
    assert outcomes(market) == [
        ("DDD", None, "the parent's symbol QQQ is not a symbol of securities.csv"),
        ("ZTS", None, "it says nothing of shares that are held"),
        ("ZZZ", None, "the security ZZZ is not a security of securities.csv"),
    ]


def test_two_rows_of_one_day_apply_in_the_order_of_their_sequences(market: Market) -> None:
    ex_date = spin_off(market)
    header = HEADER.rstrip() + ",sequence,fmv_old_usd,fmv_new_usd\n"
    stated(
        market,
        f"{ex_date},AAA,split,,1/3,,,,,1,,",
        f"{ex_date},AAA,spinoff,DD,1/3,,,,,2,94,7",
        header=header,
    )
    market.night()
    assert market.actions() == {"X1": None, f"terms:AAA:{ex_date}:2": None}
    assert market.frozen() == {}


def test_a_kind_that_is_not_known_is_refused_with_those_that_are(market: Market) -> None:
    stated(market, "2015-06-02,AAA,split_off,DD,1.0,0.0,,,")
    with pytest.raises(FeedError) as caught:
        market.night()
    assert (caught.value.code, caught.value.where) == ("FEED-023", "static/reorganisations.csv row 2 column kind")
    assert "spinoff, share_class_distribution, merger_stock" in caught.value.expected


def test_two_rows_of_one_action_are_refused(market: Market) -> None:
    stated(market, "2015-06-02,AAA,spinoff,DD,1.0,0.0,,,", "2015-06-02,AAA,spinoff,CC,1.0,0.0,,,")
    with pytest.raises(FeedError, match="FEED-030"):
        market.night()
