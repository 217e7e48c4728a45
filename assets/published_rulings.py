"""The rulings that a night is published with: those in force at that moment, whatever the solve had read."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
from collections.abc import Mapping
from typing import Any

import polars as pl

from assets.archive import Archive
from assets.book import Book
from assets.publish import published_manifest
from assets.rulings import NAME, acceptances_in_force, keep_rulings, read_rulings, switches_in_force
from assets.store import Store
from ledger.amounts import plain
from ledger.errors import RulingError


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRulings:
    """What operators have decided when the night's files are made."""

    switches: pl.DataFrame
    acceptances: pl.DataFrame
    inputs: Mapping[str, str]
    """The digest of the file by its path within the book; empty where there is none."""

    @property
    def digest(self) -> str | None:
        """Return the digest of the file."""
        return next(iter(self.inputs.values()), None)

    def facts(self, *, solved_with: Mapping[str, str]) -> dict[str, Any]:
        """Return what the manifest says of rulings; ``solved_with`` is the digest of the file that the solve read."""
        accepted = [
            {
                "ruling_id": row["ruling_id"],
                "account_id": row["account_id"],
                "security_id": row["security_id"],
                "difference": plain(row["difference_micro"]),
                "reason": row["reason"],
            }
            for row in self.acceptances.iter_rows(named=True)
        ]
        return {"solved_with": dict(solved_with), "switches": self.switches.to_dicts(), "accepted_breaks": accepted}


def rulings_for(*, store: Store, book: Book, night: dt.date) -> PublishedRulings:
    """Return the rulings in force now; of a night that is published, those that it was published with.

    Raises
    ------
    FeedError
        Where the file breaks its contract.
    RulingError
        Where what the solve had read is no longer the beginning of the file.
    """
    if store.is_sealed(night):
        with store.reading({"trades": store.head("trades", night=night)}) as tables:
            return PublishedRulings(
                switches=tables.select("from trades.switch order by all"),
                acceptances=tables.select("from trades.acceptance order by all"),
                inputs=_of_rulings(published_manifest(book.path, night)["inputs"]),
            )
    feed = read_rulings(book)
    inputs = keep_rulings(book, feed)
    _require_grown(book, solved_with=solved_with(store, night=night), now=inputs)
    return PublishedRulings(
        switches=switches_in_force(feed.rows),
        acceptances=acceptances_in_force(feed.rows, night=night),
        inputs=inputs,
    )


def solved_with(store: Store, *, night: dt.date) -> dict[str, str]:
    """Return the digest of the rulings that the night's policies were read with, by path; empty where none."""
    return _of_rulings(store.head("account_policies", night=night).inputs)


def put_rulings(book: Book, *, archive: Archive, inputs: Mapping[str, str]) -> None:
    """Let the rulings of ``book`` be those of ``inputs``, out of ``archive``; without a label of theirs, none."""
    for path in (book.path / "static").glob(f"{NAME}.*"):
        path.unlink()
    for label, digest in _of_rulings(inputs).items():
        shutil.copyfile(archive.require(label, digest=digest), book.path / label)


def _of_rulings(inputs: Mapping[str, str]) -> dict[str, str]:
    return {label: digest for label, digest in inputs.items() if label.startswith(f"static/{NAME}.")}


def _require_grown(book: Book, *, solved_with: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Refuse a file from which something is gone that the solve had read."""
    archive = Archive(book.path)
    kept, stands = (
        [path.read_bytes() for label, digest in inputs.items() if (path := archive.find(label, digest=digest))]
        for inputs in (solved_with, now)
    )
    if kept and not (stands and stands[0].startswith(kept[0])):
        raise RulingError(
            code="RULE-010",
            where=next(iter(solved_with)),
            found="other rulings than those that the night was solved with",
            expected="the same ones, and perhaps more after them",
            remedy="Put the rows back; `openbell release` takes a freeze back. Or run the night again from its feeds.",
        )
