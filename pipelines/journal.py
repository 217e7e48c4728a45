"""The journal of a night: one JSON line for everything worth telling while it ran. No answer reads it."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

from assets.book import Book
from pipelines.deadline import Clock


@dataclasses.dataclass(frozen=True, slots=True)
class Journal:
    """``BOOK/log/<night>.jsonl``; lines are only ever added."""

    path: Path
    clock: Clock

    @classmethod
    def of(cls, book: Book, *, night: dt.date, clock: Clock) -> Journal:
        """Return the journal of ``night``, whose lines are dated by ``clock``."""
        return cls(book.path / "log" / f"{night}.jsonl", clock)

    def note(self, event: str, **facts: object) -> None:
        """Add a line."""
        line = {"at": self.clock().isoformat(timespec="seconds"), "event": event, **facts}
        # A full disk stops the night where it writes answers; its journal is no reason to.
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, default=str) + "\n")

    def events(self) -> list[dict[str, Any]]:
        """Return the lines so far; one that was cut short by a kill is left out."""
        found = []
        with contextlib.suppress(OSError):
            for line in self.path.read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError):
                    found.append(json.loads(line))
        return found
