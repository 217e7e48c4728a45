"""Fault points: named moments of a night at which a test can stop a process. In production they do nothing.

    passed("store.renamed", where="lots/2026-09-01/s000")

A plan is a JSON file of its own format, named by the environment variable ``OPENBELL_FAULT_PLAN`` before the process
starts; without that file `passed` is one comparison. A fault strikes once, whatever number of processes read
its plan, so that the rerun after it goes on::

    {"format": "openbell-faults/1",
     "faults": [{"point": "store.renamed", "where": "lots/*", "nth": 2, "action": "kill"}],
     "seen": "seen.txt"}

``where`` is a pattern of the place, ``nth`` counts the matching passages of one process from 1, ``seen`` (optional) is
a file in which every passage is noted.
"""

from __future__ import annotations

import dataclasses
import errno
import fnmatch
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

PLAN_VARIABLE = "OPENBELL_FAULT_PLAN"
FORMAT = "openbell-faults/1"

POINTS = (
    "ingest.begun",
    "ingest.done",
    "shard.begun",
    "shard.done",
    "publish.begun",
    "publish.done",
    "archive.opened",
    "archive.copied",
    "archive.renamed",
    "store.opened",
    "store.filled",
    "store.digested",
    "store.closed",
    "store.synced",
    "store.renamed",
    "store.settled",
    "store.headed",
    "file.opened",
    "file.written",
    "file.renamed",
    "event.due",
    "event.told",
    "files.opened",
    "files.written",
    "files.synced",
    "files.renamed",
    "files.published",
)
"""Every point, in groups: the work of a run; a kept feed; a version in the store; a small file beside it (its facts,
its head); Dagster's events of a stage; the published folder. ``opened`` and ``due`` come before what they name, all
others after it."""

ACTIONS = ("kill", "kill_group", "disk_full", "read_only", "hang")
"""SIGKILL of this process, of its whole process group; the two errors of a disk; sleep without end."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong: at the ``nth`` passage of ``point`` at a place that matches ``where``."""

    point: str
    action: str
    where: str = "*"
    nth: int = 1


class Plan:
    """The faults of one plan file, and how often this process has come by each."""

    def __init__(self, path: Path) -> None:
        """Read ``path``; a plan that names an unknown point or action is a mistake in a test."""
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        assert content["format"] == FORMAT, content["format"]
        self.path = path
        self.faults = [Fault(**fault) for fault in content["faults"]]
        assert {fault.point for fault in self.faults} <= set(POINTS), self.faults
        assert {fault.action for fault in self.faults} <= set(ACTIONS), self.faults
        self._seen = Path(content["seen"]) if content.get("seen") else None
        self._passages = [0] * len(self.faults)

    def reach(self, point: str, where: str) -> None:
        """Note the passage, and strike where a fault is due."""
        assert point in POINTS, point
        if self._seen is not None:
            with self._seen.open("a", encoding="utf-8") as file:
                file.write(f"{point} {where}\n")
        for number, fault in enumerate(self.faults):
            if fault.point == point and fnmatch.fnmatchcase(where, fault.where):
                self._passages[number] += 1
                if self._passages[number] == fault.nth and self._claim(number):
                    _strike(fault.action)

    def _claim(self, number: int) -> bool:
        """Return whether this process is the first that the fault strikes."""
        try:
            self.path.with_name(f"{self.path.name}.{number}.struck").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


def passed(point: str, *, where: str = "") -> None:
    """Say that this process has come to ``point``; ``where`` is the partition or file it works on."""
    if _plan is not None:
        _plan.reach(point, where)


def arm(path: Path | None) -> None:
    """Follow the plan in ``path`` from now on, or none: for a test that keeps its process."""
    global _plan  # noqa: PLW0603  # one process has one plan
    _plan = Plan(path) if path is not None else None


def _strike(action: str) -> None:
    if action == "disk_full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if action == "read_only":
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "kill_group":
        os.killpg(os.getpgrp(), signal.SIGKILL)
    while True:  # hang; and a process that was killed comes no further
        time.sleep(1)


def _plan_of_environment() -> Plan | None:
    named = os.environ.get(PLAN_VARIABLE)
    return Plan(Path(named)) if named and Path(named).exists() else None


_plan = _plan_of_environment()
