"""What libraries print is kept out of the process's output: a command's output is one document and nothing else."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator

STDOUT = 1


@contextlib.contextmanager
def without_output() -> Iterator[None]:
    """Throw away what compiled code writes to standard output inside the block.

    HiGHS prints a line of its own on some problems, whatever its options say. C's buffer is emptied before the output
    is given back, or the line would come out later.
    """
    sys.stdout.flush()
    kept = os.dup(STDOUT)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    c_library = ctypes.CDLL(None)
    try:
        c_library.fflush(None)
        os.dup2(nowhere, STDOUT)
        yield
    finally:
        c_library.fflush(None)
        os.dup2(kept, STDOUT)
        os.close(kept)
        os.close(nowhere)
