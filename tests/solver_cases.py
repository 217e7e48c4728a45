"""The random shards of the open generator, under the name that the tests know."""

from __future__ import annotations

from solvers.generator import random_market, random_shard, some_accounts, with_sublots

__all__ = ["random_market", "random_shard", "some_accounts", "with_sublots"]
