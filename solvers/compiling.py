"""How the kernels are compiled: without fast-math, without the interpreter's lock, and kept on disk.

Numba keeps compiled code per source file and does not see a change in a kernel that lives in another file. The code
is therefore kept in a folder named by a digest of all sources with kernels: changed sources are compiled anew.
"""

from __future__ import annotations

import hashlib
import pathlib
from collections.abc import Callable
from typing import Any, TypeVar

import numba

OPTIONS = {"cache": True, "fastmath": False, "nogil": True, "error_model": "numpy", "boundscheck": False}
Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def sources_digest(package: pathlib.Path) -> str:
    """Return a short digest of the package's sources that compile or feed kernels, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(package.glob("*.py")):
        source = path.read_bytes()
        if b"solvers.compiling" in source or path.stem in {"arrays", "compiling", "problem"}:
            digest.update(path.name.encode())
            digest.update(source)
    return digest.hexdigest()[:16]


def keep_compiled_code(package: pathlib.Path) -> None:
    """Tell Numba where to keep this package's compiled code; must run before the first kernel is defined."""
    kept = pathlib.Path(numba.config.CACHE_DIR) if numba.config.CACHE_DIR else package / "__pycache__"
    if not kept.name.startswith("kernels-"):
        numba.config.CACHE_DIR = str(kept / f"kernels-{sources_digest(package)}")


def kernel(function: Kernel) -> Kernel:
    """Compile a function at its first call, or take it from the disk."""
    compiled: Kernel = numba.njit(**OPTIONS)(function)
    return compiled


def inlined_kernel(function: Kernel) -> Kernel:
    """Compile a function into its callers: for what runs once per security, where a call costs more than the work."""
    compiled: Kernel = numba.njit(**OPTIONS, inline="always")(function)
    return compiled


keep_compiled_code(pathlib.Path(__file__).parent)
