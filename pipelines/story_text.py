"""The story of a name, and two accounts beside each other, as text."""

from __future__ import annotations

from assets.explained_difference import Contrast
from assets.explained_name import NameStory
from assets.explained_words import Row
from pipelines.explain_text import console, print_lineage, table, usd

TRADES_SHOWN = 30


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
    table(
        out,
        "lots",
        (
            "account", "security", "lot", "shares", "value usd", "basis usd", "acquired", "held since", "term",
            "long from",
        ),
        [
            (
                row["account_id"], row["security_id"], row["lot_id"], row["shares"], usd(row["value_usd"]),
                usd(row["basis_usd"]), row["acquired_date"], row["holding_start_date"], row["term"], row["long_from"],
            )
            for row in story.lots
        ],
    )  # fmt: skip
    columns = ("account", "security", "lot", "on", "shares", "loss usd", "through")
    for title, rows in (
        ("loss sales that close purchases", story.loss_sales_that_close_purchases),
        ("purchases that close loss sales", story.purchases_that_close_loss_sales),
    ):
        table(out, title, columns, [_opposite(row) for row in rows])
    table(
        out,
        "sales of the last 30 days",
        ("on", "account", "security", "lot", "shares", "proceeds", "gain usd", "disallowed"),
        [
            (
                row["sale_date"], row["account_id"], row["security_id"], row["lot_id"], row["shares"],
                usd(row["proceeds_usd"]), usd(row["gain_usd"]), usd(row["disallowed_usd"]),
            )
            for row in story.sales
        ],
    )  # fmt: skip
    if story.sales_unknown_on:
        out.print(f"not told, for the lots were pruned: the sales of {', '.join(story.sales_unknown_on)}")
    table(
        out,
        "orders tonight",
        ("account", "side", "security", "lot", "shares", "value usd", "gain usd", "term", "reason"),
        [
            (
                row["account_id"], row["side"], row["security_id"], row["lot_id"], row["shares"],
                usd(row["estimated_usd"]), usd(row["gain_usd"]), row["term"], row["reason"],
            )
            for row in story.orders
        ],
    )  # fmt: skip
    table(
        out,
        "not traded",
        ("account", "side", "security", "worth usd", "stopped by", "until"),
        [
            (row["account_id"], row["side"], row["security_id"], usd(row["worth_usd"]), row["stopped_by"], row["until"])
            for row in story.non_trades
        ],
    )
    table(
        out,
        "restrictions",
        ("account", "kind", "on", "value", "at most", "reason"),
        [
            (row["account_id"], row["kind"], row["on_what"], row["value"], row["weight_max"], row["reason"])
            for row in story.restrictions
        ],
    )
    table(
        out,
        "benchmark weights",
        ("account", "benchmark", "security", "weight"),
        [
            (row["account_id"], row["benchmark_id"], row["security_id"], f"{row['weight']:.6f}")
            for row in story.benchmark_weights
        ],
    )
    print_lineage(out, story.lineage)


def _security(row: Row) -> tuple[object, ...]:
    trusted = "no price" if row["trusted"] is None else "yes" if row["trusted"] else f"no: {row['distrust']}"
    frozen = "; ".join(why for why in (row["frozen_reason"], row["frozen_by"]) if why)
    return (row["security_id"], row["symbol"], row["name"], row["sector"], row["close_usd"], trusted, frozen)


def _opposite(row: Row) -> tuple[object, ...]:
    names = ("account_id", "security_id", "lot_id", "day", "shares")
    return (*(row[name] for name in names), usd(row["loss_usd"]), row["last_day"])


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
