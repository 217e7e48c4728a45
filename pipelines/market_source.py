"""Where a book's market data comes from, and how a session of it is written."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

from assets.book import Book
from ledger.errors import SettingError
from pipelines.feed_tables import read_table, write_table
from pipelines.market import Market, MarketNight
from pipelines.real_market import RealMarket
from pipelines.synthetic_market import SyntheticMarket
from pipelines.vendor_source import write_vendor_file


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VendorNight:
    """What a vendor delivered on one night, in the folder ``market``."""

    market: Path
    night: dt.date


def vendor_night_of(book: Book, *, night: dt.date) -> VendorNight | None:
    """Return where the vendor's file of ``night`` comes from; None for a book that reads none."""
    return VendorNight(market=Path(book.settings.market.path), night=night) if book.reads_vendor_file else None


def market_of(book: Book) -> Market:
    """Return the source of ``book``'s market data; a folder of real prices gives it the book's securities only.

    Raises
    ------
    SettingError
        Where the book's feeds come from outside.
    """
    chosen = book.settings.market
    if chosen.source == "synthetic":
        first_night = book.settings.book.first_night
        return SyntheticMarket(seed=chosen.seed, names=chosen.names, factors=chosen.factors, first_night=first_night)
    if chosen.source == "directory":
        listed = read_table(folder=book.path / "static", name="securities")["security_id"]
        return RealMarket(Path(chosen.path), frozenset(listed))
    raise SettingError(
        code="SET-014",
        where=f"{book.path / 'book.toml'} key market.source",
        found=chosen.source,
        expected="synthetic or directory",
        remedy="A book whose feeds come from outside has no market to simulate: run `openbell night`.",
    )


def write_market(night: MarketNight, *, folder: Path, vendor: VendorNight | None = None) -> None:
    """Write the three market feeds of one session; with ``vendor``, prices as the vendor delivered them."""
    if vendor is None:
        write_table(night.prices, folder=folder, name="prices")
    else:
        write_vendor_file(vendor.market, night=vendor.night, folder=folder)
    write_table(night.corporate_actions, folder=folder, name="corporate_actions")
    write_table(night.benchmark, folder=folder, name="benchmark")
