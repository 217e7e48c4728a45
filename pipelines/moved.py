"""What moved since a night was published: its inputs, what made its last rerun, and what that made otherwise."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assets.book import Book
from assets.comparison import moved_accounts
from assets.feeds import feed_digests
from assets.publish import code_version, machine, packages_digest
from assets.store import Store


def moved(book: Book, store: Store, manifest: Path, *, night: dt.date) -> dict[str, tuple[Any, ...]]:
    """Return what moved since the published ``night``: inputs, and what its last rerun made otherwise."""
    partitions = tuple(store.all_beside(night))
    again = store.beside("trades", night=night)
    original = store.standing(again) if again else None
    published = json.loads(manifest.read_bytes())
    now = {"code": code_version(), "packages_sha256": packages_digest(), "machine": machine()} if partitions else {}
    return {
        "moved_inputs": moved_inputs(book, published, night=night),
        "moved_code": tuple(name for name, fact in now.items() if published[name] != fact),
        "moved_partitions": partitions,
        "moved_accounts": moved_accounts(store, original=original, again=again) if again and original else (),
    }


def moved_inputs(book: Book, published: Mapping[str, Any], *, night: dt.date) -> tuple[str, ...]:
    """Return the files that the published ``night`` read and settings it ran by that are other ones, or gone, today."""
    read: dict[str, str] = published["inputs"]
    today = feed_digests(book=book, night=night)
    files = sorted(label for label in read.keys() | today.keys() if read.get(label) != today.get(label))
    sections = book.settings.printed()
    settings = [
        f"book.toml {section}.{key}"
        for section, keys in sorted(sections.items())
        for key, value in sorted(keys.items())
        if published["settings"].get(section, {}).get(key, value) != value
    ]
    return (*files, *settings)
