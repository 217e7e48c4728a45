"""Where a book's market data comes from, and how a session of it is written."""

from __future__ import annotations

from pathlib import Path

from assets.book import Book
from ledger.errors import SettingError
from pipelines.feed_tables import read_table, write_table
from pipelines.market import Market, MarketNight
from pipelines.real_market import RealMarket
from pipelines.synthetic_market import SyntheticMarket


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


def write_market(night: MarketNight, *, folder: Path) -> None:
    """Write the three market feeds of one session."""
    write_table(night.prices, folder=folder, name="prices")
    write_table(night.corporate_actions, folder=folder, name="corporate_actions")
    write_table(night.benchmark, folder=folder, name="benchmark")
