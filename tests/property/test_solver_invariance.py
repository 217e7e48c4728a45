"""An account's answer depends on nothing but its household: not on the shard, the order, or a second run."""

from __future__ import annotations

import dataclasses
import hashlib
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

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


def mixed_shard(accounts: int) -> ShardProblems:
    """Return accounts of their own households: usual ones, with caps, with factor bands, in whole shares."""
    odd = np.arange(accounts) % 4
    return random_shard(
        names=24, factors=6, accounts=accounts, seed=9, pairs=4, households=False, net_gain_budget_microusd=0,
        tracking_error_max=np.where(odd == 1, 0.03, np.inf), factor_band=np.where(odd == 2, 0.01, np.inf),
        share_step_micro=np.where(odd == 3, 1_000_000, 100),
    )  # fmt: skip


def digest(answers: ShardAnswers) -> str:
    """Return a digest of all that an answer says in numbers."""
    found = hashlib.sha256("\n".join((*answers.status, *answers.reasons)).encode())
    for name in (*NUMBERS, "order_account", "order_security", "order_lot", "order_micro_shares", "shadow_usd_per_unit"):
        found.update(getattr(answers, name).tobytes())
    found.update(answers.certificate.leaf_prices.tobytes())
    return found.hexdigest()


def digest_of_mixed_shard(accounts: int) -> str:
    return digest(solve_shard(mixed_shard(accounts), SETTINGS))


def test_shards_of_1_7_and_400_accounts_give_the_same_bits() -> None:
    problems = mixed_shard(400)
    whole = problems, solve_shard(problems, SETTINGS)
    for size, last in ((7, 400), (1, 60)):
        for begin in range(0, last, size):
            assert_same_bits(whole, np.arange(begin, min(begin + size, last)))


def test_threads_and_processes_give_the_same_bits() -> None:
    here = digest_of_mixed_shard(40)
    with ThreadPoolExecutor(max_workers=3) as threads:
        assert set(threads.map(digest_of_mixed_shard, [40] * 3)) == {here}
    with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as processes:
        assert processes.submit(digest_of_mixed_shard, 40).result() == here
