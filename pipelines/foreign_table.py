"""Tables as people's programs export them: rows of text below some preface, under headers that vary.

Nothing is guessed: a header that is missing or there twice, a number or a date that cannot be read, refuses the file
with its row and column. Quantities stay exact decimals until the millionth.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from pathlib import Path

from assets.feed_errors import shown
from ledger.amounts import MICRO
from ledger.errors import FeedError

BYTES_MAX = 2**31
PREFACE_ROWS_MAX = 40
"""Rows that may stand above the header: titles, dates, blank lines."""
DATE_FORMS = ("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y", "%b-%d-%Y", "%b %d, %Y", "%d-%b-%Y", "%Y%m%d")
_NUMBER = re.compile(r"[+-]?\$?[0-9][0-9,]*(\.[0-9]*)?|[+-]?\$?\.[0-9]+")
Rows = Sequence[tuple[int, tuple[str, ...]]]
"""Line in the file, and its cells."""
NOTHING = frozenset({"", "-", "--", "n/a", "N/A", "nan", "NaN", "null"})


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """One cell, and where it stands."""

    text: str
    where: str

    @property
    def is_blank(self) -> bool:
        """Return whether the cell says nothing."""
        return self.text in NOTHING

    def number(self) -> Decimal:
        """Return an exact number: ``1,234.5``, ``$12``, ``(12.00)`` and ``-12`` are read."""
        text = self.text.replace(" ", "")
        negative = text.startswith("(") and text.endswith(")")
        text = text[1:-1] if negative else text
        try:
            value = (
                Decimal(text.replace(",", "").replace("$", ""))
                if _NUMBER.fullmatch(text) or _is_scientific(text)
                else None
            )
        except InvalidOperation:
            value = None
        if value is None:
            raise refusal("ADAPT-003", self.where, shown(self.text), "a number, as 1,234.56")
        return -value if negative else value

    def micro(self) -> int:
        """Return the number in millionths, half to even."""
        return int((self.number() * MICRO).to_integral_value(ROUND_HALF_EVEN))

    def day(self) -> dt.date:
        """Return the day of a date, or of a time with or without a zone."""
        text = re.sub(r"[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?( ?(Z|[+-]\d{2}:?\d{2}))?$", "", self.text)
        for form in DATE_FORMS:
            try:
                return dt.datetime.strptime(text, form).date()  # noqa: DTZ007 - a day, in no zone
            except ValueError:
                continue
        raise refusal("ADAPT-004", self.where, shown(self.text), "a date, as 2015-06-01 or 06/01/2015")


@dataclasses.dataclass(frozen=True, slots=True)
class ForeignTable:
    """The rows below a header, as cells by our name of their column."""

    label: str
    columns: Mapping[str, int]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    """Line in the file, and its cells."""

    def cells(self) -> list[dict[str, Cell]]:
        """Return each row's cells by name; a row that is too short has blank ones."""
        return [
            {
                name: Cell(
                    row[at].strip() if at < len(row) else "", f"{self.label} row {line} column {name.replace('_', ' ')}"
                )
                for name, at in self.columns.items()
            }
            for line, row in self.rows
        ]


def refusal(code: str, where: str, found: str, expected: str, remedy: str = "") -> FeedError:
    """Return the error of a foreign file."""
    return FeedError(
        code=code,
        where=where,
        found=found,
        expected=expected,
        remedy=remedy or "Mend the file, or export it again; nothing was written.",
    )


def read_rows(path: Path) -> list[tuple[int, tuple[str, ...]]]:
    """Return the rows that have any cell, with their lines.

    Raises
    ------
    FeedError
        Where the file cannot be read as text, or is too large.
    """
    try:
        if path.stat().st_size > BYTES_MAX:
            raise refusal("ADAPT-001", str(path), f"{path.stat().st_size} bytes", f"at most {BYTES_MAX}")
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            found = [(reader.line_num, tuple(row)) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        told = error.strerror if isinstance(error, OSError) else str(error)
        raise refusal("ADAPT-001", str(path), str(told), "a CSV file in UTF-8") from error
    return [(line, row) for line, row in found if any(cell.strip() for cell in row)]


def find_header(
    path: Path, *, aliases: Mapping[str, Sequence[str]], needed: Sequence[str], one_of: Sequence[str] = ()
) -> ForeignTable:
    """Read a file and return the table in it, as `under_header` finds it."""
    return under_header(path, read_rows(path), aliases=aliases, needed=needed, one_of=one_of)


def under_header(
    path: Path, rows: Rows, *, aliases: Mapping[str, Sequence[str]], needed: Sequence[str], one_of: Sequence[str] = ()
) -> ForeignTable:
    """Return the table among ``rows`` under the first that names all columns of ``needed`` and any of ``one_of``.

    Headers are compared by their letters and digits alone, in lower case.
    """
    ours = {plain(alias): name for name, names in aliases.items() for alias in (name, *names)}
    best: set[str] = set()
    for at, (line, row) in enumerate(rows[:PREFACE_ROWS_MAX]):
        named = [(ours[plain(cell)], place) for place, cell in enumerate(row) if plain(cell) in ours]
        names = [name for name, _ in named]
        if set(needed) <= set(names) and (not one_of or set(one_of) & set(names)):
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                where = f"{path.name} row {line}"
                found = " and ".join(repr(row[place]) for name, place in named if name == twice)
                raise refusal("ADAPT-002", where, f"two columns of {twice.replace('_', ' ')}: {found}", "one of them")
            return ForeignTable(path.name, dict(named), tuple(rows[at + 1 :]))
        best = max(best, set(names), key=len)
    missing = sorted(set(needed) - best) or list(one_of)
    expected = "; ".join(f"{name.replace('_', ' ')} (or {', '.join(aliases[name])})" for name in missing)
    raise refusal("ADAPT-002", f"{path.name} header", f"no column of {', '.join(missing)}", expected)


def plain(header: str) -> str:
    """Return the letters and digits of a header, in lower case, and its units.

    >>> plain(" Cost/Share ($)"), plain("Gain/Loss %")
    ('costshare$', 'gainloss%')
    """
    return re.sub(r"[^a-z0-9$%]", "", header.lower())


def _is_scientific(text: str) -> bool:
    return re.fullmatch(r"[+-]?[0-9]+(\.[0-9]*)?[eE][+-]?[0-9]{1,3}", text) is not None
