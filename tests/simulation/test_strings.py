"""Strings of nights with faults drawn from a seed; hundreds more run by ``python -P -m bench.simulate``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulation.invariants import (
    Files,
    broken_chain,
    files_of,
    lost_shares_and_basis,
    washed_losses,
    wrong_answers,
)
from tests.simulation.strings import String, ViolationError, run_string
from tests.simulation.world import Delivery

WITH_KILLS, WITH_LATE_FEEDS = 7, 0
"""Seeds, chosen for what strikes in their first nights."""


@pytest.fixture(scope="module")
def string(tmp_path_factory: pytest.TempPathFactory) -> String:
    """Return a string of three nights: a bad tick, a missing position, an event twice, a night killed three times."""
    string = String(tmp_path_factory.mktemp("string"), seed=WITH_KILLS)
    string.run(3)
    return string


def test_what_must_always_be_true_is_true_after_every_night(string: String) -> None:
    assert string.told.nights == 3
    assert string.told.faults["kill"] == 3
    assert string.told.faults["an_event_comes_twice"] == 1


def test_late_feeds_are_made_good(tmp_path: Path) -> None:
    assert run_string(tmp_path, seed=WITH_LATE_FEEDS, nights=2).faults


def without_an_account(files: Files) -> Files:
    return dataclasses.replace(files, accounts=files.accounts[1:])


def with_an_account_twice(files: Files) -> Files:
    return dataclasses.replace(files, accounts=[files.accounts[0], *files.accounts])


def with_another_outcome(files: Files) -> Files:
    return dataclasses.replace(files, accounts=[row | {"status": "ALMOST"} for row in files.accounts])


def with_all_held(files: Files) -> Files:
    return dataclasses.replace(files, accounts=[row | {"status": "HELD_DATA"} for row in files.accounts])


def with_a_smaller_block(files: Files) -> Files:
    first, *others = files.orders
    return dataclasses.replace(files, orders=[first | {"shares": "0.000001"}, *others])


def with_a_block_twice(files: Files) -> Files:
    return dataclasses.replace(files, orders=[files.orders[0], *files.orders])


@pytest.mark.parametrize(
    "change",
    [without_an_account, with_an_account_twice, with_another_outcome, with_all_held, with_a_smaller_block,
     with_a_block_twice],
)  # fmt: skip
def test_a_wrong_file_is_found(string: String, change: Callable[[Files], Files]) -> None:
    files, delivery = files_of(string.world, string.world.night), Delivery(string.world.night, {})
    assert wrong_answers(string.world, files, delivery) == []
    assert wrong_answers(string.world, change(files), delivery)


def test_an_expectation_that_is_not_met_is_found(string: String) -> None:
    files = files_of(string.world, string.world.night)
    traded = files.allocations[0]
    for expected in (
        Delivery(files.night, {}, held={traded["account_id"]}),
        Delivery(files.night, {}, untraded={traded["security_id"]}),
    ):
        assert len(wrong_answers(string.world, files, expected)) == 1


def test_a_washed_loss_is_found(string: String) -> None:
    files = files_of(string.world, string.world.night)
    assert washed_losses(string.world, files) == []
    taxed = {row["account_id"] for row in string.world.accounts().to_dicts() if row["registration"] == "taxable"}
    sale = next(row for row in files.allocations if row["account_id"] in taxed) | {
        "side": "sell",
        "estimated_gain_usd": "-1.00",
    }
    washed = dataclasses.replace(files, allocations=[sale, sale | {"side": "buy"}])
    assert len(washed_losses(string.world, washed)) == 1


def test_a_manifest_that_follows_on_another_is_found(string: String) -> None:
    files = files_of(string.world, string.world.night)
    other = dataclasses.replace(files, manifest=files.manifest | {"previous_manifest_sha256": "0" * 64})
    assert broken_chain(string.world, files) == []
    assert len(broken_chain(string.world, other)) == 1


def test_shares_and_cash_that_the_custodian_does_not_hold_are_found(string: String) -> None:
    world = string.world
    files, delivery = files_of(world, world.night), Delivery(world.night, {}, corrects=True)
    assert lost_shares_and_basis(world, files, delivery) == []
    for name in ("positions", "cash"):
        path = world.outside.feeds(world.night) / f"{name}.csv"
        kept = path.read_text(encoding="utf-8")
        settled = [line for line in kept.splitlines()[1:] if line.split(",")[0] not in world.unsettled]
        path.write_text(kept.replace(settled[0], settled[0] + "7" if "." in settled[0] else settled[0] + ".7"))
        assert len(lost_shares_and_basis(world, files, delivery)) == 1
        path.write_text(kept, encoding="utf-8")


def test_shares_and_basis_that_nobody_booked_are_found(string: String) -> None:
    world = string.world
    files, delivery = files_of(world, world.night), Delivery(world.night, {})
    events = [name for name in files.manifest["store"] if name.startswith("lots/")]
    without = {name: digest for name, digest in files.manifest["store"].items() if name != events[0]}
    wrong = lost_shares_and_basis(
        world, dataclasses.replace(files, manifest=files.manifest | {"store": without}), delivery
    )
    assert any(sentence.startswith("shares of") for sentence in wrong)
    assert any(sentence.startswith("basis of") for sentence in wrong)


def test_a_published_byte_that_changes_is_found_and_told_with_the_command_that_shows_it(string: String) -> None:
    path = string.world.book.path / "published" / str(string.world.night) / "orders.csv"
    kept = path.read_bytes()
    path.write_bytes(kept + b"\n")
    wrong = string.published.wrong(string.world, night=None)
    path.write_bytes(kept)
    assert wrong == [f"{string.world.night}/orders.csv was changed"]
    with pytest.raises(ViolationError, match=rf"make simulate SEED={WITH_KILLS} NIGHTS=4"):
        string._require(wrong)
