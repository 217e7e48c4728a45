"""Draws that belong to a thing, not to a place in a sequence: the same for the same keys, whatever else is drawn.

The mixer is splitmix64 (Steele, Lea and Flood, 2014): whole-number arithmetic, alike on every machine.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from pipelines.market import Floats

Keys = npt.NDArray[np.uint64]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def keys_of(texts: Iterable[str]) -> Keys:
    """Return one key for each text."""
    return np.array([zlib.crc32(text.encode()) for text in texts], dtype=np.uint64)


def uniform(purpose: str, *, seed: int, day: int, keys: Keys) -> Floats:
    """Return one number in [0, 1) for each of ``keys``, for this ``purpose``, ``seed`` and ``day`` (an ordinal)."""
    state = np.array([seed], dtype=np.uint64)
    for key in (keys_of([purpose]), np.array([day], dtype=np.uint64), keys):
        state = _mixed(state + key * _GAMMA)
    return (state >> np.uint64(11)) / 2.0**53


def _mixed(state: Keys) -> Keys:
    """Return splitmix64's next output from each state; overflow is the arithmetic meant."""
    state = state + _GAMMA
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    return state ^ (state >> np.uint64(31))
