"""How long a night of the ledger takes: `python -m bench.ledger --accounts 10000` prints one JSON document.

A made-up shard: every account holds 100 of 500 names in 3 lots each and trades 20 times, half of it sales. One
thread. ``aging`` is everything that reads yesterday's lots and books tonight: staging, actions, purchases, sales,
matching. ``writing`` replaces the lots that the night could change; ``audits`` are the checks that must find nothing;
``store`` is the copy of yesterday's file, the digest of tonight's, its sync and rename. Each is told in seconds of the
clock and of the processor: on a busy machine only the second can be compared.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import polars as pl

from assets import store as store_module
from assets.lots_tables import KEEP_STEPS, WRITE_STEPS, write_lots
from assets.store import Tables
from tests.ledger_cases import SHARD, SmallBook

FIRST, NIGHT = dt.date(2026, 6, 1), dt.date(2026, 6, 2)
NAMES, HELD, LOTS, TRADES = 500, 100, 3, 20
MICRO = 1_000_000

Seconds = npt.NDArray[np.float64]


def main() -> None:
    """Measure books of the sizes named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, nargs="+", default=[10_000])
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    nights = [measure(accounts=accounts, seed=arguments.seed) for accounts in arguments.accounts]
    load = [round(load, 2) for load in os.getloadavg()]
    print(json.dumps({"machine": platform.platform(), "load_average": load, "nights": nights}, indent=1))


def measure(*, accounts: int, seed: int) -> dict[str, float]:
    """Return the seconds and sizes of the second night of a book of ``accounts``."""
    with tempfile.TemporaryDirectory() as folder:
        book = made_book(Path(folder), accounts=accounts, seed=seed)
        with timed_statements() as spent:
            began = now()
            version = write_lots(store=book.store, book=book.book, night=NIGHT, shard=SHARD)
            whole = now() - began
        stages = {"aging": np.zeros(2), "writing": np.zeros(2), "audits": np.zeros(2)}
        for name, seconds in spent.items():
            is_writing = any(name in steps for steps in (WRITE_STEPS, *KEEP_STEPS.values()))
            stages["writing" if is_writing else "audits" if name.startswith("audits/") else "aging"] += seconds
        stages["store"] = whole - sum(stages.values())
        stages["whole"] = whole
        return {
            "accounts": accounts,
            "sublots": version.rows["sublot"],
            "events": version.rows["event"],
            "wash_matches": version.rows["wash_match"],
            **{f"{name}_seconds": round(float(seconds[0]), 3) for name, seconds in stages.items()},
            **{f"{name}_cpu_seconds": round(float(seconds[1]), 3) for name, seconds in stages.items()},
            "file_megabytes": round(version.path.stat().st_size / 1e6, 1),
            "peak_memory_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }


def now() -> Seconds:
    """Return the seconds of the clock and those that the process has computed."""
    return np.array([time.perf_counter(), time.process_time()])


@contextmanager
def timed_statements() -> Iterator[dict[str, Seconds]]:
    """Collect the seconds that each statement takes."""
    spent: dict[str, Seconds] = {}
    run, query = Tables.run, Tables.query

    def timed_run(tables: Tables, name: str, **parameters: store_module.Parameter) -> None:
        began = now()
        run(tables, name, **parameters)
        spent[name] = spent.get(name, np.zeros(2)) + now() - began

    def timed_query(tables: Tables, name: str, **parameters: store_module.Parameter) -> pl.DataFrame:
        began = now()
        frame = query(tables, name, **parameters)
        spent[name] = spent.get(name, np.zeros(2)) + now() - began
        return frame

    with patch.object(Tables, "run", timed_run), patch.object(Tables, "query", timed_query):
        yield spent


def made_book(path: Path, *, accounts: int, seed: int) -> SmallBook:
    """Return a book whose first night has run and whose second night's feeds are in the store."""
    names = [f"S{number:04d}" for number in range(NAMES)]
    people = [
        {
            "account_id": f"A{number:06d}",
            "household_id": f"H{number // 2:06d}",
            "owner_id": f"P{number // 2:06d}",
            "registration": "ira" if number % 7 == 3 else "taxable",
        }
        for number in range(accounts)
    ]
    book = SmallBook(path, first_night=FIRST, accounts=people, securities=names)
    lots, trades = made_rows(accounts=accounts, names=names, seed=seed)
    for night, table, rows in ((FIRST, "opening_lot", lots), (NIGHT, "activity", trades)):
        book.upstream(night)
        with book.store.writing("corporate_actions", night=night):
            pass
        with book.store.writing("custodian_activity", night=night) as writing:
            writing.insert(table, rows)
    write_lots(store=book.store, book=book.book, night=FIRST, shard=SHARD)
    return book


def made_rows(*, accounts: int, names: list[str], seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return opening lots and one night's trades, as the store's tables want them."""
    dice = np.random.default_rng(seed)
    account_ids = np.array([f"A{number:06d}" for number in range(accounts)])
    held = np.argsort(dice.random((accounts, NAMES)), axis=1)[:, :HELD]
    count = accounts * HELD * LOTS
    shares = dice.integers(1, 300, count) * MICRO
    age = dice.integers(1, 700, count).astype("timedelta64[D]")
    lots = pl.DataFrame(
        {
            "account_id": np.repeat(account_ids, HELD * LOTS),
            "lot_id": np.arange(count).astype(str),
            "security_id": np.array(names)[np.repeat(held.ravel(), LOTS)],
            "acquired_date": np.datetime64(FIRST) - age,
            "holding_start_date": np.datetime64(FIRST) - age,
            "micro_shares": shares,
            "basis_microusd": dice.integers(1, 300, count) * 100 * MICRO,
        }
    )
    owner = np.repeat(np.arange(accounts), TRADES)
    holding = dice.integers(0, HELD, owner.size)
    lot = (owner * HELD + holding) * LOTS + dice.integers(0, LOTS, owner.size)
    is_sale = dice.random(owner.size) < 0.5
    trades = pl.DataFrame(
        {
            "event_id": np.arange(owner.size).astype(str),
            "account_id": account_ids[owner],
            "kind": np.where(is_sale, "sell", "buy"),
            "trade_date": np.full(owner.size, np.datetime64(NIGHT)),
            "security_id": np.array(names)[held[owner, holding]],
            "lot_id": np.where(is_sale, lot, count + np.arange(owner.size)).astype(str),
            "micro_shares": np.where(is_sale, shares[lot] // 2, 5 * MICRO),
            "amount_microusd": dice.integers(1, 300, owner.size) * 50 * MICRO,
        }
    )
    # Two sales of half a lot and a bit would sell too much: the first of each lot stays.
    return lots, trades.unique(subset=["account_id", "lot_id"], keep="first", maintain_order=True)


if __name__ == "__main__":
    main()
