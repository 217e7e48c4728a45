"""A book: one directory, and the settings in its ``book.toml``; every key is known or refused."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import tomllib
from pathlib import Path
from typing import Literal

import pydantic

from ledger import policy
from ledger.errors import SettingError

VendorLayout = Literal["none", "two_days"]
SIGNING = {"signing_key", "signing_passphrase_variable", "verify_key", "signed_from"}
"""Keys of ``[publish]`` that no manifest tells: they change no answer, and a replay has no key."""


class Section(pydantic.BaseModel):
    """A table of book.toml: immutable, typed, unknown keys refused."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class General(Section):
    """``[book]``: what it is, when it begins, how it is divided."""

    name: str = "openbell"
    """What the book is called in reports."""
    first_night: dt.date
    """The first session priced; opening lots and cash are those at its close."""
    shards: int = pydantic.Field(default=4, ge=1, le=99)
    """Fixed groups of households; fewer than 100, above which Dagster stops showing staleness."""
    policy_version: str = "1"
    """Named in every manifest; raise it with every change of this file that can change an answer."""


class Intake(Section):
    """``[intake]``: how large a feed or static file may be; a larger one is refused before it fills the memory."""

    file_bytes_max: int = pydantic.Field(default=4 * 2**30, ge=1)
    """Bytes of one file as it was delivered. Reading takes several times that of memory."""
    unpacked_bytes_max: int = pydantic.Field(default=4 * 2**30, ge=1)
    """Bytes of one file unpacked: text out of gzip, cells out of Parquet."""
    rows_max: int = pydantic.Field(default=100_000_000, ge=1)
    """Rows of one file."""


class MarketSource(Section):
    """``[market]``: where `openbell simulate` takes tomorrow's market from."""

    source: Literal["synthetic", "directory", "feeds"] = "feeds"
    """``synthetic`` makes a market, ``directory`` reads one, ``feeds`` waits for files from outside."""
    path: str = ""
    """For ``directory``: a folder with real prices."""
    seed: int = 0
    """For ``synthetic``: the same seed makes the same market."""
    names: int = pydantic.Field(default=200, ge=2)
    """For ``synthetic``: securities, a second share class and a company spun off later included."""
    factors: int = pydantic.Field(default=20, ge=1)
    """For ``synthetic``: the market, sector and style factors that move returns."""


class Trust(Section):
    """``[trust]``: when a price is believed, and how much disbelief an account can bear."""

    jump_max: float = pydantic.Field(default=0.35, gt=0)
    """Largest believed ``|ln(close / last trusted close)|``, adjusted for tonight's actions; beyond it the
    name is frozen until the next close confirms the jump."""
    confirm_max: float = pydantic.Field(default=1.5, gt=0)
    """Largest jump, likewise, that the next close confirms: beyond it the closes are rather those of another
    instrument, and the name stays frozen until they come back or static/price_confirmations has it believed."""
    stale_sessions_max: int = pydantic.Field(default=5, ge=0)
    """Sessions without a trusted price after which the name is reported as stale."""
    frozen_value_max: float = pydantic.Field(default=0.05, ge=0, le=1)
    """Share of an account's value in frozen names above which the account is held."""
    weight_sum_tolerance: float = pydantic.Field(default=1e-6, gt=0)
    """Largest accepted difference between one and the sum of a benchmark's weights."""
    policy_faults_max: float = pydantic.Field(default=0.05, ge=0, le=1)
    """Share of the accounts whose policy in static/accounts may break its contract: each is held, and one always may.
    Beyond it, or at 0 with the first, the file is refused as a whole."""


class Vendor(Section):
    """``[vendor]``: prices from a vendor's own file, `feeds/D/vendor_prices`, and when they are doubted."""

    layout: VendorLayout = "none"
    """``two_days``: the file has the night and the session before, raw and adjusted, and takes the place of `prices`
    (docs/vendor-feeds.md); ``none``: prices come as `prices`."""
    complete_share_min: float = pydantic.Field(default=0.95, ge=0, le=1)
    """Share of the names expected (in a benchmark, or owned) with a close below which the file is told to be partial.
    Names without a close are frozen either way."""
    usable_share_min: float = pydantic.Field(default=0.5, ge=0, le=1)
    """The same share below which the file is refused and the night waits for another; 0 takes any file."""
    factor_tolerance: float = pydantic.Field(default=0.001, ge=0)
    """Largest difference, in logarithm, between the vendor's factor adjusted / raw and what tonight's actions explain
    that is not told."""
    split_factor_min: float = pydantic.Field(default=0.04, gt=0)
    """The same difference beyond which the name is frozen until an action explains it, or it is confirmed."""
    revision_min: float = pydantic.Field(default=0.0001, ge=0)
    """Smallest ``|ln(second / first)|`` of a close told twice that counts as revised."""
    revision_max: float = pydantic.Field(default=0.35, gt=0)
    """Largest revision of a believed close that is not doubted: beyond it the name is frozen, for the file may have
    changed to another instrument."""


class RiskModel(Section):
    """``[risk_model]``: the statistical model estimated where the feeds bring none."""

    factors: int = pydantic.Field(default=20, ge=1)
    """Statistical factors estimated."""
    sessions_max: int = pydantic.Field(default=504, ge=2)
    """Returns of at most so many sessions are used, the latest."""
    sessions_min: int = pydantic.Field(default=60, ge=2)
    """With fewer sessions of returns there is no model and no night."""
    coverage_min: float = pydantic.Field(default=0.8, gt=0, le=1)
    """Share of the sessions a name must have a return in; others get market-like exposures."""


class Tax(Section):
    """``[tax]``: the ledger's readings of what the law leaves open (`ledger/policy.py` says what each means)."""

    tacking: policy.Tacking = "additive"
    """What a replacement's holding period gains: ``additive`` days, their ``union``, or nothing (``replacement``)."""
    same_day_order: policy.SameDayOrder = "day"
    """``day``: the day's purchases come before its sales; ``exec``: events in the order of their names."""
    older_lot: policy.OlderLot = "absorbs"
    """Whether a lot older than the one sold ``absorbs`` its loss, or ``newer_only`` ones do."""
    spouse_basis: policy.SpouseBasis = "carry"
    """A loss that a spouse's purchase disallows: ``carry`` it into that purchase, or ``lost``."""

    loss_margin_bps: float = pydantic.Field(default=200.0, ge=0)
    """A lot worth less than its basis plus so much of it counts as a loss for wash sales: its sale closes the group to
    buying, and where the group is closed to loss sales it is not sold. Gains are reckoned at the night's close, and
    the fill comes at another price."""

    @property
    def loss_margin(self) -> float:
        """Return ``loss_margin_bps`` as a fraction."""
        return self.loss_margin_bps / 1e4

    def readings(self) -> policy.Readings:
        """Return the record that the ledger takes."""
        return policy.Readings(
            tacking=self.tacking,
            same_day_order=self.same_day_order,
            older_lot=self.older_lot,
            spouse_basis=self.spouse_basis,
        )


class Custodian(Section):
    """``[custodian]``: the custodian's own lots and the readings by which it keeps them (the broker's view)."""

    lots: Literal["none", "feed"] = "none"
    """``feed``: the custodian sends `custodian_lots`, which are compared with the broker's view; ``none``: no second
    book is kept."""
    tacking: policy.Tacking = "additive"
    """As in `[tax]`, as this custodian reads it; many give a replacement its own date (``replacement``)."""
    same_day_order: policy.SameDayOrder = "day"
    """As in `[tax]`; ``exec`` for a custodian that books row by row and names its events in that order."""
    older_lot: policy.OlderLot = "absorbs"
    """As in `[tax]`, as this custodian reads it."""

    def readings(self) -> policy.Readings:
        """Return the record that the ledger takes; no spouse's account is ever in one custodian account."""
        return policy.Readings(tacking=self.tacking, same_day_order=self.same_day_order, older_lot=self.older_lot)


class Solve(Section):
    """``[solve]``: the standard an answer has to meet."""

    clarabel: Literal["always", "uncertified"] = "always"
    """Whether Clarabel stands in the path of every account that trades, or only of those whose trades the search does
    not certify by itself; every answer is certified either way."""

    gap_bp_max: float = pydantic.Field(default=1.0, gt=0)
    """Largest accepted distance from the proven bound, basis points of net asset value, before rounding."""
    gap_bp_target: float = pydantic.Field(default=0.01, gt=0)
    """Branch and bound stops when the gap is below this."""
    nodes_max: int = pydantic.Field(default=200, ge=0)
    """Branch and bound stops after so many nodes."""


class Reconcile(Section):
    """``[reconcile]``: largest difference between book and custodian that is no break."""

    shares_tolerance: float = pydantic.Field(default=0.0, ge=0)
    """Shares of one security in one account."""
    cash_tolerance_usd: float = pydantic.Field(default=0.01, ge=0)
    """Dollars of one account's cash."""
    lot_shares_tolerance: float = pydantic.Field(default=0.00001, ge=0)
    """Shares of one lot, where the custodian sends lots: it rounds a split lot by lot, the book by account."""
    lot_basis_tolerance_usd: float = pydantic.Field(default=0.01, ge=0)
    """Dollars of one lot's basis."""
    lot_breaks_hold: Literal["none", "shares", "all"] = "shares"
    """Which differences of a lot hold its account: ``none``, those of ``shares`` (a lot that is missing or unknown
    included), or ``all``, basis and dates too; the others are reported."""


class Publish(Section):
    """``[publish]``: how long the night waits."""

    deadline: str = pydantic.Field(default="06:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    """Exchange time on the morning after the night; unanswered accounts are then held."""
    signing_key: str = ""
    """File with the Ed25519 private key that signs manifests, absolute or from the book on; empty: nothing is signed.
    Only its owner may have access to it."""
    signing_passphrase_variable: str = ""
    """Environment variable that holds the key's passphrase, where it has one."""
    verify_key: tuple[str, ...] = ()
    """Files with the public keys whose signatures count, as many as keys were ever in use; empty: none is asked for."""
    signed_from: dt.date = dt.date(1, 1, 1)
    """Earlier nights need no signature: the night from which on the book is signed."""


class Runs(Section):
    """``[runs]``: how often a shard is tried, and how long; no answer depends on it."""

    retries_max: int = pydantic.Field(default=2, ge=0, le=20)
    """A shard whose process died or hung is tried again so often."""
    shard_seconds_max: int = pydantic.Field(default=7200, ge=1)
    """A shard at work for longer is taken to hang: its process is ended, and the shard tried again."""


class Alerts(Section):
    """``[alerts]``: who is told, and of what; no answer depends on it, and a failing alert fails no night."""

    command: tuple[str, ...] = ()
    """A program and its arguments, run without a shell with the alert as JSON on standard input; none where empty."""
    webhook: str = ""
    """Where the alert is posted as JSON; none where empty."""
    webhook_variable: str = ""
    """An environment variable that holds the webhook's address, where it is a secret; it goes before ``webhook``."""
    timeout_seconds: float = pydantic.Field(default=10.0, gt=0, le=300)
    """How long an alert may take."""
    failures: bool = True
    """Whether a night or shard that failed for good is told."""
    lateness: bool = True
    """Whether it is told that the deadline is predicted to be missed, and that a night was published after it."""
    held_accounts_max: int = pydantic.Field(default=0, ge=0)
    """A published night with more held accounts is told, where it also exceeds ``held_share_max``."""
    held_share_max: float = pydantic.Field(default=0.02, ge=0, le=1)
    """As ``held_accounts_max``, as a share of all accounts."""
    breaks_max: int = pydantic.Field(default=0, ge=0)
    """A published night with more breaks between book and custodian is told."""


class Simulation(Section):
    """``[simulation]``: how the simulated custodian fills the published orders."""

    seed: int = 0
    """The same seed gives the same fills."""
    slippage_bps: float = pydantic.Field(default=0.0, ge=0)
    """Standard deviation of the fill price around the next close."""
    partial_fill_share: float = pydantic.Field(default=0.0, ge=0, le=1)
    """Probability that an order is filled only in part."""


CHANGES_NO_ANSWER: dict[str, bool | set[str]] = {
    "market": True,
    "simulation": True,
    "runs": True,
    "alerts": True,
    "publish": SIGNING,
}
"""Sections that no manifest prints; an address or a command of an alert is nobody else's business either."""


class BookSettings(Section):
    """All of book.toml."""

    book: General
    intake: Intake = Intake()
    market: MarketSource = MarketSource()
    trust: Trust = Trust()
    vendor: Vendor = Vendor()
    risk_model: RiskModel = RiskModel()
    tax: Tax = Tax()
    custodian: Custodian = Custodian()
    solve: Solve = Solve()
    reconcile: Reconcile = Reconcile()
    publish: Publish = Publish()
    runs: Runs = Runs()
    alerts: Alerts = Alerts()
    simulation: Simulation = Simulation()

    @property
    def reads_vendor_file(self) -> bool:
        """Return whether prices come in a vendor's own layout."""
        return self.vendor.layout != "none"

    def printed(self) -> dict[str, dict[str, object]]:
        """Return what the manifest prints: every setting that can change an answer, in plain JSON values."""
        sections: dict[str, dict[str, object]] = self.model_dump(mode="json", exclude=CHANGES_NO_ANSWER)
        if self.custodian.lots == "none":
            # What binds nothing is not told: a book without a second book has the manifest that it always had.
            del sections["custodian"]
            reconcile = sections["reconcile"].items()
            sections["reconcile"] = {key: value for key, value in reconcile if not key.startswith("lot_")}
        if not self.reads_vendor_file:
            del sections["vendor"]
        return sections

    def digest(self) -> str:
        """Return sha256 over every setting that can change what a shard answers; when it is published is none."""
        sections = {name: section for name, section in self.printed().items() if name != "publish"}
        return hashlib.sha256(json.dumps(sections, sort_keys=True).encode()).hexdigest()


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

    @property
    def keeps_broker_lots(self) -> bool:
        """Return whether the custodian sends its lots, so that they are kept and compared as it sees them."""
        return self.settings.custodian.lots == "feed"

    @property
    def reads_vendor_file(self) -> bool:
        """Return whether prices come in a vendor's own layout."""
        return self.settings.reads_vendor_file

    def feeds(self, night: dt.date) -> Path:
        """Return the folder of the night's feeds."""
        return self.path / "feeds" / night.isoformat()

    def published(self, night: dt.date) -> Path:
        """Return the folder of the night's published files."""
        return self.path / "published" / night.isoformat()
