"""One day of the ledger in SQL: corporate actions, purchases, transfers, sales, wash sales, in the law's order.

The statements work on temporary tables (``sql/ledger/work``) that hold the lots the day can change, and book what
happens into the tables of the `lots` asset. The night, a scenario and a correction all run these same statements;
they differ in where the temporary tables come from and go to.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence, Set

from assets.store import Tables
from ledger.amounts import MICRO
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

FRACTIONS = -1
"""The turn in which an action of the day sells fractions of a share: at once."""
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
_SELL = ("take_shares", "shorten_taken_parts", "drop_empty_parts", "book_disposals", "expose_losses")
_EARLIER_LOSSES = ("losses_before_purchases", "purchases_of_turn")
_ARRIVALS = ("losses_near_arrivals", "arrived_purchases")
_LATER_LOSSES = ("losses_of_round", "shares_bought_before")


def prepare(tables: Tables) -> None:
    """Make the day's temporary tables, empty."""
    for table in WORK_TABLES:
        tables.run(f"ledger/work/{table}")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    """One day on the day's temporary tables."""

    tables: Tables
    night: dt.date
    readings: Readings
    share_unit: int

    def run(
        self,
        steps: Sequence[str],
        *,
        turn: int = 0,
        kind: str = "",
        loss_round: int = 0,
        acquired: dt.date | None = None,
    ) -> None:
        """Execute statements of ``sql/ledger``."""
        for step in steps:
            self.tables.run(
                f"ledger/{step}",
                night=self.night,
                turn=turn,
                kind=kind,
                round=loss_round,
                acquired=acquired,
                tacking=self.readings.tacking,
                older_lot=self.readings.older_lot,
                spouse_basis=self.readings.spouse_basis,
            )

    def act(self, action: Mapping[str, str | int | None]) -> None:
        """Book one corporate action; the fractions that it pays in cash leave before any later action."""
        steps = STEPS_OF_ACTION[str(action["kind"])]
        facts = {**action, "night": self.night, "share_unit": self.share_unit}
        for step in ("note_holdings", "measure_entitlements", *steps):
            self.tables.run(f"ledger/action/{step}", **facts)
        self.run(("drop_empty_parts", "drop_closed_losses"))
        self.tables.run("ledger/action/book_action", **facts)
        if action["cash_in_lieu_microusd"] is not None and steps[-1] in (_EXCHANGE[-1], _SPIN_OFF[-1]):
            self.tables.run("ledger/action/sell_fractions", **facts)
            self.run(_SELL, turn=FRACTIONS, kind="sell")
            self.tables.run("ledger/action/done_fractions")

    def take_turn(self, turn: int, kinds: Set[str]) -> None:
        """Book one turn of the day: purchases meet earlier losses, transfers move, sales meet earlier purchases."""
        if kinds & PURCHASES:
            self.run(_BUY, turn=turn)
            if "transfer_in" in kinds:
                self.meet_arrivals(turn)
            self.run(_EARLIER_LOSSES, turn=turn)
            self.meet()
        if kinds & {"transfer_out", "transfer_in"}:
            self.run(_TRANSFER, turn=turn, kind="transfer_out")
        if "sell" in kinds:
            self.run(_POSSIBLE_SALES, turn=turn, kind="sell")
            if "sale of oldest" in kinds:
                self.run(_OLDEST, turn=turn)
            self.run(_SELL, turn=turn, kind="sell")
        if kinds & {"sell", "fraction"}:
            if "fraction" in kinds:
                self.run(("join_fraction_losses",), turn=turn)
            self.look_back(turn)

    def meet_arrivals(self, turn: int) -> None:
        """Let lots from outside the book meet open losses near the day on which they were bought, oldest first."""
        for [acquired] in self.tables.query("ledger/arrived_dates", night=self.night, turn=turn).iter_rows():
            self.run(_ARRIVALS, turn=turn, acquired=acquired)
            self.meet()

    def look_back(self, turn: int) -> None:
        """Let the turn's losses meet shares bought before them, in as many rounds as their order needs."""
        self.run(("order_losses",), turn=turn)
        rounds = self.tables.query("ledger/rounds", night=self.night, turn=turn)
        for loss_round in range(1, int(rounds.item()) + 1):
            self.run(_LATER_LOSSES, turn=turn, loss_round=loss_round)
            self.meet()

    def meet(self) -> None:
        if self.tables.query("ledger/can_meet").item():
            self.run(_MEETING)


def run_day(tables: Tables, *, night: dt.date, readings: Readings, share_unit: int = MICRO) -> None:
    """Book the actions and trades staged for ``night``; refused events go to ``refused_event``.

    A share counts ``share_unit`` units: micro-shares everywhere but in scenarios with finer quantities.
    """
    day = _Day(tables=tables, night=night, readings=readings, share_unit=share_unit)
    for action in tables.select("from day_action order by sequence").iter_rows(named=True):
        day.act(action)
    if readings.same_day_order == "exec":
        tables.run("ledger/order_trades")
    turns = {int(turn): frozenset(kinds) for turn, kinds in tables.query("ledger/turns").iter_rows()}
    if tables.query("ledger/fractions_wait").item():
        first = 1 if readings.same_day_order == "day" else 0
        turns = {first: frozenset(), **turns}
        turns[first] |= {"fraction"}
    for turn, kinds in turns.items():
        day.take_turn(turn, kinds)
    tables.run("ledger/book_trades")
    tables.run("ledger/drop_closed_losses", night=night)
