"""The catalogue: read-only queries over all partitions of any nights, and over what was published.

    from assets.catalogue import Catalogue
    Catalogue.of("book").polars("select night, status, count(*) as accounts from trades.account_outcome group by all")

Every table of every asset is a view ``<asset>.<table>`` with the columns ``night`` and ``shard`` before its own; what
was published is in ``published``. A view is made, and its partitions attached, only where the statement names it: a
partition takes 1.5 ms to attach and a file handle. Of a published night a view shows what its manifest seals.
`docs/data-model.md` describes the tables.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import difflib
import functools
import io
import json
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from assets.book import Book
from assets.publish import manifests_of, sha256_of
from assets.store import PRUNED, SCHEMAS, SQL, Asking, Store, Version, latest_manifest, schema_of, tables_named
from ledger.errors import QuestionError, StoreError

PUBLISHED = "published"
"""The schema of what stands in BOOK/published."""
HANDLES_SPARED = 64
"""Files that a process may open besides the attached partitions."""


class Catalogue:
    """All that a book has, between two nights where they are given, to be asked in SQL."""

    def __init__(self, book: Book, *, first: dt.date | None = None, last: dt.date | None = None) -> None:
        self._book, self._store = book, Store(book.path)
        self._first, self._last = first or dt.date.min, last or dt.date.max
        self.left_out: tuple[str, ...] = ()
        """Partitions that the last statement asked for and that were pruned."""

    @classmethod
    def of(cls, book: str | Path, *, first: dt.date | None = None, last: dt.date | None = None) -> Catalogue:
        """Open the book at the path ``book``, its nights from ``first`` to ``last``."""
        return cls(Book.open(Path(book)), first=first, last=last)

    def polars(self, text: str, *, limit: int | None = None) -> pl.DataFrame:
        """Return the first ``limit`` rows of the query ``text`` as a Polars frame.

        Raises
        ------
        QuestionError
            Where it is not one query, cannot be run, or asks for more partitions than may be open at once.
        StoreError
            Where a partition cannot be read.
        """
        named = tables_named(text)
        require_known(named)
        with self._store.asking() as asking:
            views = self._make_views(asking, named)
            if PUBLISHED in {schema for schema, _ in views}:
                self._load_published(asking, [table for schema, table in views if schema == PUBLISHED])
            asking.lock()
            return asking.ask(text, limit=limit)

    def pandas(self, text: str, *, limit: int | None = None) -> Any:  # noqa: ANN401 - pandas may not be installed
        """Return what `polars` does as a pandas frame; decimals stay exact. Needs pandas."""
        return self.polars(text, limit=limit).to_pandas()

    def _make_views(self, asking: Asking, named: frozenset[str]) -> list[tuple[str, str]]:
        """Make the tables that a statement names; return (schema, table) of each."""
        wanted = sorted({view for name in named for view in views_of(name)})
        asking.execute(f"create schema {PUBLISHED}")
        attached: dict[str, list[tuple[str, Version]]] = {}
        self.left_out = ()
        for schema in sorted({schema for schema, _ in wanted} - {PUBLISHED}):
            attached[schema] = list(self._attach(asking, schema, already=sum(map(len, attached.values()))))
        for schema, table in wanted:
            if schema == PUBLISHED:
                asking.execute(_create(_published_schema()[table], f"{PUBLISHED}.{table}"))
            else:
                _make_view(asking, schema, table, attached[schema])
        for name in sorted(named):
            if "." not in name:
                ((schema, table),) = views_of(name)
                asking.execute(f"create view main.{table} as from {schema}.{table}")
        return wanted

    def _attach(self, asking: Asking, asset: str, *, already: int) -> Iterator[tuple[str, Version]]:
        """Attach the partitions of ``asset``; yield the alias and version of each."""
        versions = list(self._versions(asset))
        room = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - HANDLES_SPARED
        if already + len(versions) > room:
            raise QuestionError(
                code="ASK-008",
                where=f"tables of {asset}",
                found=f"{already + len(versions)} partitions to open",
                expected=f"at most {room}, for this process may not open more files",
                remedy="Ask about fewer nights with --from and --to, or raise the limit (`ulimit -n`).",
            )
        for number, version in enumerate(versions):
            alias = f"{asset}_{number}"
            asking.attach(version, alias=alias)
            yield alias, version

    def _versions(self, asset: str) -> Iterator[Version]:
        """Yield what stands of every partition of ``asset`` between the nights asked for, by night and shard."""
        for folder in sorted((self._store.root / asset).glob("*-*-*")):
            night = dt.date.fromisoformat(folder.name)
            if not self._first <= night <= self._last:
                continue
            shards = sorted(path.name for path in folder.iterdir() if path.is_dir())
            of_night: list[str | None] = [*shards] or [None]
            for shard in of_night:
                with contextlib.suppress(FileNotFoundError):
                    version = self._standing(asset, night=night, shard=shard)
                    if version is not None:
                        yield version

    def _standing(self, asset: str, *, night: dt.date, shard: str | None) -> Version | None:
        """Return what stands of a partition; None where nothing does, or it was pruned."""
        try:
            return self._store.head(asset, night=night, shard=shard)
        except StoreError as error:
            if error.code == PRUNED:
                self.left_out += ("/".join(part for part in (asset, str(night), shard) if part),)
                return None
            if not self._store.has(asset, night=night, shard=shard):
                return None
            raise

    def _load_published(self, asking: Asking, tables: list[str]) -> None:
        """Read the published files and manifests that a statement names."""
        for folder in sorted((self._book.path / "published").glob("[0-9]*-*-*")):
            night = dt.date.fromisoformat(folder.name)
            standing = latest_manifest(self._book.path, night)
            if standing is None or not self._first <= night <= self._last:
                continue
            for table in tables:
                if table in ("manifest", "source"):
                    rows = [
                        row
                        for path in manifests_of(self._book, night)
                        for row in _rows_of_manifest(path, table, stands=path == standing)
                    ]
                    asking.insert_text(f"published.{table}", pl.DataFrame(rows), where=folder.name)
                    continue
                file = standing.parent / f"{table}.csv"
                content = pl.read_csv(io.BytesIO(file.read_bytes()), infer_schema=False)
                if content.height:
                    asking.insert_text(f"published.{table}", content, where=f"{folder.name}/{file.name}")


def _rows_of_manifest(path: Path, table: str, *, stands: bool) -> list[dict[str, Any]]:
    """Return the rows that one manifest gives to ``table``: itself, or its sources."""
    said = json.loads(path.read_bytes())
    of_it = {"night": said["night"], "revision": said["revision"]}
    if table == "source":
        kinds = {"published file": "files", "feed file": "inputs", "partition": "store"}
        return [
            {**of_it, "kind": kind, "name": name, "digest": digest}
            for kind, field in kinds.items()
            for name, digest in sorted(said[field].items())
        ]
    return [{
        **of_it,
        "stands": stands,
        "manifest_sha256": sha256_of(path),
        "previous_manifest_sha256": said["previous_manifest_sha256"],
        "supersedes_manifest_sha256": said["supersedes_manifest_sha256"],
        "code_commit": said["code"]["commit"],
        "code_dirty": said["code"]["dirty"],
        "packages_sha256": said["packages_sha256"],
        "policy_version": said["policy_version"],
        "settings": json.dumps(said["settings"], sort_keys=True),
        "counts": json.dumps(said["counts"], sort_keys=True),
    }]  # fmt: skip


@functools.cache
def catalogued() -> dict[str, dict[str, str]]:
    """Return the statement that makes every table of the catalogue, by schema and name, both in order."""
    assets = sorted([*(path.name for path in (SQL / "schema").iterdir() if path.is_dir()), *SCHEMAS])
    tables = {asset: {path.stem: path.read_text(encoding="utf-8") for path in schema_of(asset)} for asset in assets}
    return dict(sorted({**tables, PUBLISHED: _published_schema()}.items()))


def require_known(named: frozenset[str]) -> None:
    """Refuse names that are no table of the catalogue, or that several assets have.

    Raises
    ------
    QuestionError
        With the tables that may be meant.
    """
    every = [f"{schema}.{table}" for schema, tables in catalogued().items() for table in tables]
    for name in sorted(named):
        found = [".".join(view) for view in views_of(name)]
        if len(found) != 1:
            likes = [table for table in every if table.rpartition(".")[2] == name.rpartition(".")[2]]
            likes += difflib.get_close_matches(name, every, n=3, cutoff=0.3)
            raise QuestionError(
                code="ASK-011",
                where=f"table {name}",
                found="several tables of that name" if found else "no such table",
                expected=f"a table of the catalogue, such as {', '.join(found or dict.fromkeys(likes))}",
                remedy="`openbell sql BOOK --tables` lists the tables; docs/data-model.md says what is in them.",
            )


def views_of(name: str) -> list[tuple[str, str]]:
    """Return (schema, table) of what a statement may mean by ``name``: one table, or several of the same name."""
    *schema, table = name.split(".")
    return [
        (known, table) for known, tables in catalogued().items() if table in tables and schema[-1:] in ([], [known])
    ]


@functools.cache
def _published_schema() -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((SQL / "catalogue").glob("*.sql"))}


def _make_view(asking: Asking, schema: str, table: str, attached: list[tuple[str, Version]]) -> None:
    """Make the view ``schema.table`` over the attached partitions; typed, and empty, where there are none."""
    asking.execute(f"create schema if not exists {schema}")
    asking.execute(f"create schema if not exists {schema}_blank")
    asking.execute(_create(catalogued()[schema][table], f"{schema}_blank.{table}"))
    columns = asking.select(f"from {schema}_blank.{table} limit 0").columns
    own_shard = "shard" in columns
    blank = f"{'' if own_shard else 'null::varchar as shard, '}*"
    parts = [f"select null::date as night, {blank} from {schema}_blank.{table}"]  # noqa: S608
    for alias, version in attached:
        shard = "" if own_shard else "null as shard, " if version.shard is None else f"'{version.shard}' as shard, "
        parts.append(f"select date '{version.night}' as night, {shard}* from {alias}.{table}")  # noqa: S608
    asking.execute(f"create view {schema}.{table} as " + " union all by name ".join(parts))


def _create(statement: str, name: str) -> str:
    """Return ``statement``, which makes a table, with the table's name replaced by ``name``."""
    head, found, rest = statement.partition(f"create table {name.rpartition('.')[2]} (")
    assert found, statement
    return f"{head}create table {name} ({rest}"
