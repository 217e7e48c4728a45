"""The oracle's answer to a scenario: what every check asks for, from the sequential ledger."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

from ledger import holding, wash
from ledger.amounts import plain_fraction
from ledger.blocks import ZERO, Books, Piece
from ledger.scenario import AMOUNTS, KEYS, Row, Scenario
from ledger.sequential import Ledger


def replay(scenario: Scenario) -> dict[str, Any]:
    """Return ``{"id", "checks"}``: the state at the close of every day that the scenario checks.

    Raises
    ------
    LedgerError
        The first refusal, where an event cannot be booked.
    """
    ledger = Ledger(Books(scenario.accounts, scenario.groups), scenario.readings)
    states: dict[dt.date, dict[str, Any]] = {}
    for day in scenario.days():
        ledger.book_day(day, scenario.events_of(day))
        for _, refusal in ledger.refused:
            raise refusal
        if day in scenario.checked_days():
            states[day] = state(ledger.books, day)
    return {"id": scenario.name, "checks": [states[day] for day in scenario.checked_days()]}


def state(books: Books, day: dt.date) -> dict[str, Any]:
    """Return what is realised and what is open at the close of ``day``, in the form of a scenario's check."""
    return {
        "as_of": day.isoformat(),
        "realized": summed_rows("realized", [_realized(piece) for piece in books.pieces if _is_reported(books, piece)]),
        "lots": summed_rows(
            "lots",
            [
                {
                    "acct": part.key[0],
                    "sec": part.key[1],
                    "lot": part.key[2],
                    "hold_start": part.holding_start.isoformat(),
                    "qty": part.shares,
                    "basis": part.basis,
                    "absorbed": part.absorbed or not part.purchase,
                }
                for parts in books.lots.values()
                for part in parts
            ],
        ),
        "open_windows": summed_rows(
            "open_windows",
            [
                {
                    "group": f"{books.household(loss.piece.part.key[0])}/{books.group(loss.security)}",
                    "sale": loss.piece.sale,
                    "lot": loss.piece.part.key[2],
                    "qty": loss.shares,
                    "last_day": wash.last_exposed_day(loss.piece.date).isoformat(),
                }
                for loss in books.open_losses
                if wash.last_exposed_day(loss.piece.date) >= day
            ],
        ),
    }


def summed_rows(table: str, rows: list[Row]) -> list[Row]:
    """Return ``rows`` with those of one key summed, in the order of their keys, amounts as decimal strings."""
    total: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = tuple(str(row[field]) for field in KEYS[table])
        first = total.setdefault(key, {**row, **dict.fromkeys(AMOUNTS[table], ZERO)})
        for field in AMOUNTS[table]:
            first[field] += row[field]
    return [
        {field: plain_fraction(value) if isinstance(value, Fraction) else value for field, value in total[key].items()}
        for key in sorted(total)
    ]


def _is_reported(books: Books, piece: Piece) -> bool:
    """Return whether a piece belongs in the taxpayer's report: not a retirement account's, not cash without gain."""
    return not books.retirement(piece.part.key[0]) and (piece.part.shares > 0 or piece.gain > 0)


def _realized(piece: Piece) -> Row:
    long_term = holding.is_long_term(holding_start=piece.part.holding_start, sale=piece.date)
    return {
        "sale": piece.sale,
        "lot": piece.part.key[2],
        "hold_start": piece.part.holding_start.isoformat(),
        "qty": piece.part.shares,
        "proceeds": piece.proceeds,
        "basis": piece.part.basis,
        "gain": piece.gain,
        "disallowed": piece.disallowed,
        "permanent": piece.permanent,
        "reported": piece.gain + piece.disallowed,
        "term": "L" if long_term else "S",
    }
