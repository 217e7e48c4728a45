"""An account's answer depends on nothing but its household: not on the shard, the order, or a second run."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from solvers.problem import Integers, ShardAnswers, ShardProblems, SolveSettings
from solvers.shard import solve_shard
from tests.solver_cases import random_shard, some_accounts

SETTINGS = SolveSettings()
NUMBERS = ("objective", "bound", "gap_continuous", "tracking_error_after", "turnover", "cash_after_microusd", "nodes")


@pytest.fixture(scope="module")
def shard() -> tuple[ShardProblems, ShardAnswers]:
    problems = random_shard(names=40, factors=6, accounts=30, seed=8, pairs=6)
    return problems, solve_shard(problems, SETTINGS)


def orders(answers: ShardAnswers, problems: ShardProblems) -> dict[str, list[tuple[int, str, int]]]:
    found: dict[str, list[tuple[int, str, int]]] = {name: [] for name in problems.account_ids}
    for a, i, lot, shares in zip(
        answers.order_account.tolist(),
        answers.order_security.tolist(),
        answers.order_lot.tolist(),
        answers.order_micro_shares.tolist(),
        strict=True,
    ):
        found[problems.account_ids[a]].append((i, problems.lot_ids[lot] if lot >= 0 else "", shares))
    return found


def assert_same_bits(whole: tuple[ShardProblems, ShardAnswers], rows: Integers) -> None:
    problems, answers = whole
    piece = some_accounts(problems, rows)
    again = solve_shard(piece, SETTINGS)
    for name in NUMBERS:
        assert getattr(answers, name)[rows].tobytes() == getattr(again, name).tobytes(), name
    assert [answers.status[a] for a in rows] == list(again.status)
    kept = orders(answers, problems)
    assert orders(again, piece) == {problems.account_ids[a]: kept[problems.account_ids[a]] for a in rows}


def test_the_same_shard_gives_the_same_bits_twice(shard: tuple[ShardProblems, ShardAnswers]) -> None:
    assert_same_bits(shard, np.arange(30))


def test_shuffled_accounts_give_the_same_bits(shard: tuple[ShardProblems, ShardAnswers]) -> None:
    assert_same_bits(shard, np.random.default_rng(1).permutation(30))


def test_shards_of_one_household_give_the_same_bits(shard: tuple[ShardProblems, ShardAnswers]) -> None:
    for household in np.unique(shard[0].household)[:8]:
        assert_same_bits(shard, np.flatnonzero(shard[0].household == household))


def test_a_block_of_accounts_is_only_a_matter_of_memory(
    shard: tuple[ShardProblems, ShardAnswers], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("solvers.shard.BLOCK", 3)
    assert_same_bits(shard, np.arange(30))


def test_another_household_changes_nothing(shard: tuple[ShardProblems, ShardAnswers]) -> None:
    problems, answers = shard
    last = problems.household == problems.household[-1]
    richer = np.where(last, problems.cash_microusd * 3, problems.cash_microusd)
    again = solve_shard(dataclasses.replace(problems, cash_microusd=richer), SETTINGS)
    assert answers.objective[~last].tobytes() == again.objective[~last].tobytes()
