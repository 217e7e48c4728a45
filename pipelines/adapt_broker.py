"""A broker's exports: open tax lots, and positions with cash, under the headers that brokers use.

Rows that hold nothing of a security (totals, blank symbols) end or belong to the page around the table and are counted;
cash is told apart by its symbol or its name. Everything else is either read or refuses the file.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import polars as pl

from pipelines.adapt_prices import plain_symbol, securities_by_symbol
from pipelines.foreign_table import Cell, find_header, refusal

ACCOUNT = ("Account", "Account Number", "Account #", "Account ID", "Acct")
SYMBOL = ("Symbol", "Ticker", "Symbol/CUSIP", "Security ID", "Security")
QUANTITY = ("Quantity", "Qty", "Shares", "Current Quantity", "Open Quantity", "Units")
LOTS = {
    "account": ACCOUNT,
    "symbol": SYMBOL,
    "quantity": QUANTITY,
    "acquired": (
        "Date Acquired", "Acquired", "Acquired Date", "Acquisition Date", "Open Date", "Opened", "Opened Date",
        "Purchase Date", "Trade Date", "Open Date/Time",
    ),
    "holding_start": ("Holding Start", "Holding Start Date", "Adjusted Date Acquired", "Holding Period Date"),
    "basis": (
        "Cost Basis", "Total Cost", "Cost Basis Total", "Adjusted Cost Basis", "Adj Cost Basis", "Cost Basis ($)",
        "Total Cost Basis", "Cost",
    ),
    "unit_basis": ("Cost/Share", "Cost Per Share", "Unit Cost", "Average Cost Basis", "Purchase Price", "Cost Price"),
    "lot": ("Lot ID", "Lot", "Tax Lot ID", "Lot Number"),
}  # fmt: skip
POSITIONS = {
    "account": ACCOUNT,
    "symbol": SYMBOL,
    "quantity": QUANTITY,
    "value": ("Market Value", "Current Value", "Value", "Mkt Value", "Mkt Val (Market Value)"),
}
CASH = frozenset({"CASH", "CASH.&.CASH.INVESTMENTS", "CASH.AND.CASH.INVESTMENTS", "USD", "US.DOLLAR"})
TOTALS = ("TOTAL", "ACCOUNT.TOTAL", "GRAND.TOTAL", "SUBTOTAL", "POSITIONS.TOTAL")


@dataclasses.dataclass(frozen=True, slots=True)
class Adapted:
    """Tables in the contract's units, and what was left out."""

    tables: dict[str, pl.DataFrame]
    totals: int
    """Rows that only sum up others."""
    unknown_symbols: tuple[str, ...]
    """Held, and no security's: their rows are not in the tables."""


def lots_of(path: Path, *, securities: pl.DataFrame, account: str | None) -> Adapted:
    """Return opening_lots from a broker's list of open lots; ``account`` where the file names none.

    A lot without a name of its own is named by its place among the account's lots of the day and security.

    Raises
    ------
    FeedError
        Where the file cannot be read as one, is short a lot, or states no basis or date of one.
    """
    table = find_header(path, aliases=LOTS, needed=("symbol", "quantity", "acquired"), one_of=("basis", "unit_basis"))
    ids = securities_by_symbol(securities)
    rows, totals, unknown = [], 0, set()
    numbers: dict[tuple[str, str, str], int] = {}
    for cells in table.cells():
        symbol = plain_symbol(cells["symbol"].text)
        if not symbol or symbol.startswith(TOTALS) or symbol in CASH:
            totals += 1
            continue
        if symbol not in ids:
            unknown.add(cells["symbol"].text)
            continue
        shares, day = _shares(cells["quantity"]), cells["acquired"].day()
        start = cells.get("holding_start")
        owner, security = _account(cells.get("account"), account, where=cells["symbol"].where), ids[symbol]
        place = (owner, security, f"{day:%Y%m%d}")
        numbers[place] = numbers.get(place, 0) + 1
        lot = cells.get("lot")
        rows.append({
            "account_id": owner,
            "lot_id": lot.text if lot is not None and not lot.is_blank else f"{security}-{place[2]}-{numbers[place]}",
            "security_id": security,
            "acquired_date": day,
            "holding_start_date": start.day() if start is not None and not start.is_blank else None,
            "micro_shares": shares,
            "basis_microusd": _basis(cells, shares=shares),
        })  # fmt: skip
    frame = pl.DataFrame(rows, schema=_LOTS).sort("account_id", "lot_id")
    again = frame.filter(pl.struct("account_id", "lot_id").is_duplicated())
    if again.height:
        where, found = f"{path.name} column lot", f"{again['lot_id'][0]!r} of {again['account_id'][0]!r} twice"
        raise refusal("ADAPT-005", where, found, "one row a lot")
    return Adapted({"opening_lots": frame}, totals, tuple(sorted(unknown)))


def positions_of(path: Path, *, securities: pl.DataFrame, account: str | None) -> Adapted:
    """Return positions and cash from a broker's list of positions; an account without a row of cash is refused.

    Raises
    ------
    FeedError
        Where the file cannot be read as one.
    """
    table = find_header(path, aliases=POSITIONS, needed=("symbol", "quantity"))
    ids = securities_by_symbol(securities)
    held: dict[tuple[str, str], int] = {}
    cash: dict[str, int] = {}
    owners: list[str] = []
    totals, unknown = 0, set()
    for cells in table.cells():
        symbol = plain_symbol(cells["symbol"].text)
        if not symbol or symbol.startswith(TOTALS):
            totals += 1
            continue
        owner = _account(cells.get("account"), account, where=cells["symbol"].where)
        owners.append(owner)
        if symbol in CASH:
            value = cells.get("value")
            told = cells["quantity"] if value is None or value.is_blank else value
            cash[owner] = cash.get(owner, 0) + told.micro()
        elif symbol in ids:
            key = (owner, ids[symbol])
            held[key] = held.get(key, 0) + cells["quantity"].micro()
        else:
            unknown.add(cells["symbol"].text)
    without = sorted(set(owners) - cash.keys())
    if without:
        raise refusal(
            "ADAPT-008", f"{path.name} account {without[0]}", "no row of cash", "the account's cash, 0 included",
            "Add a row with the symbol Cash, and the dollars as its market value or quantity.",
        )  # fmt: skip
    positions = [(owner, security, shares) for (owner, security), shares in sorted(held.items())]
    columns = {"account_id": pl.String, "security_id": pl.String, "micro_shares": pl.Int64}
    return Adapted(
        {
            "positions": pl.DataFrame(positions, schema=columns, orient="row"),
            "cash": pl.DataFrame(
                sorted(cash.items()), schema={"account_id": pl.String, "cash_microusd": pl.Int64}, orient="row"
            ),
        },
        totals,
        tuple(sorted(unknown)),
    )


_LOTS = {
    "account_id": pl.String,
    "lot_id": pl.String,
    "security_id": pl.String,
    "acquired_date": pl.Date,
    "holding_start_date": pl.Date,
    "micro_shares": pl.Int64,
    "basis_microusd": pl.Int64,
}


def _account(cell: Cell | None, account: str | None, *, where: str) -> str:
    if account is not None:
        return account
    if cell is None or cell.is_blank:
        raise refusal("ADAPT-008", where, "no account", "a column Account, or --account", "Name it by --account.")
    return cell.text


def _shares(cell: Cell) -> int:
    shares = cell.micro()
    if shares <= 0:
        raise refusal("ADAPT-003", cell.where, cell.text, "shares above zero: short lots are not kept")
    return shares


def _basis(cells: dict[str, Cell], *, shares: int) -> int:
    """Return the lot's basis: the total where it is stated, else shares times the basis of one."""
    total, unit = cells.get("basis"), cells.get("unit_basis")
    if total is not None and not total.is_blank:
        basis = total.micro()
    elif unit is not None and not unit.is_blank:
        basis = round(unit.number() * shares)
    else:
        raise refusal(
            "ADAPT-003", cells["symbol"].where, "a lot without a basis", "dollars",
            "Ask the broker for it: a basis that is made up is a wrong tax return.",
        )  # fmt: skip
    if basis < 0:
        raise refusal("ADAPT-003", cells["symbol"].where, f"a basis of {basis / 10**6} dollars", "0 or more")
    return basis
