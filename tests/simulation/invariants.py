"""What must be true after every night, looked at with code of its own: the csv module, whole numbers, plain SQL.

Every check returns the sentences of what is wrong.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import hashlib
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb

from assets.sessions import session_before
from tests.book_cases import fingerprint
from tests.simulation.world import Delivery, World

CERTIFIED = {"CERTIFIED", "CERTIFIED_NO_TRADE", "CERTIFIED_RELAXED"}
HELD = {"HELD_INFEASIBLE", "HELD_DATA", "HELD_BREAK", "HELD_FROZEN", "HELD_DEADLINE", "HELD_SOLVER"}
MICRO = 1_000_000
Counts = defaultdict[tuple[str, ...], int]


@dataclasses.dataclass(frozen=True, slots=True)
class Files:
    """The published files of one night."""

    night: dt.date
    accounts: list[dict[str, str]]
    allocations: list[dict[str, str]]
    orders: list[dict[str, str]]
    manifest: dict[str, Any]


def files_of(world: World, night: dt.date) -> Files:
    folder = world.book.path / "published" / str(night)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    accounts, allocations, orders = (rows_of(folder / f"{name}.csv") for name in ("accounts", "allocations", "orders"))
    return Files(night, accounts, allocations, orders, manifest)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def micro(text: str) -> int:
    """Return a plain decimal in millionths, exactly."""
    whole, _, part = text.lstrip("-").partition(".")
    number = int(whole) * MICRO + int(part.ljust(6, "0") or 0)
    return -number if text.startswith("-") else number


class PublishedOnce:
    """Remembers every published byte: what stands never changes, and nothing appears that was not asked for."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def wrong(self, world: World, *, night: dt.date | None) -> list[str]:
        """Return what changed; files of ``night`` may be new."""
        found = fingerprint(world.book.path / "published")
        wrong = [f"{name} was changed" for name, digest in self._known.items() if found.get(name) != digest]
        new = sorted(name for name in found.keys() - self._known.keys() if name.partition("/")[0] != str(night))
        wrong += [f"{name} was published, and nobody asked" for name in new]
        self._known = found
        return wrong


def wrong_answers(world: World, files: Files, delivery: Delivery) -> list[str]:
    """Every account once, with an outcome of the list; the held trade nothing; blocks are sums; expectations hold."""
    wrong = []
    expected = sorted(row["account_id"] for row in rows_of(world.book.path / "static" / "accounts.csv"))
    status = {row["account_id"]: row["status"] for row in files.accounts}
    if [row["account_id"] for row in files.accounts] != expected:
        wrong.append(f"accounts.csv lists {[row['account_id'] for row in files.accounts]}")
    wrong += [f"{account}: outcome {word}" for account, word in status.items() if word not in CERTIFIED | HELD]
    held = {account for account, word in status.items() if word in HELD}
    wrong += [f"{row['account_id']} is held and trades" for row in files.allocations if row["account_id"] in held]
    wrong += [f"{account} had to be held and is {status[account]}" for account in sorted(delivery.held - held)]
    frozen = {account for account in world.frozen if not status[account].startswith("HELD")}
    wrong += [f"{account} is frozen and is {status[account]}" for account in sorted(frozen)]
    stopped = {target for target, scope in world.ruled.items() if scope == "account"}
    wrong += [f"{one} is stopped and is {status[one]}" for one in sorted(stopped) if status[one] != "HELD_FROZEN"]
    traded = {row["security_id"] for row in files.allocations}
    halted = {target for target, scope in world.ruled.items() if scope == "security"}
    wrong += [f"{security} is traded though it was halted" for security in sorted(halted & traded)]
    wrong += [f"{security} is traded without a price" for security in sorted(delivery.untraded & traded)]
    sums: Counts = defaultdict(int)
    for row in files.allocations:
        sums[row["security_id"], row["side"]] += micro(row["shares"])
    blocks = {(row["security_id"], row["side"]): micro(row["shares"]) for row in files.orders}
    if blocks != dict(sums) or len(blocks) != len(files.orders):
        wrong.append("orders.csv is not the sums of allocations.csv")
    return wrong


def washed_losses(world: World, files: Files) -> list[str]:
    """No household buys tonight what, in any security of the group, one of its taxed accounts sells at a loss."""
    static = world.book.path / "static"
    accounts = {row["account_id"]: row for row in rows_of(static / "accounts.csv")}
    groups = {}
    for row in sorted(rows_of(static / "identical_groups.csv"), key=lambda row: row["from_date"]):
        if row["from_date"] <= str(files.night):
            groups[row["security_id"]] = row["identical_group"]
    sold: set[tuple[str, str]] = set()
    bought: set[tuple[str, str]] = set()
    for row in files.allocations:
        account = accounts[row["account_id"]]
        key = account["household_id"], groups.get(row["security_id"], row["security_id"])
        if row["side"] == "buy":
            bought.add(key)
        elif account["registration"] in {"taxable", "trust"} and row["estimated_gain_usd"].startswith("-"):
            sold.add(key)
    return [f"{household} buys {group} and sells it at a loss" for household, group in sorted(sold & bought)]


def broken_chain(world: World, files: Files) -> list[str]:
    """The manifest's digests are those of its files, and it follows on the manifest of the night before."""
    folder = world.book.path / "published" / str(files.night)
    wrong = [f"{name} is not what its manifest says" for name, digest in files.manifest["files"].items()
             if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest]  # fmt: skip
    before = folder.parent / str(session_before(files.night)) / "manifest.json"
    expected = hashlib.sha256(before.read_bytes()).hexdigest() if before.exists() else None
    if files.manifest["previous_manifest_sha256"] != expected:
        wrong.append("the manifest does not follow on that of the night before")
    return wrong


def lost_shares_and_basis(world: World, files: Files, delivery: Delivery) -> list[str]:
    """Shares and basis before, with what tonight booked, are those after; and they are what the custodian holds."""
    after = _lots(world, files)
    wrong = _not_the_custodians(world, after)
    before = world.book.path / "published" / str(session_before(files.night)) / "manifest.json"
    if not before.exists() or delivery.corrects or after["restated"]:
        return wrong  # days booked again are held by the custodian's truth, not by tonight's events alone
    earlier = _lots(world, files_of(world, session_before(files.night)))
    for what in ("shares", "basis"):
        flow: Counts = defaultdict(int)
        for part in (earlier[what], after[f"{what}_booked"]):
            for key, amount in part.items():
                flow[key] += amount
        for key in flow.keys() | after[what].keys():
            if flow[key] != after[what][key]:
                wrong.append(f"{what} of {key}: {flow[key]} were there or booked, {after[what][key]} are left")
    return wrong


def _lots(world: World, files: Files) -> dict[str, Any]:
    """Return the shards' shares by account and security, basis by household, cash by account, and what was booked."""
    found: dict[str, Any] = {name: defaultdict(int) for name in ("shares", "basis", "shares_booked", "basis_booked")}
    found["cash"], found["restated"] = {}, 0
    for name, digest in files.manifest["store"].items():
        if not name.startswith("lots/"):
            continue
        with duckdb.connect(str(world.book.path / "store" / name / f"{digest}.duckdb"), read_only=True) as lots:
            for household, account, security, low, high, start, shares, basis in lots.execute(
                "select household_id, account_id, security_id, position_lo, position_hi, part_from, part_shares,"
                " part_basis_microusd from sublot"
            ).fetchall():
                found["shares"][account, security] += high - low
                found["basis"][(household,)] += (high - start) * basis // shares - (low - start) * basis // shares
            for account, security, moved in lots.execute(
                "select account_id, security_id, micro_shares from event where security_id is not null"
            ).fetchall():
                found["shares_booked"][account, security] += moved
            for table, amount, where in (
                ("event", "basis_microusd", "security_id is not null"),
                ("disposal_piece", "-basis_microusd", "true"),
                ("wash_match", "disallowed_microusd", "not permanent"),
            ):
                query = f"select household_id, sum({amount})::bigint from {table} where {where} group by all"
                for household, total in lots.execute(query).fetchall():
                    found["basis_booked"][(household,)] += total
            found["cash"] |= dict(lots.execute("select account_id, cash_microusd from cash").fetchall())
            found["restated"] += lots.execute("select count(*) from restatement").fetchall()[0][0]
    return found


def _not_the_custodians(world: World, lots: dict[str, Any]) -> list[str]:
    """Return where a settled account holds in the book what it does not hold in truth."""
    folder = world.outside.feeds(world.night)
    truth = {(row["account_id"], row["security_id"]): micro(row["shares"]) for row in rows_of(folder / "positions.csv")}
    cash = {row["account_id"]: micro(row["cash_usd"]) for row in rows_of(folder / "cash.csv")}
    wrong = []
    for key in sorted(truth.keys() | lots["shares"].keys()):
        there, here = truth.get(key, 0), lots["shares"].get(key, 0)
        if there != here and key[0] not in world.unsettled:
            wrong.append(f"{key}: the book has {here}, the custodian {there}")
    return wrong + [
        f"{account}: cash {lots['cash'].get(account)} in the book, {cash[account]} at the custodian"
        for account in sorted(cash.keys() - world.unsettled)
        if cash[account] != lots["cash"].get(account)
    ]
