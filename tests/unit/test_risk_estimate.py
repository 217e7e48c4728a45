"""The estimated model recovers what made the returns, and depends on nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from assets.risk_estimate import (
    SESSIONS_PER_YEAR,
    SPECIFIC_SHARE_MIN,
    FactorModel,
    Floats,
    completed_model,
    estimate_factor_model,
)

SESSIONS, NAMES, FACTORS = 504, 60, 3


def market(*, seed: int = 1) -> tuple[Floats, Floats, Floats]:
    """Return (T, n) returns with the annualised exposures (n, k) and specific variances (n,) that made them."""
    draw = np.random.default_rng(seed)
    exposures = draw.normal([0.2, 0, 0], [0.2, 0.1, 0.05], size=(NAMES, FACTORS))
    specific = draw.uniform(0.15, 0.35, size=NAMES) ** 2
    factors = draw.normal(size=(SESSIONS, FACTORS))
    noise = draw.normal(size=(SESSIONS, NAMES)) * np.sqrt(specific)
    return (factors @ exposures.T + noise) / np.sqrt(SESSIONS_PER_YEAR), exposures, specific


def covariance(exposures: Floats, specific: Floats) -> Floats:
    built: Floats = exposures @ exposures.T + np.diag(specific)
    return built


def test_a_known_factor_structure_is_recovered() -> None:
    returns, exposures, specific = market()
    model = estimate_factor_model(returns, factors=FACTORS, coverage_min=0.8)
    truth, found = covariance(exposures, specific), covariance(model.exposures, model.specific_variance)
    assert np.linalg.norm(found - truth) < 0.15 * np.linalg.norm(truth)
    assert np.corrcoef(model.specific_variance, specific)[0, 1] > 0.9
    assert model.explained_variance == pytest.approx(np.sum(exposures**2) / np.trace(truth), abs=0.06)
    assert not model.imputed.any()


def test_the_variance_of_a_name_is_split_without_loss() -> None:
    returns, _, _ = market()
    model = estimate_factor_model(returns, factors=FACTORS, coverage_min=0.8)
    total = np.sum(model.exposures**2, axis=1) + model.specific_variance
    assert total == pytest.approx(returns.var(axis=0) * SESSIONS_PER_YEAR, rel=1e-4)


def test_a_name_with_some_sessions_missing_keeps_its_risk() -> None:
    returns, _, _ = market()
    whole = estimate_factor_model(returns, factors=FACTORS, coverage_min=0.8)
    returns[:75, 4] = np.nan
    gappy = estimate_factor_model(returns, factors=FACTORS, coverage_min=0.8)
    assert not gappy.imputed.any()
    kept = np.sum(gappy.exposures[4] ** 2) + gappy.specific_variance[4]
    assert kept == pytest.approx(np.nanvar(returns[:, 4]) * SESSIONS_PER_YEAR, rel=1e-4)
    assert gappy.exposures[5] == pytest.approx(whole.exposures[5], abs=0.01)


def test_a_name_with_too_few_sessions_looks_like_the_market_and_riskier() -> None:
    returns, _, _ = market()
    returns[:200, 7] = np.nan
    returns[:, 8] = np.nan
    model = estimate_factor_model(returns, factors=FACTORS, coverage_min=0.8)
    assert np.flatnonzero(model.imputed).tolist() == [7, 8]
    others = np.delete(np.arange(NAMES), [7, 8])
    assert model.exposures[7] == pytest.approx(model.exposures[others].mean(axis=0), abs=2e-6)
    assert model.specific_variance[8] == model.specific_variance[7]
    assert np.mean(model.specific_variance[others] <= model.specific_variance[7]) >= 0.9


def test_signs_and_order_of_names_change_nothing() -> None:
    returns, _, _ = market()
    model = estimate_factor_model(returns, factors=FACTORS, coverage_min=0.8)
    largest = np.argmax(np.abs(model.exposures), axis=0)
    assert (model.exposures[largest, np.arange(FACTORS)] > 0).all()
    order = np.random.default_rng(3).permutation(NAMES)
    shuffled = estimate_factor_model(returns[:, order], factors=FACTORS, coverage_min=0.8)
    assert shuffled.exposures == pytest.approx(model.exposures[order], abs=2e-6)


def test_specific_variance_never_vanishes() -> None:
    draw = np.random.default_rng(0)
    returns = draw.normal(0, 0.01, size=(100, 1)) * np.linspace(0.5, 2, 5)
    returns[:, 4] = 0.0
    model = estimate_factor_model(returns, factors=2, coverage_min=0.8)
    explained = np.sum(model.exposures**2, axis=1)
    assert model.specific_variance[:4] == pytest.approx(SPECIFIC_SHARE_MIN * explained[:4], rel=1e-3)
    assert model.specific_variance[4] > 0
    assert np.isfinite(model.condition_number)


@pytest.mark.parametrize(("sessions", "names", "kept"), [(100, 3, 2), (100, 1, 0), (4, 30, 3)])
def test_no_more_factors_are_kept_than_the_returns_bear(sessions: int, names: int, kept: int) -> None:
    returns = np.random.default_rng(0).normal(0, 0.01, size=(sessions, names))
    model = estimate_factor_model(returns, factors=20, coverage_min=0.8)
    assert model.exposures.shape == (names, kept)


def test_the_condition_number_is_that_of_the_covariance() -> None:
    returns, _, _ = market()
    model = estimate_factor_model(returns, factors=FACTORS, coverage_min=0.8)
    eigenvalues = np.linalg.eigvalsh(covariance(model.exposures, model.specific_variance))
    assert model.condition_number == pytest.approx(eigenvalues[-1] / eigenvalues[0])


def test_a_model_from_outside_is_completed_but_not_changed() -> None:
    exposures, specific = np.array([[0.1], [0.3], [0.0]]), np.array([0.04, 0.09, 0.0])
    model = completed_model(exposures, specific, known=np.array([True, True, False]), explained_variance=None)
    assert model.exposures.ravel().tolist() == [0.1, 0.3, 0.2]
    assert model.specific_variance.tolist() == [0.04, 0.09, 0.09]
    assert model.imputed.tolist() == [False, False, True]


def bytes_of(model: FactorModel) -> bytes:
    """Return everything of the model that is stored."""
    return model.exposures.tobytes() + model.specific_variance.tobytes()


def test_the_number_of_threads_changes_no_byte() -> None:
    code = (
        "import sys; from tests.unit import test_risk_estimate as test;"
        "model = test.estimate_factor_model(test.market()[0], factors=20, coverage_min=0.8);"
        "sys.stdout.buffer.write(test.bytes_of(model))"
    )
    written = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "OPENBLAS_NUM_THREADS": threads, "PYTHONPATH": str(Path(__file__).parents[2])},
            check=True,
            capture_output=True,
        ).stdout
        for threads in ("1", "2")
    ]
    assert len(written[0]) == 8 * NAMES * 21
    assert written[0] == written[1]
