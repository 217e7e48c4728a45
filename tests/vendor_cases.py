"""A tiny book whose closes come in a vendor's own file, and hands to write such files, whole or damaged."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl

from assets.action_tables import write_corporate_actions
from assets.market_tables import write_prices
from assets.sessions import session_after, session_before
from assets.store import Store
from assets.vendor_tables import write_vendor_prices
from tests.feed_cases import ACTIONS_HEADER, FIRST_NIGHT, SETTINGS, TINY, put, tiny_book

VENDOR_SETTINGS = SETTINGS + '\n[vendor]\nlayout = "two_days"\n'
HEADER = "symbol,date,open,high,low,close,volume,adj_close\n"
CLOSES = {"AAA": "100", "BB": "50.25", "CC": "10.000001", "DD": "7"}
"""By symbol; BB, CC and DD are the securities BBB, CCC and DDD."""


def row(symbol: str, day: dt.date, close: str, *, adjusted: str | None = None, volume: str = "1000") -> str:
    """Return one line of the vendor's file."""
    return f"{symbol},{day},{close},{close},{close},{close},{volume},{adjusted or close}\n"


def lines(
    night: dt.date, closes: dict[str, str], earlier: dict[str, str], adjusted: dict[str, str] | None = None
) -> list[str]:
    """Return the lines of a whole file: ``closes`` of the night, ``earlier`` of the session before; blank: no row."""
    before = session_before(night)
    told = [row(symbol, night, close) for symbol, close in closes.items() if close]
    factors = adjusted or {}
    return told + [
        row(symbol, before, close, adjusted=factors.get(symbol)) for symbol, close in earlier.items() if close
    ]


class VendorBook:
    """A tiny book that runs the market's stages of one night after the other on a vendor's files."""

    def __init__(
        self, folder: Path, *, settings: str = "complete_share_min = 0.5\n", first: dict[str, str] | None = None
    ) -> None:
        self.book = tiny_book(folder, settings=VENDOR_SETTINGS + settings)
        self.store = Store(self.book.path)
        (self.book.feeds(FIRST_NIGHT) / "prices.csv").unlink()
        self.last = session_before(FIRST_NIGHT)
        self.told = {**CLOSES, **(first or {})}
        self.night()

    def deliver(
        self,
        closes: dict[str, str] | None = None,
        *,
        earlier: dict[str, str] | None = None,
        adjusted: dict[str, str] | None = None,
        text: str | None = None,
        actions: str = "",
    ) -> dt.date:
        """Write the files of the session after the last: closes that differ from the last told, or ``text`` as it is.

        ``earlier`` differs from what the last file told of its night; ``adjusted`` are adjusted closes of that session.
        """
        night = session_after(self.last)
        for name in ("benchmark", "positions", "cash"):
            put(self.book, name, TINY[name], night=night)
        tonight = {**CLOSES, **self.told, **(closes or {})}
        whole = HEADER + "".join(lines(night, tonight, {**self.told, **(earlier or {})}, adjusted))
        put(self.book, "vendor_prices", whole if text is None else text, night=night)
        if actions:
            put(self.book, "corporate_actions", ACTIONS_HEADER + actions.replace("NIGHT", str(night)), night=night)
        self.told = {symbol: close for symbol, close in tonight.items() if close}
        return night

    def run(self, night: dt.date) -> dt.date:
        """Run the market's stages of ``night`` that a vendor's file can change."""
        self.last = night
        for write in (write_corporate_actions, write_vendor_prices, write_prices):
            write(store=self.store, book=self.book, night=night)
        return night

    def night(
        self,
        closes: dict[str, str] | None = None,
        *,
        earlier: dict[str, str] | None = None,
        adjusted: dict[str, str] | None = None,
        text: str | None = None,
        actions: str = "",
    ) -> dt.date:
        """Deliver and run the session after the last."""
        return self.run(self.deliver(closes, earlier=earlier, adjusted=adjusted, text=text, actions=actions))

    def table(self, name: str, *, asset: str = "vendor_prices") -> pl.DataFrame:
        """Return one table of tonight's partition in canonical order."""
        with self.store.reading({"partition": self.store.head(asset, night=self.last)}) as tables:
            return tables.select(f"from partition.{name} order by all")

    def price(self, security: str) -> dict[str, Any]:
        """Return tonight's price of one security."""
        return self.table("price", asset="prices").row(by_predicate=pl.col("security_id") == security, named=True)

    def findings(self) -> dict[tuple[str, str], str]:
        """Return what followed from each of tonight's findings, by kind and subject."""
        rows = self.table("finding").select("kind", "subject", "effect").rows()
        return {(kind, subject): effect for kind, subject, effect in rows}
