"""Orders in whole steps that cutting puts past a limit leave that much at once, not a millionth of a dollar doubled."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from solvers import whole
from solvers.evaluate import judge
from solvers.generator import random_shard, some_accounts, with_sublots
from solvers.problem import ShardProblems, SolveSettings
from solvers.shard import solve_shard

PROGRAMS_OF_A_REACH = 8
"""Doubling from a millionth of a dollar took 10 to 14 programs in these shards."""


def shard_of(seed: int, *, share_step: int, min_trade: int, band: float) -> ShardProblems:
    """Return six accounts whose smallest order is dear beside their band of cash, and whose steps are fine dust."""
    return random_shard(
        names=40, factors=4, accounts=6, seed=seed, households=False, share_step=share_step,
        min_trade_microusd=min_trade, cash_min=0.002, cash_max=0.002 + band,
    )  # fmt: skip


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by the programs that every search for orders within one reach has solved."""
    counts: list[int] = []
    solved = 0
    solve: Callable[[whole.Model], object] = whole.Model.solve
    orders: Callable[[whole.Program], object] = whole.Program.orders

    def counted_solve(model: whole.Model) -> object:
        nonlocal solved
        solved += 1
        return solve(model)

    def counted_orders(program: whole.Program) -> object:
        before = solved
        found = orders(program)
        counts.append(solved - before)
        return found

    monkeypatch.setattr(whole.Model, "solve", counted_solve)
    monkeypatch.setattr(whole.Program, "orders", counted_orders)
    return counts


@pytest.mark.parametrize(
    ("seed", "share_step", "min_trade", "band"),
    [(2, 1, 5_000_000_000, 1e-5), (1, 1, 5_000_000_000, 1e-5), (2, 10, 20_000_000_000, 1e-7)],
)
def test_few_programs_find_orders_that_the_judge_confirms(
    programs: list[int], seed: int, share_step: int, min_trade: int, band: float
) -> None:
    problems = shard_of(seed, share_step=share_step, min_trade=min_trade, band=band)
    answers = solve_shard(problems, SolveSettings())
    assert max(programs) > 1, "orders within the first program's rows are past a limit when they are cut"
    assert max(programs) <= PROGRAMS_OF_A_REACH
    assert not any(status.is_held for status in answers.status)
    assert judge(problems, answers).offences == ()


def test_the_same_orders_come_again() -> None:
    problems = shard_of(2, share_step=10, min_trade=20_000_000_000, band=1e-7)
    one, other = (solve_shard(problems, SolveSettings()) for _ in range(2))
    for name in ("order_account", "order_security", "order_lot", "order_micro_shares", "objective", "bound"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_a_band_narrower_than_what_cutting_costs_is_approached_from_nothing(programs: list[int]) -> None:
    """One of these accounts has orders within a band of no width, which a margin of a whole excess would not find."""
    problems = shard_of(2, share_step=1, min_trade=2_000_000_000, band=0.0)
    object.__setattr__(problems, "cash_min", np.full(6, 0.005))
    object.__setattr__(problems, "cash_max", np.full(6, 0.005))
    answers = solve_shard(problems, SolveSettings())
    assert programs
    assert sum(not status.is_held for status in answers.status) == 1
    assert judge(problems, answers).offences == ()


def test_an_order_of_the_program_is_not_smaller_than_the_smallest_by_what_its_switch_lacks_of_one() -> None:
    shard = random_shard(
        names=40, factors=4, accounts=12, seed=28, share_step=1, pairs=4, min_trade_microusd=5_000_000_000,
        cash_min=0.01, cash_max=0.012, sector_band=0.008,
    )  # fmt: skip
    problems = some_accounts(with_sublots(shard, share=0.3, adjustment=-0.2, seed=28), np.array([4]))
    answers = solve_shard(problems, SolveSettings())
    assert len(answers.order_is_buy)
    assert judge(problems, answers).offences == ()


def test_what_a_switch_lets_through_that_is_nought_but_for_float_error_is_no_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[whole.Orders] = []

    def three_steps_of_each(program: whole.Program) -> None:
        found = np.zeros(len(program.model.cost))
        found[[*program.buys.values(), *(steps for steps, _ in program.steps.values())]] = 3.0
        found[[*program.switches.values()]] = 1e-7
        read.append(program._read(found))

    monkeypatch.setattr(whole.Program, "orders", three_steps_of_each)
    solve_shard(shard_of(2, share_step=1, min_trade=5_000_000_000, band=1e-5), SolveSettings())
    assert read
    assert not any(orders.bought.any() or orders.sold.any() for orders in read)
