"""An explanation as text: sentences first, then tables; plain where nobody looks at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from assets.explanation import Explanation

PLAIN_WIDTH = 180
"""Columns of a table that goes to a file or a pipe, where there is no terminal to fit."""
Row = Mapping[str, Any]
RIGHT = {"usd", "shares", "short", "by", "compared", "differ", "%", "before", "after"}
"""Words in the heading of a column of figures."""


def console() -> Console:
    """Return where text goes: as wide as the terminal, or plain and wide where there is none."""
    is_terminal = sys.stdout.isatty()
    return Console(width=None if is_terminal else PLAIN_WIDTH, no_color=not is_terminal, highlight=False)


def usd(amount: str | float | None) -> str:
    """Return an amount of dollars to the cent, as a person reads it.

    >>> usd("-1234.5678"), usd(None)
    ('-1,234.57', '')
    """
    return "" if amount is None else f"{Decimal(str(amount)):,.2f}"


def dollars(amount: str | float) -> str:
    """Return an amount of dollars for a sentence.

    >>> dollars("-1234.5678")
    '-$1,234.57'
    """
    told = usd(amount)
    return f"-${told[1:]}" if told.startswith("-") else f"${told}"


def table(out: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print ``rows`` under ``title``; nothing where there are none."""
    if not rows:
        return
    shown = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        shown.add_column(column, justify="right" if RIGHT & set(column.split()) else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    out.print()
    out.print(shown)


def print_explanation(found: Explanation) -> None:
    """Print why an account traded as it did."""
    out = console()
    _head(out, found)
    _orders(out, found)
    _limits(out, found)
    table(
        out,
        "not traded, and what stopped it",
        ("side", "security", "worth usd", "what stopped it"),
        [(row["side"], row["security_id"], usd(row["worth_usd"]), row["told"]) for row in found.non_trades],
    )
    table(
        out,
        "what was noticed",
        ("what", "of", "found", "accepted by", "value usd"),
        [(row["what"], row["subject"], row["found"], row["accepted_by"], usd(row["value_usd"])) for row in found.stops],
    )
    print_lineage(out, found.lineage)


def _head(out: Console, found: Explanation) -> None:
    outcome, certificate = found.outcome, found.certificate
    standing = "published" if found.published else "NOT PUBLISHED YET: all of this may still change"
    lines = [
        f"{found.account_id} of household {found.household_id} on the night of {found.night} ({standing}), "
        f"for trading on {found.trade_date}",
        f"{outcome['status']}: {outcome['meaning']}",
    ]
    if outcome["reasons"]:
        lines.append(f"reason: {outcome['reasons']}")
    if outcome["remedy"]:
        lines.append(f"to do: {outcome['remedy']}")
    if certificate:
        lines += [
            f"certificate: objective {certificate['objective']:.9f}, bound {certificate['bound']:.9f}, "
            f"gap {certificate['gap_bp']:.4f} bp or ${certificate['gap_usd']}",
            certificate["meaning"],
            f"the orders are worth {dollars(certificate['better_than_idle_usd'])} more than doing nothing",
        ]
    elif outcome["proposed_orders"]:
        lines.append(f"the solve had proposed {outcome['proposed_orders']} orders; none of them is used")
    before, after = outcome["tracking_error_before_bps"], outcome["tracking_error_after_bps"]
    if before is not None and after is not None:
        lines.append(f"tracking error {before:.1f} bp before, {after:.1f} bp after")
    lines.append(
        f"harvested losses {dollars(outcome['harvested_loss_usd'])}, "
        f"realised gain {dollars(outcome['realized_gain_usd'])}, "
        f"tax saved {dollars(outcome['tax_saved_usd'])}, cash {dollars(outcome['cash_before_usd'])} before, "
        f"{dollars(outcome['cash_after_usd'])} after"
    )
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)


def _orders(out: Console, found: Explanation) -> None:
    rows = [
        (
            row["side"],
            row["security_id"],
            row["shares"],
            usd(row["estimated_usd"]),
            row["reason"],
            row["lot_id"],
            usd(row["basis_usd"]),
            row["holding_start_date"],
            row["term"],
            usd(row["gain_usd"]),
            usd(row["tax_usd"]) if row["taxed"] else "",
            usd(row["cost_usd"]),
            usd(row["risk_usd"]),
        )
        for row in found.orders
    ]
    columns = (
        "side", "security", "shares", "value usd", "reason", "lot", "basis usd", "held since", "term", "gain usd",
        "tax usd", "cost usd", "risk usd",
    )  # fmt: skip
    table(out, "orders (gain, tax, cost and risk in dollars; below zero saves)", columns, rows)
    parts = found.objective_parts
    if parts:
        out.print()
        out.print(
            f"tax {dollars(parts['tax_usd'])} + cost {dollars(parts['cost_usd'])} + risk "
            f"{dollars(parts['risk_usd'])} = {dollars(parts['sum_usd'])}; "
            f"the solve says {dollars(parts['objective_less_idle_usd'])}. "
            f"Risk costs {dollars(parts['risk_before_usd'])} a year before, {dollars(parts['risk_after_usd'])} after.",
            markup=False,
            soft_wrap=True,
        )
    wrong = [figure for figure, sums in found.added_up.items() if sums["parts"] != sums["published"]]
    verdict = "differs in " + ", ".join(wrong) if wrong else "equals"
    out.print(f"the sum of the orders {verdict} the account's figures", markup=False, soft_wrap=True)


def _limits(out: Console, found: Explanation) -> None:
    print_limits(out, "limits that bind: what one more unit would be worth", found.binding_limits)
    print_limits(out, "limits in conflict: by how much each would have to give", found.conflicts)
    print_limits(out, "limits that gave, and by how much", found.relaxations)


def print_limits(out: Console, title: str, rows: Sequence[Row]) -> None:
    """Print limits that bind (dollars per unit), conflict (units short of), or gave (units)."""
    headings = {"usd_per_unit": ("usd", "per"), "short_of": ("short of", "in"), "by": ("by", "in")}
    for amount, (heading, of) in headings.items():
        told = [
            (row["limit"], row["stated"], usd(row[amount]) if heading == "usd" else f"{row[amount]:.6f}", row["unit"])
            for row in rows
            if amount in row
        ]
        table(out, title, ("limit", "stated", heading, of), told)


def print_lineage(out: Console, lineage: Row) -> None:
    """Print the published files, partitions and feed files that an answer came from."""
    published = lineage["published"]
    if published:
        code = published["code"]
        commit = code["commit"] or "unknown"
        lines = [
            f"published in {published['folder']}, revision {published['revision']}, "
            f"manifest sha256 {published['manifest_sha256']}",
            f"code {commit}{' with changes' if code['dirty'] else ''}, policy version {published['policy_version']}",
        ]
        out.print()
        for line in lines:
            out.print(line, markup=False, soft_wrap=True)
        table(out, "published files", ("file", "sha256"), list(published["files"].items()))
    partitions = [(name, told["digest"]) for name, told in lineage["partitions"].items()]
    table(out, "made from (`--json` says what each was made from)", ("partition", "digest"), partitions)
    table(out, "and these files", ("file", "sha256"), list(lineage["feed_files"].items()))
