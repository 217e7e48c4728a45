"""Helpers for tests that run whole books through the installed command."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

FIRST_NIGHT = "2026-09-01"
NIGHTS = ("2026-09-01", "2026-09-02", "2026-09-03")
NEXT_NIGHT = "2026-09-04"
TIMEOUT_SECONDS = 600


def openbell(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the installed ``openbell`` with ``arguments`` and return what it did."""
    command = Path(sys.executable).with_name("openbell")
    return subprocess.run(
        [str(command), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS
    )


def fingerprint(folder: Path) -> dict[str, str]:
    """Return sha256 by relative name of every file below ``folder``."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def freeze_first_account(book: Path) -> None:
    """Freeze the first account, so that every small book has one that is held."""
    file = book / "static" / "accounts.csv"
    header, first, *rest = file.read_text(encoding="utf-8").splitlines()
    cells = first.split(",")
    cells[header.split(",").index("frozen")] = "true"
    file.write_text("\n".join([header, ",".join(cells), *rest]) + "\n", encoding="utf-8")
