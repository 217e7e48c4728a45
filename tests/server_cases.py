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
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

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


@contextlib.contextmanager
def serving(book: Path, *, log: Path, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run ``openbell ui`` over ``book`` and yield its address; the whole process group ends afterwards."""
    port = free_port()
    command = Path(sys.executable).with_name("openbell")
    with log.open("wb") as output:
        server = subprocess.Popen(
            [str(command), "ui", str(book), "--port", str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(f"{address}/server_info"), seconds=START_SECONDS, what="the UI answers")
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
