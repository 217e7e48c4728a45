"""Verification: a published night held to its manifest, from the bytes on disk alone.

Every check returns the places where what was found is not what was promised; a verified night has none. What replays
the night is in `pipelines/replay.py`: it needs the line itself.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assets.archive import Archive
from assets.book import Book, BookSettings
from assets.comparison import Difference
from assets.publication import AUDITS, NIGHTLY, RULINGS, SHARDED, audit_files
from assets.publish import DATA_FILES, manifests_of, sha256_of
from assets.sessions import sessions_between
from assets.signing import SIGNATURE, fault_of, fingerprint_of, known_keys
from assets.store import PRUNED, Store, Version, digest_of_version, latest_manifest
from assets.trade_tables import published_files
from ledger.errors import NightOrderError, StoreError

AUDITED = "audits of the published files"
TABLES = ("account_outcome", "allocation", "published_order")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question asked of a night: of how many things, and where the answer was wrong."""

    check: str
    checked: int
    differences: tuple[Difference, ...] = ()
    pruned: tuple[str, ...] = ()
    """What could not be looked at because it was dropped on purpose; `openbell rebuild` makes it again."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A published night: where it stands, and what its manifest says."""

    night: dt.date
    folder: Path
    manifest: Mapping[str, Any]


def published_night(*, book: Book, night: dt.date) -> Published:
    """Return what is published of ``night``, its last revision.

    Raises
    ------
    NightOrderError
        Where the night is not published.
    """
    manifest = latest_manifest(book.path, night)
    if manifest is None:
        raise NightOrderError(
            code="NIGHT-006",
            where=f"night {night}",
            found="nothing published",
            expected="a published night",
            remedy="Run `openbell night` for it first.",
        )
    return Published(night=night, folder=manifest.parent, manifest=json.loads(manifest.read_bytes()))


def verify_night(*, store: Store, book: Book, night: dt.date, verify_keys: Sequence[Path] = ()) -> list[Check]:
    """Hold the published night to its manifest: files, chain, signature, store, kept inputs, rows, audits.

    ``verify_keys`` are files with the public keys that count in place of those that the book names.

    Raises
    ------
    NightOrderError
        Where the night is not published.
    SettingError
        Where a public key cannot be read.
    """
    published = published_night(book=book, night=night)
    files, intact = check_files(published), check_store(published, store=store)
    checks = [files, check_chain(book=book, night=night)]
    checks += check_signatures(book=book, night=night, verify_keys=verify_keys)
    checks += [intact, check_inputs(published, book=book)]
    if not intact.differences and not files.differences:
        checks += [check_rows(published, store=store), check_audits(published, store=store, pruned=intact.pruned)]
    return checks


def check_files(published: Published) -> Check:
    """Hold the bytes of the published files to the manifest's digests."""
    promised = {name: published.manifest["files"].get(name, "no digest") for name in DATA_FILES}
    found = {name: sha256_of(path) if (path := published.folder / name).exists() else "no file" for name in promised}
    return Check(check="published files", checked=len(promised), differences=_unequal(found, promised))


def check_chain(*, book: Book, night: dt.date) -> Check:
    """Hold every manifest, from the book's first night on, to the digest that its successors name."""
    differences: list[Difference] = []
    previous: Path | None = None
    links = 0
    for session in sessions_between(first=book.settings.book.first_night, last=night):
        standing = latest_manifest(book.path, session)
        superseded: Path | None = None
        for manifest in manifests_of(book, session) if standing else ():
            content = json.loads(manifest.read_bytes())
            links += 1
            where = manifest.relative_to(book.path).as_posix()
            for fact, path in (("previous_manifest_sha256", previous), ("supersedes_manifest_sha256", superseded)):
                expected = sha256_of(path) if path else None
                if content.get(fact) != expected:
                    differences.append(
                        Difference(where=f"{where} {fact}", found=str(content.get(fact)), expected=str(expected))
                    )
            superseded = manifest
        previous = standing
    return Check(check="manifest chain", checked=links, differences=tuple(differences))


def check_signatures(*, book: Book, night: dt.date, verify_keys: Sequence[Path]) -> list[Check]:
    """Hold every manifest of the night to its signature; no check where no public key is configured or given."""
    keys = known_keys(book, others=verify_keys)
    if not keys or (not verify_keys and night < book.settings.publish.signed_from):
        return []
    expected = "a signature by " + " or ".join(fingerprint_of(key) for key in keys)
    manifests = manifests_of(book, night)
    differences = []
    for manifest in manifests:
        beside = manifest.with_name(SIGNATURE)
        signature = beside.read_bytes() if beside.exists() else None
        fault = fault_of(signature, content=manifest.read_bytes(), keys=keys)
        if fault is not None:
            where = beside.relative_to(book.path).as_posix()
            differences.append(Difference(where=where, found=fault, expected=expected))
    return [Check(check="signatures", checked=len(manifests), differences=tuple(differences))]


def check_store(published: Published, *, store: Store) -> Check:
    """Hold every partition that the night read or wrote to its digest, recomputed from the rows."""
    promised: Mapping[str, str] = published.manifest["store"]
    differences: list[Difference] = []
    pruned: list[str] = []
    for name, digest in sorted(promised.items()):
        try:
            found = digest_of_version(_version(store, name, digest=digest))
        except StoreError as error:
            if error.code == PRUNED:
                pruned.append(name)
                continue
            differences.append(Difference(where=name, found=error.found, expected=error.expected))
            continue
        if found != digest:
            differences.append(Difference(where=name, found=found, expected=digest))
    checked = len(promised) - len(pruned)
    return Check(check="store partitions", checked=checked, differences=tuple(differences), pruned=tuple(pruned))


def _version(store: Store, name: str, *, digest: str) -> Version:
    """Return the version that a manifest names ``asset/night[/shard]``."""
    asset, night, *shard = name.split("/")
    return store.version(asset, night=dt.date.fromisoformat(night), shard=shard[0] if shard else None, digest=digest)


def check_inputs(published: Published, *, book: Book) -> Check:
    """Hold the kept bytes of every feed and static file to the digests that the night read."""
    inputs = {*published.manifest["inputs"].items(), *published.manifest["rulings"]["solved_with"].items()}
    archive = Archive(book.path)
    lost = [(label, digest) for label, digest in sorted(inputs) if archive.find(label, digest=digest) is None]
    return Check(
        check="kept inputs",
        checked=len(inputs),
        differences=tuple(
            Difference(where=label, found="no kept file with these bytes", expected=digest) for label, digest in lost
        ),
    )


def check_rows(published: Published, *, store: Store) -> Check:
    """Hold the published files to the rows of the `trades` partition, byte for byte."""
    trades = _trades(published, store=store)
    with store.reading({"trades": trades}) as tables:
        for table in TABLES:
            tables.execute(f"create temp view {table} as from trades.{table}")
        files = published_files(tables, night=published.night)
    promised = {name: _sha(content) for name, content in files.items()}
    found = {name: published.manifest["files"].get(name, "no digest") for name in files}
    return Check(check="published rows", checked=sum(trades.rows.values()), differences=_unequal(found, promised))


def check_audits(published: Published, *, store: Store, pruned: Sequence[str] = ()) -> Check:
    """Run the audits of the published files again, from their bytes and the partitions that the manifest names.

    None is run where a partition that they read is ``pruned``.
    """
    audited = {*NIGHTLY.values(), *SHARDED.values()}
    unread = tuple(name for name in pruned if name.split("/")[0] in audited)
    if unread:
        return Check(check=AUDITED, checked=0, pruned=unread)
    files = {name: (published.folder / name).read_bytes() for name in DATA_FILES}
    read = {
        name: _version(store, name, digest=digest)
        for name, digest in published.manifest["store"].items()
        if name.split("/")[1] == published.night.isoformat()
    }
    settings = BookSettings.model_validate(published.manifest["settings"])
    with store.reading({"trades": _trades(published, store=store)}) as tables:
        rulings = {table: tables.select(f"from trades.{table} order by all") for table in RULINGS}
    try:
        found = audit_files(
            files,
            store=store,
            night=published.night,
            read=read,
            rulings=rulings,
            loss_margin=settings.tax.loss_margin,
        ).offenders
    except StoreError as error:
        lost = Difference(where=error.where, found=error.found, expected=error.expected)
        return Check(check=AUDITED, checked=len(AUDITS), differences=(lost,))
    differences = tuple(
        Difference(
            where=f"audit {audit}",
            found=f"{rows.height} rows, the first {rows.row(0, named=True)}",
            expected="none",
        )
        for audit, rows in found.items()
        if not rows.is_empty()
    )
    return Check(check=AUDITED, checked=len(AUDITS), differences=differences)


def _trades(published: Published, *, store: Store) -> Version:
    name = f"trades/{published.night}"
    return _version(store, name, digest=published.manifest["store"][name])


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _unequal(found: Mapping[str, str], expected: Mapping[str, str]) -> tuple[Difference, ...]:
    return tuple(
        Difference(where=name, found=found[name], expected=expected[name])
        for name in sorted(expected)
        if found[name] != expected[name]
    )


def is_verified(checks: Sequence[Check]) -> bool:
    """Return whether no check found a difference."""
    return not any(check.differences for check in checks)
