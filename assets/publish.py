"""Publishing: create-once files of a night, with a manifest that names everything they were made from.

The files of a night appear all at once: they are written and fsynced in a folder with a temporary name, which
is renamed to ``published/<night>``; a rename onto a folder that has files in it fails. The same files again are
a no-op, other files are refused.
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
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assets.book import Book
from assets.sessions import session_before
from assets.store import sync
from ledger.errors import PublishError

DATA_FILES = ("accounts.csv", "allocations.csv", "orders.csv")
PROJECT = Path(__file__).resolve().parent.parent


def publish_once(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Make ``folder`` with exactly ``files`` appear at once; return False where it already stood.

    Raises
    ------
    PublishError
        Where ``folder`` exists and one of its data files differs.
    """
    if not (folder / "manifest.json").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.tmp")
        temporary.mkdir()
        try:
            for name, content in sorted(files.items()):
                with (temporary / name).open("xb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
            sync(temporary)
            try:
                temporary.rename(folder)
            except OSError:
                if not (folder / "manifest.json").exists():
                    raise
            else:
                sync(folder.parent)
                return True
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    _require_same(folder, files)
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
                remedy="A published night is never replaced. Compare the inputs named in its manifest with today's.",
            )


def manifest_of(
    *,
    book: Book,
    night: dt.date,
    files: Mapping[str, bytes],
    inputs: Mapping[str, str],
    store: Mapping[str, str],
    statuses: Mapping[str, int],
) -> bytes:
    """Return the manifest: what was published, from which inputs, by which code; no clock, no path."""
    previous = book.published(session_before(night)) / "manifest.json"
    content: dict[str, Any] = {
        "night": night.isoformat(),
        "revision": 0,
        "previous_manifest_sha256": hashlib.sha256(previous.read_bytes()).hexdigest() if previous.exists() else None,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
        "inputs": dict(sorted(inputs.items())),
        "store": dict(sorted(store.items())),
        "code": code_version(),
        "packages_sha256": packages_digest(),
        "machine": {"system": platform.system(), "architecture": platform.machine()},
        "policy_version": book.settings.book.policy_version,
        "settings": book.settings.printed(),
        "counts": dict(sorted(statuses.items())),
    }
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def code_version() -> dict[str, Any]:
    """Return the commit of the running code and whether files differ from it; unknown outside a checkout."""
    try:
        commit = _git("rev-parse", "HEAD")
        dirty = bool(_git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "dirty": None}
    return {"commit": commit, "dirty": dirty}


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
