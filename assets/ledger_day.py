"""One day of the ledger in SQL: corporate actions, purchases, transfers, sales, wash sales, in the law's order.

The statements work on temporary tables (``sql/ledger/work``) that hold the lots the day can change, and book what
happens into the tables of the `lots` asset. The night, a scenario and a correction all run these same statements;
they differ in where the temporary tables come from and go to.
"""

from __future__ import annotations

import datetime as dt

from assets.store import Tables
from ledger.policy import Readings

WORK_TABLES = (
    "part_number",
    "loss_number",
    "ledger_account",
    "ledger_security",
    "trade",
    "day_action",
    "open_part",
    "exposed_loss",
    "corrected",
    "ledger_session",
    "repeated",
    "unknown_original",
    "decided",
)

_EXCHANGE = ("book_lost_dust", "exchange_parts", "exchange_losses")
_SPIN_OFF = ("divide_basis", "spin_off_parts", "keep_rest_of_basis")
_PAYMENT = ("book_payments", "lower_basis")

# What each kind of action does to the lots, after `note_holdings` and `measure_entitlements`.
STEPS_OF_ACTION = {
    "split": _EXCHANGE,
    "stock_dividend": _EXCHANGE,
    "symbol_change": _EXCHANGE,
    "merger_stock": _EXCHANGE,
    "merger_boot": ("pay_boot", *_PAYMENT, "measure_entitlements", *_EXCHANGE),
    "spinoff": _SPIN_OFF,
    "return_of_capital": ("return_capital", *_PAYMENT),
    "sale": ("sell_all",),
    "merger_taxable": ("sell_all", "buy_new"),
}

PURCHASES = frozenset({"buy", "reinvest", "transfer_in"})
_MEETING = (
    "meeting",
    "book_matches",
    "absorb",
    "shorten_matched_parts",
    "shorten_matched_losses",
    "drop_empty_parts",
    "drop_closed_losses",
)
_BUY = ("refuse_lot_in_use", "drop_refused", "book_purchases")
_TRANSFER = (
    "size_transfers",
    "refuse_missing_shares",
    "refuse_lot_clash",
    "drop_refused",
    "refuse_widowed_transfers",
    "drop_refused",
    "take_shares",
    "shorten_taken_parts",
    "arrive_transfers",
    "drop_empty_parts",
    "book_transfers",
)
_POSSIBLE_SALES = ("refuse_missing_shares", "drop_refused")
_OLDEST = ("name_first_lots", "drop_unnamed_sales")
_SELL = (
    "take_shares",
    "shorten_taken_parts",
    "drop_empty_parts",
    "book_disposals",
    "expose_losses",
)
_EARLIER_LOSSES = ("losses_before_purchases", "purchases_of_turn")
_LATER_LOSSES = ("losses_of_round", "shares_bought_before")


def prepare(tables: Tables) -> None:
    """Make the day's temporary tables, empty."""
    for table in WORK_TABLES:
        tables.run(f"ledger/work/{table}")


def run_day(tables: Tables, *, night: dt.date, readings: Readings) -> None:
    """Book the actions and trades staged for ``night``; refused events go to ``refused_event``."""
    for action in tables.select("from day_action order by sequence").iter_rows(named=True):
        _act(tables, night=night, action=action)
    if readings.same_day_order == "exec":
        tables.run("ledger/order_trades")
    turns = tables.query("ledger/turns")
    for turn, kinds in turns.iter_rows():
        _take_turn(tables, night=night, turn=turn, kinds=frozenset(kinds), readings=readings)
    tables.run("ledger/book_trades")
    tables.run("ledger/drop_closed_losses", night=night)


def _act(tables: Tables, *, night: dt.date, action: dict[str, str | int | None]) -> None:
    """Book one corporate action."""
    steps = STEPS_OF_ACTION[str(action["kind"])]
    for step in ("note_holdings", "measure_entitlements", *steps):
        tables.run(f"ledger/action/{step}", night=night, **action)
    if action["cash_in_lieu_microusd"] is not None and steps[-1] in (_EXCHANGE[-1], _SPIN_OFF[-1]):
        tables.run("ledger/action/sell_fractions", night=night, **action)
    tables.run("ledger/drop_empty_parts")
    tables.run("ledger/drop_closed_losses", night=night)
    tables.run("ledger/action/book_action", night=night, **action)


def _take_turn(tables: Tables, *, night: dt.date, turn: int, kinds: frozenset[str], readings: Readings) -> None:
    """Book one turn of the day: purchases meet earlier losses, transfers move, sales meet earlier purchases."""

    def run(steps: tuple[str, ...], *, kind: str = "", loss_round: int = 0) -> None:
        for step in steps:
            tables.run(
                f"ledger/{step}",
                night=night,
                turn=turn,
                kind=kind,
                round=loss_round,
                tacking=readings.tacking,
                older_lot=readings.older_lot,
                spouse_basis=readings.spouse_basis,
            )

    def meet() -> None:
        if tables.query("ledger/can_meet").item():
            run(_MEETING)

    if kinds & PURCHASES:
        run(_BUY)
        run(_EARLIER_LOSSES)
        meet()
    if "transfer_out" in kinds or "transfer_in" in kinds:
        run(_TRANSFER, kind="transfer_out")
    if "sell" in kinds:
        run(_POSSIBLE_SALES, kind="sell")
        if "sale of oldest" in kinds:
            run(_OLDEST)
        run(_SELL, kind="sell")
        for loss_round in range(1, _rounds(tables, night=night, turn=turn) + 1):
            run(_LATER_LOSSES, loss_round=loss_round)
            meet()


def _rounds(tables: Tables, *, night: dt.date, turn: int) -> int:
    """Return in how many rounds the losses of ``turn`` look for shares bought before them."""
    rounds = tables.query("ledger/rounds", night=night, turn=turn)
    return int(rounds.item())
