"""How much faster two processes solve two shards than one after the other; seconds of the clock, so on an idle machine.

python -m bench.two_processes --names 200 --factors 20 --accounts 400 --seed 950
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from pipelines.measure import machine
from solvers.generator import random_shard
from solvers.problem import SolveSettings
from solvers.shard import solve_shard

REPEATS = 3


def seconds_of(shape: dict[str, int]) -> tuple[float, float]:
    """Return seconds of the clock and of the processor for one shard; making it is not counted."""
    problems = random_shard(**shape, households=False)
    clock, processor = time.perf_counter(), time.process_time()
    solve_shard(problems, SolveSettings())
    return time.perf_counter() - clock, time.process_time() - processor


def scale(shape: dict[str, int]) -> dict[str, Any]:
    """Return the median figures of a shard alone, and of two shards at once in two processes."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as one, ProcessPoolExecutor(1, mp_context=spawn) as other:
        for pool in (one, other):
            pool.submit(seconds_of, {**shape, "accounts": 2}).result()  # import and load what is compiled
        load = os.getloadavg()
        alone, together = [], []
        for _ in range(REPEATS):
            alone.append(one.submit(seconds_of, shape).result())
            both = [pool.submit(seconds_of, shape) for pool in (one, other)]
            together.append(max(run.result() for run in both))
    clock = statistics.median(pair[0] for pair in alone), statistics.median(pair[0] for pair in together)
    processor = statistics.median(pair[1] for pair in alone), statistics.median(pair[1] for pair in together)
    return {
        **shape,
        "alone_seconds": clock[0],
        "together_seconds": clock[1],
        "scale": 2.0 * clock[0] / clock[1],
        "processor_seconds_alone": processor[0],
        "processor_seconds_together": processor[1],
        "machine": machine() | {"load_average_before": load},
    }


def main() -> None:
    """Print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("names", 200), ("factors", 20), ("accounts", 400), ("seed", 950)):
        parser.add_argument(f"--{name}", type=int, default=default)
    print(json.dumps(scale(vars(parser.parse_args())), indent=1))


if __name__ == "__main__":
    main()
