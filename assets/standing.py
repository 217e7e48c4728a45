"""What stands of a night: which version of each partition its answers come from, and where those lead back to.

Of a published night these are the versions that its manifest seals, wherever the heads have moved since; of a night
that is not published they are the heads, and whoever reads is told so.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assets.book import Book, BookSettings
from assets.publication import NIGHTLY
from assets.publish import sha256_of
from assets.sessions import require_session
from assets.store import Store, Version, latest_manifest, partition_name
from ledger.errors import QuestionError

SHARDED = {
    "lots": "lots",
    "windows": "wash_windows",
    "proposals": "proposals",
    "reconciliation": "reconciliation",
}
PUBLISHED = "trades"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stands of one night of a book."""

    book: Book
    store: Store
    night: dt.date
    manifest: Mapping[str, Any] | None
    """What the manifest that stands says; None where the night is not published."""
    folder: Path | None
    """Where its files are published."""

    @property
    def settings(self) -> BookSettings:
        """Return the settings that the answers were made with: the manifest's, or else those of today's book.toml."""
        if self.manifest is None:
            return self.book.settings
        return BookSettings.model_validate(self.manifest["settings"])

    def version(self, asset: str, *, shard: str | None = None) -> Version | None:
        """Return the version of a partition that the night's answers come from; None where there is none.

        Raises
        ------
        StoreError
            Where its file is gone, or was pruned.
        """
        if self.manifest is not None:
            digest = self.manifest["store"].get(partition_name(asset, night=self.night, shard=shard))
            if digest is None:
                return None
            return self.store.version(asset, night=self.night, shard=shard, digest=digest)
        if not self.store.has(asset, night=self.night, shard=shard):
            return None
        return self.store.head(asset, night=self.night, shard=shard)

    def nightly(self) -> dict[str, Version]:
        """Return the partitions of the night itself, by alias; the published rows too, where there are any."""
        assets = {**NIGHTLY, **({"trades": PUBLISHED} if self.manifest is not None else {})}
        found = {alias: self.version(asset) for alias, asset in assets.items()}
        return {alias: version for alias, version in found.items() if version is not None}

    def sharded(self, shard: str) -> dict[str, Version]:
        """Return the partitions of one shard, by alias; none of a shard that has not answered."""
        found = {alias: self.version(asset, shard=shard) for alias, asset in SHARDED.items()}
        known = {alias: version for alias, version in found.items() if version is not None}
        return known if len(known) == len(SHARDED) else {}


def standing_night(*, store: Store, book: Book, night: dt.date) -> Standing:
    """Return what stands of ``night``.

    Raises
    ------
    NightOrderError
        Where it is no session.
    QuestionError
        Where it has not run.
    """
    require_session(night)
    manifest = latest_manifest(book.path, night)
    standing = Standing(
        book=book,
        store=store,
        night=night,
        manifest=None if manifest is None else json.loads(manifest.read_bytes()),
        folder=None if manifest is None else manifest.parent,
    )
    missing = [asset for asset in NIGHTLY.values() if manifest is None and not store.has(asset, night=night)]
    if missing:
        raise QuestionError(
            code="ASK-001",
            where=f"night {night}",
            found=f"no {missing[0]} of it in the store",
            expected="a night that has run",
            remedy="Run `openbell night` for it first, or name another night.",
        )
    return standing


def lineage_of(standing: Standing, *, shard: str) -> dict[str, Any]:
    """Return where the answers of one shard come from, from the published files back to the files of the feeds.

    Every partition is told with its digest and the digests of what it was made from, the last stage first; the first
    of them are feed and static files.
    """
    reached = {version.name: version for version in (*standing.nightly().values(), *standing.sharded(shard).values())}
    waiting = sorted(reached)
    while waiting:
        for name in sorted(reached[waiting.pop()].inputs.keys() - reached.keys()):
            asset, night, *of_shard = name.split("/")
            if night == standing.night.isoformat() and asset not in ("feeds", "static"):
                version = standing.version(asset, shard=of_shard[0] if of_shard else None)
                # Of the other shards only what was published stands behind one account.
                if version is not None and version.shard in (None, shard):
                    reached[name] = version
                    waiting.append(name)
    told = sorted(reached.values(), key=lambda version: (version.asset != PUBLISHED, version.name))
    partitions = {
        version.name: {"digest": version.digest, "read": dict(sorted(version.inputs.items()))} for version in told
    }
    read = {name: digest for version in told for name, digest in version.inputs.items()}
    files = {name: digest for name, digest in sorted(read.items()) if name.startswith(("feeds/", "static/"))}
    lineage: dict[str, Any] = {"partitions": partitions, "feed_files": files, "published": None}
    if standing.manifest is None:
        return lineage
    assert standing.folder is not None
    manifest = standing.manifest
    lineage["published"] = {
        "folder": standing.folder.relative_to(standing.book.path).as_posix(),
        "manifest_sha256": sha256_of(standing.folder / "manifest.json"),
        "files": dict(sorted(manifest["files"].items())),
        **{
            name: manifest[name]
            for name in ("revision", "previous_manifest_sha256", "code", "packages_sha256", "machine", "policy_version")
        },
    }
    return lineage
