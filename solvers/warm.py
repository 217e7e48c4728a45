"""Compile every kernel once and keep the code on disk, so that no worker and no night compiles.

Set-up runs ``python -m solvers.warm``; later processes load the compiled code in a fraction of a second. The code is
kept per processor type and per digest of the sources (`solvers.compiling`).
"""

from __future__ import annotations

from typing import Any

from solvers.careful import search_carefully
from solvers.dual import account_of
from solvers.instance import read_instance, solve_instance
from solvers.prepare import prepare
from solvers.problem import SolveSettings
from solvers.tables import tables_of


def tiny_instance() -> dict[str, Any]:
    """Return an account of two names with a loss to harvest and a gain it cannot afford."""
    security = {"sector": "A", "exposures": [0.2], "specific_variance": 0.05}
    lot = {"shares": 100.0, "term": "long"}
    return {
        "format": "openbell-instance/1",
        "account_id": "A",
        "cash_usd": 500.0,
        "securities": [
            security | {"security_id": "S1", "price_usd": 100.0, "benchmark_weight": 0.6},
            security | {"security_id": "S2", "price_usd": 50.0, "benchmark_weight": 0.4},
        ],
        "lots": [
            lot | {"lot_id": "L1", "security_id": "S1", "basis_usd": 12_000.0},
            lot | {"lot_id": "L2", "security_id": "S2", "basis_usd": 4_000.0},
        ],
        "rates": {"short_gain": 0.4, "long_gain": 0.2, "short_loss": 0.4, "long_loss": 0.2},
        "policy": {"risk_aversion": 50.0, "cost_rate": 0.0005, "cash_min": 0.002, "cash_max": 0.1},
    }


def compile_kernels() -> None:
    """Solve the tiny account by every path."""
    document = tiny_instance()
    solve_instance(document)
    solve_instance(document | {"flow_usd": -1e9})
    solve_instance(document, SolveSettings(clarabel="uncertified"))
    document["lots"][1]["lot_id"] = "L1"
    solve_instance(document)
    tables = tables_of(read_instance(document))
    account = account_of(prepare(tables, tables.lot_start[:1]), 0)
    search_carefully(account, target=1e-12, nodes_max=2, breach_max=SolveSettings().violation_max)


if __name__ == "__main__":
    compile_kernels()
