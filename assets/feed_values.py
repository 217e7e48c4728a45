"""From the text of a feed to exact values: whole columns at once, and nothing guessed.

A value that is not what its column holds becomes null, and the caller reports every null that was no blank.
Amounts go from decimal text to integer millionths without a float in between, half to even, as
`ledger.amounts.to_micro` does for one value.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from fractions import Fraction

import polars as pl

MICRO_DECIMAL = pl.Decimal(38, 6)
RATIO_TERM_MAX = 1_000_000_000
"""Largest numerator or denominator of a ratio in lowest terms; two of them fit an integer product."""
_DATES = dt.date(1900, 1, 1), dt.date(2099, 12, 31)
_ISO_DATE = r"^(19|20)\d{2}-\d{2}-\d{2}$"
_UTC_TIME = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"
_RATIO = r"^\d{1,12}(\.\d{1,12}|/\d{1,12})?$"


def text(raw: pl.Series) -> pl.Series:
    """Return ids and words as text; whole numbers are accepted where Parquet holds them as such."""
    if raw.dtype.is_float():
        return pl.Series(raw.name, [None] * raw.len(), dtype=pl.String)
    return raw.cast(pl.String)


def micro(raw: pl.Series) -> pl.Series:
    """Return decimal amounts in millionths, nearest, half to even; floats of Parquet to the nearest millionth."""
    if raw.dtype.is_float():
        millionths = (raw.cast(pl.Float64) * 1e6).round(mode="half_to_even")
        return millionths.set(~millionths.is_finite(), None).cast(pl.Int64, strict=False)
    # A decimal of no more places is the same number: millions of them need not be written out as text and read again.
    exact = isinstance(raw.dtype, pl.Decimal) and raw.dtype.scale <= MICRO_DECIMAL.scale
    decimals = raw if exact else text(raw)
    return decimals.cast(MICRO_DECIMAL, strict=False).to_physical().cast(pl.Int64, strict=False)


def real(raw: pl.Series) -> pl.Series:
    """Return finite floating-point numbers; NaN and the infinities are not numbers here."""
    number = (raw if raw.dtype.is_numeric() else text(raw)).cast(pl.Float64, strict=False)
    return number.set(~number.is_finite(), None)


def integer(raw: pl.Series) -> pl.Series:
    """Return whole numbers."""
    return raw.cast(pl.String).cast(pl.Int64, strict=False)


def boolean(raw: pl.Series) -> pl.Series:
    """Return ``true`` and ``false``, in any case."""
    word = text(raw).str.to_lowercase()
    return word.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)


def date(raw: pl.Series) -> pl.Series:
    """Return ISO dates of the years 1900 to 2099; a time of day is accepted where it is midnight."""
    if isinstance(raw.dtype, pl.Datetime):
        raw = raw.set(raw != raw.dt.truncate("1d"), None).cast(pl.Date)
    if raw.dtype == pl.Date:
        # Not by their years: a day that is too far off for one would have none, and pass.
        return raw.set(~raw.is_between(*_DATES), None)
    written = text(raw)
    return written.set(~written.str.contains(_ISO_DATE), None).str.to_date("%Y-%m-%d", strict=False)


def time(raw: pl.Series) -> pl.Series:
    """Return times in UTC as text, to the second; Parquet's own are taken to be in UTC where they name no zone."""
    if isinstance(raw.dtype, pl.Datetime):
        in_utc = raw.dt.convert_time_zone("UTC") if raw.dtype.time_zone else raw
        return in_utc.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    written = text(raw)
    return pl.select(pl.when(written.str.contains(_UTC_TIME)).then(written)).to_series()


def ratio_new(raw: pl.Series) -> pl.Series:
    """Return the numerators of ratios such as ``3/2`` or ``1.5`` in lowest terms."""
    return _ratio_term(raw, lambda ratio: ratio.numerator)


def ratio_old(raw: pl.Series) -> pl.Series:
    """Return the denominators of ratios such as ``3/2`` or ``1.5`` in lowest terms."""
    return _ratio_term(raw, lambda ratio: ratio.denominator)


def exact_ratio(written: str) -> Fraction | None:
    """Return the ratio ``written``, or None where it is none or its terms exceed `RATIO_TERM_MAX`.

    >>> exact_ratio("3/2"), exact_ratio("1.5"), exact_ratio("7"), exact_ratio("1/0")
    (Fraction(3, 2), Fraction(3, 2), Fraction(7, 1), None)
    """
    new, slash, old = written.partition("/")
    if slash and int(old) == 0:
        return None
    ratio = Fraction(new) / int(old) if slash else Fraction(new)
    return ratio if max(ratio.numerator, ratio.denominator) <= RATIO_TERM_MAX else None


def _ratio_term(raw: pl.Series, term: Callable[[Fraction], int]) -> pl.Series:
    """Return one term of each ratio; a feed has few distinct ratios, so each is parsed once."""
    written = raw.cast(pl.String)
    written = written.set(~written.str.contains(_RATIO), None)
    ratios = {value: exact_ratio(value) for value in written.drop_nulls().unique().sort()}
    terms = {value: term(ratio) for value, ratio in ratios.items() if ratio is not None}
    return written.replace_strict(terms, default=None, return_dtype=pl.Int64)


READERS: dict[str, Callable[[pl.Series], pl.Series]] = {
    "text": text,
    "time": time,
    "micro": micro,
    "real": real,
    "integer": integer,
    "boolean": boolean,
    "date": date,
    "ratio_new": ratio_new,
    "ratio_old": ratio_old,
}
