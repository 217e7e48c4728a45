"""A book: one directory, and the settings in its ``book.toml``; every key is known or refused."""

from __future__ import annotations

import dataclasses
import datetime as dt
import tomllib
from pathlib import Path
from typing import Literal

import pydantic

from ledger.errors import SettingError


class Section(pydantic.BaseModel):
    """A table of book.toml: immutable, typed, unknown keys refused."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class General(Section):
    """``[book]``"""

    name: str = "openbell"
    first_night: dt.date
    shards: int = pydantic.Field(default=4, ge=1, le=99)
    """Fixed groups of households; fewer than 100, above which Dagster stops showing staleness."""
    policy_version: str = "1"
    """Named in every manifest; raise it with every change of this file that can change an answer."""


class MarketSource(Section):
    """``[market]``: where `openbell simulate` takes tomorrow's market from."""

    source: Literal["synthetic", "directory", "feeds"] = "feeds"
    path: str = ""
    """For ``directory``: a folder with real prices."""
    seed: int = 0
    names: int = pydantic.Field(default=200, ge=2)
    factors: int = pydantic.Field(default=20, ge=1)


class Trust(Section):
    """``[trust]``: when a price is believed, and how much disbelief an account can bear."""

    jump_max: float = pydantic.Field(default=0.35, gt=0)
    """Largest believed ``|ln(close / last trusted close)|``, adjusted for tonight's actions; beyond it the
    name is frozen until the next close confirms the jump."""
    stale_sessions_max: int = pydantic.Field(default=5, ge=0)
    """Sessions without a trusted price after which the name is reported as stale."""
    frozen_value_max: float = pydantic.Field(default=0.05, ge=0, le=1)
    """Share of an account's value in frozen names above which the account is held."""
    weight_sum_tolerance: float = pydantic.Field(default=1e-6, gt=0)


class RiskModel(Section):
    """``[risk_model]``: the statistical model estimated where the feeds bring none."""

    factors: int = pydantic.Field(default=20, ge=1)
    sessions_max: int = pydantic.Field(default=504, ge=2)
    sessions_min: int = pydantic.Field(default=60, ge=2)
    coverage_min: float = pydantic.Field(default=0.8, gt=0, le=1)
    """Share of the sessions a name must have a return in; others get market-like exposures."""


class Solve(Section):
    """``[solve]``: the standard an answer has to meet."""

    gap_bp_max: float = pydantic.Field(default=1.0, gt=0)
    gap_bp_target: float = pydantic.Field(default=0.01, gt=0)
    nodes_max: int = pydantic.Field(default=50, ge=0)


class Reconcile(Section):
    """``[reconcile]``: largest difference between book and custodian that is no break."""

    shares_tolerance: float = pydantic.Field(default=0.0, ge=0)
    cash_tolerance_usd: float = pydantic.Field(default=0.01, ge=0)


class Publish(Section):
    """``[publish]``"""

    deadline: str = pydantic.Field(default="06:00", pattern=r"^[0-2]\d:[0-5]\d$")
    """Exchange time on the morning after the night; unanswered accounts are then held."""


class Simulation(Section):
    """``[simulation]``: how the simulated custodian fills the published orders."""

    seed: int = 0
    slippage_bps: float = pydantic.Field(default=0.0, ge=0)
    """Standard deviation of the fill price around the next close."""
    partial_fill_share: float = pydantic.Field(default=0.0, ge=0, le=1)
    """Probability that an order is filled only in part."""


class BookSettings(Section):
    """All of book.toml."""

    book: General
    market: MarketSource = MarketSource()
    trust: Trust = Trust()
    risk_model: RiskModel = RiskModel()
    solve: Solve = Solve()
    reconcile: Reconcile = Reconcile()
    publish: Publish = Publish()
    simulation: Simulation = Simulation()


@dataclasses.dataclass(frozen=True, slots=True)
class Book:
    """A book's directory and settings."""

    path: Path
    settings: BookSettings

    @classmethod
    def open(cls, path: Path) -> Book:
        """Read ``path``/book.toml.

        Raises
        ------
        SettingError
            Where there is no book, the file is no TOML, or a key is unknown or out of range.
        """
        file = path / "book.toml"
        try:
            content = tomllib.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise SettingError(
                code="SET-001",
                where=str(file),
                found="no file",
                expected="a book",
                remedy="Make one with `openbell init`, or name the directory of an existing one.",
            ) from None
        except tomllib.TOMLDecodeError as error:
            raise SettingError(
                code="SET-002", where=str(file), found=str(error), expected="valid TOML", remedy="Mend the file."
            ) from error
        try:
            return cls(path, BookSettings.model_validate(content))
        except pydantic.ValidationError as error:
            first = error.errors()[0]
            raise SettingError(
                code="SET-003",
                where=f"{file} key {'.'.join(str(part) for part in first['loc'])}",
                found=f"{first['input']!r}: {first['msg']}",
                expected="a key and value documented in docs/feeds.md",
                remedy="Mend the key; nothing was run.",
            ) from error

    @property
    def shards(self) -> tuple[str, ...]:
        """Return the names of the shards: s000, s001, ..."""
        return tuple(f"s{number:03d}" for number in range(self.settings.book.shards))

    def feeds(self, night: dt.date) -> Path:
        """Return the folder of the night's feeds."""
        return self.path / "feeds" / night.isoformat()

    def published(self, night: dt.date) -> Path:
        """Return the folder of the night's published files."""
        return self.path / "published" / night.isoformat()
