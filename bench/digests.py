"""Print the digest of every published file and every partition of a book: equal before and after a change for speed.

    python -P -m bench.digests BOOK
    python -P -m bench.digests --accounts 1000 --shards 2 --nights 2 --folder DIR

The second makes a synthetic book and runs its nights first. Partitions are named by the digest of their content, so
that two lists that agree are two books that agree, row for row.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from pathlib import Path

from assets.book import Book
from assets.store import latest_manifest
from pipelines.book_maker import make_book
from pipelines.measure_night import FIRST_NIGHT
from pipelines.simulation import simulate_nights

PUBLISHED = ("accounts.csv", "allocations.csv", "orders.csv")
"""The manifest beside them also tells what the night ran on, the code among it: only its facts of the store count."""


def digests_of(book: Path) -> dict[str, str]:
    """Return sha256 by published file and by partition, in order of name."""
    found = {
        path.parent.parent.joinpath(path.parent.name).relative_to(book).as_posix(): head["digest"]
        for path in book.glob("store/**/head.json")
        for head in [json.loads(path.read_bytes())]
    }
    for night in sorted(path.name for path in (book / "published").iterdir()):
        manifest = latest_manifest(book, Book.open(book).settings.book.first_night.fromisoformat(night))
        assert manifest is not None, f"{night} is not published"
        for name in PUBLISHED:
            found[f"published/{night}/{name}"] = hashlib.sha256((manifest.parent / name).read_bytes()).hexdigest()
    return dict(sorted(found.items()))


def run(path: Path, *, accounts: int, names: int, shards: int, nights: int, seed: int) -> None:
    """Make a book at ``path`` and run its first ``nights`` nights."""
    make_book(
        path, market="synthetic", accounts=accounts, shards=shards, seed=seed, first_night=FIRST_NIGHT, names=names
    )
    simulate_nights(Book.open(path), nights=nights, workers=None, show_progress=False)


def main() -> None:
    """Print one digest a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("book", type=Path, nargs="?")
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--names", type=int, default=200)
    parser.add_argument("--shards", type=int, default=2)
    parser.add_argument("--nights", type=int, default=2)
    parser.add_argument("--seed", type=int, default=950)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.book is not None:
        lines = digests_of(asked.book)
    else:
        with tempfile.TemporaryDirectory(prefix="openbell-digests-", dir=asked.folder) as folder:
            path = Path(folder) / "book"
            run(
                path,
                accounts=asked.accounts,
                names=asked.names,
                shards=asked.shards,
                nights=asked.nights,
                seed=asked.seed,
            )
            lines = digests_of(path)
    for name, digest in lines.items():
        print(digest, name)


if __name__ == "__main__":
    main()
