"""Publishing: create-once files of a night, with a manifest that names everything they were made from.

The files of a night appear all at once: they are written and fsynced in a folder with a temporary name, which
is renamed to ``published/<night>``; a rename onto a folder that has files in it fails. The same files again are
a no-op, other files are refused.

A superseding revision is published only when asked for: it appears, likewise at once, as
``published/<night>/revision-<n>``, and its manifest names the one that it supersedes. Nothing is ever replaced.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assets.book import Book
from assets.fault_points import passed
from assets.locks import temporary_in
from assets.sessions import session_before
from assets.signing import SIGNATURE, signer_of
from assets.store import among_writers, latest_manifest, sync
from ledger.errors import PublishError

DATA_FILES = ("accounts.csv", "allocations.csv", "orders.csv")
PROJECT = Path(__file__).resolve().parent.parent


def publish(*, book: Book, night: dt.date, files: Mapping[str, bytes], facts: Mapping[str, Any], revise: bool) -> Path:
    """Publish the data ``files`` of ``night`` with a manifest of ``facts``; return the folder where they stand.

    With ``revise``, files that differ from those that stand become the night's next revision.

    Raises
    ------
    PublishError
        Where the night is published with other files, and no revision was asked for.
    SettingError
        Where a key is configured that cannot sign.
    """
    standing = latest_manifest(book.path, night)
    folder, revision, supersedes = book.published(night), 0, None
    if standing is not None and (same_files(standing.parent, files) or not revise):
        folder, revision = standing.parent, revision_of(standing)
        supersedes = json.loads(standing.read_bytes()).get("supersedes_manifest_sha256")
    elif standing is not None:
        revision = revision_of(standing) + 1
        supersedes = sha256_of(standing)
        folder = book.published(night) / f"revision-{revision}"
    manifest = manifest_of(
        book=book, night=night, files=files, facts={**facts, "revision": revision}, supersedes=supersedes
    )
    signer = signer_of(book)
    signature = {SIGNATURE: signer.sign(manifest)} if signer else {}
    with among_writers(book.path):
        publish_once(folder, {**files, "manifest.json": manifest, **signature})
    return folder


def published_manifest(book: Path, night: dt.date) -> dict[str, Any]:
    """Return what the manifest that stands for a published ``night`` says."""
    manifest = latest_manifest(book, night)
    assert manifest is not None, night
    content: dict[str, Any] = json.loads(manifest.read_bytes())
    return content


def revision_of(manifest: Path) -> int:
    """Return which revision of its night a manifest publishes; 0 is the first."""
    number = json.loads(manifest.read_bytes())["revision"]
    assert isinstance(number, int), number
    return number


def manifests_of(book: Book, night: dt.date) -> list[Path]:
    """Return the manifests of a published night, the first publication first."""
    folder = book.published(night)
    return sorted([folder / "manifest.json", *folder.glob("revision-*/manifest.json")], key=revision_of)


def same_files(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Return whether the data files in ``folder`` are ``files``."""
    return all((folder / name).read_bytes() == files[name] for name in DATA_FILES)


def publish_once(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Make ``folder`` with exactly ``files`` appear at once; return False where it already stood.

    Raises
    ------
    PublishError
        Where ``folder`` exists and one of its data files differs.
    """
    if not (folder / "manifest.json").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with temporary_in(folder.parent) as temporary:
            passed("files.opened", where=folder.name)
            temporary.mkdir()
            for name, content in sorted(files.items()):
                with (temporary / name).open("xb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                passed("files.written", where=f"{folder.name}/{name}")
            sync(temporary)
            passed("files.synced", where=folder.name)
            try:
                temporary.rename(folder)
            except OSError:
                if not (folder / "manifest.json").exists():
                    raise
            else:
                passed("files.renamed", where=folder.name)
                sync(folder.parent)
                passed("files.published", where=folder.name)
                return True
    _require_same(folder, files)
    sync(folder.parent)  # Who published it may have been killed before it could.
    return False


def _require_same(folder: Path, files: Mapping[str, bytes]) -> None:
    for name in DATA_FILES:
        stands = (folder / name).read_bytes()
        if stands != files[name]:
            raise PublishError(
                code="PUB-001",
                where=str(folder / name),
                found=f"a published file with sha256 {hashlib.sha256(stands).hexdigest()[:16]}",
                expected=f"the same content as tonight's, {hashlib.sha256(files[name]).hexdigest()[:16]}",
                remedy="A published night is never replaced. `openbell verify --replay` tells what differs; "
                "`openbell night --revision` publishes what supersedes it.",
            )


def manifest_of(
    *,
    book: Book,
    night: dt.date,
    files: Mapping[str, bytes],
    facts: Mapping[str, Any],
    supersedes: str | None,
) -> bytes:
    """Return the manifest: what was published, from which inputs, by which code; no clock, no path.

    ``facts`` are the revision's number and the mappings inputs, store and counts.
    """
    previous = latest_manifest(book.path, session_before(night))
    content: dict[str, Any] = {
        **{name: dict(sorted(fact.items())) if isinstance(fact, Mapping) else fact for name, fact in facts.items()},
        "night": night.isoformat(),
        "previous_manifest_sha256": sha256_of(previous) if previous else None,
        "supersedes_manifest_sha256": supersedes,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
        "code": code_version(),
        "packages_sha256": packages_digest(),
        "machine": machine(),
        "policy_version": book.settings.book.policy_version,
        "settings": book.settings.printed(),
    }
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def sha256_of(path: Path) -> str:
    """Return sha256 of a small file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def code_version() -> dict[str, Any]:
    """Return the commit of the running code and whether files differ from it; unknown outside a checkout."""
    try:
        commit = _git("rev-parse", "HEAD")
        dirty = bool(_git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "dirty": None}
    return {"commit": commit, "dirty": dirty}


def machine() -> dict[str, str]:
    """Return what kind of machine runs the code."""
    return {"system": platform.system(), "architecture": platform.machine()}


def packages_digest() -> str:
    """Return sha256 over the installed versions of the packages that an answer can depend on."""
    names = ("clarabel", "duckdb", "llvmlite", "numba", "numpy", "polars", "pyarrow", "scipy")
    lines = [f"{name}=={importlib.metadata.version(name)}" for name in names]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _git(*arguments: str) -> str:
    git = shutil.which("git")
    if git is None:
        raise FileNotFoundError("git")
    done = subprocess.run(  # noqa: S603
        [git, "-C", str(PROJECT), *arguments], capture_output=True, text=True, check=True, timeout=20
    )
    return done.stdout.strip()
