"""Print the benchmarks as JSON, one document each: the ledger, then the solver."""

from __future__ import annotations

import subprocess
import sys

RUNS = (
    ("bench.ledger", "--accounts", "1000"),
    ("bench.solve", "--names", "200", "--factors", "20", "--accounts", "200"),
)

for module, *options in RUNS:
    subprocess.run([sys.executable, "-P", "-m", module, *options], check=True)
