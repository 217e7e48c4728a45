"""The world around a simulated book: a custodian and a vendor who know the truth, and what of it reaches the book.

The truth lies in a book of its own, ``outside``: its feeds are written by the simulated custodian from what the book
published. What the book is given are these feeds, changed by tonight's faults. So a fault in a feed never becomes
what the custodian believes.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip
import io
import random
import shutil
from pathlib import Path

import polars as pl

from assets.book import Book
from assets.ruling_entry import Kind, Ruling, add_ruling
from assets.sessions import session_after
from assets.store import Store
from pipelines.custodian import write_next_feeds
from tests.simulation.books import FIRST_NIGHT, small_book

FORMS = (".csv", ".csv.gz", ".parquet")


@dataclasses.dataclass(slots=True)
class Delivery:
    """The feeds of one night on their way to the book, every cell as text; and what has to come of the changes."""

    night: dt.date
    frames: dict[str, pl.DataFrame]
    held: set[str] = dataclasses.field(default_factory=set)
    """Accounts that must be held tonight."""
    untraded: set[str] = dataclasses.field(default_factory=set)
    """Securities that nobody may trade tonight."""
    unsettled: set[str] = dataclasses.field(default_factory=set)
    """Accounts whose book is not the custodian's until a later delivery."""
    late: dict[str, list[pl.DataFrame]] = dataclasses.field(default_factory=dict)
    """Rows of tonight's files that arrive with the next night."""
    corrects: bool = False
    """Whether rows of an earlier night arrive tonight."""
    refused: bool = False
    """Whether the files, as they are, must be refused; ``mended`` are then those that follow."""
    mended: dict[str, pl.DataFrame] = dataclasses.field(default_factory=dict)


class World:
    """One simulated book with its truth; everything that happens is drawn from ``seed``."""

    def __init__(self, folder: Path, *, seed: int) -> None:
        self.seed = seed
        self.folder = folder
        self.rng = random.Random(seed)
        book = small_book(folder / "book", seed=seed)
        settings = (book.path / "book.toml").read_text(encoding="utf-8")
        for key, value in (("partial_fill_share", (0.0, 0.2)), ("slippage_bps", (0.0, 8.0))):
            settings = settings.replace(f"{key} = 0.0", f"{key} = {self.rng.choice(value)}")
        (book.path / "book.toml").write_text(settings, encoding="utf-8")
        outside = folder / "outside"
        outside.mkdir()
        (outside / "book.toml").write_text(settings, encoding="utf-8")
        (book.path / "published").mkdir()
        for shared in ("static", "published"):
            (outside / shared).symlink_to(book.path / shared)
        shutil.move(book.path / "feeds", outside / "feeds")
        self.book, self.outside = Book.open(book.path), Book.open(outside)
        self.store = Store(self.book.path)
        self.night = FIRST_NIGHT
        self.unsettled: set[str] = set()
        self.frozen: set[str] = set()
        self.ruled: dict[str, str] = {}
        """What an operator's switches stop: accounts and securities, each with the word `account` or `security`."""
        self._late: dict[str, list[pl.DataFrame]] = {}

    def expect(self) -> Delivery:
        """Return the truth about tonight, with what earlier nights still owe."""
        folder = self.outside.feeds(self.night)
        frames = {path.stem: pl.read_csv(path, infer_schema=False) for path in sorted(folder.glob("*.csv"))}
        delivery = Delivery(self.night, frames, corrects=bool(self._late))
        for name, rows in self._late.items():
            frames[name] = pl.concat([frames[name], *rows], how="diagonal_relaxed")
        self._late = {}
        return delivery

    def deliver(self, delivery: Delivery) -> None:
        """Write the feeds into the book, each in a form and an order of rows of its own, and take note."""
        self.write(delivery.frames)
        self.unsettled = set(delivery.unsettled)
        self._late = delivery.late

    def write(self, frames: dict[str, pl.DataFrame], *, night: dt.date | None = None) -> None:
        folder = self.book.feeds(night or self.night)
        folder.mkdir(parents=True, exist_ok=True)
        for name, frame in sorted(frames.items()):
            for form in FORMS:
                (folder / f"{name}{form}").unlink(missing_ok=True)
            shuffled = frame.sample(fraction=1.0, shuffle=True, seed=self.rng.randrange(2**31))
            put(shuffled, folder=folder, name=name, form=self.rng.choices(FORMS, weights=(3, 1, 1))[0])

    def tomorrow(self) -> None:
        """Let the custodian fill what is published, and go to the next session."""
        assert write_next_feeds(self.outside, night=self.night) == session_after(self.night)
        self.night = session_after(self.night)

    def accounts(self) -> pl.DataFrame:
        return pl.read_csv(self.book.path / "static" / "accounts.csv", infer_schema=False)

    def securities(self) -> list[str]:
        """Return the book's securities."""
        return pl.read_csv(self.book.path / "static" / "securities.csv", infer_schema=False)["security_id"].to_list()

    def rule(self, kind: Kind, *, scope: str, target: str) -> None:
        """Freeze or release an account or a security, as an operator does: at once, whatever the night is at."""
        at = dt.datetime.combine(self.night, dt.time(22), dt.UTC)
        named = {f"{scope}_id": target}
        reason = '"halted", they say'
        add_ruling(self.book, Ruling(kind=kind, at=at, role="operator", reason=reason, **named))  # type: ignore[arg-type]
        if kind == "freeze":
            self.ruled[target] = scope
        else:
            del self.ruled[target]

    def freeze(self, account: str, *, frozen: bool) -> None:
        """Turn the account's own switch; the file is replaced, as an operator's editor does."""
        file = self.book.path / "static" / "accounts.csv"
        switch = pl.lit("true" if frozen else "false")
        changed = self.accounts().with_columns(
            frozen=pl.when(pl.col("account_id") == account).then(switch).otherwise(pl.col("frozen"))
        )
        file.unlink()
        changed.write_csv(file)
        (self.frozen.add if frozen else self.frozen.discard)(account)

    def holders(self, security: str) -> set[str]:
        """Return the accounts that hold a security in truth, the night before or tonight."""
        nights = sorted(path for path in (self.outside.path / "feeds").iterdir() if path.name <= str(self.night))[-2:]
        tables = [pl.read_csv(path / "positions.csv", infer_schema=False) for path in nights]
        return set(pl.concat(tables).filter(pl.col("security_id") == security)["account_id"])


def put(frame: pl.DataFrame, *, folder: Path, name: str, form: str) -> None:
    """Write one feed as a vendor would: text in CSV, types in Parquet. A name that was linked elsewhere is let be."""
    text = frame.write_csv().encode()
    if form == ".parquet":
        pl.read_csv(io.BytesIO(text), try_parse_dates=True).write_parquet(folder / f"{name}.parquet")
    else:
        (folder / f"{name}{form}").write_bytes(gzip.compress(text, mtime=0) if form == ".csv.gz" else text)
