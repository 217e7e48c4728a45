"""A real UI and daemon for tests: on a free loopback port, bounded in time, ended by process id."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path

import psutil

from assets.book import Book
from pipelines.instance import BOOK_VARIABLE, HOME_VARIABLE, instance_home

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 120
STOP_SECONDS = 30


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until(done: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Wait until ``done()``, at most ``seconds``."""
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, f"{what}: not within {seconds} s"
        time.sleep(0.5)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def addresses_of(group: int) -> list[str]:
    """Return every address and port on which a process of ``group`` listens for TCP."""
    found = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if os.getpgid(process.pid) == group:
                sockets = process.net_connections("tcp")
                found |= {f"{one.laddr.ip}:{one.laddr.port}" for one in sockets if one.status == psutil.CONN_LISTEN}
    return sorted(found)


@contextlib.contextmanager
def serving(
    book: Path,
    *,
    log: Path,
    module: str | None = None,
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Run ``openbell ui`` over ``book`` and yield its address; the whole process group ends afterwards.

    With ``module``, the same over the definitions of that module of the tests; ``environment`` is what its processes
    see beside what this one does. Whatever it listens on meanwhile is an address of this machine alone.
    """
    port = free_port()
    command = [str(Path(sys.executable).with_name("openbell")), "ui", str(book), "--port", str(port), *options]
    seen = {**os.environ, **(environment or {})}
    if module is not None:
        dagster = str(Path(sys.executable).with_name("dagster"))
        command = [dagster, "dev", "-m", module, "-h", "127.0.0.1", "-p", str(port)]
        home = str(instance_home(Book.open(book)))
        seen |= {HOME_VARIABLE: home, BOOK_VARIABLE: str(book), "PYTHONPATH": str(ROOT)}
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            env=seen,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(f"{address}/server_info"), seconds=START_SECONDS, what="the UI answers")
        listening = addresses_of(server.pid)
        assert f"127.0.0.1:{port}" in listening, listening
        assert all(ip_address(place.rpartition(":")[0]).is_loopback for place in listening), listening
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):  # a test may have killed all of it
            os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
