"""The store: one immutable DuckDB file for each asset partition, named by the digest of its content.

    BOOK/store/<asset>/<night>[/<shard>]/<digest>.duckdb    a version, never changed after its rename
    BOOK/store/<asset>/<night>[/<shard>]/<digest>.json      its row counts, and the inputs it was first made from
    BOOK/store/<asset>/<night>[/<shard>]/head.json          which version the night uses, with its inputs
    BOOK/store/<asset>/<night>[/<shard>]/rerun.json         which version a rerun made beside the published one
    BOOK/store/<asset>/<night>[/<shard>]/revision.json      which version a revision made that has not published yet
    BOOK/store/pruned/<night>/<digest>.json                 which versions were dropped (`assets/retention.py`)

A version is written to a temporary name in BOOK/store/.writing by one process, audited, digested, fsynced and renamed.
A rerun that reproduces the digest changes nothing; one that differs is kept beside the earlier version. Once the night
is published its manifest says which versions it uses: what a published night read is sealed.

This is the one module that imports DuckDB.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import fcntl
import functools
import json
import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from assets.disk import refusal_of
from assets.fault_points import passed
from assets.locks import sweep, temporary_in
from assets.sessions import session_after
from assets.table_digest import digest_of_tables
from ledger.errors import AuditError, QuestionError, StoreError

SQL = Path(__file__).resolve().parent.parent / "sql"
SCHEMAS = {"broker_lots": "lots"}
"""Assets whose tables are those of another: the same statements write both."""
PRUNED = "STORE-010"
"""The error of a version that was dropped on purpose and can be made again."""
WRITING = ".writing"
"""The folder of the store in which files have temporary names."""
ONE_THREAD: dict[str, str | bool | int | float | list[str]] = {"threads": 1}
"""Stated when the database is opened: threads that are not made need not be ended."""
RERUN, REVISION = "rerun.json", "revision.json"
POINTERS = (RERUN, REVISION)
"""Small files beside head.json that name a version: a rerun's, and that of a revision which has not published yet."""
_SAFE_NAME = re.compile(r"[a-z][a-z0-9_]*")
ALONE_THREADS_MAX = 8
_BATCH_ROWS = 122_880
_BLOCK_BYTES = 65_536
"""What a file grows by: a quarter of DuckDB's own, for a table rarely fills its last block."""
_PARAMETER = re.compile(r"\$([a-z_][a-z0-9_]*)")

Parameter = dt.date | int | float | str | bool | None


def all_cores() -> int:
    """Return the threads of work beside which no shard runs: every core, up to so many that memory suffices."""
    return min(os.cpu_count() or 1, ALONE_THREADS_MAX)


def statement(name: str) -> str:
    """Return the text of ``sql/<name>.sql``."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def schema_of(asset: str) -> list[Path]:
    """Return the statements that make the tables of ``asset``, in order of name."""
    return sorted((SQL / "schema" / SCHEMAS.get(asset, asset)).glob("*.sql"))


def parameters_of(text: str, given: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """Return those of ``given`` that the statement ``text`` names as ``$name``; DuckDB refuses the others."""
    code = re.sub(r"--[^\n]*", "", text)
    return {name: given[name] for name in sorted(set(_PARAMETER.findall(code)))}


@dataclasses.dataclass(frozen=True, slots=True)
class Version:
    """One written version of an asset partition."""

    asset: str
    night: dt.date
    shard: str | None
    path: Path
    digest: str
    rows: Mapping[str, int]
    inputs: Mapping[str, str]
    settings: str | None = None
    """Digest of the settings under which it became the head; None where who wrote it had none."""
    is_head: bool = True
    audits: tuple[str, ...] = ()
    """The audits that were run when it was written, and found nothing; empty for a version read from disk."""

    @property
    def name(self) -> str:
        """Return ``asset/night[/shard]``: the partition's name in manifests and metadata."""
        return partition_name(self.asset, night=self.night, shard=self.shard)


class Tables:
    """An open connection on some partitions: statements by name, frames in, frames out."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.inputs: dict[str, str] = {}

    def attach(self, version: Version, *, alias: str) -> None:
        """Attach ``version`` read-only as the schema ``alias`` and note its digest among what was read."""
        assert _SAFE_NAME.fullmatch(alias), alias
        self._connection.execute(f"attach {_quoted(version.path)} as {alias} (read_only)")
        self.inputs[version.name] = version.digest

    def detach(self, alias: str) -> None:
        """Detach the schema ``alias``; what was read of it stays noted."""
        assert _SAFE_NAME.fullmatch(alias), alias
        self._connection.execute(f"detach {alias}")

    def read_file(self, *, name: str, digest: str) -> None:
        """Note that the file ``name`` with ``digest`` was read."""
        self.inputs[name] = digest

    def run(self, name: str, **parameters: Parameter) -> None:
        """Execute ``sql/<name>.sql`` with those of ``parameters`` that it names."""
        self.execute(statement(name), **parameters)

    def execute(self, text: str, **parameters: Parameter) -> None:
        """Execute one statement of the code base (never text that came from data)."""
        self._connection.execute(text, parameters_of(text, parameters))

    def query(self, name: str, **parameters: Parameter) -> pl.DataFrame:
        """Return the rows of the query ``sql/<name>.sql``."""
        return self.select(statement(name), **parameters)

    def select(self, text: str, **parameters: Parameter) -> pl.DataFrame:
        """Return the rows of one query of the code base as a Polars frame."""
        relation = self._connection.sql(text, params=parameters_of(text, parameters))
        frame: pl.DataFrame = relation.pl()
        return frame

    def insert(self, table: str, frame: pl.DataFrame) -> None:
        """Insert ``frame`` by column name; DuckDB casts to the column types and holds the CHECKs."""
        assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)?", table), table
        # A batch is what one thread takes.
        many = frame.height > _BATCH_ROWS
        batches = pa.Table.from_batches(frame.to_arrow().to_batches(max_chunksize=_BATCH_ROWS)) if many else frame
        self._connection.register("incoming_frame", batches)
        try:
            self._connection.execute(f"insert into {table} by name select * from incoming_frame")  # noqa: S608
        finally:
            self._connection.unregister("incoming_frame")

    def insert_text(self, table: str, frame: pl.DataFrame, *, where: str) -> None:
        """Insert a ``frame`` that was read from the file ``where``.

        Raises
        ------
        StoreError
            Where a value or text is none of its column.
        """
        try:
            self.insert(table, frame)
        except duckdb.Error as error:
            raise changed_file(where, table=table, found=str(error).splitlines()[0]) from error

    def offenders(self, audit: str, **parameters: Parameter) -> pl.DataFrame:
        """Return the rows of ``sql/audits/<audit>.sql``, which must be none."""
        return self.query(f"audits/{audit}", **parameters)


class Asking(Tables):
    """A connection for statements that people wrote: once locked it reads what it has, and nothing else on the disk."""

    def attach(self, version: Version, *, alias: str) -> None:
        """Attach ``version`` read-only as the schema ``alias``.

        Raises
        ------
        StoreError
            Where its file cannot be read as a store partition.
        """
        try:
            super().attach(version, alias=alias)
        except duckdb.Error as error:
            raise StoreError(
                code="STORE-020",
                where=f"store partition {version.name}",
                found=f"a file that cannot be read: {str(error).splitlines()[0]}",
                expected=version.digest,
                remedy="`openbell verify` tells what else of its night is broken. Restore the file.",
            ) from error

    def lock(self) -> None:
        """Give up files, extensions, spilling to the disk, and changing any of it."""
        for setting in ("temp_directory = ''", "enable_external_access = false", "lock_configuration = true"):
            self._connection.execute(f"set {setting}")

    def ask(self, text: str, *, limit: int | None) -> pl.DataFrame:
        """Return the first ``limit`` rows of the statement ``text``.

        Raises
        ------
        QuestionError
            Where it cannot be run: with the database's words, and the line and column where it gives them.
        """
        try:
            relation = self._connection.sql(text)
            frame: pl.DataFrame = (relation if limit is None else relation.limit(limit)).pl()
        except duckdb.Error as error:
            raise _cannot_be_run(self._with_its_place(error, text)) from error
        return frame

    def _with_its_place(self, error: duckdb.Error, text: str) -> duckdb.Error:
        """Return the error as the database tells it of a statement executed at once: a relation tells no place."""
        try:
            if "\n\nLINE " not in str(error):
                self._connection.execute(text)
        except duckdb.Error as again:
            return again
        return error


def tables_named(text: str) -> frozenset[str]:
    """Return the tables that the one query ``text`` names, in lower case, with their schemas where it states them.

    Raises
    ------
    QuestionError
        Where it cannot be parsed, or is not one query.
    """
    with contextlib.closing(duckdb.connect(":memory:", config=ONE_THREAD)) as connection:
        try:
            statements = connection.extract_statements(text)
            is_query = len(statements) == 1 and statements[0].type == duckdb.StatementType.SELECT
            # The parsed query, not `get_table_names`, which binds it to tables that are not there yet.
            parsed = connection.execute("select json_serialize_sql($1)", [text]).fetchone() if is_query else None
        except duckdb.Error as error:
            raise _cannot_be_run(error) from error
    if not is_query:
        raise QuestionError(
            code="ASK-007",
            where="statement",
            found=f"{len(statements)} statements" if len(statements) != 1 else statements[0].type.name.lower(),
            expected="one query: select, with, from, values, describe, show or summarize",
            remedy="The catalogue only reads; ask one question at a time.",
        )
    assert parsed is not None
    named, defined = _tables_in(json.loads(parsed[0]))
    return frozenset(name.lower() for name in named if name not in defined)


def _tables_in(node: object) -> tuple[set[str], set[str]]:
    """Return the tables that a parsed query names, and the names that its own ``with`` clauses define."""
    named: set[str] = set()
    defined: set[str] = set()
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            waiting += part.values()
            if part.get("type") == "BASE_TABLE":
                named.add(".".join(part["qualified_name"]["path"]))
            defined |= {entry["key"] for entry in part.get("cte_map", {}).get("map", [])}
    return named, defined


def _cannot_be_run(error: duckdb.Error) -> QuestionError:
    """Return what the database says of a statement, with the place where its caret points."""
    said, _, shown = str(error).partition("\n\nLINE ")
    number, _, rest = shown.partition(": ")
    line, _, carets = rest.partition("\n")
    column = carets.find("^") - len(f"LINE {number}: ") + 1
    place = f"statement line {number} column {column}" if "^" in carets else "statement"
    return QuestionError(
        code="ASK-006",
        where=place,
        found=" ".join(said.split()),
        expected="a query over the tables of docs/data-model.md" + (f", not: {line.strip()}" if line else ""),
        remedy="`openbell sql BOOK --tables` lists the tables and their columns.",
    )


class Writing(Tables):
    """A partition being written; after the block, ``version`` is what now stands in the store."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(connection)
        self.audits: dict[str, pl.DataFrame] = {}
        self.version: Version | None = None

    def audit(self, name: str, **parameters: Parameter) -> bool:
        """Run one audit, keep its offenders for the report, and return whether there were none."""
        self.audits[name] = self.offenders(name, **parameters)
        return self.audits[name].is_empty()

    def require_audits(self) -> None:
        """Raise `AuditError` where an audit found offenders (called before a version becomes the head)."""
        for name, rows in self.audits.items():
            if not rows.is_empty():
                raise AuditError(
                    audit=name,
                    found=f"{rows.height} rows, the first {rows.row(0, named=True)}",
                    expected="none",
                    remedy="The partition was not written. Look at the inputs named in the run's log.",
                )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Tables that a new version begins with as an earlier one left them: copied whole, then changed row by row."""

    version: Version
    tables: tuple[str, ...]


class Store:
    """All partitions of one book."""

    def __init__(
        self,
        book: Path,
        *,
        revising: dt.date | None = None,
        rerunning: dt.date | None = None,
        settings: str | None = None,
    ) -> None:
        """Open the store of ``book``; the night ``revising`` is worked as if it were not published yet.

        What is written is noted as made under the ``settings`` with this digest.

        Of the night ``rerunning``, which is published, every stage reads what the rerun made of those before it, where
        that is another version than the published one; no head moves.
        """
        assert revising is None or rerunning is None
        self.book = book
        self.root = book / "store"
        self.revising = revising
        self.rerunning = rerunning
        self.settings = settings

    def folder(self, asset: str, *, night: dt.date, shard: str | None = None) -> Path:
        """Return the folder of one partition; shard and asset are names of ours, never data."""
        assert _SAFE_NAME.fullmatch(asset), asset
        folder = self.root / asset / night.isoformat()
        if shard is None:
            return folder
        assert _SAFE_NAME.fullmatch(shard), shard
        return folder / shard

    def sweep(self) -> int:
        """Remove what processes that are no more left half written; return how many files that were."""
        return sweep(self.root / WRITING)

    def has(self, asset: str, *, night: dt.date, shard: str | None = None) -> bool:
        """Return whether the partition has a head."""
        folder = self.folder(asset, night=night, shard=shard)
        return (folder / "head.json").exists() or (night == self.revising and (folder / REVISION).exists())

    def is_sealed(self, night: dt.date) -> bool:
        """Return whether ``night`` is published, so that its heads no longer move."""
        return night != self.revising and (self.book / "published" / night.isoformat() / "manifest.json").exists()

    def sealed_digest(self, name: str, *, night: dt.date) -> str | None:
        """Return the version of a partition of ``night`` that a published night read or wrote; None where none did.

        A shard that answers after the deadline is no part of its own night, and yet read by the next.
        """
        own = {} if night == self.revising else manifest_digests(self.book, night)
        return own.get(name) or manifest_digests(self.book, session_after(night)).get(name)

    def head(self, asset: str, *, night: dt.date, shard: str | None = None) -> Version:
        """Return the version that the night uses.

        Raises
        ------
        StoreError
            Where the partition was never materialised, or its file is gone.
        """
        if night == self.rerunning:
            beside = self.beside(asset, night=night, shard=shard)
            if beside is not None:
                return beside
        if night == self.revising:
            revised = self._pointed(asset, night=night, shard=shard, pointer=REVISION)
            if revised is not None:
                return revised
        folder = self.folder(asset, night=night, shard=shard)
        name = partition_name(asset, night=night, shard=shard)
        sealed = self.sealed_digest(name, night=night)
        if sealed is not None:
            return self.version(asset, night=night, shard=shard, digest=sealed)
        try:
            facts = json.loads((folder / "head.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise StoreError(
                code="STORE-001",
                where=f"store partition {name}",
                found="nothing",
                expected="a materialised partition",
                remedy="Run the stage before it for this night first.",
            ) from None
        path = folder / f"{facts['digest']}.duckdb"
        if not path.exists():
            raise _file_is_gone(name, path)
        settings = facts.get("settings")
        return Version(asset, night, shard, path, facts["digest"], facts["rows"], facts["inputs"], settings)

    def beside(self, asset: str, *, night: dt.date, shard: str | None = None) -> Version | None:
        """Return what the last rerun of a published night made in place of what stands; None where it reproduced it."""
        return self._pointed(asset, night=night, shard=shard, pointer=RERUN)

    def _pointed(self, asset: str, *, night: dt.date, shard: str | None, pointer: str) -> Version | None:
        path = self.folder(asset, night=night, shard=shard) / pointer
        if not path.exists():
            return None
        facts = json.loads(path.read_bytes())
        version = self.version(asset, night=night, shard=shard, digest=facts["digest"])
        return dataclasses.replace(version, inputs=facts["inputs"], settings=facts.get("settings"))

    def all_beside(self, night: dt.date) -> list[str]:
        """Return the names of the partitions that the last rerun of ``night`` made otherwise, sorted."""
        return sorted(path.parent.relative_to(self.root).as_posix() for path in self._pointers(night, RERUN))

    def _pointers(self, night: dt.date, name: str) -> list[Path]:
        day = night.isoformat()
        return sorted([*self.root.glob(f"*/{day}/{name}"), *self.root.glob(f"*/{day}/*/{name}")])

    def end_revision(self, night: dt.date) -> None:
        """Let the heads of ``night`` be what its manifest names of a revision's versions, and forget the others.

        A revision that published nothing leaves every head where it was; one that was killed after publishing is
        brought to its end by whoever runs the night next.
        """
        named = manifest_digests(self.book, night)
        for pointer in self._pointers(night, REVISION):
            content = pointer.read_bytes()
            name = pointer.parent.relative_to(self.root).as_posix()
            if named.get(name) == json.loads(content)["digest"]:
                write_renamed(pointer.with_name("head.json"), content, root=self.root)
            pointer.unlink()

    def forget_rerun(self, night: dt.date) -> None:
        """Begin a rerun of ``night``: nothing of an earlier one is read. Its versions stay."""
        for name in self.all_beside(night):
            (self.root / name / RERUN).unlink(missing_ok=True)

    def standing(self, version: Version) -> Version | None:
        """Return what stands published in the place of ``version``; None where nothing does."""
        digest = self.sealed_digest(version.name, night=version.night)
        if digest is None:
            return None
        return self.version(version.asset, night=version.night, shard=version.shard, digest=digest)

    def version(self, asset: str, *, night: dt.date, shard: str | None = None, digest: str) -> Version:
        """Return one version of a partition, the head or another.

        Raises
        ------
        StoreError
            Where its file is gone.
        """
        folder = self.folder(asset, night=night, shard=shard)
        path = folder / f"{digest}.duckdb"
        try:
            facts = facts_of(path)
        except FileNotFoundError:
            raise _file_is_gone(partition_name(asset, night=night, shard=shard), path) from None
        if not path.exists():
            raise _file_is_gone(partition_name(asset, night=night, shard=shard), path)
        return Version(asset, night, shard, path, digest, facts["rows"], facts["inputs"])

    @contextlib.contextmanager
    def reading(self, versions: Mapping[str, Version], *, threads: int = 1) -> Iterator[Tables]:
        """Open an in-memory connection with ``versions`` attached read-only under their aliases.

        More than one of ``threads`` only where nothing depends on the order in which rows are added up.
        """
        connection = duckdb.connect(":memory:", config=ONE_THREAD | {"threads": threads})
        try:
            _configure(connection)
            tables = Tables(connection)
            for alias, version in versions.items():
                tables.attach(version, alias=alias)
            yield tables
        finally:
            connection.close()

    def require_form(self, carried: Carried) -> None:
        """Require of tables that are written anew what is required of those that are carried on.

        Raises
        ------
        StoreError
            Where one has other columns or CHECKs than its schema asks for.
        """
        path = str(carried.version.path)
        with contextlib.closing(duckdb.connect(path, read_only=True, config=ONE_THREAD)) as connection:
            _require_form(connection, carried)

    @contextlib.contextmanager
    def asking(self) -> Iterator[Asking]:
        """Open an in-memory connection for a statement of a person; names of Python's variables are no tables of it."""
        connection = duckdb.connect(":memory:", config={**ONE_THREAD, "python_enable_replacements": False})
        try:
            _configure(connection)
            yield Asking(connection)
        finally:
            connection.close()

    @contextlib.contextmanager
    def writing(
        self,
        asset: str,
        *,
        night: dt.date,
        shard: str | None = None,
        carried: Carried | None = None,
        threads: int = 1,
    ) -> Iterator[Writing]:
        """Open a new version of a partition with the tables of ``sql/schema/<asset>/``, empty unless ``carried``.

        On a clean exit the audits must have found nothing; then the version is digested and renamed into
        place. On an exception nothing remains. More than one of ``threads`` only where nothing depends on the order in
        which rows are added up: rows that are inserted keep theirs.

        Raises
        ------
        StoreError
            Where a table to carry has other columns or CHECKs than the schema asks for.
        """
        with among_writers(self.book):
            yield from self._writing(asset, night=night, shard=shard, carried=carried, threads=threads)

    def _writing(
        self, asset: str, *, night: dt.date, shard: str | None, carried: Carried | None, threads: int
    ) -> Iterator[Writing]:
        folder = self.folder(asset, night=night, shard=shard)
        name = partition_name(asset, night=night, shard=shard)
        connection = duckdb.connect(":memory:", config=ONE_THREAD | {"threads": threads})
        with _told(name), contextlib.closing(connection), temporary_in(self.root / WRITING) as temporary:
            folder.mkdir(parents=True, exist_ok=True)
            if carried is not None:
                shutil.copyfile(carried.version.path, temporary)
            passed("store.opened", where=name)
            _configure(connection)
            # A version that is not finished is thrown away, so that no log of it is written, nor synced.
            blocks = "" if carried else f", block_size {_BLOCK_BYTES}"  # a file that is carried on keeps its own
            connection.execute(f"attach {_quoted(temporary)} as written (recovery_mode no_wal_writes{blocks})")
            connection.execute("use written")
            connection.execute("set wal_autocheckpoint = '1TB'")
            names = _make_tables(connection, asset, carried)
            writing = Writing(connection)
            yield writing
            writing.require_audits()
            passed("store.filled", where=name)
            digest, rows = _digest(connection, names)
            passed("store.digested", where=name)
            connection.execute("checkpoint")
            connection.close()
            passed("store.closed", where=name)
            path, audits = folder / f"{digest}.duckdb", tuple(writing.audits)
            version = Version(asset, night, shard, path, digest, rows, writing.inputs, self.settings, audits=audits)
            writing.version = self._settle(temporary, version)

    def _settle(self, temporary: Path, version: Version) -> Version:
        """Give the finished file its name and, unless the night is sealed, make it the head."""
        folder = version.path.parent
        facts = {"digest": version.digest, "rows": dict(version.rows), "inputs": dict(sorted(version.inputs.items()))}
        if version.settings is not None:
            facts["settings"] = version.settings
        text = json.dumps(facts, indent=1, sort_keys=True)
        if not version.path.with_suffix(".json").exists():
            write_renamed(version.path.with_suffix(".json"), text.encode(), root=self.root)
        if not version.path.exists():
            sync(temporary)
            passed("store.synced", where=version.name)
            temporary.rename(version.path)
            passed("store.renamed", where=version.name)
        # Even where it stood: who renamed it may have been killed before the folder was synced.
        sync(folder)
        passed("store.settled", where=version.name)
        # What a revision made has its own pointer until it is published; what is made from the publication comes after.
        is_pending = version.night == self.revising and not self._follows_publication(version)
        head = folder / (REVISION if is_pending else "head.json")
        stands = self.sealed_digest(version.name, night=version.night)
        if stands is None and self._follows_rerun(version):
            stands = ""
        if stands is not None:
            is_head = stands == version.digest
            pointer = folder / RERUN
            if version.night == self.rerunning and not is_head:
                write_renamed(pointer, text.encode(), root=self.root)
            elif version.night == self.rerunning:
                pointer.unlink(missing_ok=True)
            return dataclasses.replace(version, is_head=is_head)
        if not head.exists() or head.read_text(encoding="utf-8") != text:
            write_renamed(head, text.encode(), root=self.root)
        passed("store.headed", where=version.name)
        return version

    def _follows_publication(self, version: Version) -> bool:
        """Return whether ``version`` was made from the `trades` that stand published."""
        trades = partition_name("trades", night=version.night, shard=None)
        published = manifest_digests(self.book, version.night).get(trades)
        return published is not None and version.inputs.get(trades) == published

    def _follows_rerun(self, version: Version) -> bool:
        """Return whether ``version`` was made from one that a rerun keeps beside what is published."""
        return version.night == self.rerunning and any(
            (self.root / name / RERUN).exists() for name in version.inputs if not name.startswith(("feeds/", "static/"))
        )


def write_renamed(path: Path, content: bytes, *, root: Path) -> None:
    """Write ``content`` under a temporary name in the store ``root``, fsync it, and rename it to ``path``."""
    where = path.relative_to(root if path.is_relative_to(root) else root.parent).as_posix()
    with temporary_in(root / WRITING) as temporary:
        passed("file.opened", where=where)
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        passed("file.written", where=where)
        temporary.rename(path)
        passed("file.renamed", where=where)
    sync(path.parent)


def changed_file(where: str, *, table: str, found: str) -> StoreError:
    """Return the error of a published file with ``found`` in it, which is not what ``table`` holds of one."""
    return StoreError(
        code="STORE-007",
        where=where,
        found=found,
        expected=f"rows as sql/publication/work/{table}.sql has them",
        remedy="The file was changed after it was published. Restore it.",
    )


def partition_name(asset: str, *, night: dt.date, shard: str | None) -> str:
    """Return ``asset/night[/shard]``: a partition's name in manifests and metadata."""
    return "/".join([asset, night.isoformat()] + ([shard] if shard else []))


def latest_manifest(book: Path, night: dt.date) -> Path | None:
    """Return the manifest that stands for ``night``: that of its last revision; None where it is not published."""
    folder = book / "published" / night.isoformat()
    if not (folder / "manifest.json").exists():
        return None
    revisions = [path for path in folder.glob("revision-*/manifest.json") if path.parent.name[9:].isdigit()]
    return max(revisions, key=lambda path: int(path.parent.name[9:]), default=folder / "manifest.json")


def manifest_digests(book: Path, night: dt.date) -> Mapping[str, str]:
    """Return the digests that ``night`` read and wrote, by partition name; none where it is not published."""
    manifest = latest_manifest(book, night)
    return {} if manifest is None else _digests_in(manifest)


@functools.lru_cache(maxsize=64)
def _digests_in(manifest: Path) -> Mapping[str, str]:
    """Return what a manifest says of the store; a manifest never changes."""
    digests: dict[str, str] = json.loads(manifest.read_text(encoding="utf-8"))["store"]
    return digests


def facts_of(path: Path) -> dict[str, Any]:
    """Return the digest, rows and inputs of a version from the file beside it, which outlives a pruned one."""
    facts: dict[str, Any] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return facts


@contextlib.contextmanager
def among_writers(book: Path, *, alone: bool = False) -> Iterator[bool]:
    """Hold the store's lock together with all who write, or ``alone``; yield whether it was to be had.

    Who writes waits for the moment in which another is alone; who wants to be alone does not wait. The system lets a
    lock go when its process ends, however it ends.
    """
    folder = book / "store" / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "writers.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
        except BlockingIOError:
            yield False
        else:
            yield True


def pruned_versions(store: Path, night: str) -> frozenset[tuple[str, str]]:
    """Return name and digest of every version of ``night`` that was dropped because it can be made again."""
    notes = [json.loads(note.read_bytes()) for note in sorted((store / "pruned" / night).glob("[0-9a-f]*.json"))]
    return frozenset((name, digest) for note in notes for name, digest in note["dropped"].items())


def _file_is_gone(name: str, path: Path) -> StoreError:
    parts = name.split("/")
    if (name, path.stem) in pruned_versions(path.parents[len(parts)], parts[1]):
        return StoreError(
            code=PRUNED,
            where=f"store partition {name}",
            found="a pruned file",
            expected=path.name,
            remedy=f"`openbell rebuild BOOK --night {parts[1]}` makes it again from the kept inputs.",
        )
    return StoreError(
        code="STORE-002",
        where=f"store partition {name}",
        found="a head without its file",
        expected=path.name,
        remedy="Re-materialise the partition; the same inputs give the same file.",
    )


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    """Tell what the disk refuses while the partition ``name`` is written as an error of the house."""
    try:
        yield
    except (OSError, duckdb.Error) as error:
        refused = refusal_of(error, where=f"store partition {name}")
        if refused is None:
            raise
        raise refused from error


def digest_of_version(version: Version) -> str:
    """Return the digest recomputed from the tables of ``version``.

    Raises
    ------
    StoreError
        Where the file cannot be read as a store partition.
    """
    return next(digests_of_versions([version], threads=1))


def digests_of_versions(versions: Sequence[Version], *, threads: int) -> Iterator[str]:
    """Yield the digest recomputed from the tables of each of ``versions``, so many at once.

    Raises
    ------
    StoreError
        Where a file cannot be read as a store partition.
    """
    # One database for all: to open one costs as much as to digest a small partition.
    with contextlib.closing(duckdb.connect(":memory:", config=ONE_THREAD)) as database:
        digest = functools.partial(_digest_again, database)
        with ThreadPoolExecutor(max_workers=threads) as side_by_side:
            yield from side_by_side.map(digest, versions, [f"version_{place}" for place in range(len(versions))])


def _digest_again(database: duckdb.DuckDBPyConnection, version: Version, alias: str) -> str:
    names = [path.stem for path in schema_of(version.asset)]
    try:
        with contextlib.closing(database.cursor()) as connection:
            _configure(connection)
            connection.execute(f"attach {_quoted(version.path)} as {alias} (read_only)")
            connection.execute(f"use {alias}")
            kept = frozenset(name for name in names if _seems_in_order(connection, name))
            # The digest of the right rows in their canonical order is no other's: what agrees need not be sorted.
            found, _ = _digest(connection, names, as_stored=kept)
            if found != version.digest and kept:
                found, _ = _digest(connection, names)
            connection.execute("use memory")
            connection.execute(f"detach {alias}")
            return found
    except duckdb.Error as error:
        raise StoreError(
            code="STORE-006",
            where=f"store partition {version.name}",
            found=f"a file that cannot be read: {str(error).splitlines()[0]}",
            expected=version.digest,
            remedy="Restore the file, or re-materialise the partition; the same inputs give the same file.",
        ) from error


def _configure(connection: duckdb.DuckDBPyConnection) -> None:
    """State every setting that a result or its bytes could depend on."""
    connection.execute("set preserve_insertion_order = true")
    connection.execute("set timezone = 'UTC'")
    # Standard output is for what was asked for: a statement of more than two seconds would draw a bar there.
    connection.execute("set enable_progress_bar = false")
    connection.execute("set arrow_output_version = '1.0'")
    connection.execute("set arrow_large_buffer_size = false")
    # Temporary macros: the formulas that statements share, each in one place.
    for function in sorted((SQL / "functions").glob("*.sql")):
        connection.execute(function.read_text(encoding="utf-8"))


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _make_tables(connection: duckdb.DuckDBPyConnection, asset: str, carried: Carried | None) -> list[str]:
    """Make the tables of ``asset``, those that are carried excepted, and return the names of all."""
    schema = {path.stem: path.read_text(encoding="utf-8") for path in schema_of(asset)}
    assert schema, f"no schema for {asset}"
    kept = carried.tables if carried else ()
    found = _definitions(connection)
    dropped = sorted(found.keys() - set(kept))
    for table in dropped:
        connection.execute(f"drop table {table}")
    if dropped:
        connection.execute("checkpoint")  # what is written next takes their places in the file
    if carried is not None:
        _require_form(connection, carried)
    for table, text in schema.items():
        if table not in kept:
            connection.execute(text)
    return list(schema)


def _require_form(connection: duckdb.DuckDBPyConnection, carried: Carried) -> None:
    """Raise `StoreError` where a table to carry has other columns or CHECKs than its schema asks for."""
    found = _definitions(connection)
    asked = _asked({path.stem: path.read_text(encoding="utf-8") for path in schema_of(carried.version.asset)})
    for table in carried.tables:
        if found.get(table) != asked[table]:
            raise StoreError(
                code="STORE-004",
                where=f"table {table} of store partition {carried.version.name}",
                found=found.get(table, "no such table"),
                expected=asked[table],
                remedy="The partition was written by another version of Openbell. Write the book's nights again.",
            )


def _asked(schema: Mapping[str, str]) -> dict[str, str]:
    """Return what the database makes of the statements of ``schema``."""
    with contextlib.closing(duckdb.connect(":memory:", config=ONE_THREAD)) as blank:
        for text in schema.values():
            blank.execute(text)
        return _definitions(blank)


def _definitions(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    rows = connection.sql("select table_name, sql from duckdb_tables() where database_name = current_database()")
    return dict(rows.fetchall())


def _seems_in_order(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Return whether a large table has no rows deleted from it, and a sample of it in the order of all its columns."""
    [[rows, places]] = connection.sql(f"select count(*), max(rowid) + 1 from {table}").fetchall()  # noqa: S608
    if rows < _BATCH_ROWS or rows != places:
        return False
    sample = connection.sql(f"select * from {table} where rowid % 1024 < 32")  # noqa: S608
    return bool(sample.to_arrow_table().equals(sample.order("all").to_arrow_table()))


def _digest(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[str], *, as_stored: Collection[str] = ()
) -> tuple[str, dict[str, int]]:
    """Return sha256 over the rows of the tables in canonical order, and the row counts.

    The bytes of a ``.duckdb`` file differ between two writes of the same rows, so it is the values that are digested.
    Rows of the tables ``as_stored`` are taken as they stand: the digest is another where that is not their order.
    """
    ordered = (
        (table, connection.sql(f"select * from {table}{order}").to_arrow_reader(_BATCH_ROWS))  # noqa: S608
        for table in tables
        for order in ["" if table in as_stored else " order by all"]
    )
    return digest_of_tables(ordered)


def sync(path: Path) -> None:
    """Flush a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
