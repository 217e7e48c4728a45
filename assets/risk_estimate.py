"""A statistical factor model from past returns: principal components, annualised, with identity factor covariance.

Covariance of returns = B B' + diag(D): B the exposures (n names, k factors), D the specific variance. The factors are
the leading principal components of the demeaned returns (Connor and Korajczyk 1988, asymptotic principal components).

Missing names. A name that listed late or whose price was not believed has no return on some sessions. Filling those
with zero after taking out the name's mean adds no direction of its own, but shrinks the name's variance by its
coverage c; dividing the column by sqrt(c) puts that back, and the matrix stays positive semidefinite, which pairwise
covariances would not. Below `coverage_min` too little is known even for that: such a name is taken to move with the
market, with the average exposures of the others, and to carry the specific risk of the riskier ones, so that an
optimiser has no reason to like it.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SESSIONS_PER_YEAR = 252
SPECIFIC_SHARE_MIN = 0.05
"""Least share of a name's variance that is its own: in sample, components explain too much of it."""
SPECIFIC_VARIANCE_MIN = 1e-4
"""Least specific variance, (1 % a year) squared: a price that hardly moved is no riskless asset."""
IMPUTED_QUANTILE = 0.9
"""Names without an estimate get the specific variance that this share of the others stays below."""
DECIMALS = 6
"""Decimals kept. Rounding far above the last bit keeps the model from depending on how a machine orders its sums."""


@dataclasses.dataclass(frozen=True, slots=True)
class FactorModel:
    """A factor model of n names with k factors, annualised; the factor covariance is the identity."""

    exposures: Floats
    """(n, k)"""
    specific_variance: Floats
    """(n,), positive"""
    imputed: Flags
    """(n,) names whose figures are not their own."""
    explained_variance: float | None
    """Share of the estimated names' variance that the factors explain; None for a model from outside."""
    condition_number: float
    """Largest over smallest eigenvalue of the covariance of all names."""


def covered_names(returns: Floats, *, coverage_min: float) -> Flags:
    """Return which columns of ``returns`` (T, n) have a return in at least ``coverage_min`` of the sessions."""
    covered: Flags = np.isfinite(returns).mean(axis=0) >= coverage_min
    return covered


def estimate_factor_model(returns: Floats, *, factors: int, coverage_min: float) -> FactorModel:
    """Return the model of ``factors`` principal components, fewer where names or sessions do not bear them.

    Parameters
    ----------
    returns
        (T, n) simple returns of one session each, NaN where there is none.
    factors
        Number of components wanted.
    coverage_min
        Share of the sessions in which a name must have a return; at least one name has.
    """
    covered = covered_names(returns, coverage_min=coverage_min)
    assert covered.any(), "no name is covered"
    scaled = _annualised_deviations(returns[:, covered])
    sessions, names = scaled.shape
    kept = min(factors, names - 1, sessions - 1)
    _, roots, directions = np.linalg.svd(scaled, full_matrices=False)
    exposures = _with_fixed_signs(directions[:kept].T * roots[:kept])
    variance = np.sum(scaled**2, axis=0)
    specific = variance - np.sum(exposures**2, axis=1)
    total = float(np.sum(roots**2))
    explained = float(np.sum(roots[:kept] ** 2)) / total if total > 0 else 0.0
    everyone = np.zeros((returns.shape[1], kept))
    everyone[covered] = exposures
    floor = np.maximum(SPECIFIC_SHARE_MIN * variance, SPECIFIC_VARIANCE_MIN)
    specific_of_everyone = np.zeros(returns.shape[1])
    specific_of_everyone[covered] = np.maximum(specific, floor)
    return completed_model(everyone, specific_of_everyone, known=covered, explained_variance=explained)


def completed_model(
    exposures: Floats, specific_variance: Floats, *, known: Flags, explained_variance: float | None
) -> FactorModel:
    """Return the model with the names that are not ``known`` imputed, rounded to `DECIMALS`.

    ``exposures`` (n, k) and ``specific_variance`` (n,) are read where ``known`` (n,), at least once.
    """
    filled = np.where(known[:, None], exposures, exposures[known].mean(axis=0))
    high = np.quantile(specific_variance[known], IMPUTED_QUANTILE, method="higher")
    specific = np.where(known, specific_variance, high)
    # Adding zero turns the negative zero into zero, which is other bytes.
    rounded = (np.round(filled, DECIMALS) + 0.0).astype(np.float64)
    rounded_specific = np.maximum(np.round(specific, 2 * DECIMALS), 10.0 ** -(2 * DECIMALS))
    eigenvalues = np.linalg.eigvalsh(rounded @ rounded.T + np.diag(rounded_specific))
    condition = float(eigenvalues[-1] / max(eigenvalues[0], rounded_specific.min()))
    return FactorModel(rounded, rounded_specific, ~known, explained_variance, condition)


def _annualised_deviations(returns: Floats) -> Floats:
    """Return X (T, m) such that X'X is the annualised covariance: demeaned, filled, scaled for what is missing."""
    seen = np.isfinite(returns)
    sessions = returns.shape[0]
    count = np.maximum(seen.sum(axis=0), 1)
    mean = np.where(seen, returns, 0.0).sum(axis=0) / count
    filled = np.where(seen, returns - mean, 0.0)
    scaled: Floats = filled / np.sqrt(count / sessions) * np.sqrt(SESSIONS_PER_YEAR / sessions)
    return scaled


def _with_fixed_signs(exposures: Floats) -> Floats:
    """Return each factor turned so that its largest exposure, the first of equals, is positive."""
    largest = np.argmax(np.abs(exposures), axis=0)
    signs = np.where(exposures[largest, np.arange(exposures.shape[1])] < 0, -1.0, 1.0)
    turned: Floats = exposures * signs
    return turned
