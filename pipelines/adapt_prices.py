"""Price files in the layouts of the yfinance package: closes, dividends and splits of one night, or returns before it.

``yfinance.download(...).to_csv()`` writes all symbols side by side under two rows of headers (what, symbol);
``Ticker.history().to_csv()`` writes one symbol a file, which is then named by it. Yahoo's "Close" is divided by every
split after its day, up to the day of the download; only "Adj Close" beside it tells that it is not adjusted for
dividends, too. So a close of an earlier day is made raw by the splits that the file tells after it, and refused where
the file cannot tell them.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from pathlib import Path

import polars as pl

from ledger.amounts import MICRO
from pipelines.foreign_table import Cell, ForeignTable, Rows, plain, read_rows, refusal, under_header

ONE_SYMBOL = {
    "date": ("Date", "Datetime"), "close": ("Close",), "adj_close": ("Adj Close",), "open": ("Open",),
    "high": ("High",), "low": ("Low",), "volume": ("Volume",), "dividends": ("Dividends",),
    "splits": ("Stock Splits",),
}  # fmt: skip
FIELDS = {plain(header): name for name, headers in ONE_SYMBOL.items() for header in headers if name != "date"}
"""The same columns where all symbols stand side by side."""
RATIO_TERM_MAX = 50
"""Largest number of old shares in a ratio of shares. Yahoo's splits also hold the factors by which spin-offs moved
prices (2.376): what is no ratio of few shares is an action whose terms are not known, and freezes its name."""
RATIO_ERROR_MAX = Fraction(1, 10**5)


@dataclasses.dataclass(frozen=True, slots=True)
class Day:
    """What a file says of one symbol on one day; ``close`` is as the vendor writes it."""

    close: Decimal
    dividend: Decimal
    split: Fraction
    """New shares for one old share; 1 on other days."""


@dataclasses.dataclass(frozen=True, slots=True)
class SymbolHistory:
    """One symbol's days, in order."""

    symbol: str
    days: Mapping[dt.date, Day]
    tells_actions: bool
    """Whether the file has dividends and splits at all."""
    keeps_dividends: bool
    """Whether its closes are surely not adjusted for dividends."""

    def split_after(self, day: dt.date) -> Fraction:
        """Return the shares that one share of ``day`` has become by the end of the file."""
        factor = Fraction(1)
        for later, told in self.days.items():
            if later > day:
                factor *= told.split
        return factor


@dataclasses.dataclass(frozen=True, slots=True)
class AdaptedPrices:
    """Tables of one night in the contract's units, and what was left out."""

    prices: pl.DataFrame
    """security_id, close_microusd."""
    actions: pl.DataFrame
    """action_id, security_id, kind, ex_date, ratio, cash_microusd; no rows on a quiet night."""
    unknown_symbols: tuple[str, ...]
    """In the files, and no security's."""
    missing: tuple[str, ...]
    """security_ids without a close of the night."""


def read_histories(paths: Iterable[Path]) -> list[SymbolHistory]:
    """Return the histories of all files, by symbol.

    Raises
    ------
    FeedError
        Where a file is in neither layout, or one symbol comes twice.
    """
    found: dict[str, SymbolHistory] = {}
    for path in paths:
        rows = read_rows(path)
        for history in _side_by_side(path, rows) if _is_side_by_side(path, rows) else [_one_symbol(path, rows)]:
            if history.symbol in found:
                raise refusal("ADAPT-005", path.name, f"the symbol {history.symbol} again", "each symbol once")
            found[history.symbol] = history
    return [found[symbol] for symbol in sorted(found)]


def night_of_prices(histories: Iterable[SymbolHistory], *, securities: pl.DataFrame, night: dt.date) -> AdaptedPrices:
    """Return the closes and actions of ``night``; ``securities`` has security_id and symbol.

    Raises
    ------
    FeedError
        Where a symbol is several securities', or a close cannot be told raw.
    """
    ids = securities_by_symbol(securities)
    closes, actions, unknown = {}, [], []
    for history in histories:
        security = ids.get(plain_symbol(history.symbol))
        if security is None:
            unknown.append(history.symbol)
            continue
        if night not in history.days:
            continue
        if security in closes:
            raise refusal("ADAPT-005", f"symbol {history.symbol}", f"{security} again", "one symbol a security")
        day, later = history.days[night], _split_since(history, night)
        closes[security] = _micro(Fraction(day.close) * later)
        actions += _actions(security, night=night, day=day, later=later)
    return AdaptedPrices(
        prices=pl.DataFrame(
            {"security_id": sorted(closes), "close_microusd": [closes[security] for security in sorted(closes)]},
            schema={"security_id": pl.String, "close_microusd": pl.Int64},
        ),
        actions=pl.DataFrame(sorted(actions), schema=_ACTIONS, orient="row"),
        unknown_symbols=tuple(sorted(unknown)),
        missing=tuple(sorted(set(ids.values()) - closes.keys())),
    )


def returns_before(histories: Iterable[SymbolHistory], *, securities: pl.DataFrame, night: dt.date) -> pl.DataFrame:
    """Return session, security_id and total_return of every day before ``night``: closes, dividends and splits.

    Yahoo's closes and dividends of one file are in shares of one day, so that their ratio needs no split.
    """
    ids = securities_by_symbol(securities)
    rows = []
    for history in histories:
        security = ids.get(plain_symbol(history.symbol))
        if security is None:
            continue
        if not (history.tells_actions and history.keeps_dividends):
            found, expected = (
                "closes that may be adjusted for dividends",
                "Adj Close, Dividends and Stock Splits beside",
            )
            raise refusal("ADAPT-006", f"symbol {history.symbol}", found, expected, _ASK)
        days = sorted(day for day in history.days if day < night)
        for before, day in itertools.pairwise(days):
            told = history.days[day]
            change = (told.close + told.dividend) / history.days[before].close - 1
            rows.append((day, security, float(change)))
    schema = {"session": pl.Date, "security_id": pl.String, "total_return": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("session", "security_id")


def securities_by_symbol(securities: pl.DataFrame) -> dict[str, str]:
    """Return security_id by symbol, refusing a symbol that two securities have."""
    found: dict[str, str] = {}
    for security, symbol in securities.select("security_id", "symbol").iter_rows():
        key = plain_symbol(symbol)
        if key in found:
            raise refusal(
                "ADAPT-007", f"symbol {symbol}", f"{found[key]} and {security}", "a symbol that is one security's",
                "Pass a securities file with the symbols of the night.",
            )  # fmt: skip
        found[key] = security
    return found


def plain_symbol(symbol: str) -> str:
    """Return a symbol as all vendors' writings of it: classes of shares are parted by a dot, dash, slash or space.

    >>> {plain_symbol(text) for text in ("BRK.B", "BRK-B", "brk/b", "BRK B")}
    {'BRK.B'}
    """
    return symbol.strip().upper().translate(str.maketrans("-/ ", "..."))


_ASK = "Download with auto_adjust=False and actions=True."
_ACTIONS = {
    "action_id": pl.String,
    "security_id": pl.String,
    "kind": pl.String,
    "ex_date": pl.Date,
    "ratio": pl.String,
    "cash_microusd": pl.Int64,
}


def _split_since(history: SymbolHistory, night: dt.date) -> Fraction:
    """Return what makes the close of ``night`` raw, or refuse where the file cannot tell it."""
    if night == max(history.days):
        return Fraction(1)
    if not (history.keeps_dividends and history.tells_actions):
        raise refusal(
            "ADAPT-006",
            f"symbol {history.symbol}, {night}",
            "closes of earlier days without Adj Close, Dividends and Stock Splits: adjusted for what came later",
            f"the file's last day, {max(history.days)}, or these columns",
            _ASK,
        )
    return history.split_after(night)


def _actions(
    security: str, *, night: dt.date, day: Day, later: Fraction
) -> list[tuple[str, str, str, dt.date, str | None, int | None]]:
    """Return the night's dividend and split; a dividend of a split's day is paid on the new shares."""
    found: list[tuple[str, str, str, dt.date, str | None, int | None]] = []
    if day.dividend > 0:
        cash = _micro(Fraction(day.dividend) * later)
        found.append((f"dividend:{security}:{night}", security, "cash_dividend", night, None, cash))
    if day.split != 1:
        ratio = f"{day.split.numerator}/{day.split.denominator}"
        kind = "split" if day.split.denominator <= RATIO_TERM_MAX else "unclassified"
        found.append((f"split:{security}:{night}", security, kind, night, ratio, None))
    return found


def _micro(value: Fraction) -> int:
    return int((Decimal(value.numerator * MICRO) / Decimal(value.denominator)).to_integral_value(ROUND_HALF_EVEN))


def _is_side_by_side(path: Path, rows: Rows) -> bool:
    """Return whether the file has all symbols side by side, under two rows of headers."""
    if len(rows) < 2:
        raise refusal("ADAPT-002", path.name, f"{len(rows)} rows with text", "a header and a day")
    first, second = rows[0][1], rows[1][1]
    return plain(first[0]) in ("price", "") and plain(second[0]) in ("ticker", "")


def _side_by_side(path: Path, rows: Rows) -> list[SymbolHistory]:
    (_, fields), (_, symbols) = rows[:2]
    body = [(line, row) for line, row in rows[2:] if plain(row[0]) not in ("date", "datetime")]
    places: dict[str, dict[str, int]] = {}
    for at in range(1, min(len(fields), len(symbols))):
        name = FIELDS.get(plain(fields[at]))
        if name is None:
            raise refusal("ADAPT-002", f"{path.name} row 1", f"a column {fields[at]!r}", ", ".join(FIELDS))
        columns = places.setdefault(symbols[at].strip(), {"date": 0})
        if name in columns:
            raise refusal("ADAPT-002", f"{path.name} row 2", f"{fields[at]} of {symbols[at]} twice", "each column once")
        columns[name] = at
    for symbol, columns in places.items():
        if "close" not in columns:
            raise refusal("ADAPT-002", f"{path.name} row 1", f"no Close of {symbol}", "Close of every symbol", _ASK)
    return [_history(symbol, ForeignTable(path.name, columns, tuple(body))) for symbol, columns in places.items()]


def _one_symbol(path: Path, rows: Rows) -> SymbolHistory:
    table = under_header(path, rows, aliases=ONE_SYMBOL, needed=("date", "close"))
    return _history(path.name.split(".csv")[0], table)


def _history(symbol: str, table: ForeignTable) -> SymbolHistory:
    """Return the days that have a close; a day that comes twice is refused."""
    days: dict[dt.date, Day] = {}
    for cells in table.cells():
        if cells["close"].is_blank:
            continue
        day = cells["date"].day()
        if day in days:
            raise refusal("ADAPT-005", cells["date"].where, f"{day} of {symbol} again", "each day once")
        close = cells["close"].number()
        if close <= 0:
            raise refusal("ADAPT-003", cells["close"].where, str(close), "a close above zero")
        days[day] = Day(close, _number(cells.get("dividends")), _ratio(cells.get("splits")))
    if not days:
        raise refusal("ADAPT-002", f"{table.label} {symbol}", "no day with a close", "at least one")
    has = table.columns.keys()
    return SymbolHistory(
        symbol,
        dict(sorted(days.items())),
        tells_actions={"dividends", "splits"} <= has,
        keeps_dividends="adj_close" in has,
    )


def _number(cell: Cell | None) -> Decimal:
    """Return a dividend, 0 where there is none."""
    if cell is None or cell.is_blank:
        return Decimal(0)
    value = cell.number()
    if value < 0:
        raise refusal("ADAPT-003", cell.where, str(value), "a dividend of 0 or more")
    return value


def _ratio(cell: Cell | None) -> Fraction:
    """Return what a split's cell says that one share became: 0 says that there was none; 1.333333 is read as 4/3."""
    value = _number(cell)
    if value == 0:
        return Fraction(1)
    exact = Fraction(value)
    near = exact.limit_denominator(RATIO_TERM_MAX)
    return near if near and abs(near / exact - 1) <= RATIO_ERROR_MAX else exact
