"""The real daemon at its worst: a shard killed, another hanging, and the deadline in between. Nobody clicks."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from pathlib import Path

from tests.book_cases import FIRST_NIGHT, fingerprint
from tests.faulty_definitions import HUNG, KILLED
from tests.server_cases import serving, wait_until

NIGHT_SECONDS = 400
APPEND_INPUT = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + chr(10))"


def statuses(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "accounts.csv").open(encoding="utf-8", newline="") as file:
        return {row["account_id"]: row for row in csv.DictReader(file)}


def test_the_daemon_brings_back_what_died_ends_what_hangs_and_publishes_at_the_deadline(
    three_nights: Path, tmp_path: Path
) -> None:
    book, told = tmp_path / "book", tmp_path / "told.jsonl"
    book.mkdir()
    shutil.copytree(three_nights / "static", book / "static")
    shutil.copytree(three_nights / "feeds" / FIRST_NIGHT, book / "feeds" / FIRST_NIGHT)
    settings = (three_nights / "book.toml").read_text(encoding="utf-8")
    # A slow machine may need longer for a shard: it then comes back, which is what retries are for.
    settings = settings.replace("shard_seconds_max = 7200", "shard_seconds_max = 12")
    settings = settings.replace("retries_max = 2", "retries_max = 20")
    command = json.dumps([sys.executable, "-c", APPEND_INPUT, str(told)])
    settings = settings.replace("\ncommand = []", f"\ncommand = {command}")
    (book / "book.toml").write_text(settings, encoding="utf-8")
    published = book / "published" / FIRST_NIGHT
    late = book / "store" / "reconciliation" / FIRST_NIGHT / HUNG / "head.json"

    def kinds() -> list[str]:
        lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
        return sorted(json.loads(line)["kind"] for line in lines)

    with serving(book, log=tmp_path / "daemon.log", module="tests.faulty_definitions"):
        wait_until((published / "manifest.json").exists, seconds=NIGHT_SECONDS, what="the night is published")
        assert not late.exists()
        stood = fingerprint(published)
        wait_until(late.exists, seconds=NIGHT_SECONDS, what="the hung shard's late answer")
        wait_until(lambda: kinds() == ["held", "published_late"], seconds=60, what="the alerts")
    assert fingerprint(published) == stood, "a late answer is never published by itself"
    expected = statuses(three_nights / "published" / FIRST_NIGHT)
    for account, row in statuses(published).items():
        if row["shard"] == KILLED:
            assert row == expected[account]
        else:
            assert row["status"] == "HELD_DEADLINE"
