"""A new book: settings, accounts, opening lots, the history of returns, and the feeds of the first night.

The opening lots and cash are the state at the close of the first night: its activity is empty, and its corporate
actions are left out because the lots already reflect them. The book is written beside its place and renamed, so
there is a whole book or none.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import shutil
import uuid
from pathlib import Path

import numpy as np
import polars as pl

from assets.book import Book, BookSettings, General, MarketSource, RiskModel, Simulation, Vendor, VendorLayout
from assets.book import Intake as Limits
from assets.feed_files import FORMS
from assets.feeds import Intake
from assets.sessions import require_session
from ledger.amounts import MICRO
from ledger.errors import NightOrderError, SettingError
from pipelines.account_maker import Accounts, make_accounts
from pipelines.book_toml import book_toml
from pipelines.feed_tables import ACTIVITY_COLUMNS, TEXT_ROWS_MAX, TableFile, write_table
from pipelines.flow_maker import expected_flows
from pipelines.lot_maker import LOTS_MAX, LOTS_MEAN, opening_lots
from pipelines.market import Market, MarketNight, PriceHistory, held_usd_of
from pipelines.market_source import vendor_night_of, write_market
from pipelines.real_market import RealMarket
from pipelines.synthetic_market import SyntheticMarket
from pipelines.vendor_source import covered_names, vendor_symbols

SYNTHETIC = "synthetic"
NAMES_DEFAULT, FACTORS_DEFAULT = 200, 20
SHARDS_MAX = 99
SESSIONS_OF_HISTORY_MIN = 60
LOT_BYTES_MAX = 128
"""Of one opening lot with its cells unpacked."""


@dataclasses.dataclass(frozen=True, slots=True)
class BookSummary:
    """What was made."""

    market: str
    first_night: dt.date
    accounts: int
    households: int
    shards: int
    securities: int
    lots: int
    positions: int
    nav_usd: float


def make_book(
    path: Path,
    *,
    market: str,
    accounts: int,
    shards: int,
    seed: int,
    first_night: dt.date,
    names: int | None = None,
    factors: int | None = None,
    terms: Path | None = None,
    vendor: VendorLayout = "none",
    beside: frozenset[str] = frozenset(),
    lots: float = LOTS_MEAN,
) -> BookSummary:
    """Write a new book at ``path``.

    ``market`` is ``synthetic`` or a folder of real prices; ``names`` is the size of the synthetic market, or how
    many of the largest real names to keep (by default all); ``factors`` are those of the synthetic market and of
    the risk model estimated from it. ``terms`` is a file that becomes static/reorganisations, held to its contract.
    With a ``vendor`` the folder's vendor delivers the closes, and names it does not tell of on the first night are
    left out; ``beside`` are real names kept beside the ``names`` largest. A holding opens with ``lots``
    lots on average.

    Raises
    ------
    InputError
        Where an argument is out of range, the place is taken, or the market has no such night; nothing is written.
    """
    _require_arguments(path, accounts=accounts, shards=shards, seed=seed, names=names, factors=factors, lots=lots)
    require_session(first_night)
    source, chosen = _market(market, seed=seed, first_night=first_night, names=names, factors=factors)
    if vendor != "none":
        source = _told_by_vendor(source, first_night=first_night, beside=beside)
    night = source.night(first_night)
    history = source.history(last=first_night)
    _require_history(history, first_night=first_night)
    securities = source.securities().height
    settings = BookSettings(
        book=General(name=path.resolve().name, first_night=first_night, shards=shards),
        market=chosen,
        intake=_intake_for(accounts * securities * lots),
        vendor=Vendor(layout=vendor),
        risk_model=RiskModel(factors=factors or FACTORS_DEFAULT),
        simulation=Simulation(seed=seed),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name}.{uuid.uuid4().hex}.tmp"
    try:
        summary = _write(
            temporary,
            source=source,
            night=night,
            history=history,
            settings=settings,
            accounts=accounts,
            lots=lots,
        )
        if terms is not None:
            _take_terms(terms, book=Book(temporary, settings))
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return summary


def _require_arguments(
    path: Path, *, accounts: int, shards: int, seed: int, names: int | None, factors: int | None, lots: float
) -> None:
    """Refuse an option out of range, or a place that is taken."""
    ranges: tuple[tuple[str, float, int, int], ...] = (
        ("accounts", accounts, 1, 1_000_000),
        ("shards", shards, 1, SHARDS_MAX),
        ("seed", seed, 0, 2**31 - 1),
        ("names", NAMES_DEFAULT if names is None else names, 12, 5000),
        ("factors", FACTORS_DEFAULT if factors is None else factors, 1, 200),
        ("lots", lots, 1, LOTS_MAX),
    )
    for option, value, low, high in ranges:
        if not low <= value <= high:
            raise SettingError(
                code="SET-011",
                where=f"option {option}",
                found=str(value),
                expected=f"{low} to {high}",
                remedy="Choose a number between; nothing was written.",
            )
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise SettingError(
            code="SET-012",
            where=str(path),
            found="a file or a folder with something in it",
            expected="a new place for the book",
            remedy="Name another folder, or remove this one first.",
        )


def _intake_for(lots: float) -> Limits:
    """Return limits that the opening lots of so many ``lots`` keep: the default ones for most books."""
    usual = Limits()
    return Limits(unpacked_bytes_max=max(usual.unpacked_bytes_max, math.ceil(lots) * LOT_BYTES_MAX))


def _take_terms(terms: Path, *, book: Book) -> None:
    """Copy the operator's file of terms into the book, and refuse one that breaks its contract."""
    form = next((form for form in FORMS if terms.name.endswith(form)), None)
    if form is None or not terms.is_file():
        raise SettingError(
            code="SET-015",
            where="option terms",
            found=str(terms),
            expected="a file ending in " + ", ".join(FORMS),
            remedy="Name the file with the terms, or leave the option out; nothing was written.",
        )
    shutil.copyfile(terms, book.path / "static" / f"reorganisations{form}")
    Intake(book=book, night=book.settings.book.first_night).rows("reorganisations")


def _market(
    market: str, *, seed: int, first_night: dt.date, names: int | None, factors: int | None
) -> tuple[Market, MarketSource]:
    """Return the source of market data and the settings that find it again."""
    if market == SYNTHETIC:
        size, moved_by = names or NAMES_DEFAULT, factors or FACTORS_DEFAULT
        source = SyntheticMarket(seed=seed, names=size, factors=moved_by, first_night=first_night)
        return source, MarketSource(source="synthetic", seed=seed, names=size, factors=moved_by)
    folder = Path(market).resolve()
    real = RealMarket(folder)
    if names is not None:
        real = real.largest(names, night=first_night)
        if real.securities().height < names:
            raise SettingError(
                code="SET-013",
                where="option names",
                found=str(names),
                expected=f"at most the {real.securities().height} members of the index on {first_night}",
                remedy="Ask for fewer names, or leave the option out to keep them all.",
            )
    return real, MarketSource(source="directory", path=str(folder), seed=seed)


def _told_by_vendor(source: Market, *, first_night: dt.date, beside: frozenset[str]) -> Market:
    """Return ``source`` with the names of which its vendor tells a close on the first night, ``beside`` included."""
    if not isinstance(source, RealMarket):
        raise SettingError(
            code="SET-016",
            where="option vendor",
            found="a synthetic market",
            expected="a folder of real prices with what a vendor delivered",
            remedy="Name such a folder as the market, or leave the option out.",
        )
    told = covered_names(source.path, night=first_night)
    wanted = told if source.only is None else (source.only | beside) & told
    return RealMarket(source.path, wanted)


def _require_history(history: PriceHistory, *, first_night: dt.date) -> None:
    """Refuse a first night with too few sessions before it for a risk model."""
    before = len(history.sessions) - 1
    if before < SESSIONS_OF_HISTORY_MIN:
        raise NightOrderError(
            code="NIGHT-013",
            where=f"first night {first_night}",
            found=f"{before} sessions of prices before it",
            expected=f"at least {SESSIONS_OF_HISTORY_MIN}",
            remedy="Choose a later first night.",
        )


def _write(
    path: Path,
    *,
    source: Market,
    night: MarketNight,
    history: PriceHistory,
    settings: BookSettings,
    accounts: int,
    lots: float,
) -> BookSummary:
    """Write the whole book to ``path`` and return what it holds."""
    first_night, seed = settings.book.first_night, settings.simulation.seed
    static, feeds = path / "static", path / "feeds" / first_night.isoformat()
    static.mkdir(parents=True)
    feeds.mkdir(parents=True)
    (path / "book.toml").write_text(book_toml(settings), encoding="utf-8")
    securities = source.securities()
    made = make_accounts(
        count=accounts, seed=seed, first_night=first_night, benchmark=night.benchmark, securities=securities
    )
    write_table(securities, folder=static, name="securities")
    write_table(source.identical_groups(), folder=static, name="identical_groups")
    write_table(made.policies, folder=static, name="accounts")
    write_table(made.restrictions, folder=static, name="restrictions")
    returns = history.returns_before(first_night, sessions_max=settings.risk_model.sessions_max)
    returns.write_parquet(static / "return_history.parquet")
    counts, held_usd = _write_holdings(
        path, made=made, night=night, history=history, securities=securities, settings=settings, lots=lots
    )
    cash = made.policies.select(
        "account_id",
        cash_microusd=pl.Series(np.rint(made.nav_usd * made.cash_weight * 100.0).astype(np.int64) * (MICRO // 100)),
    )
    write_table(cash, folder=static, name="opening_cash")
    write_table(cash, folder=feeds, name="cash")
    book = Book(path, settings)
    write_market(
        MarketNight(night.prices, night.corporate_actions.clear(), night.benchmark),
        folder=feeds,
        vendor=vendor_night_of(book, night=first_night),
    )
    if book.reads_vendor_file:
        symbols = vendor_symbols(Path(settings.market.path), security_ids=securities["security_id"])
        write_table(symbols, folder=static, name="vendor_symbols")
    write_table(pl.DataFrame(schema=ACTIVITY_COLUMNS), folder=feeds, name="activity")
    nav_usd = held_usd.join(cash, on="account_id", how="right", maintain_order="right").select(
        "account_id", nav_usd=pl.col("held_usd").fill_null(0.0) + pl.col("cash_microusd") / MICRO
    )
    flows = expected_flows(made.policies, nav_usd=nav_usd["nav_usd"].to_numpy(), night=first_night, seed=seed)
    write_table(flows, folder=feeds, name="flows")
    return BookSummary(
        market=settings.market.source,
        first_night=first_night,
        accounts=accounts,
        households=made.policies["household_id"].n_unique(),
        shards=settings.book.shards,
        securities=securities.height,
        lots=counts["lots"],
        positions=counts["positions"],
        nav_usd=round(float(nav_usd["nav_usd"].sum()), 2),
    )


def _write_holdings(
    path: Path,
    *,
    made: Accounts,
    night: MarketNight,
    history: PriceHistory,
    securities: pl.DataFrame,
    settings: BookSettings,
    lots: float,
) -> tuple[dict[str, int], pl.DataFrame]:
    """Write opening lots and positions, block by block; return their numbers, and held_usd by account_id."""
    feeds = path / "feeds" / settings.book.first_night.isoformat()
    large = made.policies.height * len(history.security_ids) > TEXT_ROWS_MAX
    counts, values = {"lots": 0, "positions": 0}, []
    blocks = opening_lots(
        made, seed=settings.simulation.seed, market=night, history=history, securities=securities, lots=lots
    )
    with (
        TableFile(folder=path / "static", name="opening_lots", large=large) as lots_file,
        TableFile(folder=feeds, name="positions", large=large) as positions_file,
    ):
        for block in blocks:
            positions = block.group_by("account_id", "security_id", maintain_order=True).agg(
                pl.col("micro_shares").sum()
            )
            lots_file.add(block)
            positions_file.add(positions)
            counts["lots"] += block.height
            counts["positions"] += positions.height
            values.append(held_usd_of(positions, prices=night.prices))
    return counts, pl.concat(values)
