"""Two accounts of one night held beside each other: the first input that differs, and where their trades part.

Inputs are compared in a fixed order, from what anyone can see to what the household does: the policy cell by cell,
cash, lots, restrictions, windows, what was closed by the household's earlier orders, what holds the account. What both
share, the night's prices, risk model and benchmarks, is the same partitions. The two problems, made into the arrays
that the solve reads and without the accounts' names, are digested, and so are the orders: equal digests of the problems
with equal digests of the orders prove that like was treated alike.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Iterator

import numpy as np
import polars as pl

from assets.book import Book
from assets.explained_words import Row, told
from assets.explanation import Explanation, explain, policy_of, problem_of_account, require_answered
from assets.sessions import session_after
from assets.standing import Standing, standing_night
from assets.store import Store
from ledger.amounts import MICRO, plain
from solvers.problem import ShardProblems

NAMES = ("account_id", "household_id", "owner_id")
"""Columns of a policy that no answer depends on."""
OF_THE_NIGHT = ("prices", "risk_model", "benchmark_weights", "corporate_actions")
LABELS = ("account_ids", "lot_ids", "household", "wave", "lot_start", "benchmark", "market")
"""Fields of a problem that only name things, or say where they stand."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Two accounts beside each other; ``this`` is the account asked about, ``other`` the one it is held against."""

    night: str
    published: bool
    account_id: str
    against: str
    first_difference: Row | None
    """The first input that differs, with both values; None where none does."""
    differences: tuple[Row, ...]
    """For each kind of input, how many of how many differ, and the first."""
    problem_digest: Row
    orders_digest: Row
    same_problem: bool
    same_orders: bool
    verdict: str
    statuses: Row
    binding_limits: Row
    trades: tuple[Row, ...]
    """Per security and account: dollars bought less sold, as a share of value too, why, or what stopped it."""

    def document(self) -> Row:
        """Return the contrast as one JSON document."""
        return {"format": "openbell-contrast/1", **dataclasses.asdict(self)}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """What one of the two accounts was solved from, and what came of it."""

    explanation: Explanation
    inputs: dict[str, list[tuple[str, object]]]
    """By kind: what each input is called, and its value."""
    problem: str
    orders: str
    value_microusd: int


def contrast(*, store: Store, book: Book, night: dt.date, account_id: str, against: str) -> Contrast:
    """Return where ``account_id`` and ``against`` part on ``night``.

    Raises
    ------
    NightOrderError, QuestionError
        As `assets.explanation.explain`; where a shard of the two has not answered.
    """
    standing = standing_night(store=store, book=book, night=night)
    this, other = (_side(standing, account_id=account) for account in (account_id, against))
    found = [_compared(kind, this.inputs[kind], other.inputs[kind]) for kind in this.inputs]
    first = next((row for row in found if row["differ"]), None)
    same_problem, same_orders = this.problem == other.problem, this.orders == other.orders
    return Contrast(
        night=night.isoformat(),
        published=standing.manifest is not None,
        account_id=account_id,
        against=against,
        first_difference=None if first is None else {"kind": first["kind"], **first["first"]},
        differences=tuple(found),
        problem_digest={"this": this.problem, "other": other.problem},
        orders_digest={"this": this.orders, "other": other.orders},
        same_problem=same_problem,
        same_orders=same_orders,
        verdict=_verdict(first, same_problem=same_problem, same_orders=same_orders),
        statuses={"this": this.explanation.outcome["status"], "other": other.explanation.outcome["status"]},
        binding_limits={
            "this": [row["limit"] for row in this.explanation.binding_limits],
            "other": [row["limit"] for row in other.explanation.binding_limits],
        },
        trades=tuple(_trades(this, other)),
    )


def _verdict(first: Row | None, *, same_problem: bool, same_orders: bool) -> str:
    if first is None and same_problem and same_orders:
        return "every input is the same, and so are the orders: like was treated alike"
    if first is None and same_problem:
        return "every input is the same, yet the orders are not: report it, for this must not happen"
    named = "" if first is None else f"{first['kind']}: {first['first']['input']}"
    same = "the orders are the same all the same" if same_orders else "the orders part"
    return f"the first input that differs is {named or 'in the arrays of the solve'}; {same}"


def _side(standing: Standing, *, account_id: str) -> _Side:
    policy = policy_of(standing, account_id=account_id)
    sharded = require_answered(standing, policy)
    bound = {"shard": policy["shard"], "trade_date": session_after(standing.night)}
    of_household = pl.col("household_id") == policy["household_id"]
    of_account = pl.col("account_id") == account_id
    with standing.store.reading({**standing.nightly(), **sharded}) as tables:
        problem = problem_of_account(tables, standing, policy=policy)
        account = tables.query("proposals/accounts", **bound).filter(of_account).row(0, named=True)
        lots = tables.query("lots/open_lots", **bound).filter(of_account)
        lots = lots.sort("security_id", "lot_id", "position_lo")
        closed = tables.query("proposals/closed_groups", **bound).filter(of_household)
        earlier = tables.query(
            "explain/earlier_orders", household_id=policy["household_id"], wave=policy["wave"]
        ).to_dicts()
        restrictions = tables.query("explain/restrictions", household_id=policy["household_id"]).filter(of_account)
        stops = tables.query("explain/stops", account_id=account_id).to_dicts()
        value = tables.query("explain/answer", account_id=account_id)["nav_microusd"].item()
    explanation = explain(store=standing.store, book=standing.book, night=standing.night, account_id=account_id)
    cells = {name: cell for name, cell in policy.items() if name not in (*NAMES, "shard", "wave")}
    holds = ("frozen_by", "policy_fault", "refused_codes")
    inputs: dict[str, list[tuple[str, object]]] = {
        "the night's market": [
            (asset, version.digest) for asset in OF_THE_NIGHT if (version := standing.version(asset)) is not None
        ],
        "policy": list(told(cells).items()),
        "cash": list(
            told({name: account[name] for name in ("cash_microusd", "flow_microusd", "realized_microusd")}).items()
        ),
        "lots": _lots(lots),
        "restrictions": [
            (f"{row['kind']} {row['on_what']} {row['value']}", row["weight_max"]) for row in restrictions.to_dicts()
        ],
        "wash windows": list(_windows(closed, lots)),
        "the household's earlier orders": [
            (f"{row['identical_group']} closed to a {row['closes']}", True) for row in earlier
        ],
        "what holds it": [(name, account[name]) for name in holds]
        + [(f"{row['what']} of {row['subject']}", row["found"]) for row in stops],
    }
    return _Side(
        explanation=explanation,
        inputs=inputs,
        problem=problem_digest(
            problem, [(row["identical_group"], row["closes"]) for row in earlier], inputs["what holds it"]
        ),
        orders=orders_digest(explanation),
        value_microusd=value,
    )


def _lots(lots: pl.DataFrame) -> list[tuple[str, object]]:
    """Return an account's parts of lots in the solve's order, numbered by security; their names are the custodian's."""
    found: list[tuple[str, object]] = []
    places: dict[str, int] = {}
    for row in lots.to_dicts():
        security = row["security_id"]
        places[security] = places.get(security, 0) + 1
        text = (
            f"{plain(row['micro_shares'])} shares, basis {plain(row['basis_microusd'])} usd, "
            f"acquired {row['acquired_date']}, held since {row['holding_start_date']}"
        )
        found.append((f"{security} part {places[security]}", text))
    return found


def _windows(closed: pl.DataFrame, lots: pl.DataFrame) -> Iterator[tuple[str, object]]:
    """Return what the household's windows and disputes close, and which of the account's purchases stay open."""
    own = set(lots["bought_as"].to_list())
    for row in closed.to_dicts():
        if row["closed_to_buying"]:
            yield (
                f"{row['identical_group']} closed to buying",
                f"until {row['no_buy_until'] or 'the dispute is settled'}",
            )
        if row["closed_to_loss_sales"]:
            own_purchase = row["open_to_purchase"] in own
            yield (
                f"{row['identical_group']} closed to loss sales",
                f"until {row['no_loss_sale_until'] or 'the dispute is settled'}"
                + (", but for the purchase itself" if own_purchase else ""),
            )


def _compared(kind: str, this: list[tuple[str, object]], other: list[tuple[str, object]]) -> Row:
    """Return how many inputs of a kind differ, and the first; what only one account has counts, too."""
    here, there = dict(this), dict(other)
    names = list(dict.fromkeys([name for name, _ in this] + [name for name, _ in other]))
    missing = "no such input"
    rows = [
        {"input": name, "this": here.get(name, missing), "other": there.get(name, missing)}
        for name in names
        if here.get(name, missing) != there.get(name, missing)
    ]
    return {"kind": kind, "inputs": len(names), "differ": len(rows), "first": rows[0] if rows else None}


def problem_digest(problem: ShardProblems, closed: list[tuple[str, str]], holds: list[tuple[str, object]]) -> str:
    """Return sha256 over all that one account's answer depends on, without its own name and those of its lots.

    Securities that its benchmark does not hold and it does not own are left out: they are there for other accounts.
    """
    market, weights = problem.market, problem.market.benchmark_weights[problem.benchmark[0]]
    kept = np.union1d(np.flatnonzero(weights > 0.0), problem.lot_security)
    digest = hashlib.sha256()

    def take(name: str, value: object) -> None:
        content = value.tobytes() if isinstance(value, np.ndarray) else json.dumps(value, default=str).encode()
        digest.update(f"{name}:{len(content)}:".encode() + content)

    names = [market.security_ids[i] for i in kept.tolist()]
    take("securities", names)
    take("weights", weights[kept])
    take("sectors", [market.sectors[market.sector[i]] for i in kept.tolist()])
    take("groups", np.unique(market.identical_group[kept], return_inverse=True)[1])
    for name in ("price_microusd", "exposures", "specific_variance"):
        take(name, getattr(market, name)[kept])
    take("lot_security", np.searchsorted(kept, problem.lot_security))
    for field in dataclasses.fields(problem):
        if field.name not in (*LABELS, "lot_security"):
            value = getattr(problem, field.name)
            take(field.name, value[:, kept] if value.ndim == 2 and value.shape[1] == len(weights) else value)
    take("closed", closed)
    take("holds", [[name, value] for name, value in holds])
    return digest.hexdigest()


def orders_digest(explanation: Explanation) -> str:
    """Return sha256 over an account's orders; a lot is named by its shares' dates and basis, not by the custodian."""
    facts = ("security_id", "side", "shares", "basis_usd", "acquired_date", "holding_start_date", "term", "reason")
    rows = sorted([[str(order[fact]) for fact in facts] for order in explanation.orders])
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _trades(this: _Side, other: _Side) -> Iterator[Row]:
    """Return the securities in which the two traded otherwise, the largest difference in dollars first."""
    sides = {"this": this, "other": other}
    net: dict[str, dict[str, float]] = {}
    why: dict[str, dict[str, list[str]]] = {}
    for name, side in sides.items():
        for order in side.explanation.orders:
            value = float(order["estimated_usd"]) * (1 if order["side"] == "buy" else -1)
            net.setdefault(order["security_id"], {}).setdefault(name, 0.0)
            net[order["security_id"]][name] += value
            why.setdefault(order["security_id"], {}).setdefault(name, []).append(order["reason"])
        for row in side.explanation.non_trades:
            why.setdefault(row["security_id"], {}).setdefault(name, []).append(f"no {row['side']}: {row['told']}")
    rows = []
    for security, traded in net.items():
        told_of: Row = {"security_id": security}
        for name, side in sides.items():
            amount = traded.get(name, 0.0)
            told_of[f"{name}_usd"] = amount
            told_of[f"{name}_share"] = amount / (side.value_microusd / MICRO) if side.value_microusd else 0.0
            told_of[f"{name}_why"] = "; ".join(sorted(set(why.get(security, {}).get(name, []))))
        if told_of["this_usd"] != told_of["other_usd"]:
            rows.append(told_of)
    yield from sorted(rows, key=lambda row: (-abs(row["this_share"] - row["other_share"]), row["security_id"]))
