"""Retention: which store files an old night can do without, and how they are dropped and put back.

A published night before the first kept one loses the files of its large partitions. What was dropped is noted first,
once, in ``BOOK/store/pruned/<night>/``; the small files that say what a version was made from stay, and so do its kept
inputs, so that it can be made again with the same digest. What stays as well:

- what any later night reads at any distance, and what the published files are verified against (`KEPT`);
- what the kept nights were made from, and what the first of them begins with;
- lots of a shard that answered after its night's deadline: that night's manifest does not name them;
- the last session of every month, with which making older nights again can begin;
- a night of which an input is no longer kept, whole: it could not be made again.

Versions that neither a head nor a manifest names are dropped without a note: nothing was ever made from them.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assets.archive import Archive
from assets.book import Book
from assets.locks import is_held, temporary_in
from assets.publish import manifests_of
from assets.sessions import session_after, session_before
from assets.stages import stages_of
from assets.store import (
    POINTERS,
    WRITING,
    Store,
    Version,
    among_writers,
    digest_of_version,
    facts_of,
    latest_manifest,
    sync,
    write_renamed,
)
from ledger.errors import NightError, NightOrderError, StoreError

KEPT = (
    "account_policies",
    "account_shards",
    "corporate_actions",
    "custodian_activity",
    "night_report",
    "prices",
    "trades",
)
"""Assets of which no night is ever pruned: corrections and terms look back to any day, and these are small."""
_TEMPORARY = re.compile(r"\.([^/]+\.)?[0-9a-f]{32}\.tmp(\.wal)?")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NightPlan:
    """What one night can do without."""

    night: dt.date
    named: Mapping[str, str]
    """Digest by partition of the files that its manifest names: noted, and made again when they are wanted."""
    unnamed: tuple[Path, ...]
    """Files of versions that nothing names."""
    reruns: tuple[Path, ...] = ()
    """Pointers of a rerun, or of a revision that published nothing, to versions that go: they go before them."""
    lost_inputs: tuple[str, ...] = ()
    """Inputs that are no longer kept; nothing of the night is dropped that its manifest names."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was dropped, or would be, and what the store weighs."""

    first_kept: dt.date
    dry_run: bool
    nights: tuple[dt.date, ...]
    """Nights of which files were dropped."""
    partitions: int
    unnamed: int
    temporaries: int
    bytes_before: int
    bytes_after: int
    not_pruned: Mapping[str, tuple[str, ...]]
    """Old nights that stay whole, with the inputs that are no longer kept."""


def published_nights(book: Book) -> list[dt.date]:
    """Return every published night, the first one first."""
    manifests = (book.path / "published").glob("[0-9]*/manifest.json")
    return sorted(dt.date.fromisoformat(manifest.parent.name) for manifest in manifests)


def first_kept_night(book: Book, *, keep_nights: int | None, before: dt.date | None) -> dt.date:
    """Return the first night that stays whole; at the least the last published one does.

    Raises
    ------
    NightOrderError
        Where no night is published.
    """
    nights = published_nights(book)
    if not nights:
        raise NightOrderError(
            code="NIGHT-020",
            where=f"book {book.settings.book.name}",
            found="nothing published",
            expected="a published night to keep",
            remedy="There is nothing to prune yet.",
        )
    candidates = [nights[-1]]
    if keep_nights is not None:
        candidates.append(nights[max(0, len(nights) - keep_nights)])
    if before is not None:
        candidates.append(before)
    return min(candidates)


def plan_of(store: Store, book: Book, *, first_kept: dt.date) -> list[NightPlan]:
    """Return what every published night before ``first_kept`` can do without."""
    needed = needed_by_kept(store, book, first_kept=first_kept)
    return [
        _night_plan(store, book, night=night, needed=needed) for night in published_nights(book) if night < first_kept
    ]


def needed_by_kept(store: Store, book: Book, *, first_kept: dt.date) -> set[tuple[str, str]]:
    """Return name and digest of what the kept nights were made from, and what the first of them begins with."""
    needed: set[tuple[str, str]] = set()
    for path in store.root.glob("[a-z]*/[0-9]*/**/*.json"):
        asset, night = path.relative_to(store.root).parts[:2]
        if asset != "pruned" and night >= first_kept.isoformat():
            needed |= set(facts_of(path)["inputs"].items())
    return needed | _begins_with(store, book, night=session_before(first_kept))


def _begins_with(store: Store, book: Book, *, night: dt.date) -> set[tuple[str, str]]:
    """Return the partitions of ``night`` that the session after it begins with."""
    chain = [stage for stage in stages_of(book) if stage.reads_night_before]
    if latest_manifest(book.path, night) is None:
        return set()
    named = _named(book, night)
    return {(name, digest) for name, digest in named.items() if name.split("/")[0] in {stage.name for stage in chain}}


def _named(book: Book, night: dt.date) -> dict[str, str]:
    """Return what the manifest that stands for ``night`` says of the store."""
    digests: dict[str, str] = json.loads(_standing(book, night).read_bytes())["store"]
    return digests


def _night_plan(store: Store, book: Book, *, night: dt.date, needed: set[tuple[str, str]]) -> NightPlan:
    claimed = {
        pair for manifest in manifests_of(book, night) for pair in json.loads(manifest.read_bytes())["store"].items()
    }
    unnamed, reruns = [], []
    for path in sorted(store.root.glob(f"[a-z]*/{night}/**/*.json")):
        name = path.parent.relative_to(store.root).as_posix()
        head = path.with_name("head.json")
        is_head = not head.exists() or facts_of(head)["digest"] == path.stem
        if path.name in POINTERS:
            if (name, facts_of(path)["digest"]) not in claimed | needed:
                reruns.append(path)
        elif (
            path != head
            and not name.startswith("pruned/")
            and (name, path.stem) not in claimed | needed
            and not is_head
        ):
            unnamed.append(path.with_suffix(".duckdb"))
    stays = needed | (_begins_with(store, book, night=night) if _ends_month(night) else set())
    named = {
        name: digest
        for name, digest in sorted(_named(book, night).items())
        if name.split("/")[0] not in KEPT
        and name.split("/")[1] == night.isoformat()
        and (name, digest) not in stays
        and path_of(store, name, digest=digest).exists()
    }
    lost = _lost_inputs(book, night=night) if named else ()
    return NightPlan(
        night=night, named={} if lost else named, unnamed=tuple(unnamed), reruns=tuple(reruns), lost_inputs=lost
    )


def _lost_inputs(book: Book, *, night: dt.date) -> tuple[str, ...]:
    """Return the inputs of a published night whose bytes are no longer kept."""
    archive = Archive(book.path)
    manifest = json.loads(_standing(book, night).read_bytes())
    inputs = {*manifest["inputs"].items(), *manifest["rulings"]["solved_with"].items()}
    return tuple(label for label, digest in sorted(inputs) if archive.find(label, digest=digest) is None)


def _standing(book: Book, night: dt.date) -> Path:
    manifest = latest_manifest(book.path, night)
    assert manifest is not None, night
    return manifest


def _ends_month(night: dt.date) -> bool:
    return session_after(night).month != night.month


def path_of(store: Store, name: str, *, digest: str) -> Path:
    """Return the file of a version by its name in manifests."""
    asset, night, *shard = name.split("/")
    folder = store.folder(asset, night=dt.date.fromisoformat(night), shard=shard[0] if shard else None)
    return folder / f"{digest}.duckdb"


def prune(store: Store, book: Book, *, first_kept: dt.date, dry_run: bool) -> Pruned:
    """Drop what the nights before ``first_kept`` can do without: noted first, then dropped. Killed, it is run again.

    Raises
    ------
    NightError
        Where another process writes the store.
    """
    with among_writers(book.path, alone=True) as is_alone:
        if not is_alone:
            raise NightError(
                code="RUN-020",
                where=f"store of book {book.settings.book.name}",
                found="a process that writes it",
                expected="none while files are dropped",
                remedy="Prune when no night runs.",
            )
        before = _weight(store.root)
        plans = plan_of(store, book, first_kept=first_kept)
        left_over = temporaries(book)
        dropped = 0
        for path in left_over:
            dropped += _weight(path)
            if not dry_run:
                _remove(path)
        for plan in plans:
            files = [path_of(store, name, digest=digest) for name, digest in plan.named.items()]
            dropped += sum(_weight(path) for path in files)
            dropped += sum(_weight(path) + _weight(path.with_suffix(".json")) for path in plan.unnamed)
            dropped += sum(map(_weight, plan.reruns))
            if not dry_run:
                _drop(store, book, plan, files=files)
        return Pruned(
            first_kept=first_kept,
            dry_run=dry_run,
            nights=tuple(plan.night for plan in plans if plan.named or plan.unnamed),
            partitions=sum(len(plan.named) for plan in plans),
            unnamed=sum(len(plan.unnamed) for plan in plans),
            temporaries=len(left_over),
            bytes_before=before,
            bytes_after=before - dropped if dry_run else _weight(store.root),
            not_pruned={plan.night.isoformat(): plan.lost_inputs for plan in plans if plan.lost_inputs},
        )


def _drop(store: Store, book: Book, plan: NightPlan, *, files: list[Path]) -> None:
    """Note what of a night will be dropped, on the disk, and drop it."""
    if plan.named:
        note = note_of(book, plan)
        path = store.root / "pruned" / plan.night.isoformat() / f"{hashlib.sha256(note).hexdigest()}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            write_renamed(path, note, root=book.path / "store")
            sync(path.parent.parent)
    for path in plan.reruns:
        path.unlink(missing_ok=True)
    for path in files:
        path.unlink()
    for path in plan.unnamed:
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)


def note_of(book: Book, plan: NightPlan) -> bytes:
    """Return the note of what a night loses and how it comes back; no clock, no path."""
    content: dict[str, Any] = {
        "night": plan.night.isoformat(),
        "manifest_sha256": hashlib.sha256(_standing(book, plan.night).read_bytes()).hexdigest(),
        "dropped": dict(plan.named),
        "rebuild": f"openbell rebuild BOOK --night {plan.night}",
    }
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def temporaries(book: Book) -> list[Path]:
    """Return what killed processes left under temporary names, in the store and beside the published nights.

    To be called by who is alone in the store: nobody writes any of them then.
    """
    store, published = book.path / "store", book.path / "published"
    places = [
        *store.rglob(".*.tmp"),
        *store.rglob(".*.tmp.wal"),
        *published.glob(".*.tmp"),
        *published.glob("*/.*.tmp"),
    ]
    # Who writes outside of the store's lock holds at least that of the name.
    return sorted(
        path
        for path in places
        if _TEMPORARY.fullmatch(path.name) and not is_held(path.with_name(f"{path.name.split('.tmp')[0]}.lock"))
    )


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _weight(place: Path) -> int:
    """Return the bytes of the files at ``place``."""
    if not place.is_dir():
        return place.lstat().st_size if place.exists() else 0
    return sum(path.lstat().st_size for path in place.rglob("*") if path.is_file())


def missing_of(store: Store, book: Book, *, night: dt.date) -> dict[str, str]:
    """Return name and digest of the partitions that a published night names and that are not there."""
    return {
        name: digest
        for name, digest in sorted(_named(book, night).items())
        if not path_of(store, name, digest=digest).exists()
    }


def nights_to_rebuild(store: Store, book: Book, *, night: dt.date) -> list[dt.date]:
    """Return the nights to make again so that all of ``night`` is there, in order; none where it is.

    A version's small file tells what it was made from. What of that is there is where making again begins.
    """
    found: set[dt.date] = set()
    open_ = [night] if missing_of(store, book, night=night) else []
    while open_:
        now = open_.pop()
        found.add(now)
        for name, digest in _read_of_earlier(store, book, night=now):
            earlier = dt.date.fromisoformat(name.split("/")[1])
            if earlier not in found and not path_of(store, name, digest=digest).exists():
                open_.append(earlier)
    return sorted(found)


def _read_of_earlier(store: Store, book: Book, *, night: dt.date) -> Iterator[tuple[str, str]]:
    """Yield name and digest of the partitions of earlier nights that ``night`` was made from."""
    for name, digest in sorted(_named(book, night).items()):
        path = path_of(store, name, digest=digest)
        inputs = facts_of(path)["inputs"] if path.with_suffix(".json").exists() else {}
        for read, of in sorted(inputs.items()):
            if not read.startswith(("feeds/", "static/")) and read.split("/")[1] < night.isoformat():
                yield read, of


def restore(store: Store, again: Version) -> bool:
    """Put the file of ``again``, made anew elsewhere, where it is missing; False where a file stands there.

    Raises
    ------
    StoreError
        Where the copy is not what its name says.
    """
    path = path_of(store, again.name, digest=again.digest)
    with among_writers(store.book), temporary_in(store.root / WRITING) as temporary:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(again.path, temporary)
        found = digest_of_version(dataclasses.replace(again, path=temporary))
        if found != again.digest:
            raise StoreError(
                code="STORE-011",
                where=f"copy of store partition {again.name}",
                found=f"content with digest {found[:16]}",
                expected=again.digest[:16],
                remedy="The disk did not keep what was written; look at it before anything else.",
            )
        sync(temporary)
        if not path.with_suffix(".json").exists():
            write_renamed(path.with_suffix(".json"), again.path.with_suffix(".json").read_bytes(), root=store.root)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        sync(path.parent)
    return True
