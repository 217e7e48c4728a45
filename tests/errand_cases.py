"""Errands for worker processes, without a book: they start in a tenth of a second."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

HANG_SECONDS = 600


def nothing() -> None:
    """Warm nothing up."""


def errand(*, folder: Path, does: str) -> dict[str, str] | None:
    """Leave a mark in ``folder`` for this attempt, then do what ``does`` says."""
    number = len(list(folder.glob(f"{does}.*")))
    (folder / f"{does}.{number}.{os.getpid()}").touch()
    if does == "dies always" or (does == "dies once" and number == 0):
        os.kill(os.getpid(), signal.SIGKILL)
    if does == "hangs" or (does == "hangs once" and number == 0):
        time.sleep(HANG_SECONDS)
    return {"code": "X"} if does == "refuses" else None
