"""Feed tables: frames of exact integers written as the plain decimals of the contract, and read back.

Inside, shares and money are integers of one millionth in columns named ``micro_shares``, ``<what>_microusd`` and
``<what>_micro``; in a file they are decimals named ``shares``, ``<what>_usd`` and ``<what>``. Small tables are
CSV, large ones Parquet; the contract accepts both.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl
import pyarrow.parquet

from ledger.amounts import MICRO
from ledger.errors import FeedError

TEXT_ROWS_MAX = 250_000
"""Tables of more rows are written as Parquet."""

ACTIVITY_COLUMNS = {
    "event_id": pl.String,
    "account_id": pl.String,
    "kind": pl.String,
    "trade_date": pl.Date,
    "security_id": pl.String,
    "lot_id": pl.String,
    "micro_shares": pl.Int64,
    "amount_microusd": pl.Int64,
    "supersedes": pl.String,
}

_EXACT = pl.Decimal(38, 6)


def name_in_file(column: str) -> str:
    """Return the contract's name of a column of millionths; another column keeps its name.

    >>> name_in_file("micro_shares"), name_in_file("cash_microusd"), name_in_file("share_step_micro")
    ('shares', 'cash_usd', 'share_step')
    """
    return column.removeprefix("micro_").replace("_microusd", "_usd").removesuffix("_micro")


def as_written(frame: pl.DataFrame) -> pl.DataFrame:
    """Return ``frame`` with its columns of millionths as exact decimals under the contract's names."""
    return frame.select(
        pl.col(column)
        if name_in_file(column) == column
        else (pl.col(column).cast(_EXACT) / MICRO).cast(pl.Decimal(18, 6)).alias(name_in_file(column))
        for column in frame.columns
    )


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Return ``frame`` with its decimals as text without trailing zeros: 12.5, 100, 0."""
    decimals = pl.selectors.decimal().cast(pl.String)
    return frame.with_columns(decimals.str.strip_chars_end("0").str.strip_chars_end("."))


def micro(column: str, *, alias: str) -> pl.Expr:
    """Return the decimals of ``column`` in millionths, under the name ``alias``."""
    return (pl.col(column).cast(_EXACT) * MICRO).cast(pl.Int64).alias(alias)


def write_table(frame: pl.DataFrame, *, folder: Path, name: str) -> None:
    """Write ``frame`` to ``folder``/``name``.csv, or .parquet where it is large."""
    with TableFile(folder=folder, name=name, large=frame.height > TEXT_ROWS_MAX) as file:
        file.add(frame)


class TableFile:
    """A table written block by block, so that a large book never lies in memory as a whole."""

    def __init__(self, *, folder: Path, name: str, large: bool) -> None:
        self._path = folder / f"{name}.{'parquet' if large else 'csv'}"
        self._large = large
        self._blocks: list[pl.DataFrame] = []
        self._writer: pyarrow.parquet.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def add(self, frame: pl.DataFrame) -> None:
        """Append the rows of ``frame``."""
        block = as_written(frame)
        if not self._large:
            self._blocks.append(block)
            return
        table = block.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._writer is None:
            self._writer = pyarrow.parquet.ParquetWriter(self._path, table.schema, compression="zstd")
        self._writer.write_table(table)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()
        elif kind is None:
            as_text(pl.concat(self._blocks)).write_csv(self._path)


def read_table(*, folder: Path, name: str) -> pl.DataFrame:
    """Return the table ``folder``/``name`` with every CSV column as text.

    Raises
    ------
    FeedError
        Where none of the accepted files is there.
    """
    for suffix in ("csv", "csv.gz"):
        if (folder / f"{name}.{suffix}").exists():
            return pl.read_csv(folder / f"{name}.{suffix}", infer_schema=False)
    if (folder / f"{name}.parquet").exists():
        return pl.read_parquet(folder / f"{name}.parquet")
    raise FeedError(
        code="FEED-061",
        where=f"{folder / name}",
        found="no file",
        expected="a .csv, .csv.gz or .parquet file",
        remedy="Deliver the file, or make the book again.",
    )
