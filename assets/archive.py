"""The archive: every file that a night read, kept by the digest of its bytes, so that any night can be replayed.

    BOOK/store/files/<sha256><form>

Files of static/, which operators edit in place, are copied; files of feeds/, which arrive once, are linked, so that
their bytes lie on the disk once. Whoever reads the archive holds the bytes to the name.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from assets.fault_points import passed
from assets.feed_errors import refusal
from assets.feed_files import FORMS, digest_of_file
from assets.locks import temporary_in
from assets.store import WRITING, sync
from ledger.errors import StoreError


class Archive:
    """The kept files of one book."""

    def __init__(self, book: Path) -> None:
        self.folder = book / "store" / "files"

    def path_of(self, digest: str, *, form: str) -> Path:
        """Return where the bytes with ``digest`` are kept; ``form`` is the file's ending."""
        assert form in FORMS, form
        return self.folder / f"{digest}{form}"

    def keep(self, path: Path, *, label: str, digest: str) -> None:
        """Keep the bytes of ``path``, which was read with ``digest``.

        Raises
        ------
        FeedError
            Where the file has changed since it was read.
        """
        kept = self.path_of(digest, form=form_of(label))
        if kept.exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with temporary_in(self.folder.parent / WRITING) as temporary:
            passed("archive.opened", where=label)
            if not label.startswith("feeds/") or not _link(path, temporary):
                shutil.copyfile(path, temporary)
            if digest_of_file(temporary) != digest:
                raise refusal("FEED-014", where=label, found="other bytes than a moment ago", expected="one content")
            sync(temporary)
            passed("archive.copied", where=label)
            temporary.rename(kept)
            passed("archive.renamed", where=label)

    def settle(self) -> None:
        """Flush the names of all that was kept to the disk, also by a process that was killed before it could."""
        sync(self.folder)

    def find(self, label: str, *, digest: str) -> Path | None:
        """Return the kept bytes of ``label``, or None where they are gone or are no longer what their name says."""
        kept = self.path_of(digest, form=form_of(label))
        return kept if kept.exists() and digest_of_file(kept) == digest else None

    def require(self, label: str, *, digest: str) -> Path:
        """Return the kept bytes of ``label``.

        Raises
        ------
        StoreError
            Where they are gone, or no longer what their name says.
        """
        kept = self.find(label, digest=digest)
        if kept is None:
            raise StoreError(
                code="STORE-005",
                where=f"kept input {label}",
                found="no file with the bytes that the night read",
                expected=digest,
                remedy="Put the file back; without it the night cannot be replayed.",
            )
        return kept


def form_of(label: str) -> str:
    """Return the ending of a file's name, one of `FORMS`."""
    return next(form for form in FORMS if label.endswith(form))


def _link(path: Path, target: Path) -> bool:
    """Link ``target`` to ``path``; False where the file system has no links."""
    try:
        os.link(path, target)
    except OSError:
        return False
    return True
