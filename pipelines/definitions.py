"""The code location: the assets of the book named by ``OPENBELL_BOOK``, and what starts them."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

from assets.book import Book
from assets.stages import assets_of, feed_specs
from pipelines.alert_sensors import alert_sensors_of
from pipelines.deadline import Clock, wall_clock
from pipelines.instance import BOOK_VARIABLE
from pipelines.jobs import jobs_of, schedule_of
from pipelines.sensors import night_line_of
from pipelines.switch_job import switches_of


def definitions_of(book: Book, *, clock: Clock = wall_clock) -> dg.Definitions:
    """Return everything Dagster needs to know of ``book``; its sensors hold deadlines against ``clock``."""
    jobs = jobs_of(book)
    return dg.Definitions(
        assets=[*feed_specs(book), *assets_of(book)],
        jobs=[*jobs, switches_of(book)],
        schedules=[schedule_of(book)],
        sensors=[night_line_of(book, jobs=jobs, clock=clock), *alert_sensors_of(book, clock=clock)],
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions of the book that the environment names (``book`` here by default)."""
    return definitions_of(Book.open(Path(os.environ.get(BOOK_VARIABLE, "book"))))
