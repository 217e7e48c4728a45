"""Changes to one account for a what-if: cells of its policy, names it may not hold, cash it has to raise."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from assets.explained_words import Row
from assets.feed_models import schema_of
from assets.feed_values import READERS
from assets.policy_faults import STANDS_IN
from assets.problem_arrays import ShardFacts
from ledger.amounts import to_micro
from ledger.errors import QuestionError

CHANGEABLE = ("benchmark_id", *STANDS_IN)
"""Fields of a policy that a what-if may change: not whose it is, nor what the law holds it to be."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is otherwise in one account; none by default."""

    set: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """By column of static/accounts, as the file would state it; an empty text for no limit."""
    exclude: tuple[str, ...] = ()
    """``sector:NAME`` or ``security:ID``: what it may not hold."""
    no_buy: tuple[str, ...] = ()
    no_sell: tuple[str, ...] = ()
    raise_cash_usd: str = "0"
    """Cash to be raised tonight, beside what is expected anyway."""

    def with_set(self, column: str, value: str) -> Changes:
        """Return the changes with one more cell of the policy."""
        return dataclasses.replace(self, set={**self.set, column: value})


def changed(facts: ShardFacts, policy: Row, changes: Changes) -> tuple[ShardFacts, Row]:
    """Return ``facts`` and ``policy`` with ``changes`` in the policy's account.

    Raises
    ------
    QuestionError
        Where a change names what the policy or the book does not have, or a value that it cannot have.
    """
    of_account = pl.col("account_id") == policy["account_id"]
    cells = _cells(policy, changes.set, benchmarks=facts.benchmark_weights["benchmark_id"].unique().sort().to_list())
    accounts = facts.accounts.with_columns(
        pl.when(of_account).then(pl.lit(value, facts.accounts.schema[field])).otherwise(pl.col(field)).alias(field)
        for field, value in cells.items()
    ).with_columns(
        flow_microusd=pl.when(of_account)
        .then(pl.col("flow_microusd") - _cash(changes.raise_cash_usd))
        .otherwise("flow_microusd")
    )
    restricted = _restricted(facts, policy["account_id"], changes)
    return dataclasses.replace(facts, accounts=accounts, restricted=restricted), {**policy, **cells}


def _cash(written: str) -> int:
    """Return dollars to be raised in micro-dollars."""
    value = READERS["micro"](pl.Series([written])).item()
    if value is None or value < 0:
        raise QuestionError(
            code="ASK-012", where="--raise-cash", found=repr(written), expected="dollars, zero or more",
            remedy="Write an amount such as 50000.",
        )  # fmt: skip
    assert value == to_micro(written)
    return int(value)


def _cells(policy: Row, stated: Mapping[str, str], *, benchmarks: list[str]) -> dict[str, object]:
    """Return the changed fields with their values, held to the contract of static/accounts together."""
    schema = schema_of("accounts", header=())
    fields = {facts["column"]: (field, facts) for field in CHANGEABLE if (facts := schema.columns[field].metadata)}
    cells: dict[str, object] = {}
    for column, written in stated.items():
        if column not in fields:
            raise QuestionError(
                code="ASK-013",
                where=f"--set {column}={written}",
                found="no such column of a policy that may be changed",
                expected="one of " + ", ".join(fields),
                remedy="docs/feeds.md describes the columns of static/accounts.",
            )
        field, facts = fields[column]
        value = READERS[facts["reads"]](pl.Series([written or None], dtype=pl.String)).item()
        wrong = value is None and (bool(written) or not schema.columns[field].nullable)
        wrong |= field == "benchmark_id" and value not in benchmarks
        if wrong:
            expected = " or ".join(benchmarks) if field == "benchmark_id" else facts["expected"]
            raise _wrong_value(column, written, expected)
        cells[field] = value
    _validate(schema, {**policy, **cells}, stated)
    return cells


def _validate(schema: pa.DataFrameSchema, policy: Row, stated: Mapping[str, str]) -> None:
    """Hold a whole policy to the contract of static/accounts."""
    if not stated:
        return
    row = {field: policy.get(field) for field in schema.columns}
    types = {field: check.dtype.type for field, check in schema.columns.items()}
    try:
        schema.validate(pl.DataFrame([row | {"line": 2}], schema=types), lazy=True)
    except SchemaErrors as errors:
        error = errors.schema_errors[0]
        facts = getattr(error.schema, "metadata", None) or {}
        column, _, expected = str(error.check.error).partition(": ")
        column = facts.get("column", column)
        written = stated.get(column, str(policy.get(column)))
        raise _wrong_value(column, written, facts.get("expected", expected)) from error


def _wrong_value(column: str, written: str, expected: str) -> QuestionError:
    return QuestionError(
        code="ASK-014",
        where=f"--set {column}={written}",
        found=repr(written),
        expected=expected,
        remedy="Write the value as static/accounts would state it; nothing after `=` for no limit.",
    )


def _restricted(facts: ShardFacts, account_id: str, changes: Changes) -> pl.DataFrame:
    """Return the restrictions by security with those of the what-if among them."""
    flags = {"exclude": ("no_buy", "excluded"), "no_buy": ("no_buy",), "no_sell": ("no_sell",)}
    asked: dict[str, set[str]] = {}
    for kind, names in flags.items():
        for written in getattr(changes, kind):
            for security in _securities(facts, written, option=f"--{kind.replace('_', '-')}"):
                asked.setdefault(security, set()).update(names)
    if not asked:
        return facts.restricted
    columns = ("no_buy", "no_sell", "excluded")
    schema = {"account_id": pl.String, "security_id": pl.String, **dict.fromkeys(columns, pl.Boolean)}
    rows = [
        {"account_id": account_id, "security_id": security, **{name: name in names for name in columns}}
        for security, names in sorted(asked.items())
    ]
    stated = facts.restricted.with_columns(weight_max=pl.col("weight_max"), in_dispute=pl.col("in_dispute"))
    both = pl.concat([stated, pl.DataFrame(rows, schema=schema)], how="diagonal")
    merged = both.group_by("account_id", "security_id").agg(
        *(pl.col(name).fill_null(value=False).any() for name in (*columns, "in_dispute")), pl.col("weight_max").min()
    )
    return merged.select(facts.restricted.columns).sort("account_id", "security_id")


def _securities(facts: ShardFacts, written: str, *, option: str) -> Iterator[str]:
    """Yield the securities of the universe that ``sector:NAME`` or ``security:ID`` names."""
    on_what, _, value = written.partition(":")
    column = {"sector": "sector", "security": "security_id"}.get(on_what)
    found = facts.universe.filter(pl.col(column) == value)["security_id"].to_list() if column else []
    if not found:
        known = facts.universe["sector"].unique().sort().to_list()
        raise QuestionError(
            code="ASK-015",
            where=f"{option} {written}",
            found="nothing of the night's securities",
            expected="security:ID, or sector:NAME of " + ", ".join(known),
            remedy="Name a sector or a security as static/securities does.",
        )
    yield from found
