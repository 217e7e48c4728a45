"""The oracle: the law one event at a time, share for share, in exact fractions.

Slow and obvious on purpose. Production is the SQL under ``sql/ledger``; tests hold the two together.

A day (tax-rules R3, R13): corporate actions; purchases meet earlier losses; transfers; sales; the day's losses meet
shares bought before them that are still held. Under the reading ``exec`` every trade, and what one action sells and
buys, is a day of its own.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from fractions import Fraction

from ledger import holding, wash
from ledger.action_steps import book_action
from ledger.blocks import ZERO, Books, LotKey, OpenLoss, Part, Piece
from ledger.errors import LedgerError
from ledger.events import Action, Buy, Event, Merger, ReturnOfCapital, Sell, SpinOff, Split, Trade, Transfer
from ledger.policy import Readings


@dataclasses.dataclass(slots=True)
class Ledger:
    """The books and the readings by which events are booked; ``refused`` events changed nothing."""

    books: Books
    readings: Readings
    refused: list[tuple[Event, LedgerError]] = dataclasses.field(default_factory=list)

    def book_day(self, day: dt.date, events: Sequence[Event]) -> None:
        """Book all events of ``day``, which are in the order of their file."""
        turns = [self._act(event) for event in events if isinstance(event, Split | SpinOff | Merger | ReturnOfCapital)]
        self.books.names_to_be_used.clear()
        turns += [[event] for event in events if isinstance(event, Buy | Sell | Transfer)]
        if self.readings.same_day_order == "day":
            turns = [[trade for turn in turns for trade in turn]]
        else:
            self._take_turn(day, [])
        for turn in turns:
            self._take_turn(day, turn)

    def _act(self, action: Action) -> list[Trade]:
        """Book ``action`` and sell its fractions of a share at once; return what it trades like anybody else.

        The losses of the fractions look for replacements with those of the day.
        """
        booked = book_action(self.books, action)
        for sale in booked.fractions:
            for piece in self._sell(sale):
                if self._is_loss(piece):
                    self.books.pending_losses.append(OpenLoss(piece, piece.part.key[1], piece.part.shares, -piece.gain))
        return booked.trades

    def _is_loss(self, piece: Piece) -> bool:
        return piece.gain < 0 and not self.books.retirement(piece.part.key[0])

    def _take_turn(self, day: dt.date, trades: Sequence[Trade]) -> None:
        for buy in self._with_new_names([trade for trade in trades if isinstance(trade, Buy)]):
            self._buy(buy)
        for transfer in [trade for trade in trades if isinstance(trade, Transfer)]:
            self._transfer(transfer)
        sales = [trade for trade in trades if isinstance(trade, Sell)]
        sold = [piece for sale in self._possible(sales) for piece in self._sell(sale)]
        losses = [
            OpenLoss(piece, piece.part.key[1], piece.part.shares, -piece.gain) for piece in sold if self._is_loss(piece)
        ]
        losses += self.books.pending_losses
        self.books.pending_losses.clear()
        for loss in sorted(losses, key=_order_of_disposition):
            self._meet_shares_bought_before(loss, day)
            self.books.open_losses.append(loss)
        self._forget_closed_losses()

    def _with_new_names(self, buys: Sequence[Buy]) -> list[Buy]:
        """Return the purchases whose lot's name is free; refuse those whose name is open or used twice."""
        keys = [(buy.account, buy.security, buy.lot) for buy in buys]
        accepted = []
        for buy, key in zip(buys, keys, strict=True):
            if key in self.books.lots or keys.count(key) > 1:
                self.refused.append((buy, _in_use(buy, key)))
            else:
                accepted.append(buy)
        return sorted(accepted, key=lambda buy: (buy.order, buy.account, buy.security, buy.lot))

    def _buy(self, buy: Buy) -> None:
        """Book a purchase; it first meets the losses sold before it, oldest sale first."""
        key = (buy.account, buy.security, buy.lot)
        bought_as = (*key, buy.date)
        part = Part(key, buy.shares, buy.amount, buy.date, buy.order, buy.date, True, False, bought_as)
        self.books.add(part)
        for loss in sorted(self.books.open_losses, key=_order_of_disposition):
            same = self._one_taxpayer_and_group(loss, part)
            if same and part.shares > 0 and wash.in_window(sale=loss.piece.date, purchase=buy.date):
                self._match(loss, part)
        self._forget_closed_losses()

    def _meet_shares_bought_before(self, loss: OpenLoss, day: dt.date) -> None:
        """Match ``loss`` with shares bought within the window before it and still held, oldest first."""
        for part in list(self.books.oldest_first()):
            if (
                loss.shares > 0
                and self._one_taxpayer_and_group(loss, part)
                and wash.can_replace(held=part, sold=loss.piece.part, sale=day, older_lot=self.readings.older_lot)
            ):
                self._match(loss, part)

    def _match(self, loss: OpenLoss, part: Part) -> None:
        """Let ``part`` take what it can of ``loss``: the matched shares become a part that has absorbed."""
        shares = min(loss.shares, part.shares)
        disallowed = wash.disallowed_loss(loss=loss.loss, sold=loss.shares, replaced=shares)
        seller, buyer = self.books.accounts[loss.piece.part.key[0]], self.books.accounts[part.key[0]]
        lost = buyer.retirement or (seller.owner_id != buyer.owner_id and self.readings.spouse_basis == "lost")
        replacement = part.take(shares)
        replacement.absorbed = True
        if not lost:
            replacement.basis += disallowed
            replacement.holding_start = holding.tacked_start(
                own_start=part.holding_start,
                sold_start=loss.piece.part.holding_start,
                sale=loss.piece.date,
                reading=self.readings.tacking,
            )
        self.books.put_before(replacement, rest=part)
        self.books.drop_empty()
        loss.shares -= shares
        loss.loss -= disallowed
        loss.piece.disallowed += disallowed
        loss.piece.permanent += disallowed if lost else ZERO

    def _transfer(self, transfer: Transfer) -> None:
        """Move a lot or its first shares: no sale, no acquisition; dates, capacity and purchase go along (R25)."""
        key = (transfer.account, transfer.security, transfer.lot)
        parts = self.books.lots.get(key)
        if parts is None:
            self.refused.append((transfer, _unknown_lot(transfer, key)))
            return
        open_shares = self.books.open_shares(key)
        if transfer.shares is not None and transfer.shares > open_shares:
            self.refused.append((transfer, _oversold(transfer, key, open_shares)))
            return
        new_key = (transfer.receiver, transfer.security, transfer.lot)
        if any(part.bought_as != parts[0].bought_as for part in self.books.lots.get(new_key, ())):
            self.refused.append((transfer, _in_use(transfer, new_key)))
            return
        for part in self.books.take(key, open_shares if transfer.shares is None else transfer.shares):
            part.key = new_key
            self.books.add(part)

    def _possible(self, sales: Sequence[Sell]) -> list[Sell]:
        """Return the sales with enough open shares, oldest lots named; refuse all that together ask too much."""
        asked: dict[LotKey, Fraction] = {}
        for sale in sales:
            for lot, shares in sale.lots:
                key = (sale.account, sale.security, lot)
                asked[key] = asked.get(key, ZERO) + shares
        named = [sale for sale in sales if sale.lots]
        possible = [sale for sale in named if not self._refuse_named(sale, asked)]
        free = {key: self.books.open_shares(key) for key in self.books.lots}
        for sale in possible:
            for lot, shares in sale.lots:
                free[sale.account, sale.security, lot] -= shares
        for account, security in sorted({(sale.account, sale.security) for sale in sales if not sale.lots}):
            unnamed = [sale for sale in sales if not sale.lots and (sale.account, sale.security) == (account, security)]
            held = [part.key for part in self.books.oldest_first(account=account, security=security)]
            lots = {key: free[key] for key in held}
            if sum((sale.shares for sale in unnamed), ZERO) > sum(lots.values(), ZERO):
                free_shares = sum(lots.values(), ZERO)
                self.refused += [(sale, _oversold(sale, (account, security, ""), free_shares)) for sale in unnamed]
                continue
            possible += [_named(sale, lots) for sale in unnamed]
        return sorted(possible, key=lambda sale: sale.order)

    def _refuse_named(self, sale: Sell, asked: dict[LotKey, Fraction]) -> bool:
        """Refuse a sale of lots that are not open, or of which the turn's sales together ask too much."""
        for lot, _ in sale.lots:
            key = (sale.account, sale.security, lot)
            if key not in self.books.lots:
                self.refused.append((sale, _unknown_lot(sale, key)))
                return True
            if asked[key] > self.books.open_shares(key):
                self.refused.append((sale, _oversold(sale, key, self.books.open_shares(key))))
                return True
        return False

    def _sell(self, sale: Sell) -> list[Piece]:
        """Take the shares of a sale from their lots and return the pieces; proceeds go by shares."""
        pieces = [
            Piece(sale.event_id, part, sale.proceeds * part.shares / sale.shares, sale.date, sale.order)
            for lot, shares in sale.lots
            for part in self.books.take((sale.account, sale.security, lot), shares)
        ]
        self.books.pieces += pieces
        return pieces

    def _one_taxpayer_and_group(self, loss: OpenLoss, part: Part) -> bool:
        sold = loss.piece.part
        return self.books.household(sold.key[0]) == self.books.household(part.key[0]) and self.books.group(
            loss.security
        ) == self.books.group(part.key[1])

    def _forget_closed_losses(self) -> None:
        self.books.open_losses = [loss for loss in self.books.open_losses if loss.shares > 0]


def _order_of_disposition(loss: OpenLoss) -> tuple[object, ...]:
    """Return what orders losses: date, place in the day, original acquisition (26 CFR 1.1091-1(b))."""
    piece, part = loss.piece, loss.piece.part
    return (piece.date, piece.order, part.acquired, part.order, piece.sale, part.key[0], part.key[2])


def _named(sale: Sell, lots: dict[LotKey, Fraction]) -> Sell:
    """Return ``sale`` with the first of ``lots`` named, which are used up; first in, first out (1.1012-1(c))."""
    left = sale.shares
    named: list[tuple[str, Fraction]] = []
    for key, free in lots.items():
        taken = min(left, free)
        if taken > 0:
            lots[key] -= taken
            left -= taken
            named.append((key[2], taken))
    return dataclasses.replace(sale, lots=tuple(named))


def _place(event: Event, key: LotKey) -> str:
    return f"event {event.event_id} of account {key[0]}"


def _oversold(event: Sell | Transfer, key: LotKey, open_shares: Fraction) -> LedgerError:
    return LedgerError(
        code="LOT-004",
        where=_place(event, key),
        found=f"sales or transfers of more shares of {event.security} than are open",
        expected=f"at most the {open_shares} still open; short sales are not kept",
        remedy="Compare the custodian's activity with the lots of the night before, and send a correction.",
    )


def _unknown_lot(event: Event, key: LotKey) -> LedgerError:
    return LedgerError(
        code="LOT-005",
        where=_place(event, key),
        found=f"a sale or transfer of lot {key[2]} of {key[1]}",
        expected="a lot that is open in the account",
        remedy="Compare the custodian's activity with the lots of the night before, and send a correction.",
    )


def _in_use(event: Event, key: LotKey) -> LedgerError:
    return LedgerError(
        code="LOT-007",
        where=_place(event, key),
        found=f"lot {key[2]} of {key[1]}, a name already in use",
        expected="a lot name that the account does not use",
        remedy="Ask the custodian for the lot of this purchase and send a correction that supersedes the event.",
    )
