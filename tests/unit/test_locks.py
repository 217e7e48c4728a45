"""Locks end with their process: what a dead writer left is swept, what a living one writes is let be."""

from __future__ import annotations

import datetime as dt
import errno
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from assets import alive
from assets.disk import refusal_of
from assets.locks import is_held, night_lock, sharing, sweep, temporary_in, try_lock
from assets.store import Store
from ledger.errors import DiskError

WRITER = """
import sys
from pathlib import Path
from assets.locks import temporary_in
with temporary_in(Path(sys.argv[1])) as path:
    path.{make}
    print("writing", flush=True)
    sys.stdin.read()
"""
RUN = """
import sys
from pathlib import Path
from assets.alive import claim
claim(Path(sys.argv[1]), "run-1")
print("alive", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def writer(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """Return another process that runs the given program on ``tmp_path`` until it is killed."""
    with subprocess.Popen(
        [sys.executable, "-P", "-c", request.param, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline(), "the writer did not start"
        yield process
        process.kill()


MAKES = [WRITER.format(make="write_text('half')"), WRITER.format(make="mkdir(); (path / 'orders.csv').touch()")]


@pytest.mark.parametrize("writer", MAKES, indirect=True, ids=["a file", "a folder"])
def test_only_what_a_dead_writer_left_is_swept(tmp_path: Path, writer: subprocess.Popen[str]) -> None:
    assert sweep(tmp_path) == 0
    assert len(list(tmp_path.iterdir())) == 2
    writer.kill()
    writer.wait()
    assert sweep(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_name_leaves_nothing_whatever_happens(tmp_path: Path) -> None:
    def fail() -> None:
        with temporary_in(tmp_path) as path:
            path.write_bytes(b"half")
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        fail()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("writer", [RUN], indirect=True)
def test_a_run_is_lost_when_its_process_is_no_more(tmp_path: Path, writer: subprocess.Popen[str]) -> None:
    assert not alive.is_lost(tmp_path, "run-1", seconds=9999, start_seconds_max=120)
    writer.kill()
    writer.wait()
    assert alive.is_lost(tmp_path, "run-1", seconds=0, start_seconds_max=120)


def test_a_run_without_a_lock_has_time_to_start(tmp_path: Path) -> None:
    assert not alive.is_lost(tmp_path, "run-1", seconds=119, start_seconds_max=120)
    assert alive.is_lost(tmp_path, "run-1", seconds=121, start_seconds_max=120)


def test_a_run_that_was_abandoned_is_lost_and_one_that_ended_leaves_no_lock(tmp_path: Path) -> None:
    alive.claim(tmp_path, "run-1")
    alive.claim(tmp_path, "run-2")
    assert not alive.is_lost(tmp_path, "run-1", seconds=0, start_seconds_max=120)
    alive.release(tmp_path, "run-1")
    assert not alive.lock_of(tmp_path, "run-1").exists()
    alive.abandon()
    assert alive.is_lost(tmp_path, "run-2", seconds=0, start_seconds_max=120)


def test_who_shares_a_night_waits_for_who_holds_it_alone(tmp_path: Path) -> None:
    lock = night_lock(tmp_path, dt.date(2026, 9, 1))
    alone = try_lock(lock)
    assert alone is not None
    assert is_held(lock)
    entered = threading.Event()

    def share() -> None:
        with sharing(lock):
            entered.set()

    thread = threading.Thread(target=share)
    thread.start()
    assert not entered.wait(0.2)
    alone.close()
    thread.join(30)
    assert entered.is_set()


def test_shared_locks_stand_beside_each_other_and_keep_others_out(tmp_path: Path) -> None:
    first, second = try_lock(tmp_path / "night", shared=True), try_lock(tmp_path / "night", shared=True)
    assert first is not None
    assert second is not None
    assert try_lock(tmp_path / "night") is None
    assert not is_held(tmp_path / "night")
    first.close()
    second.close()


def test_a_refusal_of_the_disk_is_found_behind_whatever_wraps_it() -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    wrapped = RuntimeError("an event could not be stored")
    wrapped.__cause__ = full
    told = refusal_of(wrapped, where="Dagster's records")
    assert isinstance(told, DiskError)
    assert str(told).startswith("DISK-001 Dagster's records: found database or disk is full; expected ")
    assert refusal_of(ValueError("another matter"), where="here") is None
    assert refusal_of(OSError(errno.ENOENT, "No such file"), where="here") is None


def test_a_partition_on_a_full_disk_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    """Not simulated: the kernel refuses a file that grows beyond what this process may write."""
    program = f"""
import datetime as dt, resource, signal
from pathlib import Path
import polars as pl
from assets.store import Store
from ledger.errors import DiskError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
rows = pl.DataFrame({{"benchmark_id": "LARGE", "security_id": [str(n) for n in range(9000)], "weight": 0.5}})
try:
    with Store(Path({str(tmp_path)!r})).writing("benchmark_weights", night=dt.date(2026, 9, 1)) as writing:
        writing.insert("benchmark_weight", rows)
except DiskError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True, timeout=300)
    assert ran.stdout.startswith("DISK-001 store partition benchmark_weights/2026-09-01: found "), ran.stdout
    assert "File too large" in ran.stdout
    left = [path for path in (tmp_path / "store").rglob("*") if path.is_file() and path.parent.name != ".locks"]
    assert left == []
    assert not Store(tmp_path).has("benchmark_weights", night=dt.date(2026, 9, 1))
