"""The Dagster instance of a book: its home lies in the book, and stays on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from assets.book import Book

HOME_VARIABLE = "DAGSTER_HOME"
BOOK_VARIABLE = "OPENBELL_BOOK"
STAGE_TAG = "openbell/stage"
INGEST, BOOKS, PUBLISH = "ingest", "books", "publish"
"""The three runs of a night: names of their jobs, and values of the tag."""
BOOKS_AT_ONCE = 2
CONFIGURATION = f"""\
# Written by openbell: the Dagster instance of this book.
telemetry:
  enabled: false
nux: # no dialog that asks operators for an e-mail address
  enabled: false
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
  config:
    max_concurrent_runs: {BOOKS_AT_ONCE + 2}
    dequeue_interval_seconds: 1
    dequeue_use_threads: true
    tag_concurrency_limits:
      # Two places stay free, so that publishing never waits behind a shard, nor a switch behind publishing.
      - key: {STAGE_TAG}
        value: {BOOKS}
        limit: {BOOKS_AT_ONCE}
      # A night of a shard is made from the one before: Dagster begins the nights of a job's backfill all at once.
      - key: dagster/partition/shard
        value:
          applyLimitPerUniqueValue: true
        limit: 1
run_launcher: # tells run monitoring which runs have lost their process
  module: pipelines.launcher
  class: NightRunLauncher
run_monitoring:
  enabled: true
  start_timeout_seconds: 120
  poll_interval_seconds: 5
  # For runs that an operator starts; the line's own carry runs.shard_seconds_max of book.toml.
  max_runtime_seconds: 7200
run_retries:
  enabled: true
  max_retries: 2
"""


def instance_home(book: Book) -> Path:
    """Return the absolute DAGSTER_HOME of ``book``, made and configured where it was not yet."""
    home = (book.path / "dagster").resolve()
    home.mkdir(parents=True, exist_ok=True)
    settings = home / "dagster.yaml"
    if not settings.exists():
        settings.write_text(CONFIGURATION, encoding="utf-8")
    return home


def use_instance(book: Book) -> None:
    """Point this process, and those it starts, at the book and its Dagster instance."""
    os.environ[HOME_VARIABLE] = str(instance_home(book))
    # One thread per process: shards are the parallelism, and an eigenvalue's last bit must not depend on cores.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    os.environ[BOOK_VARIABLE] = str(book.path.resolve())
