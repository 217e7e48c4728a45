"""The small book of the simulations, and what must be true of its files at any moment."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from pathlib import Path

import dagster as dg

from assets.book import Book
from assets.stages import stages_of
from assets.store import Store, Version, digest_of_version, pruned_versions
from pipelines.book_maker import make_book
from pipelines.instance import use_instance

FIRST_NIGHT = dt.date(2026, 9, 1)
ACCOUNTS, NAMES, FACTORS, SHARDS = 8, 25, 4, 2


def small_book(path: Path, *, seed: int) -> Book:
    """Make a book of 8 accounts and 25 names in 2 shards, with the feeds of its first night."""
    make_book(
        path, market="synthetic", accounts=ACCOUNTS, shards=SHARDS, seed=seed, first_night=FIRST_NIGHT, names=NAMES,
        factors=FACTORS,
    )  # fmt: skip
    return Book.open(path)


def not_run_yet(book: Path, *, to: Path) -> Book:
    """Copy what a book was given, without what it made of it."""
    to.mkdir(parents=True)
    for part in ("static", "feeds"):
        shutil.copytree(book / part, to / part)
    shutil.copy(book / "book.toml", to / "book.toml")
    return Book.open(to)


def unreadable_files(book: Path, *, known: frozenset[Path] = frozenset()) -> list[str]:
    """Return the files under their final names that cannot be read, or are not what their names say.

    What was pruned is noted, and no loss. Those in ``known`` were looked at before and, being immutable, are left out; heads are always read.
    """
    versions = sorted(path for path in book.glob("store/[a-z]*/????-??-??/**/*.duckdb") if path not in known)
    digests = {path: digest_of_version(_version(book, path)) for path in versions}
    wrong = [f"{path}: another digest" for path, digest in digests.items() if digest != path.stem]
    for path in [*book.glob("store/[a-z]*/????-??-??/**/*.json"), *book.glob("published/????-??-??/**/*.json")]:
        if path in known:
            continue
        try:
            content = json.loads(path.read_bytes())
        except ValueError as error:
            wrong.append(f"{path}: {error}")
            continue
        if path.name == "head.json" and not path.with_name(f"{content['digest']}.duckdb").exists():
            parts = path.parent.relative_to(book / "store").parts
            if ("/".join(parts), content["digest"]) in pruned_versions(book / "store", parts[1]):
                continue  # dropped on purpose, and noted: `openbell rebuild` makes it again
            wrong.append(f"{path}: a head without its file")
    wrong += [f"{path}: not the bytes of its name" for path in _kept_otherwise(book, known=known)]
    return wrong


def _kept_otherwise(book: Path, *, known: frozenset[Path]) -> list[Path]:
    kept = [path for path in (book / "store" / "files").glob("*") if path not in known]
    return [path for path in kept if hashlib.sha256(path.read_bytes()).hexdigest() != path.name.partition(".")[0]]


def _version(book: Path, path: Path) -> Version:
    asset, night, *shard = path.relative_to(book / "store").parent.parts
    return Version(asset, dt.date.fromisoformat(night), shard[0] if shard else None, path, path.stem, {}, {})


def left_behind(book: Path) -> list[str]:
    """Return the temporary names that are there though nobody writes."""
    folders = (book / "store" / ".writing", book / "published", book / "feeds", *book.glob("published/*/"))
    return [str(path) for folder in folders for path in folder.glob(".*") if path.suffix in {".tmp", ".lock"}]


def lost_events(book: Book, *, night: dt.date) -> list[str]:
    """Return the heads of a night without a materialisation of their digest, and runs that seem to go on."""
    use_instance(book)
    store = Store(book.path)
    lost = []
    with dg.DagsterInstance.get() as instance:
        for stage in stages_of(book):
            for shard in book.shards if stage.by_shard else (None,):
                key = f"{night}|{shard}" if shard else str(night)
                records = instance.fetch_materializations(
                    dg.AssetRecordsFilter(asset_key=dg.AssetKey(stage.name), asset_partitions=[key]), limit=1
                ).records
                head = store.head(stage.name, night=night, shard=shard)
                told = records[0].asset_materialization if records else None
                if told is None or (told.tags or {}).get("dagster/data_version") != head.digest:
                    lost.append(f"{head.name}: no materialisation of {head.digest[:12]}")
        started = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
        lost += [f"run {run.run_id}: started, and no process works on it" for run in started]
    return lost
