"""Meters: what measures a part of the night from outside of it. No answer depends on one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

Meter = Callable[[str, str], contextlib.AbstractContextManager[None]]
"""Called with the kind and the name of a part (`stage`, `proposals`); entered before it begins, left when it ends."""


def unmetered(kind: str, name: str) -> contextlib.AbstractContextManager[None]:
    """Measure nothing."""
    del kind, name
    return contextlib.nullcontext()
