"""What the tests' own servers are looked at with: an address is seen while its process opens and closes files."""

from __future__ import annotations

import subprocess
import sys

from tests.server_cases import addresses_of

LISTENS_AND_OPENS = """
import socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    for file in [open("/dev/null") for _ in range(20)]:
        file.close()
"""
LOOKS = 50


def test_an_address_is_seen_whatever_else_its_process_opens_and_closes() -> None:
    command = [sys.executable, "-c", LISTENS_AND_OPENS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        try:
            address = f"127.0.0.1:{process.stdout.readline().strip()}"
            assert [addresses_of(process.pid) for _ in range(LOOKS)] == [[address]] * LOOKS
        finally:
            process.kill()
