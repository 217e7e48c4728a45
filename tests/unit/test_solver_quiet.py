"""What compiled libraries print does not reach the output of a command."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import ctypes
from solvers.quiet import without_output

library = ctypes.CDLL(None)
print("before", flush=True)
with without_output():
    library.printf(b"a line of the library without an end")
library.printf(b"after\\n")
library.fflush(None)
"""


def test_what_a_library_prints_is_thrown_away_and_the_rest_is_not() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == "before\nafter\n"
