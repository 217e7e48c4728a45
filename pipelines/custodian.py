"""The simulated custodian: fills the published orders, and writes the feeds of the next session.

What it knows of an account is the positions and cash feeds of the night before, so it has no state of its own, and
the same night gives the same bytes. In the order of the session: corporate actions on what was held at the open,
dividends (a few accounts reinvest them), sales, a monthly fee, the deposits and withdrawals announced the night
before, and purchases, cut back to the cash there is. Trades are filled around the session's close.

Where the book asks for the custodian's lots, they are its own record of all of this (`pipelines/custodian_lots.py`).

Mergers, returns of capital and transfers do not occur here.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import polars as pl

from assets.book import Book
from assets.locks import sweep, temporary_in
from assets.sessions import session_after, session_before
from assets.store import latest_manifest
from ledger.amounts import MICRO
from ledger.errors import FeedError, NightOrderError
from pipelines import custodian_day as day
from pipelines.custodian_lots import custodian_lots
from pipelines.feed_tables import ACTIVITY_COLUMNS, micro, read_table, write_table
from pipelines.flow_maker import expected_flows
from pipelines.market import MarketNight, held_usd_of
from pipelines.market_source import market_of, vendor_night_of, write_market


@dataclasses.dataclass(frozen=True, slots=True)
class _Night:
    """What the custodian knows before the session opens."""

    accounts: pl.DataFrame
    """account_id, mode, frozen, cost_bps, share_step_micro, by account_id."""
    prices: pl.DataFrame
    positions: pl.DataFrame
    cash: pl.DataFrame
    flows: pl.DataFrame
    allocations: pl.DataFrame
    """account_id, security_id, side, micro_shares, lot_id."""


def write_next_feeds(book: Book, *, night: dt.date) -> dt.date:
    """Write the feeds of the session after ``night``, the last night run, and return that session.

    Feeds that are there already are left, provided that they say the same.

    Raises
    ------
    NightOrderError
        Where ``night`` is not published, or the market has no further session.
    FeedError
        Where a feed of ``night`` is missing, or the next session's feeds are there and say something else.
    SettingError
        Where the book's feeds come from outside.
    """
    session = session_after(night)
    market = market_of(book).night(session)
    known = _known(book, night=night)
    folder = book.feeds(session)
    folder.parent.mkdir(parents=True, exist_ok=True)
    sweep(folder.parent)
    with temporary_in(folder.parent) as temporary:
        temporary.mkdir()
        _write_feeds(book, known=known, session=session, market=market, folder=temporary)
        if folder.exists():
            _require_same(temporary, there=folder)
        else:
            temporary.rename(folder)
    return session


def _known(book: Book, *, night: dt.date) -> _Night:
    """Read the custodian's side of ``night``, and what was published for the session after it."""
    manifest, feeds = latest_manifest(book.path, night), book.feeds(night)
    if manifest is None:
        raise NightOrderError(
            code="NIGHT-014",
            where=f"night {night}",
            found="no published orders",
            expected=f"{book.published(night) / 'manifest.json'}",
            remedy="Run the night first; then its orders can be filled.",
        )
    accounts = read_table(folder=book.path / "static", name="accounts").select(
        "account_id",
        "mode",
        pl.col("frozen").cast(pl.String).str.to_lowercase() == "true",
        pl.col("cost_bps").cast(pl.Float64),
        micro("share_step", alias="share_step_micro"),
    )
    cash, flows = read_table(folder=feeds, name="cash"), read_table(folder=feeds, name="flows")
    positions = read_table(folder=feeds, name="positions")
    allocations = read_table(folder=manifest.parent, name="allocations")
    shares = micro("shares", alias="micro_shares")
    return _Night(
        accounts=accounts.sort("account_id"),
        prices=_prices(book, night=night),
        positions=positions.select("account_id", "security_id", shares),
        cash=cash.select("account_id", micro("cash_usd", alias="cash_microusd")).sort("account_id"),
        flows=flows.select("account_id", micro("amount_usd", alias="amount_microusd")),
        allocations=allocations.select("account_id", "security_id", "side", shares, "lot_id"),
    )


def _prices(book: Book, *, night: dt.date) -> pl.DataFrame:
    """Return security_id and close_microusd: the custodian has prices of its own, whatever a vendor tells the book."""
    if book.reads_vendor_file:
        return market_of(book).night(night).prices
    prices = read_table(folder=book.feeds(night), name="prices")
    return prices.select("security_id", micro("close_usd", alias="close_microusd"))


def _write_feeds(book: Book, *, known: _Night, session: dt.date, market: MarketNight, folder: Path) -> None:
    """Write all feeds of ``session`` to ``folder``."""
    opened = day.after_actions(known.positions, actions=market.corporate_actions)
    events = _booked(book, known=known, opened=opened, session=session, market=market)
    positions = day.positions_after(opened, events=events)
    cash = day.cash_after(known.cash, events=events)
    worth = cash.join(held_usd_of(positions, prices=market.prices), on="account_id", how="left").select(
        "account_id", nav_usd=pl.col("cash_microusd") / MICRO + pl.col("held_usd").fill_null(0.0)
    )
    nav_usd = known.accounts.join(worth, on="account_id", how="left", maintain_order="left")["nav_usd"].fill_null(0.0)
    seed = book.settings.simulation.seed
    flows = expected_flows(known.accounts, nav_usd=nav_usd.to_numpy(), night=session, seed=seed)
    write_market(market, folder=folder, vendor=vendor_night_of(book, night=session))
    write_table(_activity(events, session=session), folder=folder, name="activity")
    write_table(positions, folder=folder, name="positions")
    write_table(cash, folder=folder, name="cash")
    write_table(flows, folder=folder, name="flows")
    if book.keeps_broker_lots:
        lots = custodian_lots(book, session=session, folder=folder)
        write_table(lots, folder=folder, name="custodian_lots")


def _booked(book: Book, *, known: _Night, opened: pl.DataFrame, session: dt.date, market: MarketNight) -> pl.DataFrame:
    """Return every event of ``session``; ``opened`` are the positions after its corporate actions."""
    settings = book.settings.simulation
    prices = day.believed(
        market.prices, before=known.prices, actions=market.corporate_actions, jump_max=book.settings.trust.jump_max
    )
    dividends = day.dividends(opened, actions=market.corporate_actions)
    reinvested = day.reinvestments(dividends, accounts=known.accounts, prices=prices, night=session, seed=settings.seed)
    trades = day.executions(
        known.allocations,
        accounts=known.accounts,
        positions=opened,
        actions=market.corporate_actions,
        prices=prices,
        night=session,
        seed=settings.seed,
        slippage_bps=settings.slippage_bps,
        partial_fill_share=settings.partial_fill_share,
    )
    buys = trades.filter(pl.col("kind") == "buy")
    events = pl.concat([dividends, reinvested, trades.filter(pl.col("kind") == "sell")])
    cash = day.cash_after(known.cash, events=events)
    if session_before(session).month != session.month:
        events = pl.concat([events, day.fees(held_usd_of(opened, prices=market.prices), cash=cash)])
        cash = day.cash_after(known.cash, events=events)
    events = pl.concat([events, day.flows_booked(known.flows, cash=cash)])
    cash = day.cash_after(known.cash, events=events)
    return pl.concat([events, day.within_cash(buys, cash=cash, accounts=known.accounts)])


def _activity(events: pl.DataFrame, *, session: dt.date) -> pl.DataFrame:
    """Return the activity feed: sorted, with ids that name session, account, kind, security and number."""
    key = ["account_id", "kind", "security_id"]
    number = pl.int_range(1, pl.len() + 1).over(key)
    return (
        events.sort(*key, "lot_id")
        .with_columns(
            event_id=pl.concat_str(pl.lit(session.isoformat()), *key, number, separator="-", ignore_nulls=True),
            trade_date=pl.lit(session),
            supersedes=pl.lit(None, dtype=pl.String),
        )
        .select(ACTIVITY_COLUMNS.keys())
    )


def _require_same(made: Path, *, there: Path) -> None:
    """Refuse to write over feeds that differ; a feed that nobody makes here, such as a risk model, may be there."""
    for path in sorted(made.iterdir()):
        other = there / path.name
        if not other.exists() or other.read_bytes() != path.read_bytes():
            raise FeedError(
                code="FEED-062",
                where=str(other),
                found="another content, or no file",
                expected="what this custodian writes for the session",
                remedy="Remove the folder to have it written again, or run its night as it is.",
            )
