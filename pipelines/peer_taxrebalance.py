"""Accounts through the PyPI package taxrebalance; run by the Python of an environment that has it, alone.

    python -P pipelines/peer_taxrebalance.py ACCOUNTS.json ANSWERS.json

Reads what `pipelines.peers` wrote and writes, per account, CPU seconds of the package's own call and its trades. Only
the standard library and the package are imported: this file is the only one that knows it.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import time
from pathlib import Path
from typing import Any

TRACKING_ERROR_ABSENT = 0.99
"""The package wants a cap below 1; no account comes near this one."""
LONG_TERM_DAYS, SHORT_TERM_DAYS = 500, 100


def answer_of(document: dict[str, Any], account: dict[str, Any]) -> dict[str, Any]:
    """Return the package's answer for one account, and CPU seconds of its call."""
    from tax_rebalancing.models import TaxLot
    from taxrebalance import Portfolio, RebalanceConfig, UnitedStatesLots, rebalance

    lots = [
        TaxLot(
            lot_id=str(lot["lot"]),
            ticker=lot["security"],
            shares=lot["shares"],
            basis_per_share=lot["basis_per_share"],
            days_held=LONG_TERM_DAYS if lot["long_term"] else SHORT_TERM_DAYS,
        )
        for lot in account["lots"]
    ]
    portfolio = Portfolio.from_tax_lots(lots, prices=document["prices"], cash=account["cash"])
    begin = time.process_time()
    result = rebalance(
        portfolio,
        target_weights=account["target_weights"],
        covariance=document["covariance"],
        tax_policy=UnitedStatesLots(short_term_rate=account["short_rate"], long_term_rate=account["long_rate"]),
        config=RebalanceConfig(
            max_tracking_error=TRACKING_ERROR_ABSENT,
            trading_cost_bps=0.0,
            loss_utilization=1.0,
            future_recapture_fraction=0.0,
            risk_aversion=account["risk_aversion"],
            max_turnover_fraction=account["turnover_max"],
        ),
    )
    seconds = time.process_time() - begin
    return {"seconds": seconds, "feasible": result.feasible, "summary": result.summary(), "trades": result.trades}


def main() -> int:
    """Answer every account of the file; the first one twice, for what a library does only once."""
    source, target = map(Path, sys.argv[1:])
    document = json.loads(source.read_text(encoding="utf-8"))
    accounts = document["accounts"]
    answer_of(document, accounts[0])
    answers = [answer_of(document, account) for account in accounts]
    packages = ("taxrebalance", "cvxpy", "clarabel", "numpy", "osqp", "scipy")
    versions = {name: importlib.metadata.version(name) for name in packages}
    target.write_text(json.dumps({"versions": versions, "answers": answers}), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
