"""The digest of a table: sha256 over the values of each column, in one canonical order of the rows.

A column is three streams: which values are there (a byte for each row), how long each text or list is, and the bytes
of the values that are there; the items of lists are a column of their own. A stream does not show where one batch of
rows ends and the next begins, so the digest says nothing about threads, batches or how a file is laid out; only about
names, types and values.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

import numpy as np
import pyarrow as pa


class TableDigest:
    """Takes rows in their canonical order, batch by batch; ``facts`` tells what they were."""

    def __init__(self, schema: pa.Schema) -> None:
        self._columns = [_Column(field) for field in schema]
        self.rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Take the next rows."""
        for column, values in zip(self._columns, batch.columns, strict=True):
            column.add(values)
        self.rows += batch.num_rows

    def facts(self) -> dict[str, object]:
        """Return the number of rows, and name, type and digests of every column, as JSON takes them."""
        return {"rows": self.rows, "columns": [column.facts() for column in self._columns]}


class _Column:
    """The three streams of one column."""

    def __init__(self, field: pa.Field) -> None:
        self._name, self._type = field.name, field.type
        self._is_there, self._lengths, self._values = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
        self._items = _Column(self._type.value_field) if pa.types.is_list(self._type) else None

    def add(self, values: pa.Array) -> None:
        if values.null_count:
            self._is_there.update(_bytes_of(values.is_valid().cast(pa.uint8())))
            values = values.drop_null()
        else:
            self._is_there.update(b"\1" * len(values))
        if not len(values):
            return
        if pa.types.is_boolean(self._type):
            values = values.cast(pa.uint8())
        if self._items is not None:
            self._lengths.update(_bytes_of(values.value_lengths()))
            self._items.add(values.flatten())
        elif pa.types.is_string(self._type):
            _, offsets, content = values.buffers()
            bounds = np.frombuffer(offsets, np.int32, len(values) + 1, values.offset * 4)
            self._lengths.update(np.diff(bounds).tobytes())
            if content is not None:
                self._values.update(memoryview(content)[bounds[0] : bounds[-1]])
        else:
            self._values.update(_bytes_of(values))

    def facts(self) -> list[str]:
        streams = (self._is_there, self._lengths, self._values)
        items = [] if self._items is None else self._items.facts()
        return [self._name, str(self._type), *(stream.hexdigest() for stream in streams), *items]


def _bytes_of(values: pa.Array) -> memoryview:
    """Return the bytes of values of one width, all of them there; `to_numpy` would import pandas for it."""
    width = values.type.bit_width // 8
    first = values.offset * width
    return memoryview(values.buffers()[1])[first : first + len(values) * width]


def digest_of_tables(tables: Iterable[tuple[str, pa.RecordBatchReader]]) -> tuple[str, dict[str, int]]:
    """Return sha256 over the tables, each read in the order of all its columns, and their numbers of rows."""
    facts: dict[str, dict[str, object]] = {}
    rows: dict[str, int] = {}
    for name, reader in tables:
        table = TableDigest(reader.schema)
        for batch in reader:
            table.add(batch)
        facts[name], rows[name] = table.facts(), table.rows
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest(), rows
