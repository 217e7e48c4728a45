"""Strings of nights with faults drawn from a seed; hundreds more run by ``python -P -m bench.simulate``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.strings import run_string

SHORT = ((0, 3), (7, 3))
"""Seeds and numbers of nights, chosen for what strikes in them."""


@pytest.mark.parametrize(("seed", "nights"), SHORT)
def test_what_must_always_be_true_is_true_after_every_night(seed: int, nights: int, tmp_path: Path) -> None:
    told = run_string(tmp_path, seed=seed, nights=nights)
    assert told.nights == nights
    assert told.faults
