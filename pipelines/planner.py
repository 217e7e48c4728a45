"""The planner: when the night will be done, predicted from measured rates. No answer depends on it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import heapq
from collections.abc import Mapping, Sequence

from pipelines.workers import Standing


def remaining_seconds(*, running: Sequence[float], waiting: Sequence[float], workers: int) -> float:
    """Return how long ``workers`` still need: each takes the next waiting shard as soon as it is free.

    ``running`` are the seconds that the shards at work still need, ``waiting`` those of the others in their order.

    >>> remaining_seconds(running=[10.0], waiting=[20.0, 5.0], workers=2)
    20.0
    """
    free = [*running, *[0.0] * (workers - len(running))]
    heapq.heapify(free)
    for seconds in waiting:
        heapq.heappush(free, heapq.heappop(free) + seconds)
    return max(free)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """What a prediction rests on."""

    accounts: Mapping[str, int]
    """Accounts of each shard."""
    workers: int
    past_seconds_per_account: float | None
    """Worker-seconds per account on past nights; None where none is known."""

    def seconds_per_account(self, standing: Standing) -> float | None:
        """Return the rate of the shards answered tonight, else that of past nights."""
        accounts = sum(self.accounts.get(shard, 0) for shard in standing.seconds)
        return sum(standing.seconds.values()) / accounts if accounts else self.past_seconds_per_account

    def seconds_left(self, standing: Standing, *, reading: float) -> float | None:
        """Return how long the shards that are not done still need; None where no rate is known yet.

        ``reading`` is of the clock by which the shards' starts are noted. A shard that is overdue is expected now.
        """
        rate = self.seconds_per_account(standing)
        if rate is None:
            return None
        needs = {shard: self.accounts.get(shard, 0) * rate for shard in (*standing.started, *standing.waiting)}
        running = [max(0.0, needs[shard] - (reading - began)) for shard, began in standing.started.items()]
        return remaining_seconds(
            running=running, waiting=[needs[shard] for shard in standing.waiting], workers=self.workers
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What can be said of a night while it runs."""

    answered: int
    shards: int
    finish: dt.datetime | None
    """When the last shard is expected to answer; None where no rate is known yet."""
    deadline: dt.datetime | None

    @property
    def misses(self) -> bool:
        """Return whether the finish is predicted to lie after the deadline."""
        return self.finish is not None and self.deadline is not None and self.finish > self.deadline

    def __str__(self) -> str:
        """Return the one line that people see."""
        parts = [f"{self.answered} of {self.shards} shards answered"]
        if self.finish is not None:
            parts.append(f"done by about {self.finish:%Y-%m-%d %H:%M}")
        if self.deadline is not None:
            parts.append(f"{'AFTER the deadline' if self.misses else 'deadline'} {self.deadline:%Y-%m-%d %H:%M}")
        return ", ".join(parts)


def forecast_of(
    planner: Planner, standing: Standing, *, reading: float, now: dt.datetime, deadline: dt.datetime | None
) -> Forecast:
    """Return the forecast at ``now`` (aware), told in the deadline's time zone where there is one."""
    seconds = planner.seconds_left(standing, reading=reading)
    finish = None if seconds is None else now + dt.timedelta(seconds=seconds)
    if finish is not None and deadline is not None:
        finish = finish.astimezone(deadline.tzinfo)
    return Forecast(
        answered=len(standing.seconds),
        shards=len(standing.seconds) + len(standing.unanswered),
        finish=finish,
        deadline=deadline,
    )
