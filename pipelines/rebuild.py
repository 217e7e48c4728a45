"""Rebuild: the partitions that a published night names and that were dropped or lost, made again and put back.

The night is run again in a folder of its own from its kept inputs, as a replay is, and every missing file comes from
there if its digest is the one in the manifest. Nothing that is there is replaced.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

from assets.book import Book
from assets.comparison import Difference
from assets.retention import missing_of, nights_to_rebuild, restore
from assets.store import Store
from assets.verification import published_night
from pipelines.headless import Workers
from pipelines.replay import prepare, run_again


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What one night got back, and what came out otherwise than its manifest says."""

    night: dt.date
    restored: tuple[str, ...]
    differences: tuple[Difference, ...]


def rebuild(book: Book, *, night: dt.date, scratch: Path, workers: int | None) -> list[Rebuilt]:
    """Make again what is missing of ``night``, and first of the nights that it was made from; end at a difference.

    Raises
    ------
    NightOrderError
        Where the night is not published.
    StoreError
        Where an input is no longer kept.
    NightError
        Where a night does not come to its end again.
    """
    published_night(book=book, night=night)
    done: list[Rebuilt] = []
    for one in nights_to_rebuild(Store(book.path), book, night=night):
        done.append(_rebuild_night(book, night=one, folder=scratch / one.isoformat(), workers=workers))
        if done[-1].differences:
            break
    return done


def _rebuild_night(book: Book, *, night: dt.date, folder: Path, workers: int | None) -> Rebuilt:
    store = Store(book.path)
    published = published_night(book=book, night=night)
    missing = missing_of(store, book, night=night)
    folder.mkdir()
    elsewhere = prepare(book=book, published=published, folder=folder)
    with Workers(elsewhere, workers=workers) as pool:
        run_again(pool, book=book, published=published, publishing=f"trades/{night}" in missing)
    restored, differences = [], []
    for name, digest in missing.items():
        asset, _, *shard = name.split("/")
        again = Store(elsewhere.path).head(asset, night=night, shard=shard[0] if shard else None)
        if again.digest != digest:
            differences.append(Difference(where=name, found=again.digest, expected=digest))
        elif restore(store, again):
            restored.append(name)
    return Rebuilt(night=night, restored=tuple(restored), differences=tuple(differences))
