"""Nights of random feeds: what the oracle says of them, and what corrections make of them."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from assets.lots_tables import write_broker_lots, write_lots
from assets.sessions import sessions_between
from assets.store import Version
from ledger import replay as oracle
from ledger.amounts import to_micro
from ledger.scenario import disagreements, seen_by_broker
from tests.ledger_cases import SHARD, Row, SmallBook
from tests.ledger_feeds import accounts_of, actions_of, activity_of, without_time_of_day
from tests.ledger_histories import GROUPS, history

SESSIONS = sessions_between(first=dt.date(2026, 2, 2), last=dt.date(2026, 2, 10))
FIRST_NIGHT, DAYS = SESSIONS[0], SESSIONS[1:]
ACTIONS = ("split", "split", "spinoff", "roc", "boot", "stock")

STATE = {
    "sublot": "select * exclude (household_id) from lots.sublot order by all",
    "open_loss": "select * exclude (household_id) from lots.open_loss order by all",
    "cash": "select account_id, cash_microusd from lots.cash order by all",
    "realized_to_date": "select * exclude (household_id) from lots.realized_to_date order by all",
    "refused_event": "select account_id, event_id, code from lots.refused_event order by all",
}


FACTS = """
    select account_id, sale_id, lot_id, year(sale_date) as tax_year, long_term,
        position_hi - position_lo as shares, proceeds_microusd as proceeds, basis_microusd as basis, 0 as disallowed,
        0 as permanent
    from lots.disposal_piece where taxable
    union all
    select account_id, sale_id, lot_id, year(sale_date), long_term, 0, 0, 0, disallowed_microusd,
        case when permanent then disallowed_microusd else 0 end
    from lots.wash_match
    union all
    select account_id, sale_id, lot_id, tax_year, long_term,
        micro_shares, proceeds_microusd, basis_microusd, disallowed_microusd, permanent_microusd
    from lots.restatement
"""


class History:
    """A random history and its feeds."""

    def __init__(self, seed: int, *, households: int) -> None:
        self.seed = seed
        self.document = history(seed, households=households, days=len(DAYS), actions=ACTIONS, sessions=DAYS)
        self.feeds: dict[dt.date, list[Row]] = {day: activity_of(self.document, day) for day in DAYS}
        self.accounts = [str(row["account_id"]) for row in accounts_of(self.document)]
        self.actions: dict[dt.date, list[Row]] = {day: actions_of(self.document, day) for day in DAYS}

    def run(
        self,
        path: Path,
        feeds: Mapping[dt.date, Sequence[Row]],
        *,
        write: Callable[..., Version] = write_lots,
        actions: Mapping[dt.date, Sequence[Row]] | None = None,
    ) -> tuple[SmallBook, list[Version]]:
        """Return the book after its nights, and the version of lots that each night wrote."""
        told = actions or self.actions
        book = SmallBook(
            path,
            first_night=FIRST_NIGHT,
            accounts=accounts_of(self.document),
            groups=GROUPS,
            securities=("X", "XB", "Y", "Z"),
            write=write,
        )
        book.night(FIRST_NIGHT)
        versions = [book.night(day, activity=feeds[day], actions=told[day]) for day in DAYS]
        return book, versions


def states(book: SmallBook, version: Version) -> dict[str, list[dict[str, object]]]:
    return {table: book.rows(version, query) for table, query in STATE.items()}


def realized(book: SmallBook, versions: Sequence[Version]) -> dict[tuple[object, ...], list[int]]:
    """Return what is known of every sale once all nights are told, restatements included."""
    total: dict[tuple[object, ...], list[int]] = {}
    for version in versions:
        for row in book.rows(version, FACTS):
            *key, shares, proceeds, basis, disallowed, permanent = row.values()
            amounts = total.setdefault(tuple(key), [0, 0, 0, 0, 0])
            for place, amount in enumerate((shares, proceeds, basis, disallowed, permanent)):
                assert isinstance(amount, int)
                amounts[place] += amount
    return {key: amounts for key, amounts in total.items() if any(amounts)}


HELD = """
    select account_id as acct, security_id as sec, lot_id as lot, holding_start_date::varchar as hold_start,
        ((position_hi - position_lo) / 1e6)::varchar as qty,
        (part(part_basis_microusd, part_shares, position_lo - part_from, position_hi - part_from) / 1e6)::varchar
            as basis,
        absorbed or not purchase as absorbed
    from lots.sublot
"""


def test_nights_of_feeds_say_what_the_oracle_says(tmp_path: Path) -> None:
    past = History(3, households=8)
    book, versions = past.run(tmp_path, past.feeds)
    expected = oracle.replay(without_time_of_day(past.document))["checks"][-1]
    assert disagreements(expected={"lots": expected["lots"]}, found={"lots": book.rows(versions[-1], HELD)}) == []
    disallowed = sum(amounts[3] for amounts in realized(book, versions).values())
    assert disallowed == sum(to_micro(row["disallowed"]) for row in expected["realized"])
    assert disallowed > 0


def test_nights_in_the_brokers_view_say_what_the_oracle_says_of_each_account(tmp_path: Path) -> None:
    past = History(3, households=8)
    book, versions = past.run(tmp_path, past.feeds, write=write_broker_lots)
    expected = oracle.replay(seen_by_broker(without_time_of_day(past.document)))["checks"][-1]
    assert disagreements(expected={"lots": expected["lots"]}, found={"lots": book.rows(versions[-1], HELD)}) == []
    disallowed = sum(amounts[3] for amounts in realized(book, versions).values())
    assert disallowed == sum(to_micro(row["disallowed"]) for row in expected["realized"])
    assert disallowed > 0


@pytest.mark.parametrize(
    ("seed", "write"),
    [
        *((seed, write_lots) for seed in (11, 23, 29, 37, 52)),
        *((seed, write_broker_lots) for seed in (11, 4)),
    ],
)
def test_what_arrives_late_gives_what_a_rebuild_gives(tmp_path: Path, seed: int, write: Callable[..., Version]) -> None:
    past = History(seed, households=4)
    rebuilt, in_time = past.run(tmp_path / "in_time", past.feeds, write=write)
    corrected, as_it_came = past.run(tmp_path / "as_it_came", belated(past), write=write, actions=told_late(past))
    assert states(corrected, as_it_came[-1]) == states(rebuilt, in_time[-1]), f"seed {seed}"
    assert realized(corrected, as_it_came) == realized(rebuilt, in_time), f"seed {seed}"
    assert sum(version.rows["restatement"] for version in as_it_came) > 0
    # The nights before the corrections stay as they were written.
    heads = [corrected.store.head(as_it_came[0].asset, night=day, shard=SHARD).digest for day in DAYS]
    assert heads == [version.digest for version in as_it_came]
    assert all(version.rows["restatement"] == 0 for version in in_time)


def told_late(past: History) -> dict[dt.date, list[Row]]:
    """Return the actions with most of them told some sessions after their day."""
    dice = random.Random(past.seed + 1)
    told: dict[dt.date, list[Row]] = {day: [] for day in DAYS}
    for number, day in enumerate(DAYS):
        for row in past.actions[day]:
            later = dice.choice(DAYS[number:])
            told[later].append({**row, "ex_date": day, "effective_date": day})
    return told


def belated(past: History) -> dict[dt.date, list[Row]]:
    """Return the feeds with some events late, some first in another account or for another amount and corrected later.

    Some that never were are reported and cancelled.
    """
    dice = random.Random(past.seed)
    feeds: dict[dt.date, list[Row]] = {day: [] for day in DAYS}
    for number, day in enumerate(DAYS):
        for row in past.feeds[day]:
            fate = dice.random() if row["kind"] in ("buy", "reinvest", "sell") else 1.0
            later = dice.choice(DAYS[number + 1 :] or [day])
            if later == day or fate > 0.35:
                feeds[day].append(row)
            elif fate > 0.3:
                never = {
                    **row,
                    "event_id": f"{row['event_id']}never",
                    "lot_id": row["lot_id"] and f"{row['lot_id']}never",
                }
                feeds[day] += [row, never]
                cancel = {"event_id": f"{row['event_id']}cancel", "account_id": row["account_id"], "kind": "cancel"}
                feeds[later].append({**cancel, "supersedes": never["event_id"]})
            elif fate > 0.25:
                wrong = f"{row['event_id']}elsewhere"
                other = dice.choice([name for name in past.accounts if name != row["account_id"]])
                feeds[day].append({**row, "event_id": wrong, "account_id": other})
                feeds[later].append({**row, "trade_date": day, "supersedes": wrong})
            elif fate > 0.1:
                feeds[later].append({**row, "trade_date": day})
            else:
                wrong = f"{row['event_id']}wrong"
                feeds[day].append({**row, "event_id": wrong, "amount_usd": str(Fraction(str(row["amount_usd"])) + 7)})
                feeds[later].append({**row, "trade_date": day, "supersedes": wrong})
    return feeds
