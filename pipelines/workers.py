"""Workers: processes that each run one shard at a time; one that dies or hangs is replaced, and its shard tried again.

A pool of the standard library loses every shard when one worker dies, and cannot end a worker that hangs. Here each
worker is a process with a pipe of its own: what becomes of it concerns its own shard only.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from ledger.errors import NightError, OpenbellError

Facts = dict[str, str]
Call = Mapping[str, Any]
Job = Callable[..., Facts | None]
"""What a worker does with the arguments of one call; it returns the facts of an error, or None. A module's function."""

SPAWN = multiprocessing.get_context("spawn")
POLL_SECONDS = 0.5
EXIT_SECONDS = 10


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often a shard is tried, and for how long."""

    retries_max: int
    seconds_max: float


@dataclasses.dataclass(slots=True, kw_only=True)
class Standing:
    """Where a night's shards stand: what the planner predicts from, and what is told when they are done."""

    waiting: collections.deque[str]
    started: dict[str, float] = dataclasses.field(default_factory=dict)
    """Shards at work, each with the reading of the monotonic clock when it began."""
    outcomes: dict[str, Facts | None] = dataclasses.field(default_factory=dict)
    """Shards that are done: None where it answered, else why it failed for good."""
    seconds: dict[str, float] = dataclasses.field(default_factory=dict)
    """How long each shard that answered took."""
    deaths: list[str] = dataclasses.field(default_factory=list)
    """A shard for every worker that died or was ended over it, in order."""

    @property
    def failed(self) -> dict[str, Facts]:
        """Return the shards that failed for good, with why."""
        return {shard: facts for shard, facts in self.outcomes.items() if facts is not None}

    @property
    def unanswered(self) -> list[str]:
        """Return the shards without an answer, in order of name."""
        late = [*self.waiting, *self.started]
        return sorted([*late, *self.failed])


class Worker:
    """One process; it runs ``job`` for every call that it is given, until its pipe closes."""

    def __init__(self, job: Job, *, warm_up: Callable[[], None]) -> None:
        self.pipe, there = SPAWN.Pipe()
        # Daemonic: it ends with this process when that leaves in order, and by `end_with_parent` when it does not.
        self._process = SPAWN.Process(target=_serve, args=(there, job, warm_up), daemon=True)
        self._process.start()
        there.close()

    def give(self, call: Call) -> None:
        """Send one call; the answer comes through the pipe."""
        self.pipe.send(dict(call))

    def end(self) -> None:
        """Kill the process, whatever it is at."""
        self._process.kill()
        self._process.join()
        self.pipe.close()

    def dismiss(self) -> None:
        """Let an idle process leave by itself."""
        self.pipe.close()
        self._process.join(EXIT_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


class Crew:
    """A number of workers, made when first needed and kept for many nights."""

    def __init__(
        self,
        job: Job,
        *,
        number: int,
        warm_up: Callable[[], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.number = number
        self._monotonic = monotonic
        self._job = job
        self._warm_up = warm_up
        self._idle: list[Worker] = []
        self._busy: dict[Connection, tuple[Worker, str]] = {}

    def staff(self) -> None:
        """Start the workers that are missing."""
        while len(self._idle) + len(self._busy) < self.number:
            self._idle.append(Worker(self._job, warm_up=self._warm_up))

    def close(self) -> None:
        """End the workers that are at work and dismiss the others."""
        for worker, _ in self._busy.values():
            worker.end()
        for worker in self._idle:
            worker.dismiss()
        self._busy, self._idle = {}, []

    def run(
        self,
        calls: Mapping[str, Call],
        *,
        order: Sequence[str],
        patience: Patience,
        is_over: Callable[[], bool],
        watch: Callable[[Standing], None],
    ) -> Standing:
        """Run the call of every shard, first those first in ``order``, until all are done or ``is_over()``.

        A shard whose worker died, or took longer than ``patience`` allows, goes to the end of the queue until its
        retries are used up. When ``is_over()``, the workers still at work are ended. ``watch`` sees every change, and
        is called at least every half second.
        """
        standing = Standing(waiting=collections.deque(order))
        while (standing.waiting or standing.started) and not is_over():
            if standing.waiting:
                self.staff()
            while standing.waiting and self._idle:
                self._begin(standing, calls)
            watch(standing)
            ready = wait(list(self._busy), timeout=POLL_SECONDS)
            for pipe in ready:
                assert isinstance(pipe, Connection)
                self._receive(standing, pipe, patience=patience)
            self._end_overdue(standing, patience=patience)
        for worker, _ in self._busy.values():
            worker.end()
        self._busy = {}
        watch(standing)
        return standing

    def _begin(self, standing: Standing, calls: Mapping[str, Call]) -> None:
        worker, shard = self._idle.pop(), standing.waiting.popleft()
        self._busy[worker.pipe] = (worker, shard)
        standing.started[shard] = self._monotonic()
        with contextlib.suppress(OSError):  # it died while it was idle: its pipe says so at the next look
            worker.give(calls[shard])

    def _receive(self, standing: Standing, pipe: Connection, *, patience: Patience) -> None:
        worker, shard = self._busy[pipe]
        try:
            facts: Facts | None = pipe.recv()
        except (EOFError, OSError):
            self._lose(standing, pipe, patience=patience, found="a worker process that ended before its time")
            return
        del self._busy[pipe]
        self._idle.append(worker)
        took = self._monotonic() - standing.started.pop(shard)
        standing.outcomes[shard] = facts
        if facts is None:
            standing.seconds[shard] = took

    def _end_overdue(self, standing: Standing, *, patience: Patience) -> None:
        now = self._monotonic()
        for pipe, (_, shard) in list(self._busy.items()):
            if now - standing.started[shard] > patience.seconds_max:
                found = f"no answer after {patience.seconds_max:g} s"
                self._lose(standing, pipe, patience=patience, found=found)

    def _lose(self, standing: Standing, pipe: Connection, *, patience: Patience, found: str) -> None:
        """End a worker and put its shard back, or give it up."""
        worker, shard = self._busy.pop(pipe)
        worker.end()
        del standing.started[shard]
        standing.deaths.append(shard)
        tries = standing.deaths.count(shard)
        if tries <= patience.retries_max:
            standing.waiting.append(shard)
            return
        standing.outcomes[shard] = NightError(
            code="RUN-003",
            where=f"shard {shard}",
            found=f"{found}, {tries} times",
            expected="an answer",
            remedy="Run the night again: what is written stays, the rest is made anew.",
        ).as_dict()


def end_with_parent() -> None:
    """Let this process end when the process that started it is no more, whatever it is at."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True, name="end with parent").start()


def _serve(pipe: Connection, job: Job, warm_up: Callable[[], None]) -> None:
    """Answer calls until the other end closes; runs in the worker."""
    end_with_parent()
    warm_up()
    while True:
        try:
            call = pipe.recv()
        except EOFError:
            return
        try:
            answer = job(**call)
        except OpenbellError as error:
            answer = error.as_dict()
        pipe.send(answer)
