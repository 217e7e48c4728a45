"""Scenarios through the production ledger: the statements of the night, day after day, on one case in memory.

A scenario may count in thirds of a share, which no number of micro-shares is. Its shares are therefore counted in a
unit that all its quantities are whole in, before and after its splits; the statements do not know the difference.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import polars as pl

from assets import ledger_day
from assets.store import Store, Tables
from ledger.amounts import MICRO, part, to_micro
from ledger.events import Account, Buy, Event, Merger, ReturnOfCapital, Sell, SpinOff, Split, Transfer
from ledger.replay import summed_rows
from ledger.scenario import Row, Scenario, parse, seen_by_broker
from ledger.scenario_event import ScenarioError

View = Literal["taxpayer", "broker"]
"""Whose book: the household's, or the custodian's of every account by itself."""
SHARE_UNIT_MAX = 10**12
SHARE_COUNT_MAX = 10**18
"""Products of a count with a price or an amount still fit 128 bits."""

BOOKED_TABLES = ("disposal_piece", "wash_match", "event", "refused_event")


def replay(scenario: Scenario) -> dict[str, Any]:
    """Return ``{"id", "checks"}``: the production ledger's state at the close of every day that is checked.

    Raises
    ------
    ScenarioError
        Where an event cannot be booked; it carries the refusal's code.
    """
    states: dict[dt.date, dict[str, Any]] = {}
    unit = share_unit(scenario.events)
    with Store(Path()).reading({}) as tables:
        for table in BOOKED_TABLES:
            tables.run(f"schema/lots/{table}")
        ledger_day.prepare(tables)
        _stage_book(tables, scenario, unit=unit)
        for day in scenario.days():
            _stage_day(tables, scenario, day, unit=unit)
            ledger_day.run_day(tables, night=day, readings=scenario.readings, share_unit=unit)
            _require_no_refusal(tables)
            if day in scenario.checked_days():
                states[day] = _state(tables, day, unit=unit)
    return {"id": scenario.name, "checks": [states[day] for day in scenario.checked_days()]}


def replay_document(document: Mapping[str, Any], *, view: View = "taxpayer") -> dict[str, Any]:
    """Return what `replay` says of the scenario in ``document``; `ScenarioError` where its form is broken."""
    scenario = parse(document)
    return replay(seen_by_broker(scenario) if view == "broker" else scenario)


def share_unit(events: Sequence[Event]) -> int:
    """Return how many units a share counts: a multiple of a million in which all quantities and splits are whole.

    Where that is finer than `SHARE_UNIT_MAX`, or than integers can count, the quantities alone decide, or else a
    share is a million units, and what is finer is cut off.
    """
    counts = [shares for event in events for shares in _quantities(event)]
    ratios = [event.ratio for event in events if isinstance(event, Split | SpinOff | Merger) and event.ratio > 0]
    whole = math.lcm(*(shares.denominator for shares in counts))
    most = sum(counts, Fraction(1)) * math.prod(max(ratio, Fraction(1)) for ratio in ratios)
    with_splits = math.lcm(MICRO, whole * math.prod(ratio.denominator for ratio in ratios))
    for unit in (with_splits, math.lcm(MICRO, whole)):
        if unit <= SHARE_UNIT_MAX and most * unit <= SHARE_COUNT_MAX:
            return unit
    return MICRO


def _quantities(event: Event) -> list[Fraction]:
    match event:
        case Buy():
            return [event.shares]
        case Sell():
            return [event.shares, *(shares for _, shares in event.lots)]
        case Transfer() if event.shares is not None:
            return [event.shares]
    return []


def _stage_book(tables: Tables, scenario: Scenario, *, unit: int) -> None:
    """Fill the day's accounts and groups, which a scenario states once."""
    _insert(
        tables,
        "ledger_account",
        [
            {
                "account_id": account.account_id,
                "household_id": account.household_id,
                "taxpayer_id": scenario.taxpayers[account.account_id],
                "owner_id": account.owner_id,
                "no_basis": account.retirement,
                "share_step_micro": unit,
            }
            for account in scenario.accounts.values()
        ],
    )
    _insert(
        tables,
        "ledger_security",
        [{"security_id": security, "identical_group": group} for security, group in scenario.groups.items()],
    )


def _stage_day(tables: Tables, scenario: Scenario, day: dt.date, *, unit: int) -> None:
    """Fill the day's trades and actions."""
    tables.run("ledger/work/trade")
    tables.run("ledger/work/day_action")
    events = scenario.events_of(day)
    _insert(tables, "trade", [row for event in events for row in _trades(event, scenario, unit=unit)])
    _insert(tables, "day_action", [row for event in events for row in _actions(event)])


def _trades(event: Event, scenario: Scenario, *, unit: int) -> list[Row]:
    """Return the rows of ``trade`` that one event makes: a sale has one for each lot that it names."""
    common = {
        "event_id": event.event_id,
        "trade_date": event.date,
        "security_id": event.security,
        "identical_group": scenario.groups.get(event.security, event.security),
        "sequence": event.order,
    }

    def row(account: Account, kind: str, **facts: object) -> Row:
        of_account = {"account_id": account.account_id, "household_id": account.household_id}
        return {**common, **of_account, "kind": kind, "cash_microusd": 0, **facts}

    match event:
        case Buy():
            account = scenario.accounts[event.account]
            amounts = {"micro_shares": round(event.shares * unit), "amount_microusd": to_micro(event.amount)}
            return [row(account, "buy", lot_id=event.lot, **amounts)]
        case Sell():
            account = scenario.accounts[event.account]
            lots = event.lots or ((None, event.shares),)
            return [
                row(account, "sell", lot_id=lot, micro_shares=shares, amount_microusd=proceeds)
                for lot, shares, proceeds in _divided(lots, proceeds=to_micro(event.proceeds), unit=unit)
            ]
        case Transfer():
            giver, receiver = scenario.accounts[event.account], scenario.accounts[event.receiver]
            shares = None if event.shares is None else round(event.shares * unit)
            moved = {"lot_id": event.lot, "micro_shares": shares}
            return [
                row(giver, "transfer_out", other_account_id=receiver.account_id, **moved),
                row(receiver, "transfer_in", other_account_id=giver.account_id, **moved),
            ]
    return []


def _divided(
    lots: Sequence[tuple[str | None, Fraction]], *, proceeds: int, unit: int
) -> list[tuple[str | None, int, int]]:
    """Return (lot, units of share, micro-dollars) with the proceeds of one sale divided by shares, to the unit."""
    counts = [round(shares * unit) for _, shares in lots]
    total, count, rows = sum(counts), 0, []
    for (lot, _), shares in zip(lots, counts, strict=True):
        rows.append((lot, shares, part(proceeds, of=total, lo=count, hi=count + shares)))
        count += shares
    return rows


def _actions(event: Event) -> list[Row]:
    """Return the row of ``day_action`` that a corporate action makes; none for a trade."""
    match event:
        case Split():
            kind, new_security, ratio = "split", event.security, event.ratio
            money = {"cash_in_lieu_microusd": event.cash_in_lieu}
        case SpinOff():
            kind, new_security, ratio = "spinoff", event.new_security, event.ratio
            money = {
                "fmv_old_microusd": event.fmv_old,
                "fmv_new_microusd": event.fmv_new,
                "cash_in_lieu_microusd": event.cash_in_lieu,
            }
        case Merger():
            kind, new_security, ratio = f"merger_{event.kind}", event.new_security, event.ratio or Fraction(1)
            money = {
                "cash_microusd": event.cash,
                "fmv_new_microusd": event.fmv_new,
                "cash_in_lieu_microusd": event.cash_in_lieu,
            }
            if event.ratio == 0:
                kind = "sale"
        case ReturnOfCapital():
            kind, new_security, ratio = "return_of_capital", event.security, Fraction(1)
            money = {"cash_microusd": event.per_share}
        case _:
            return []
    return [
        {
            "action_id": event.event_id,
            "sequence": event.order,
            "kind": kind,
            "security_id": event.security,
            "new_security_id": new_security,
            "ratio_new": ratio.numerator,
            "ratio_old": ratio.denominator,
            **{name: None if amount is None else to_micro(amount) for name, amount in money.items()},
        }
    ]


def _require_no_refusal(tables: Tables) -> None:
    """Raise the first refusal: a scenario is booked as a whole or not at all."""
    for refusal in tables.select("from refused_event order by event_id, account_id").iter_rows(named=True):
        raise ScenarioError(
            code=refusal["code"],
            where=refusal["place"],
            found=refusal["found"],
            expected=refusal["expected"],
            remedy=refusal["remedy"],
        )


def _state(tables: Tables, day: dt.date, *, unit: int) -> dict[str, Any]:
    """Return what is realised and what is open, in the form of a scenario's check."""
    realized = tables.query("ledger/report/realized").iter_rows(named=True)
    lots = tables.query("ledger/report/lots").iter_rows(named=True)
    windows = tables.query("ledger/report/open_windows", night=day).iter_rows(named=True)
    return {
        "as_of": day.isoformat(),
        "realized": summed_rows("realized", [_realized(row, unit=unit) for row in realized]),
        "lots": summed_rows(
            "lots",
            [
                {
                    "acct": row["account_id"],
                    "sec": row["security_id"],
                    "lot": row["lot_id"],
                    "hold_start": row["holding_start_date"].isoformat(),
                    "qty": Fraction(row["micro_shares"], unit),
                    "basis": _dollars(row["basis_microusd"]),
                    "absorbed": row["absorbed"],
                }
                for row in lots
            ],
        ),
        "open_windows": summed_rows(
            "open_windows",
            [
                {
                    "group": row["household_group"],
                    "sale": row["sale_id"],
                    "lot": row["lot_id"],
                    "qty": Fraction(row["micro_shares"], unit),
                    "last_day": row["last_day"].isoformat(),
                }
                for row in windows
            ],
        ),
    }


def _realized(row: Row, *, unit: int) -> Row:
    gain = _dollars(row["proceeds_microusd"] - row["basis_microusd"])
    disallowed = _dollars(row["disallowed_microusd"])
    return {
        "sale": row["sale_id"],
        "lot": row["lot_id"],
        "hold_start": row["holding_start_date"].isoformat(),
        "qty": Fraction(row["micro_shares"], unit),
        "proceeds": _dollars(row["proceeds_microusd"]),
        "basis": _dollars(row["basis_microusd"]),
        "gain": gain,
        "disallowed": disallowed,
        "permanent": _dollars(row["permanent_microusd"]),
        "reported": gain + disallowed,
        "term": "L" if row["long_term"] else "S",
    }


def _dollars(micro: int) -> Fraction:
    return Fraction(micro, MICRO)


def _insert(tables: Tables, table: str, rows: Sequence[Row]) -> None:
    """Insert ``rows``; a column that some leave out is null there."""
    if rows:
        columns = sorted({column for row in rows for column in row})
        frame = pl.DataFrame(
            [{column: row.get(column) for column in columns} for row in rows], infer_schema_length=None
        )
        tables.insert(table, frame)
