"""Corporate actions on the oracle's books; what they sell or buy is returned as trades of the day."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from fractions import Fraction

from ledger import reorganisations
from ledger.blocks import ZERO, Books, LotKey, Part, Piece
from ledger.events import Action, Buy, Merger, ReturnOfCapital, Sell, SpinOff, Split, Trade

BEFORE_TRADES = -1_000_000
"""What puts the sales and purchases of the day's actions, in their order, before all other trades."""

WHOLE_SHARE = Fraction(1)


@dataclasses.dataclass(frozen=True, slots=True)
class Booked:
    """What an action sells and buys."""

    fractions: Sequence[Sell] = ()
    """Sold at once, before any later action of the day."""
    trades: list[Trade] = dataclasses.field(default_factory=list)
    """Sales and purchases of the day like anybody's."""


def book_action(books: Books, action: Action) -> Booked:
    """Book ``action`` on positions held before the open, and return the trades that it makes."""
    if isinstance(action, Split):
        received = _exchange(books, action, security=action.security, ratio=action.ratio)
        return Booked(_fractions(received, action))
    if isinstance(action, SpinOff):
        return Booked(_fractions(_spin_off(books, action), action))
    if isinstance(action, ReturnOfCapital):
        _pay(
            books,
            action,
            lambda part: reorganisations.return_of_capital(basis=part.basis, cash=part.shares * action.per_share),
        )
        return Booked()
    if action.kind == "taxable":
        return Booked(trades=_sell_and_buy(books, action))
    if action.kind == "boot":
        value = action.ratio * _known(action.fmv_new)
        _pay(
            books,
            action,
            lambda part: reorganisations.boot(
                basis=part.basis, cash=part.shares * action.cash, value=part.shares * value
            ),
        )
    return Booked(_fractions(_exchange(books, action, security=action.new_security, ratio=action.ratio), action))


def _exchange(books: Books, action: Split | Merger, *, security: str, ratio: Fraction) -> list[Part]:
    """Turn the shares and open losses of the action's security into ``ratio`` times as many of ``security``."""
    moving = list(books.oldest_first(security=action.security))
    keys = {part.key: _new_key(books, part.key, action=action.event_id, security=security) for part in moving}
    for part in moving:
        part.shares *= ratio
        part.first *= ratio
    for key, new_key in keys.items():
        parts = books.lots.pop(key)
        for part in parts:
            part.key = new_key
        books.lots[new_key] = parts
    for loss in (*books.open_losses, *books.pending_losses):
        if loss.security == action.security:
            loss.security = security
            loss.shares *= ratio
    return moving


def _spin_off(books: Books, action: SpinOff) -> list[Part]:
    """Give every part its shares of the new security, with dates and part of the basis but without capacity."""
    received = []
    for part in list(books.oldest_first(security=action.security)):
        basis = reorganisations.spun_off_basis(
            basis=part.basis, ratio=action.ratio, fmv_old=action.fmv_old, fmv_new=action.fmv_new
        )
        part.basis -= basis
        key = _new_key(books, part.key, action=action.event_id, security=action.new_security)
        received.append(
            dataclasses.replace(
                part,
                key=key,
                shares=part.shares * action.ratio,
                first=part.first * action.ratio,
                basis=basis,
                purchase=False,
                absorbed=False,
            )
        )
    for part in received:
        books.add(part)
    return received


def _new_key(books: Books, key: LotKey, *, action: str, security: str) -> LotKey:
    """Return the lot's name in the new security, with the action's name added where the account uses it already."""
    account, old_security, lot = key
    new_key = (account, security, lot)
    if security != old_security and (new_key in books.lots or new_key in books.names_to_be_used):
        return (account, security, f"{lot}@{action}")
    return new_key


def _pay(books: Books, action: Merger | ReturnOfCapital, terms: Callable[[Part], reorganisations.Payment]) -> None:
    """Pay cash on every part of the action's security, as a piece without shares."""
    for part in list(books.oldest_first(security=action.security)):
        payment = terms(part)
        stub = dataclasses.replace(part, shares=ZERO, basis=payment.used)
        books.pieces.append(Piece(action.event_id, stub, payment.cash, action.date, 0))
        part.basis = payment.basis


def _fractions(received: list[Part], action: Split | SpinOff | Merger) -> list[Sell]:
    """Return the sales of fractions of a share, oldest lot first (Rev. Rul. 66-365; Rev. Proc. 77-41)."""
    if action.cash_in_lieu is None:
        return []
    trades: list[Sell] = []
    for account in sorted({part.key[0] for part in received}):
        parts = [part for part in received if part.key[0] == account]
        fraction = left = sum((part.shares for part in parts), ZERO) % WHOLE_SHARE
        lots: dict[str, Fraction] = {}
        for part in parts:
            given = min(left, part.shares)
            left -= given
            if given > 0:
                lots[part.key[2]] = lots.get(part.key[2], ZERO) + given
        if fraction > 0:
            trades.append(
                Sell(
                    date=action.date,
                    event_id=action.event_id,
                    security=parts[0].key[1],
                    order=BEFORE_TRADES + action.order,
                    account=account,
                    proceeds=fraction * action.cash_in_lieu,
                    shares=fraction,
                    lots=tuple(lots.items()),
                )
            )
    return trades


def _sell_and_buy(books: Books, action: Merger) -> list[Trade]:
    """Return the sales and purchases of a taxable merger, lot by lot (26 U.S.C. 1001, 1091(a))."""
    trades: list[Trade] = []
    for key in sorted({part.key for part in books.oldest_first(security=action.security)}):
        account, _, lot = key
        shares = books.open_shares(key)
        value = shares * action.ratio * (action.fmv_new or ZERO)
        trades.append(
            Sell(
                date=action.date,
                event_id=action.event_id,
                security=action.security,
                order=BEFORE_TRADES + action.order,
                account=account,
                proceeds=shares * action.cash + value,
                shares=shares,
                lots=((lot, shares),),
            )
        )
        if action.ratio > 0:
            new_key = _new_key(books, key, action=action.event_id, security=action.new_security)
            books.names_to_be_used.add(new_key)
            trades.append(
                Buy(
                    date=action.date,
                    event_id=action.event_id,
                    security=action.new_security,
                    order=BEFORE_TRADES + action.order,
                    account=account,
                    lot=new_key[2],
                    shares=shares * action.ratio,
                    amount=value,
                )
            )
    return trades


def _known(value: Fraction | None) -> Fraction:
    assert value is not None, "a merger with boot states the value of the new shares"
    return value
