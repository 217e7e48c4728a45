"""Replay: a past night run again in a folder of its own, and the first place where it comes out otherwise.

The replayed night reads the kept bytes of its inputs and the partitions of the nights before it; everything of the
night itself is made anew.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from assets.archive import Archive
from assets.book import Book, BookSettings
from assets.comparison import Difference, first_difference
from assets.feeds import feed_digests
from assets.publish import DATA_FILES, sha256_of
from assets.published_rulings import put_rulings
from assets.sessions import session_before
from assets.stages import stages_of
from assets.store import Store, partition_name
from assets.verification import Check, Published, published_night
from pipelines.book_toml import book_toml
from pipelines.headless import Workers, answer_shards, publish_night


def check_replay(
    *, book: Book, night: dt.date, folder: Path, workers: int | None, current_inputs: bool = False
) -> Check:
    """Run ``night`` again in ``folder``, which must be empty, and compare partitions, rows and published bytes.

    With ``current_inputs`` it reads the files as they lie in the book today in place of those that were kept: what
    a revised feed would have changed.

    Raises
    ------
    NightOrderError
        Where the night is not published.
    StoreError
        Where an input of the night is no longer kept.
    NightError
        Where the replay itself does not come to its end.
    """
    published = published_night(book=book, night=night)
    elsewhere = prepare(book=book, published=published, folder=folder)
    if current_inputs:
        for label in published.manifest["inputs"]:
            (elsewhere.path / label).unlink()
        for label in feed_digests(book=book, night=night):
            shutil.copyfile(book.path / label, elsewhere.path / label)
    with Workers(elsewhere, workers=workers) as pool:
        run_again(pool, book=book, published=published, current_inputs=current_inputs)
    return compared(book=book, published=published, elsewhere=elsewhere)


def run_again(
    workers: Workers,
    *,
    book: Book,
    published: Published,
    current_inputs: bool = False,
    publishing: bool = True,
) -> None:
    """Run a ``published`` night of ``book`` again, with ``workers`` of the book that `prepare` made.

    The rulings are those that the solve had read, and then those of the publication, unless ``current_inputs`` asks for
    the present ones.
    """
    elsewhere, night = workers.book, published.night
    answered = [shard for shard in book.shards if f"reconciliation/{night}/{shard}" in published.manifest["store"]]
    archive = Archive(book.path)
    if not current_inputs:
        put_rulings(elsewhere, archive=archive, inputs=published.manifest["rulings"]["solved_with"])
    answer_shards(workers, night=night, shards=answered)
    if not publishing:
        return
    if not current_inputs:
        put_rulings(elsewhere, archive=archive, inputs=published.manifest["inputs"])
    publish_night(elsewhere, night=night, past_deadline=len(answered) < len(book.shards))


def prepare(*, book: Book, published: Published, folder: Path) -> Book:
    """Return a book in ``folder`` as it was before the night ran: its settings, inputs, and all earlier partitions."""
    settings = BookSettings.model_validate(published.manifest["settings"])
    (folder / "book.toml").write_text(book_toml(settings), encoding="utf-8")
    archive = Archive(book.path)
    for label, digest in sorted(published.manifest["inputs"].items()):
        target = folder / label
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(archive.require(label, digest=digest), target)
    for asset in sorted(
        path for path in (book.path / "store").glob("[a-z]*") if path.name != archive.folder.name and path.is_dir()
    ):
        for partition in sorted(asset.iterdir()):
            if partition.name < published.night.isoformat():
                (folder / "store" / asset.name).mkdir(parents=True, exist_ok=True)
                (folder / "store" / asset.name / partition.name).symlink_to(partition.resolve())
    for name, digest in sorted(published.manifest["store"].items()):
        if name.split("/")[1] != published.night.isoformat():
            use_version(name, digest=digest, source=book.path / "store", target=folder / "store")
    before = book.published(session_before(published.night))
    if before.exists():
        (folder / "published").mkdir(exist_ok=True)
        (folder / "published" / before.name).symlink_to(before.resolve())
    return Book.open(folder)


def use_version(name: str, *, digest: str, source: Path, target: Path) -> None:
    """Make ``digest`` the head of the partition ``name`` of an earlier night, whatever its head in ``source`` says.

    Only what that night's own manifest does not name needs it: lots of a shard that answered after the deadline.
    """
    asset, night, *_ = name.split("/")
    for folder in dict.fromkeys((Path(asset) / night, Path(name))):
        if (target / folder).is_symlink():
            (target / folder).unlink()
            (target / folder).mkdir()
            for path in sorted((source / folder).iterdir()):
                (target / folder / path.name).symlink_to(path.resolve())
    head = target / name / "head.json"
    head.unlink(missing_ok=True)
    shutil.copyfile(source / name / f"{digest}.json", head)


def compared(*, book: Book, published: Published, elsewhere: Book) -> Check:
    """Compare the replay with what is published, in the order in which the night was made.

    Differences after the first may only follow from it.
    """
    promised: Mapping[str, str] = published.manifest["store"]
    store, replayed = Store(book.path), Store(elsewhere.path)
    names = [name for name in _in_order_of_stages(book, night=published.night) if name in promised]
    differences = []
    for name in names:
        asset, _, *shard = name.split("/")
        again = replayed.head(asset, night=published.night, shard=shard[0] if shard else None)
        if again.digest != promised[name]:
            original = store.version(
                asset, night=published.night, shard=shard[0] if shard else None, digest=promised[name]
            )
            differences.append(first_difference(store, original=original, again=again))
    files = [*DATA_FILES]
    manifest = json.loads((elsewhere.published(published.night) / "manifest.json").read_bytes())
    same = ("code", "inputs", "packages_sha256", "machine")
    if published.manifest["revision"] == 0 and all(manifest[fact] == published.manifest[fact] for fact in same):
        files.append("manifest.json")
    for name in files:
        there, here = elsewhere.published(published.night) / name, published.folder / name
        if there.read_bytes() != here.read_bytes():
            differences.append(Difference(where=name, found=sha256_of(there), expected=sha256_of(here)))
    differences += accounts_that_differ(elsewhere.published(published.night), published.folder)
    return Check(check="replay", checked=len(names) + len(files), differences=tuple(differences))


def accounts_that_differ(there: Path, here: Path) -> list[Difference]:
    """Return each account whose outcome or allocations are other ones ``there`` than ``here``."""
    found, expected = _answers(there), _answers(here)
    return [
        Difference(where=f"account {account}", found=_told(found.get(account)), expected=_told(expected.get(account)))
        for account in sorted(found.keys() | expected.keys())
        if found.get(account) != expected.get(account)
    ]


def _answers(folder: Path) -> dict[str, list[dict[str, str]]]:
    """Return each account's rows of accounts.csv and allocations.csv."""
    answers: dict[str, list[dict[str, str]]] = {}
    for name in ("accounts.csv", "allocations.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                answers.setdefault(row["account_id"], []).append(row)
    return answers


def _told(answer: list[dict[str, str]] | None) -> str:
    if answer is None:
        return "no outcome"
    return f"{answer[0]['status']} with {len(answer) - 1} allocations, objective {answer[0]['objective'] or 'none'}"


def _in_order_of_stages(book: Book, *, night: dt.date) -> Iterator[str]:
    for stage in stages_of(book):
        for shard in book.shards if stage.by_shard else (None,):
            yield partition_name(stage.name, night=night, shard=shard)
