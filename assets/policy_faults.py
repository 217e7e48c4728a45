"""An account whose policy breaks its contract: what is told of it, and what stands in its broken cells.

Such an account is held for the night; the others go out. What tells accounts and households apart is no policy, and a
file whose ids, columns or keys are broken is still refused as a whole, and so is one in which too many policies are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import polars as pl

from assets.feed_errors import refusal, rows_refused
from ledger.errors import FeedError

STANDS_IN: dict[str, str | float | bool | None] = {
    "mode": "hold",
    "frozen": True,
    "short_rate": 0.0,
    "long_rate": 0.0,
    "short_loss_rate": 0.0,
    "long_loss_rate": 0.0,
    "risk_aversion": 1.0,
    "tracking_error_max_bps": None,
    "cash_min": 0.0,
    "cash_max": 1.0,
    "sector_band": None,
    "turnover_max": None,
    "net_gain_budget_microusd": None,
    "cost_bps": 0.0,
    "trigger_bps": 0.0,
    "min_trade_microusd": 0,
    "share_step_micro": 1,
    "min_holding_days": 0,
    "factor_band": None,
    "relaxation_order": None,
}
"""The policy fields of static/accounts, each with what its column accepts beside anything else. No order is made of it,
for the account is held; only the ledger reads one of them: fractions that an action pays in cash stay with the account,
for nobody knows which of them its custodian does not hold."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule found in one column of a file."""

    code: str
    field: str
    """The column by its name in the tables; of a key, nothing."""
    column: str
    """The column, or the columns of the key, as the file names them."""
    expected: str
    offenders: pl.DataFrame
    """``line`` and ``found`` of each row that breaks the rule."""

    def as_error(self, file: str) -> FeedError:
        """Return the refusal of ``file`` for it."""
        return rows_refused(self.code, file=file, column=self.column, offenders=self.offenders, expected=self.expected)

    def told(self, file: str) -> pl.DataFrame:
        """Return ``line`` and ``policy_fault`` of each row: what the refusal would say of that row alone.

        Neither the row's number nor the file's form is told: what is published must not depend on them.
        """
        errors = [
            (line, rows_refused(self.code, file=file, column=self.column, offenders=row, expected=self.expected))
            for (line,), row in self.offenders.group_by("line", maintain_order=True)
        ]
        where = f"{file.partition('.')[0]} column {self.column}"
        faults = [f"{error.code} {where}: found {error.found}; expected {error.expected}" for _, error in errors]
        return pl.DataFrame({"line": [line for line, _ in errors], "policy_fault": faults}, schema=FAULT)


FAULT = {"line": pl.Int64, "policy_fault": pl.String}


def with_stand_ins(rows: pl.DataFrame, findings: Sequence[Finding]) -> pl.DataFrame:
    """Return ``rows`` with what `STANDS_IN` in the cells that ``findings`` are of."""
    for finding in findings:
        broken = pl.col("line").is_in(finding.offenders["line"].implode())
        stand_in = pl.lit(STANDS_IN[finding.field], rows.schema[finding.field])
        rows = rows.with_columns(pl.when(broken).then(stand_in).otherwise(finding.field).alias(finding.field))
    return rows


def with_faults(rows: pl.DataFrame, findings: Sequence[Finding], *, file: str, share_max: float) -> pl.DataFrame:
    """Return ``rows`` with ``policy_fault``, null where there is none; several of one row in the order of codes.

    Raises
    ------
    FeedError
        Where more than ``share_max`` of the rows have one, and more than one row where ``share_max`` is above zero.
    """
    ordered = sorted(findings, key=lambda finding: finding.code)
    told = pl.concat([pl.DataFrame(schema=FAULT), *(finding.told(file) for finding in ordered)])
    faults = told.group_by("line", maintain_order=True).agg(pl.col("policy_fault").str.join(". "))
    if faults.height > max(share_max * rows.height, 1 if share_max else 0):
        raise refusal(
            "FEED-045",
            where=file,
            found=f"{faults.height} of {rows.height} accounts with a bad policy, first {told['policy_fault'][0]}",
            expected=f"at most {share_max:g} of them, or one",
        )
    return rows.join(faults, on="line", how="left", maintain_order="left")
