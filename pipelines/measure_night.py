"""What a whole night costs at a size: a book is made, its first night is run and then steady ones, and all is measured.

Every night runs in a process of its own, as `openbell night` does, so that the start of Python and Dagster is in the
figures. A steady night has fills of the published orders, ageing, and as many trades as such a night has.
"""

from __future__ import annotations

import collections
import datetime as dt
import importlib.metadata
import json
import math
import multiprocessing
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from assets.book import Book
from ledger.errors import NightError
from pipelines.book_maker import SHARDS_MAX, make_book
from pipelines.custodian import write_next_feeds
from pipelines.measure import PACKAGES, machine
from pipelines.meters import TreeWatch
from pipelines.workers import end_with_parent
from solvers.warm import compile_kernels

SAMPLE_SECONDS = 0.1
REMOVALS_MAX = 50
"""How often the removal of a folder is tried, `SAMPLE_SECONDS` apart."""
FIRST_NIGHT = dt.date(2026, 9, 1)
ACCOUNTS_PER_SHARD = 6_250
"""Largest shard by default: few, large shards cost the least, and two of this size fit 8 GiB."""
SHARDS_MIN = 2
PROJECTED = ((None, None), (200_000, None), (200_000, 16), (200_000, 64))
"""Accounts and cores that a steady night is projected to; None is what was measured."""
SPAWN = multiprocessing.get_context("spawn")


def measure_night(
    folder: Path | None,
    *,
    accounts: int,
    names: int,
    lots: float,
    nights: int,
    seed: int,
    shards: int | None = None,
    workers: int | None = None,
    keep: bool = False,
) -> dict[str, Any]:
    """Return what the first night and the steady ones of such a book cost, and the projection of the last.

    The book is made in a new folder within ``folder``, which is made where it is missing, by default the system's
    temporary one; it is removed at the end unless ``keep``.
    """
    shards = shards or min(SHARDS_MAX, max(SHARDS_MIN, math.ceil(accounts / ACCOUNTS_PER_SHARD)))
    workers = max(1, min(workers or os.cpu_count() or 1, shards))
    compile_kernels()  # compiled kernels are kept: a night that compiles them is one of a kind
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="openbell-bench-", dir=folder))
    try:
        path = place / "book"
        making = _apart(_make, path, accounts=accounts, names=names, lots=lots, shards=shards, seed=seed)
        book = Book.open(path)
        measured, night = [], FIRST_NIGHT
        for number in range(nights):
            feeds: dict[str, Any] | None = None
            if number:
                feeds = _apart(_write_feeds, path, night=night)
                night = max(dt.date.fromisoformat(there.name) for there in (path / "feeds").iterdir())
            measured.append(_measured_night(book, place, night=night, accounts=accounts, workers=workers))
            measured[-1] |= {"kind": "steady" if number else "first", "custodian_feeds": feeds}
        return {
            "accounts": accounts,
            "names": names,
            "lots_per_holding": lots,
            "seed": seed,
            "shards": shards,
            "workers": workers,
            "making_the_book": making,
            "nights": measured,
            "projection": [
                projected(measured[-1], accounts=accounts, workers=workers, to=to, cores=cores)
                for to, cores in PROJECTED
            ],
            "machine": machine() | {"versions": _versions(), "memory_bytes": _memory_bytes()},
            **({"book": str(path)} if keep else {}),
        }
    finally:
        if not keep:
            _remove(place)


def _remove(place: Path) -> None:
    """Remove the folder ``place``, also where workers write into it until they see that their night has ended."""
    for _ in range(REMOVALS_MAX):
        shutil.rmtree(place, ignore_errors=True)
        if not place.exists():
            return
        time.sleep(SAMPLE_SECONDS)


def _make(path: Path, *, accounts: int, names: int, lots: float, shards: int, seed: int) -> None:
    make_book(
        path,
        market="synthetic",
        accounts=accounts,
        shards=shards,
        seed=seed,
        first_night=FIRST_NIGHT,
        names=names,
        lots=lots,
    )


def _write_feeds(path: Path, *, night: dt.date) -> None:
    write_next_feeds(Book.open(path), night=night)


def _run(path: Path, *, night: dt.date, workers: int, costs: Path) -> None:
    """Run one night as the command line does; in a process of its own."""
    from pipelines.deadline import wall_clock  # noqa: PLC0415 - what a night's process imports is part of its start
    from pipelines.headless import Workers  # noqa: PLC0415
    from pipelines.watch import run_watched  # noqa: PLC0415

    with Workers(Book.open(path), workers=workers, costs=costs) as pool:
        run_watched(pool, night=night, clock=wall_clock, show=lambda _text: None)


def _apart(job: Callable[..., None], path: Path, **arguments: object) -> dict[str, Any]:
    """Run ``job`` in a process of its own; return wall and CPU seconds and peak memory of it and its descendants."""
    load, cpu, began = os.getloadavg()[0], _cpu_of_children(), time.perf_counter()
    process = SPAWN.Process(target=_do, args=(job, path), kwargs=arguments)
    process.start()
    assert process.pid is not None
    watch = TreeWatch(process.pid)
    try:
        while process.is_alive():
            watch.sample()
            process.join(SAMPLE_SECONDS)
    finally:
        # Where this one is interrupted, it would go on writing into the book that is removed.
        process.kill()
        process.join()
    wall = time.perf_counter() - began
    if process.exitcode:
        raise NightError(
            code="RUN-009",
            where=f"measured process {job.__name__.strip('_')}",
            found=f"exit status {process.exitcode}",
            expected="0",
            remedy="Its error is above; with --keep the book remains to look at.",
        )
    return {
        "wall_seconds": wall,
        "cpu_seconds": _cpu_of_children() - cpu,
        "peak_bytes_all_processes": watch.peak_bytes,
        "peak_processes": watch.peak_processes,
        "load_average_before": load,
        "load_average_after": os.getloadavg()[0],
    }


def _do(job: Callable[..., None], path: Path, **arguments: object) -> None:
    """Do ``job`` in this process, unless the one that measures it ends before."""
    end_with_parent()
    job(path, **arguments)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _measured_night(book: Book, place: Path, *, night: dt.date, accounts: int, workers: int) -> dict[str, Any]:
    """Run ``night`` and return its figures: of the whole, by stage, on disk, and what it published."""
    costs = place / f"costs-{night}.jsonl"
    before = bytes_by_part(book.path)
    whole = _apart(_run, book.path, night=night, workers=workers, costs=costs)
    parts = [json.loads(line) for line in costs.read_text(encoding="utf-8").splitlines()]
    after = bytes_by_part(book.path)
    disk = {part: size - before.get(part, 0) for part, size in after.items() if size != before.get(part, 0)}
    manifest = json.loads((book.published(night) / "manifest.json").read_text(encoding="utf-8"))
    allocations = book.published(night) / "allocations.csv"
    with allocations.open("rb") as file:
        orders = sum(1 for _ in file) - 1
    return {
        "night": night.isoformat(),
        "accounts_per_second": accounts / whole["wall_seconds"],
        "cpu_ms_per_account": whole["cpu_seconds"] / accounts * 1e3,
        **whole,
        "parts": shares_of(parts, cpu_seconds=whole["cpu_seconds"]),
        "serial_cpu_seconds": sum(part["cpu_seconds"] for part in parts if is_of_one_process(part)),
        "shard_cpu_seconds": sum(part["cpu_seconds"] for part in parts if is_of_shard(part)),
        "accounts_by_status": manifest["counts"],
        "allocations": orders,
        "bytes_on_disk": disk,
        "bytes_on_disk_in_all": sum(disk.values()),
    }


def is_of_shard(part: Mapping[str, Any]) -> bool:
    """Return whether ``part`` of a night is one that all shards do side by side."""
    return part["kind"] == "run" and part["name"] not in {"market-accounts", "trades"}


def is_of_one_process(part: Mapping[str, Any]) -> bool:
    """Return whether ``part`` is one that the night's own process does while no shard is at work."""
    return part["kind"] == "errand" or (part["kind"] == "run" and not is_of_shard(part))


def shares_of(parts: Sequence[Mapping[str, Any]], *, cpu_seconds: float) -> list[dict[str, Any]]:
    """Return the parts of a night by name, the dearest first, each with its share of the CPU; they add up to the whole.

    What Dagster costs is its runs without the stages in them. What nothing has measured is the start: of Python, its
    modules and the instance, in each process.
    """
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = collections.defaultdict(list)
    for part in parts:
        grouped[part["kind"], "" if part["kind"] == "run" else part["name"]].append(part)
    rows = []
    for (kind, name), found in sorted(grouped.items()):
        if kind != "run":
            rows.append(
                {
                    "part": name,
                    "times": len(found),
                    "wall_seconds": sum(part["wall_seconds"] for part in found),
                    "cpu_seconds": sum(part["cpu_seconds"] for part in found),
                    "peak_bytes": max(part["peak_bytes"] for part in found),
                    "read_bytes": sum(part.get("read_bytes", 0) for part in found),
                    "written_bytes": sum(part.get("written_bytes", 0) for part in found),
                }
            )
    total = collections.Counter[str]()
    for part in parts:
        total[part["kind"]] += part["cpu_seconds"]
    rows.append({"part": "dagster", "cpu_seconds": total["run"] - total["stage"]})
    rows.append({"part": "start", "cpu_seconds": cpu_seconds - total["run"] - total["errand"]})
    rows.sort(key=lambda row: -row["cpu_seconds"])
    return [row | {"share": row["cpu_seconds"] / cpu_seconds} for row in rows]


def projected(
    night: Mapping[str, Any], *, accounts: int, workers: int, to: int | None, cores: int | None
) -> dict[str, Any]:
    """Return how long ``night`` of ``accounts`` would take with ``to`` accounts on ``cores``, and what that assumes."""
    to, cores = to or accounts, cores or workers
    scale = to / accounts
    start = sum(row["cpu_seconds"] for row in night["parts"] if row["part"] == "start") / (workers + 1)
    serial = start + night["serial_cpu_seconds"] * scale
    side_by_side = night["shard_cpu_seconds"] * scale / cores
    return {
        "accounts": to,
        "cores": cores,
        "wall_seconds": serial + side_by_side,
        "of_which_serial": serial,
        "assumes": [
            "CPU seconds grow with accounts and not otherwise: hold this against the runs at other sizes",
            "shards share nothing and there are at least as many as cores: their CPU seconds are divided by the cores",
            "what only one process does takes its CPU seconds, in proportion to accounts, after one start of Python",
            "cores with nothing else to do, as fast as the measured ones while all work, and a disk that keeps up",
        ],
    }


def bytes_by_part(book: Path) -> dict[str, int]:
    """Return the bytes on disk by asset of the store and by folder of the book; a file of several links counts once."""
    sizes: dict[str, int] = collections.defaultdict(int)
    seen: set[int] = set()
    for path, facts in _files(book):
        if facts.st_ino in seen:
            continue
        seen.add(facts.st_ino)
        parts = path.relative_to(book).parts
        name = "/".join(parts[:2]) if parts[0] == "store" else parts[0]
        sizes[name] += facts.st_blocks * 512
    return dict(sorted(sizes.items()))


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path, path.stat()


def _versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in sorted({*PACKAGES, "dagster", "duckdb", "polars"})}


def _memory_bytes() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
