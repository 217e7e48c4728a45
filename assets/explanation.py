"""One account's night explained: its outcome, orders, what it did not trade and why, its limits, and its sources.

`explain` reads the versions that the published night sealed, or, of a night that is not published, what stands of it,
and returns plain values: what `openbell explain --json` prints, and what a page about the account shows. Money is exact
and a decimal string; what the solve reckoned in floats is a number.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl

from assets.book import Book
from assets.explained_limits import binding_limit, conflict, relaxations
from assets.explained_non_trades import non_trades
from assets.explained_orders import RiskPrices, added_up, order_rows, risk_prices
from assets.explained_words import MEANING, REMEDIES, Row, told, told_policy
from assets.problem_arrays import facts_without, market_of, problems_of
from assets.proposal_tables import read_facts
from assets.sessions import session_after
from assets.standing import Standing, lineage_of, standing_night
from assets.store import Store, Tables, Version
from ledger.amounts import MICRO, plain
from ledger.errors import QuestionError
from solvers.problem import ShardProblems


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why one account traded as it did on one night; every field is plain JSON values."""

    night: str
    trade_date: str
    published: bool
    """Whether the night is published; before, everything may still change."""
    account_id: str
    household_id: str
    shard: str
    wave: int
    policy: Row
    outcome: Row
    """The published figures, what the status means, the reasons, and what to do where it is held."""
    certificate: Row | None
    """Objective, bound and gap, in dollars too; None where the account was not solved or is held."""
    orders: tuple[Row, ...]
    added_up: Row
    """What the orders' parts add up to beside the published figures."""
    objective_parts: Row | None
    """The objective's change in dollars: tax, cost and risk, their sum, and what the solve says of it."""
    non_trades: tuple[Row, ...]
    binding_limits: tuple[Row, ...]
    conflicts: tuple[Row, ...]
    relaxations: tuple[Row, ...]
    stops: tuple[Row, ...]
    """Breaks, what the judge does not confirm, frozen names."""
    lineage: Row

    def document(self) -> Row:
        """Return the explanation as one JSON document."""
        return {"format": "openbell-explanation/1", **dataclasses.asdict(self)}


def explain(*, store: Store, book: Book, night: dt.date, account_id: str) -> Explanation:
    """Return why ``account_id`` traded as it did on ``night``.

    Raises
    ------
    NightOrderError, QuestionError
        Where the night is no session or has not run, the book has no such account that night, or its shard has not
        answered on a night that is not published.
    StoreError
        Where what it came from was pruned, or is gone.
    """
    standing = standing_night(store=store, book=book, night=night)
    policy = policy_of(standing, account_id=account_id)
    if standing.manifest is not None and not standing.sharded(policy["shard"]):
        return _unanswered(standing, policy)
    sharded = require_answered(standing, policy)
    trade_date = session_after(night)
    with store.reading({**standing.nightly(), **sharded}) as tables:
        is_published = standing.manifest is not None
        tables.run("explain/published_order" if is_published else "explain/approved_order")
        outcome = outcome_of(tables, account_id=account_id, is_published=is_published)
        answer = tables.query("explain/answer", account_id=account_id).row(0, named=True)
        found = tables.query("explain/orders", account_id=account_id)
        problems = problem_of_account(tables, standing, policy=policy) if found.height else None
        risk = risk_prices(problems, found) if problems else None
        limits = tables.query("explain/limits", account_id=account_id).to_dicts()
        orders = order_rows(found, policy=policy, risk=risk) if risk else []
        # Of an answer that is not used nothing is told, but the limits that no orders keep.
        is_used = not outcome["status"].startswith("HELD_")
        return Explanation(
            night=night.isoformat(),
            trade_date=trade_date.isoformat(),
            published=is_published,
            account_id=account_id,
            household_id=policy["household_id"],
            shard=policy["shard"],
            wave=policy["wave"],
            policy=told_policy(policy),
            outcome=outcome | {"proposed_orders": answer["proposed_orders"]},
            certificate=_certificate(outcome, answer),
            orders=tuple(orders),
            added_up=added_up(orders, outcome),
            objective_parts=_objective_parts(orders, answer, risk) if risk else None,
            non_trades=tuple(non_trades(tables, policy=policy, trade_date=trade_date)) if is_used else (),
            binding_limits=tuple(binding_limit(row, policy) for row in limits if row["what"] == "binds" and is_used),
            conflicts=tuple(conflict(row, policy) for row in limits if row["what"] == "conflicts"),
            relaxations=tuple(relaxations(tables, answer, policy)) if is_used else (),
            stops=tuple(told(row) for row in tables.query("explain/stops", account_id=account_id).to_dicts()),
            lineage=lineage_of(standing, shard=policy["shard"]),
        )


def policy_of(standing: Standing, *, account_id: str) -> Row:
    """Return an account's policy of the night with its shard and wave.

    Raises
    ------
    QuestionError
        Where the book has no such account that night.
    """
    with standing.store.reading(standing.nightly()) as tables:
        found = tables.query("explain/account", account_id=account_id)
        if found.is_empty():
            near = tables.query("explain/near_accounts", account_id=account_id)["account_id"].to_list()
            raise QuestionError(
                code="ASK-002",
                where=f"night {standing.night}",
                found=f"no account {account_id!r}",
                expected=f"an account of the book, such as {' or '.join(near)}",
                remedy=f"published/{standing.night}/accounts.csv lists them.",
            )
    return found.row(0, named=True)


def require_answered(standing: Standing, policy: Row) -> dict[str, Version]:
    """Return the partitions of the account's shard, by alias.

    Raises
    ------
    QuestionError
        Where the shard has not answered, or had not when its night was published.
    """
    sharded = standing.sharded(policy["shard"])
    if not sharded:
        published = "which was published without it" if standing.manifest is not None else "which is not published"
        raise QuestionError(
            code="ASK-003",
            where=f"night {standing.night} account {policy['account_id']}",
            found=f"no answer of its shard {policy['shard']} in the night, {published}",
            expected="a shard that has answered",
            remedy=f"Run `openbell night --night {standing.night} --shard {policy['shard']}`; of a published night, "
            "`openbell night --revision` then publishes its answer.",
        )
    return sharded


def problem_of_account(tables: Tables, standing: Standing, *, policy: Row) -> ShardProblems:
    """Return one account's problem alone, made by the code that makes the shard's."""
    trade_date = session_after(standing.night)
    facts = read_facts(tables, shard=policy["shard"], trade_date=trade_date)
    others = facts.accounts.filter(pl.col("account_id") != policy["account_id"])["account_id"]
    return problems_of(
        facts_without(facts, others),
        market_of(facts),
        trade_date=trade_date,
        loss_margin=standing.settings.tax.loss_margin,
    )


def outcome_of(tables: Tables, *, account_id: str, is_published: bool) -> Row:
    """Return what is published of an account, or what its shard answered of a night that is not published."""
    query = "explain/published_outcome" if is_published else "explain/approved_outcome"
    outcome = told(tables.query(query, account_id=account_id).row(0, named=True))
    return told_outcome(outcome)


def told_outcome(outcome: Row) -> Row:
    """Return an outcome with what its status means, and what to do about it."""
    return outcome | {"meaning": MEANING[outcome["status"]], "remedy": REMEDIES.get(outcome["status"])}


def _unanswered(standing: Standing, policy: Row) -> Explanation:
    """Return what there is to tell of an account whose shard had not answered when its night was published."""
    with standing.store.reading(standing.nightly()) as tables:
        outcome = outcome_of(tables, account_id=policy["account_id"], is_published=True)
    return Explanation(
        night=standing.night.isoformat(),
        trade_date=session_after(standing.night).isoformat(),
        published=True,
        account_id=policy["account_id"],
        household_id=policy["household_id"],
        shard=policy["shard"],
        wave=policy["wave"],
        policy=told_policy(policy),
        outcome=outcome | {"proposed_orders": 0},
        certificate=None,
        orders=(),
        added_up=added_up([], outcome),
        objective_parts=None,
        non_trades=(),
        binding_limits=(),
        conflicts=(),
        relaxations=(),
        stops=(),
        lineage=lineage_of(standing, shard=policy["shard"]),
    )


def _certificate(outcome: Row, answer: Row) -> Row | None:
    if outcome["objective"] is None:
        return None
    nav = answer["nav_microusd"] / MICRO
    return {
        "objective": outcome["objective"],
        "bound": outcome["bound"],
        "objective_usd": outcome["objective"] * nav,
        "bound_usd": outcome["bound"] * nav,
        "gap_bp": outcome["gap_bp"],
        "gap_usd": outcome["gap_usd"],
        "gap_before_rounding_bp": answer["gap_continuous_bp"],
        "objective_idle": answer["objective_idle"],
        "better_than_idle_usd": (answer["objective_idle"] - outcome["objective"]) * nav,
        "nav_usd": plain(answer["nav_microusd"]),
        "turnover": answer["turnover"],
        "leaves": answer["leaves"],
        "nodes": answer["nodes"],
        "meaning": f"No orders within the limits in force are better than these by more than ${outcome['gap_usd']} "
        f"({outcome['gap_bp']:.4f} bp of ${plain(answer['nav_microusd'])}). That is proven, and verified again.",
    }


def _objective_parts(orders: list[Row], answer: Row, risk: RiskPrices) -> Row:
    parts = {
        "tax_usd": sum(float(row["tax_usd"]) for row in orders),
        "cost_usd": sum(row["cost_usd"] for row in orders),
        "risk_usd": sum(row["risk_usd"] for row in orders),
    }
    solved = (answer["objective"] - answer["objective_idle"]) * answer["nav_microusd"] / MICRO
    return {
        **parts,
        "sum_usd": sum(parts.values()),
        "objective_less_idle_usd": solved,
        "risk_before_usd": risk.before_usd,
        "risk_after_usd": risk.after_usd,
    }
