"""Strings of nights with faults, by hand: ``python -P -m bench.simulate --seeds 0:300``; prints counts as JSON.

A string that violates something is told with the command that shows it again; the others go on.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.simulation.strings import NIGHTS, run_string


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="0:1", help="first:last, the last left out; or one seed")
    parser.add_argument("--nights", type=int, default=NIGHTS)
    parser.add_argument("--roughness", type=float, default=1.0, help="how often nights are stopped, in times the usual")
    parser.add_argument("--folder", type=Path, default=None, help="where the books lie meanwhile")
    parser.add_argument("--log", type=Path, default=None, help="a file for one JSON line a string, as it ends")
    parser.add_argument("--show", action="store_true", help="tell every night")
    options = parser.parse_args()
    first, _, last = options.seeds.partition(":")
    seeds = range(int(first), int(last) if last else int(first) + 1)
    faults: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    violations: list[str] = []
    nights, began, used = 0, time.monotonic(), time.process_time()
    for seed in seeds:
        with tempfile.TemporaryDirectory(prefix="openbell-simulate-", dir=options.folder) as folder:
            say = (lambda text: print(text, file=sys.stderr, flush=True)) if options.show else (lambda _: None)
            wrong = None
            try:
                told = run_string(Path(folder), seed=seed, nights=options.nights, roughness=options.roughness, say=say)
                nights += told.nights
                faults += told.faults
                outcomes += told.outcomes
            except Exception as error:  # noqa: BLE001  # one string that fails must not end a campaign
                wrong = str(error) or repr(error)
                violations.append(f"seed {seed}: {wrong}")
                print(f"seed {seed}\n{traceback.format_exc()}", file=sys.stderr, flush=True)
            if options.log is not None:
                with options.log.open("a", encoding="utf-8") as log:
                    facts = {"seed": seed, "wrong": wrong} | (
                        {"nights": told.nights, "seconds": round(told.seconds, 1), "faults": told.faults}
                        if not wrong
                        else {}
                    )
                    log.write(json.dumps(facts) + "\n")
    print(json.dumps({
        "seeds": options.seeds, "roughness": options.roughness, "strings": len(seeds), "nights": nights,
        "violations": violations,
        "faults": dict(sorted(faults.items())), "outcomes": dict(sorted(outcomes.items())),
        "seconds": round(time.monotonic() - began, 1),
        "cpu_seconds_of_this_process": round(time.process_time() - used, 1),
        "load": [round(load, 1) for load in os.getloadavg()],
    }, indent=1))  # fmt: skip
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
