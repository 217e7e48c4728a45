"""What an account would have done on a night under other limits: solved again beside what it did; nothing is written.

The household is read, held and solved by the functions that wrote the night's proposals, from the same versions and
with the night's own settings, wave after wave. Without a change the answer is therefore the stored one, to the last
bit; it says so, and where it is not so (another version of the code), it says that.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

import polars as pl

from assets.book import Book
from assets.explained_limits import binding_limit, conflict
from assets.explained_orders import TAXED, tax_by_order
from assets.explained_words import MEANING, Row
from assets.explanation import outcome_of, policy_of, require_answered
from assets.problem_arrays import ShardFacts, account_values, facts_without, market_of, problems_of
from assets.proposal_tables import (
    answer_rows,
    held_before_solving,
    held_rows,
    named_rows,
    order_rows,
    read_facts,
    settings_of,
)
from assets.sessions import session_after
from assets.standing import Standing, standing_night
from assets.store import Store
from assets.what_if_changes import Changes, changed
from ledger.amounts import MICRO, plain, to_micro
from solvers.shard import solve_shard

FRONTIER_POINTS = 9
NO_LIMIT = "no limit"
"""How a row of the frontier says that its limit was lifted."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """One account's answer, in plain values; figures in dollars, signed as they are published."""

    status: str
    meaning: str
    reasons: str
    figures: Row
    orders: tuple[Row, ...]
    binding_limits: tuple[Row, ...]
    conflicts: tuple[Row, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """The answer as it stands beside the answer under the changes."""

    night: str
    account_id: str
    published_status: str
    """What is published of the account; held where its answer was not used, whatever the solve says again."""
    published_reasons: str
    changes: Row
    before: Solved
    after: Solved
    same_as_stored: bool
    """Whether solving again without changes gave the stored answer and orders, to the last bit."""
    trades: tuple[Row, ...]
    """Per security, dollars bought less sold, before and after, where they differ."""

    def document(self) -> Row:
        """Return it as one JSON document."""
        return {"format": "openbell-what-if/1", **dataclasses.asdict(self)}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One account's rows of the tables `answer` and `proposed_order`, in their order."""

    answer: pl.DataFrame
    orders: pl.DataFrame

    def equals(self, other: Stored) -> bool:
        """Return whether both say the same, to the last bit."""
        answer, orders = (frame.columns for frame in (self.answer, self.orders))
        return self.answer.equals(other.answer.select(answer)) and self.orders.equals(other.orders.select(orders))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """One account's household as the night's solve reads it."""

    standing: Standing
    policy: Row
    facts: ShardFacts
    unpriced: pl.DataFrame
    outcome: Row
    """What is published of the account."""
    stored: Stored
    """What the night's proposals say of the account."""


def household_of(*, store: Store, book: Book, night: dt.date, account_id: str) -> Household:
    """Return the household of ``account_id`` on ``night``.

    Raises
    ------
    NightOrderError, QuestionError
        As `assets.explanation.explain`; where the account's shard has not answered.
    """
    standing = standing_night(store=store, book=book, night=night)
    policy = policy_of(standing, account_id=account_id)
    sharded = require_answered(standing, policy)
    with store.reading({**standing.nightly(), **sharded}) as tables:
        facts = read_facts(tables, shard=policy["shard"], trade_date=session_after(night))
        elsewhere = facts.accounts.filter(pl.col("household_id") != policy["household_id"])["account_id"]
        return Household(
            standing=standing,
            policy=policy,
            facts=facts_without(facts, elsewhere),
            unpriced=tables.query("proposals/unpriced_lots"),
            outcome=outcome_of(tables, account_id=account_id, is_published=standing.manifest is not None),
            stored=Stored(
                answer=tables.select("from proposals.answer order by all").filter(pl.col("account_id") == account_id),
                orders=tables.select(
                    "from proposals.proposed_order order by account_id, security_id, side, lot_id"
                ).filter(pl.col("account_id") == account_id),
            ),
        )


def what_if(household: Household, changes: Changes) -> WhatIf:
    """Return the answer as it stands beside the one under ``changes``.

    Raises
    ------
    QuestionError
        Where a change names what the policy or the book does not have, or a value that it cannot have.
    """
    before, again = solve(household, Changes())
    after, _ = solve(household, changes)
    return WhatIf(
        night=household.standing.night.isoformat(),
        account_id=household.policy["account_id"],
        published_status=household.outcome["status"],
        published_reasons=household.outcome["reasons"],
        changes=dataclasses.asdict(changes),
        before=before,
        after=after,
        same_as_stored=household.stored.equals(again),
        trades=tuple(_trades(before, after)),
    )


def frontier(household: Household, changes: Changes, *, column: str, values: Sequence[str]) -> list[Row]:
    """Return one row for each of ``values`` of the policy's ``column``, the other ``changes`` kept: tax against risk.

    Without values they are taken for a net gain budget: from none left to what the account would realise without one.
    """
    if not values:
        of_account = pl.col("account_id") == household.policy["account_id"]
        realized = int(household.facts.accounts.filter(of_account)["realized_microusd"].item())
        free, _ = solve(household, changes.with_set(column, ""))
        most = max(to_micro(free.figures.get("net_gain_usd", "0")), 0)
        steps = range(FRONTIER_POINTS)
        values = [plain(realized + most * number // (FRONTIER_POINTS - 1)) for number in steps] + [""]
    rows = []
    for value in dict.fromkeys(values):
        found, _ = solve(household, changes.with_set(column, value))
        names = ("tax_usd", "tracking_error_after_bps", "net_gain_usd", "harvested_loss_usd", "turnover", "orders")
        rows.append({
            column: value or NO_LIMIT, "status": found.status, "reasons": found.reasons,
            **{name: found.figures.get(name) for name in names},
        })  # fmt: skip
    return rows


def solve(household: Household, changes: Changes) -> tuple[Solved, Stored]:
    """Return the account's answer under ``changes``, and its rows as the night's proposals would have them."""
    standing, account_id = household.standing, household.policy["account_id"]
    book = dataclasses.replace(standing.book, settings=standing.settings)
    facts, policy = changed(household.facts, household.policy, changes)
    values = account_values(facts)
    held = held_before_solving(facts, values=values, unpriced=household.unpriced, book=book)
    of_account = pl.col("account_id") == account_id
    stopped = held.filter(of_account).to_dicts()
    if stopped:
        rows = Stored(
            answer=held_rows(held, facts, values=values).filter(of_account), orders=household.stored.orders.clear()
        )
        return _held(stopped[0]), rows
    problems = problems_of(
        facts_without(facts, held["account_id"]),
        market_of(facts),
        trade_date=session_after(standing.night),
        loss_margin=book.settings.tax.loss_margin,
    )
    answers = solve_shard(problems, settings_of(book))
    answers_of = answer_rows(problems, answers, facts).filter(of_account)
    answer = answers_of.row(0, named=True)
    orders = order_rows(problems, answers).filter(of_account)
    shadow = named_rows(problems, answers, "shadow", value="usd_per_unit").filter(of_account)
    in_conflict = named_rows(problems, answers, "conflict", value="needed").filter(of_account)
    taxes = tax_by_order(orders, policy)
    return Solved(
        status=answer["status"],
        meaning=MEANING[answer["status"]],
        reasons=answer["reasons"],
        figures=_figures(answer, orders, taxes, is_taxed=policy["registration"] in TAXED),
        orders=tuple(_order(order, tax) for order, tax in zip(orders.to_dicts(), taxes, strict=True)),
        binding_limits=tuple(
            binding_limit({"limit_name": name, "amount": amount}, policy)
            for name, amount in shadow.sort("usd_per_unit", descending=True).select("limit_name", "usd_per_unit").rows()
        ),
        conflicts=tuple(
            conflict({"limit_name": name, "amount": amount}, policy)
            for name, amount in in_conflict.select("limit_name", "needed").rows()
        ),
    ), Stored(answer=answers_of, orders=orders)


def _held(row: Row) -> Solved:
    return Solved(
        status=row["status"],
        meaning=MEANING[row["status"]],
        reasons=row["reasons"],
        figures={"orders": 0},
        orders=(),
        binding_limits=(),
        conflicts=(),
    )


def _figures(answer: Row, orders: pl.DataFrame, taxes: list[int], *, is_taxed: bool) -> Row:
    """Return the figures that two answers are compared by."""
    nav = answer["nav_microusd"] / MICRO
    sales = orders.filter(pl.col("side") == "sell")
    harvested = int(sales["loss_microusd"].sum()) if is_taxed else 0
    dollars = {
        "objective_usd": answer["objective"],
        "bound_usd": answer["bound"],
    }
    return {
        "orders": orders.height,
        "tax_usd": plain(sum(taxes)),
        "tax_saved_usd": plain(-sum(taxes)),
        "harvested_loss_usd": plain(harvested),
        "net_gain_usd": plain(answer["net_gain_microusd"]),
        "tracking_error_before_bps": answer["tracking_error_before_bps"],
        "tracking_error_after_bps": answer["tracking_error_after_bps"],
        "turnover": answer["turnover"],
        "bought_usd": plain(int(orders.filter(pl.col("side") == "buy")["estimated_microusd"].sum())),
        "sold_usd": plain(int(sales["estimated_microusd"].sum())),
        "cash_after_usd": plain(answer["cash_after_microusd"]),
        "gap_bp": answer["gap_bp"],
        **{name: None if amount is None else amount * nav for name, amount in dollars.items()},
    }


def _order(order: Row, tax: int) -> Row:
    return {
        "security_id": order["security_id"],
        "side": order["side"],
        "shares": plain(order["micro_shares"]),
        "lot_id": order["lot_id"],
        "estimated_usd": plain(order["estimated_microusd"]),
        "gain_usd": plain(order["short_gain_microusd"] + order["long_gain_microusd"]),
        "tax_usd": plain(tax),
        "term": order["term"],
        "reason": order["reason"],
    }


def _trades(before: Solved, after: Solved) -> list[Row]:
    net: dict[str, dict[str, float]] = {}
    for name, solved in (("before_usd", before), ("after_usd", after)):
        for order in solved.orders:
            value = float(order["estimated_usd"]) * (1 if order["side"] == "buy" else -1)
            traded = net.setdefault(order["security_id"], {"before_usd": 0.0, "after_usd": 0.0})
            traded[name] += value
    rows = [{"security_id": security, **traded} for security, traded in net.items()]
    moved = [row for row in rows if row["before_usd"] != row["after_usd"]]
    return sorted(moved, key=lambda row: (-abs(_difference(row)), row["security_id"]))


def _difference(row: dict[str, Any]) -> float:
    return float(row["after_usd"]) - float(row["before_usd"])
