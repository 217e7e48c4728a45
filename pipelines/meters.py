"""What the parts of a night cost: wall and CPU seconds, memory at peak, bytes read and written, one line each.

Parts are of a kind: `stage` is one asset's work, `run` is one run of Dagster with the stages in it, `errand` is what
the night does beside its runs. Every process appends to the same file. Nothing else of a night reads it.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

from assets.meter import Meter, unmetered

PROC = Path("/proc")
RESET_PEAK = "5"
"""What the kernel takes as: begin to look for this process's peak anew (proc(5), clear_refs)."""
KIB = 1024


def meter_of(costs: Path | None) -> Meter:
    """Return a meter that appends to the file ``costs``; without one, the meter that measures nothing."""
    if costs is None:
        return unmetered

    @contextlib.contextmanager
    def metered(kind: str, name: str) -> Iterator[None]:
        has_peak = kind != "run"  # a run's own peak is that of its largest stage
        if has_peak:
            _reset_peak()
        before, wall, cpu = _bytes_moved(), time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            facts: dict[str, float | int | str | None] = {
                "kind": kind,
                "name": name,
                "process": os.getpid(),
                "wall_seconds": time.perf_counter() - wall,
                "cpu_seconds": time.process_time() - cpu,
                "peak_bytes": _peak_bytes() if has_peak else None,
            }
            after = _bytes_moved()
            facts |= {name: after[name] - before[name] for name in before}
            with costs.open("a", encoding="utf-8") as file:
                file.write(json.dumps(facts) + "\n")

    return metered


def _reset_peak() -> None:
    """Let the peak of this process's memory begin anew, where the system can do that."""
    with contextlib.suppress(OSError):
        (PROC / "self" / "clear_refs").write_text(RESET_PEAK, encoding="ascii")


def _peak_bytes() -> int:
    """Return the most memory that this process has held, since `_reset_peak` where the system tells that."""
    with contextlib.suppress(OSError):
        for line in (PROC / "self" / "status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * KIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB


def _bytes_moved() -> dict[str, int]:
    """Return how many bytes this process has read and written through the system so far; nothing where untold."""
    with contextlib.suppress(OSError):
        rows = dict(line.split(": ") for line in (PROC / "self" / "io").read_text(encoding="ascii").splitlines())
        return {"read_bytes": int(rows["rchar"]), "written_bytes": int(rows["wchar"])}
    return {}


class TreeWatch:
    """The most memory that a process and all its descendants hold together, sampled."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._page = os.sysconf("SC_PAGE_SIZE")
        self.peak_bytes = 0
        self.peak_processes = 0

    def sample(self) -> None:
        """Add up the resident memory of the tree now. What processes share counts in each: an upper bound."""
        sizes = [size for pid in sorted(self._tree()) if (size := self._resident(pid))]
        if sum(sizes) > self.peak_bytes:
            self.peak_bytes, self.peak_processes = sum(sizes), len(sizes)

    def _tree(self) -> set[int]:
        found, fresh = {self._root}, [self._root]
        while fresh:
            with contextlib.suppress(OSError):
                for task in sorted((PROC / str(fresh.pop()) / "task").iterdir()):
                    children = {int(child) for child in (task / "children").read_text(encoding="ascii").split()}
                    fresh += sorted(children - found)
                    found |= children
        return found

    def _resident(self, pid: int) -> int:
        with contextlib.suppress(OSError):
            return int((PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1]) * self._page
        return 0
