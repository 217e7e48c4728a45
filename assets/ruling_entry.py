"""A ruling added to the book's file: refused as a whole, or there for every reader at once."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import re
import unicodedata
from pathlib import Path
from typing import Literal

import polars as pl

from assets.book import Book
from assets.rulings import COLUMNS, NAME, acceptances, keep_rulings, read_rulings, rulings_held, switches_in_force
from assets.store import among_writers, write_renamed
from ledger.amounts import plain
from ledger.errors import RulingError

REASON_LENGTH_MAX = 200
_ROLE = re.compile(r"[a-z][a-z_-]{0,31}")
_INVISIBLE = ("Zl", "Zp")

Kind = Literal["freeze", "release", "accept", "withdraw"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """One decision, before it has a number; a freeze or release that names nothing is of the whole book."""

    kind: Kind
    at: dt.datetime
    """Told by whoever calls, and told again to whoever asks; nothing is decided by it."""
    role: str
    """In which role it was decided: a word, never a name."""
    reason: str
    account_id: str | None = None
    household_id: str | None = None
    security_id: str | None = None
    """Of an acceptance: the security whose shares differ; None for cash."""
    difference_micro: int | None = None
    """Of an acceptance: the custodian's number less the book's, in micro-shares or micro-dollars."""
    from_night: dt.date | None = None
    to_night: dt.date | None = None


def switch_of(
    *,
    kind: Literal["freeze", "release"],
    at: dt.datetime,
    role: str,
    reason: str,
    account: str | None,
    household: str | None,
    security: str | None,
    whole_book: bool,
) -> Ruling:
    """Return the freeze or release of the one target that is named.

    Raises
    ------
    RulingError
        Where none or several are named.
    """
    if sum(value is not None for value in (account, household, security)) + whole_book != 1:
        raise RulingError(
            code="RULE-006",
            where="the target",
            found="none or several",
            expected="one of account, household, security and book",
            remedy="Name one; several are frozen one after the other.",
        )
    return Ruling(
        kind=kind, at=at, role=role, reason=reason, account_id=account, household_id=household, security_id=security
    )


def add_ruling(book: Book, ruling: Ruling) -> str:
    """Add ``ruling`` to the book's file and return the number it got.

    Raises
    ------
    RulingError
        Where it names what the book does not have, or takes back what is not in force; nothing was written.
    FeedError
        Where the file that is there breaks its contract.
    """
    row = _cells(ruling)
    _require_known(book, ruling)
    with rulings_held(book):
        feed = read_rulings(book)
        path = book.path / "static" / f"{NAME}.csv"
        if feed.digest is not None and book.path / feed.label != path:
            raise RulingError(
                code="RULE-001",
                where=feed.label,
                found="rulings in a form that is not added to",
                expected=f"static/{NAME}.csv",
                remedy="Write the file as CSV, with the same rows, and remove the other form.",
            )
        _require_in_force(ruling, rows=feed.rows)
        numbers = feed.rows["ruling_id"].str.slice(1).cast(pl.Int64)
        row["ruling_id"] = f"R{1 + max(numbers, default=0)}"
        path.parent.mkdir(parents=True, exist_ok=True)
        with among_writers(book.path):  # a prune removes what lies under temporary names
            write_renamed(path, _with_row(path, row), root=book.path / "store")
        keep_rulings(book, read_rulings(book))  # which also reads back what was written
    return row["ruling_id"]


def spelled(text: str) -> str:
    r"""Return ``text`` on one line, its control and invisible characters spelled out, as everything that is shown is.

    >>> spelled("two" + chr(10) + "lines")
    'two\\nlines'
    """

    def visible(sign: str) -> str:
        category = unicodedata.category(sign)
        hidden = category[0] == "C" or category in _INVISIBLE
        return sign.encode("unicode_escape").decode("ascii") if hidden else sign

    return "".join(visible(sign) for sign in text.strip())


def _cells(ruling: Ruling) -> dict[str, str]:
    """Return the cells of the ruling's row, blank where nothing is stated; refuse words that cannot stand there."""
    reason = spelled(ruling.reason)
    if not 1 <= len(reason) <= REASON_LENGTH_MAX:
        raise RulingError(
            code="RULE-002",
            where="the reason",
            found=f"{len(reason)} characters",
            expected=f"1 to {REASON_LENGTH_MAX}, those that cannot be seen spelled out",
            remedy="Say why in a sentence; the rest belongs in the ticket that it names.",
        )
    if not _ROLE.fullmatch(ruling.role):
        raise RulingError(
            code="RULE-003",
            where="the role",
            found=repr(spelled(ruling.role)[:REASON_LENGTH_MAX]),
            expected="a word of 1 to 32 lower-case letters, such as operator",
            remedy="Name a role; who filled it that night stands in no file of ours.",
        )
    assert ruling.at.tzinfo is not None, "a time is told with its zone"
    assert ruling.difference_micro != 0, "no difference is no break"
    return {
        "at": ruling.at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "kind": ruling.kind,
        "account_id": ruling.account_id or "",
        "household_id": ruling.household_id or "",
        "security_id": ruling.security_id or "",
        "difference": "" if ruling.difference_micro is None else plain(ruling.difference_micro),
        "from_night": ruling.from_night.isoformat() if ruling.from_night else "",
        "to_night": ruling.to_night.isoformat() if ruling.to_night else "",
        "role": ruling.role,
        "reason": reason,
    }


def _with_row(path: Path, row: dict[str, str]) -> bytes:
    """Return the bytes of the file with ``row`` at its end; every byte before it stays."""
    stands = path.read_bytes() if path.exists() else b""
    if stands and not stands.endswith(b"\n"):
        stands += b"\n"
    text = io.StringIO()
    header = next(csv.reader([stands.decode("utf-8-sig").partition("\n")[0].rstrip("\r")])) if stands else COLUMNS
    writer = csv.DictWriter(text, header, lineterminator="\n")
    if not stands:
        writer.writeheader()
    writer.writerow(row)
    return stands + text.getvalue().encode()


def _require_known(book: Book, ruling: Ruling) -> None:
    """Refuse an account, household or security that the book does not have.

    An accepted break may be of a security that only the custodian knows.
    """
    from assets.feed_reader import read_feed  # noqa: PLC0415

    named = {"account_id": ruling.account_id, "household_id": ruling.household_id}
    if ruling.kind in {"freeze", "release"}:
        named["security_id"] = ruling.security_id
    for column, value in named.items():
        if value is None:
            continue
        file = "securities" if column == "security_id" else "accounts"
        known = read_feed(file, book=book, night=book.settings.book.first_night)
        if value not in known.rows[column]:
            what = column.removesuffix("_id")
            raise RulingError(
                code="RULE-004",
                where=f"--{what}",
                found=f"{spelled(value)[:REASON_LENGTH_MAX]!r}, which the book does not have",
                expected=f"a {column} of {known.label}",
                remedy=f"Look the {what} up in that file; nothing was changed.",
            )


def _require_in_force(ruling: Ruling, *, rows: pl.DataFrame) -> None:
    """Refuse to release what is not frozen, and to withdraw what is not accepted."""
    if ruling.kind == "release":
        scope = next(
            (name for name in ("account", "household", "security") if getattr(ruling, f"{name}_id") is not None), "book"
        )
        target = ruling.account_id or ruling.household_id or ruling.security_id or ""
        found = switches_in_force(rows).filter(scope=scope, target=target)
        what = f"the {scope} {target}".strip()
    elif ruling.kind == "withdraw":
        found = acceptances(rows).filter(
            (pl.col("account_id") == ruling.account_id) & pl.col("security_id").eq_missing(pl.lit(ruling.security_id))
        )
        what = f"the break of account {ruling.account_id} in {ruling.security_id or 'cash'}"
    else:
        return
    if found.is_empty():
        raise RulingError(
            code="RULE-005",
            where=what,
            found=f"nothing to {ruling.kind}",
            expected="a freeze in force" if ruling.kind == "release" else "an acceptance",
            remedy="`openbell switches` lists what is in force.",
        )
