"""The night without a click: feeds arrive, the real daemon runs it to the published file."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.book_cases import FIRST_NIGHT, NIGHTS, fingerprint
from tests.server_cases import serving, wait_until

NIGHT_SECONDS = 240


def test_arriving_feeds_become_published_files_under_the_daemon(three_nights: Path, tmp_path: Path) -> None:
    book = tmp_path / "book"
    book.mkdir()
    shutil.copytree(three_nights / "static", book / "static")
    shutil.copytree(three_nights / "feeds" / FIRST_NIGHT, book / "feeds" / FIRST_NIGHT)
    shutil.copy(three_nights / "book.toml", book / "book.toml")
    first, second = (book / "published" / night / "manifest.json" for night in NIGHTS[:2])
    with serving(book, log=tmp_path / "daemon.log"):
        wait_until(first.exists, seconds=NIGHT_SECONDS, what="the first night is published")
        assert not second.parent.exists()
        # The second night's feeds appear under their final name at once, as a careful vendor delivers them.
        arriving = tmp_path / "arriving"
        shutil.copytree(three_nights / "feeds" / NIGHTS[1], arriving)
        arriving.rename(book / "feeds" / NIGHTS[1])
        wait_until(second.exists, seconds=NIGHT_SECONDS, what="the second night is published")
    for night in NIGHTS[:2]:
        assert fingerprint(book / "published" / night) == fingerprint(three_nights / "published" / night)
