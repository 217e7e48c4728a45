"""Whether the kernels give the same bits when they are compiled for a generic processor: two processes, one shard.

python -m bench.generic_cpu --accounts 200 --names 60

Compiling for another target takes about two minutes, hence not a test. What is compiled here is thrown away.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np

from solvers.generator import random_shard
from solvers.problem import SolveSettings
from solvers.shard import solve_shard

TARGETS = ("", "generic")
"""Values of NUMBA_CPU_NAME: this machine's own processor, and one that has nothing special."""
ALIKE = ("digest", "certified", "orders")


def digest_of_answers(*, names: int, factors: int, accounts: int, seed: int) -> dict[str, Any]:
    """Return a digest over orders, objectives, bounds and certificates of a random shard with hard accounts in it."""
    odd = np.arange(accounts) % 5
    problems = random_shard(
        names=names, factors=factors, accounts=accounts, seed=seed, pairs=names // 8,
        tracking_error_max=np.where(odd == 1, 0.02, np.inf), factor_band=np.where(odd == 2, 0.01, np.inf),
        share_step_micro=np.where(odd == 3, 1_000_000, 100), net_gain_budget_microusd=0,
    )  # fmt: skip
    answers = solve_shard(problems, SolveSettings())
    digest = hashlib.sha256()
    digest.update("\n".join(answers.status).encode())
    certificate = answers.certificate
    for values in (
        answers.objective, answers.bound, answers.gap_continuous, answers.tracking_error_after,
        answers.order_account, answers.order_security, answers.order_lot, answers.order_micro_shares,
        answers.shadow_usd_per_unit, certificate.leaf_prices, certificate.leaf_directions, certificate.relaxed,
    ):  # fmt: skip
        digest.update(values.tobytes())
    certified = sum(not status.is_held for status in answers.status)
    return {"digest": digest.hexdigest(), "certified": certified, "orders": len(answers.order_account)}


def run_for(target: str, arguments: list[str]) -> dict[str, Any]:
    """Return the digest from a process of its own whose kernels are compiled for ``target``."""
    environment = dict(os.environ)
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as compiled:
        if target:
            environment |= {"NUMBA_CPU_NAME": target, "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": compiled}
        ran = subprocess.run(
            [sys.executable, "-P", "-m", "bench.generic_cpu", "--alone", *arguments],
            env=environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
    found: dict[str, Any] = json.loads(ran.stdout)
    return {"target": target or "this processor", "seconds": round(time.perf_counter() - begin, 1), **found}


def main() -> None:
    """Print one JSON document; exit status 1 where the bits differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("names", 60), ("factors", 8), ("accounts", 200), ("seed", 950)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--alone", action="store_true", help="Only print the digest of this process.")
    chosen = vars(parser.parse_args())
    if chosen.pop("alone"):
        print(json.dumps(digest_of_answers(**chosen)))
        return
    arguments = [part for name, value in chosen.items() for part in (f"--{name}", str(value))]
    runs = [run_for(target, arguments) for target in TARGETS]
    same = all(run[key] == runs[0][key] for run in runs for key in ALIKE)
    print(json.dumps({"same": same, "runs": runs}, indent=1))
    raise SystemExit(0 if same else 1)


if __name__ == "__main__":
    main()
