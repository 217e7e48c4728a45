"""``openbell freeze``, ``release``, ``accept``, ``withdraw``, ``switches``: what operators decide, and what holds."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer

from assets.book import Book
from assets.ruling_entry import Ruling, add_ruling, switch_of
from assets.rulings import acceptances, read_rulings, switches_in_force
from ledger.amounts import MICRO, plain, to_micro
from ledger.errors import RulingError

BookPath = Annotated[Path, typer.Argument(metavar="BOOK", help="The book's directory.")]
Account = Annotated[str | None, typer.Option("--account", help="This account.")]
Household = Annotated[str | None, typer.Option("--household", help="All accounts of this household.")]
Security = Annotated[str | None, typer.Option("--security", help="This security, in all accounts.")]
WholeBook = Annotated[bool, typer.Option("--book", help="Every account.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence; it is published with what it stops.")]
Role = Annotated[str, typer.Option("--role", help="In which role it is decided: a word, never a name.")]
At = Annotated[
    dt.datetime | None,
    typer.Option("--at", formats=["%Y-%m-%dT%H:%M:%SZ"], metavar="TIME", help="When, in UTC; now by default."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
BrokenAccount = Annotated[str, typer.Option("--account", help="The account whose break it is.")]
BrokenSecurity = Annotated[str | None, typer.Option("--security", help="The security whose shares differ.")]
Cash = Annotated[bool, typer.Option("--cash", help="It is the cash that differs.")]
NIGHT = "%Y-%m-%d"

rulings = typer.Typer()


@rulings.command()
def freeze(
    book: BookPath,
    reason: Reason,
    account: Account = None,
    household: Household = None,
    security: Security = None,
    role: Role = "operator",
    at: At = None,
    *,
    whole_book: WholeBook = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Stop an account, a household, a security or the whole book from trading, at once, until it is released.

    Example: openbell freeze book --security S00012 --reason "trading halted"
    """
    from pipelines.cli import errors

    with errors(as_json=as_json, debug=debug):
        ruling = switch_of(
            kind="freeze",
            at=_time(at),
            role=role,
            reason=reason,
            account=account,
            household=household,
            security=security,
            whole_book=whole_book,
        )
        _decide(book, ruling, as_json=as_json)


@rulings.command()
def release(
    book: BookPath,
    reason: Reason,
    account: Account = None,
    household: Household = None,
    security: Security = None,
    role: Role = "operator",
    at: At = None,
    *,
    whole_book: WholeBook = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Take a freeze back; it changes nothing that is published.

    Example: openbell release book --security S00012 --reason "trading resumed"
    """
    from pipelines.cli import errors

    with errors(as_json=as_json, debug=debug):
        ruling = switch_of(
            kind="release",
            at=_time(at),
            role=role,
            reason=reason,
            account=account,
            household=household,
            security=security,
            whole_book=whole_book,
        )
        _decide(book, ruling, as_json=as_json)


@rulings.command()
def accept(
    book: BookPath,
    account: BrokenAccount,
    difference: Annotated[str, typer.Option(help="The custodian's number less the book's, in shares or dollars.")],
    from_night: Annotated[dt.datetime, typer.Option("--from", formats=[NIGHT], metavar="DATE", help="First night.")],
    reason: Reason,
    security: BrokenSecurity = None,
    to_night: Annotated[
        dt.datetime | None, typer.Option("--to", formats=[NIGHT], metavar="DATE", help="Last night; open by default.")
    ] = None,
    role: Role = "operator",
    at: At = None,
    *,
    cash: Cash = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Accept a break of one account while it is exactly this: the account trades, the name in dispute does not.

    Example: openbell accept book --account A00007 --security S00012 --difference -10 --from 2026-09-02 --reason "late"
    """
    from pipelines.cli import errors

    with errors(as_json=as_json, debug=debug):
        _require_one(security=security, cash=cash)
        ruling = Ruling(
            kind="accept",
            at=_time(at),
            role=role,
            reason=reason,
            account_id=account,
            security_id=security,
            difference_micro=_micro(difference),
            from_night=from_night.date(),
            to_night=_last(from_night.date(), to_night),
        )
        _decide(book, ruling, as_json=as_json)


@rulings.command()
def withdraw(
    book: BookPath,
    account: BrokenAccount,
    reason: Reason,
    security: BrokenSecurity = None,
    role: Role = "operator",
    at: At = None,
    *,
    cash: Cash = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Withdraw the acceptance of a break: its account is held again.

    Example: openbell withdraw book --account A00007 --security S00012 --reason "the custodian has mended it"
    """
    from pipelines.cli import errors

    with errors(as_json=as_json, debug=debug):
        _require_one(security=security, cash=cash)
        ruling = Ruling(
            kind="withdraw", at=_time(at), role=role, reason=reason, account_id=account, security_id=security
        )
        _decide(book, ruling, as_json=as_json)


@rulings.command()
def switches(
    book: BookPath,
    *,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """List the switches that are on and the breaks that are accepted.

    Example: openbell switches book
    """
    from pipelines.cli import errors, show

    with errors(as_json=as_json, debug=debug):
        document = in_force(Book.open(book))
        show(as_json, document, lambda: _print(document))


def in_force(book: Book) -> dict[str, Any]:
    """Return the switches that are on, and the accepted breaks with the nights that they are accepted for."""
    rows = read_rulings(book).rows
    accepted = [
        {
            "ruling_id": row["ruling_id"],
            "account_id": row["account_id"],
            "security_id": row["security_id"],
            "difference": plain(row["difference_micro"]),
            "unit": "usd" if row["security_id"] is None else "shares",
            "from_night": str(row["from_night"]),
            "to_night": str(row["to_night"]) if row["to_night"] else None,
            "reason": row["reason"],
        }
        for row in acceptances(rows).iter_rows(named=True)
    ]
    return {"switches": switches_in_force(rows).to_dicts(), "accepted_breaks": accepted}


def last_published(book: Book) -> str | None:
    """Return the last night that is published: what is decided now does not change it."""
    folder = book.path / "published"
    return max((manifest.parent.name for manifest in folder.glob("[0-9]*/manifest.json")), default=None)


def _decide(path: Path, ruling: Ruling, *, as_json: bool) -> None:
    from pipelines.cli import show

    book = Book.open(path)
    ruling_id = add_ruling(book, ruling)
    document = {"ruling_id": ruling_id, "kind": ruling.kind, "last_published": last_published(book)} | in_force(book)
    show(as_json, document, lambda: _print(document))


def _time(at: dt.datetime | None) -> dt.datetime:
    """Return the time of a ruling, which is told here and nowhere else."""
    return at.replace(tzinfo=dt.UTC) if at else dt.datetime.now(dt.UTC)


def _require_one(*, security: str | None, cash: bool) -> None:
    if (security is None) != cash:
        raise RulingError(
            code="RULE-007",
            where="the break",
            found="both or neither of --security and --cash",
            expected="one of them",
            remedy="Name the security whose shares differ, or --cash.",
        )


def _micro(difference: str) -> int:
    try:
        number = Decimal(difference) * MICRO
        exact = number.is_finite() and number == number.to_integral_value() and 0 < abs(number) < 2**62
    except InvalidOperation:
        exact = False
    if not exact:
        raise RulingError(
            code="RULE-008",
            where="--difference",
            found=repr(difference[:80]),
            expected="shares or dollars to a millionth, other than zero",
            remedy="Take the number from the account's reason: custodian less book.",
        )
    return to_micro(difference)


def _last(first: dt.date, last: dt.datetime | None) -> dt.date | None:
    if last is not None and last.date() < first:
        raise RulingError(
            code="RULE-009",
            where="--to",
            found=str(last.date()),
            expected=f"{first} or a later night",
            remedy="Swap the dates, or leave --to out.",
        )
    return last.date() if last else None


def _print(document: dict[str, Any]) -> None:
    if "ruling_id" in document:
        typer.echo(f"{document['ruling_id']} {document['kind']}; last published night: {document['last_published']}")
    for row in document["switches"]:
        typer.echo(f"{row['ruling_id']:<6} frozen    {row['scope']} {row['target']}".rstrip() + f": {row['reason']}")
    for row in document["accepted_breaks"]:
        what = row["security_id"] or "cash"
        terms = f"{row['difference']} {row['unit']} from {row['from_night']} to {row['to_night'] or 'its withdrawal'}"
        typer.echo(f"{row['ruling_id']:<6} accepted  {row['account_id']} {what} {terms}: {row['reason']}")
    if not document["switches"] and not document["accepted_breaks"]:
        typer.echo("no switch is on, no break is accepted")
