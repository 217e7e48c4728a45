"""The story of a name, and two accounts beside each other, as text."""

from __future__ import annotations

from rich.console import Console

from assets.explained_difference import Contrast
from assets.explained_name import NameStory
from assets.explained_words import Row
from pipelines.explain_text import console, print_lineage, table, usd

TRADES_SHOWN = 30
LOTS = (
    "account_id", "security_id", "lot_id", "shares", "value_usd", "basis_usd", "acquired_date", "holding_start_date",
    "term", "long_from",
)  # fmt: skip
WINDOWS = ("account_id", "security_id", "lot_id", "day", "shares", "loss_usd", "last_day")
SALES = (
    "sale_date", "account_id", "security_id", "lot_id", "shares", "proceeds_usd", "gain_usd", "disallowed_usd",
)  # fmt: skip
ORDERS = (
    "account_id", "side", "security_id", "lot_id", "shares", "estimated_usd", "gain_usd", "term", "reason",
)  # fmt: skip
NON_TRADES = ("account_id", "side", "security_id", "worth_usd", "stopped_by", "until")
RESTRICTIONS = ("account_id", "kind", "on_what", "value", "weight_max", "reason")
WEIGHTS = ("account_id", "benchmark_id", "security_id", "weight")


def print_story(story: NameStory) -> None:
    """Print all that is known of one name in a household."""
    out = console()
    standing = "published" if story.published else "NOT PUBLISHED YET"
    out.print(
        f"{story.security_id} in household {story.household_id} on the night of {story.night} ({standing}), "
        f"for trading on {story.trade_date}",
        markup=False,
        soft_wrap=True,
    )
    columns = ("security", "symbol", "name", "sector", "price usd", "trusted", "frozen because")
    table(out, f"identical group {story.identical_group}", columns, [_security(row) for row in story.securities])
    _columns(out, "lots", LOTS, story.lots)
    _columns(out, "loss sales that close purchases", WINDOWS, story.loss_sales_that_close_purchases)
    _columns(out, "purchases that close loss sales", WINDOWS, story.purchases_that_close_loss_sales)
    _columns(out, "sales of the last 30 days", SALES, story.sales)
    if story.sales_unknown_on:
        out.print(f"not told, for the lots were pruned: the sales of {', '.join(story.sales_unknown_on)}")
    _columns(out, "orders tonight", ORDERS, story.orders)
    _columns(out, "not traded", NON_TRADES, story.non_trades)
    _columns(out, "restrictions", RESTRICTIONS, story.restrictions)
    _columns(out, "benchmark weights", WEIGHTS, story.benchmark_weights)
    print_lineage(out, story.lineage)


def _columns(out: Console, title: str, names: tuple[str, ...], rows: tuple[Row, ...]) -> None:
    """Print the columns ``names`` of ``rows``, headed by their names in words."""
    headings = [name.removesuffix("_id").replace("_", " ") for name in names]
    table(out, title, headings, [[_cell(name, row[name]) for name in names] for row in rows])


def _cell(name: str, value: object) -> object:
    if name.endswith("_usd"):
        assert value is None or isinstance(value, str | float)
        return usd(value)
    return f"{value:.6f}" if isinstance(value, float) else value


def _security(row: Row) -> tuple[object, ...]:
    trusted = "no price" if row["trusted"] is None else "yes" if row["trusted"] else f"no: {row['distrust']}"
    frozen = "; ".join(why for why in (row["frozen_reason"], row["frozen_by"]) if why)
    return (row["security_id"], row["symbol"], row["name"], row["sector"], row["close_usd"], trusted, frozen)


def print_contrast(parted: Contrast) -> None:
    """Print where two accounts part."""
    out = console()
    first, statuses = parted.first_difference, parted.statuses
    lines = [
        f"{parted.account_id} ({statuses['this']}) against {parted.against} ({statuses['other']}) on the night of "
        f"{parted.night}",
        parted.verdict,
    ]
    if first:
        lines.append(f"{first['input']}: {first['this']} against {first['other']}")
    lines += [
        f"problem {parted.problem_digest['this']} against {parted.problem_digest['other']}: "
        f"{'the same' if parted.same_problem else 'not the same'}",
        f"orders  {parted.orders_digest['this']} against {parted.orders_digest['other']}: "
        f"{'the same' if parted.same_orders else 'not the same'}",
        f"limits that bind: {', '.join(parted.binding_limits['this']) or 'none'} against "
        f"{', '.join(parted.binding_limits['other']) or 'none'}",
    ]
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)
    table(
        out,
        "inputs",
        ("kind", "compared", "differ", "first", parted.account_id, parted.against),
        [_inputs(row) for row in parted.differences],
    )
    table(
        out,
        "where the trades part (dollars bought less sold, and percent of the account's value)",
        ("security", f"usd {parted.account_id}", "%", f"usd {parted.against}", "%", f"why {parted.account_id}",
         f"why {parted.against}"),
        [
            (
                row["security_id"], usd(row["this_usd"]), f"{row['this_share'] * 100:.2f}", usd(row["other_usd"]),
                f"{row['other_share'] * 100:.2f}", row["this_why"], row["other_why"],
            )
            for row in parted.trades[:TRADES_SHOWN]
        ],
    )  # fmt: skip
    if len(parted.trades) > TRADES_SHOWN:
        out.print(f"and {len(parted.trades) - TRADES_SHOWN} more; --json has them all")


def _inputs(row: Row) -> tuple[object, ...]:
    first = row["first"] or {"input": "", "this": "", "other": ""}
    return (row["kind"], row["inputs"], row["differ"], first["input"], first["this"], first["other"])
