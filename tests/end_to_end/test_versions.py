"""What a published night becomes when it is run again: nothing, a version beside it, or, when asked for, a revision."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from assets import proposal_tables
from assets.book import Book
from assets.comparison import moved_accounts
from assets.rulings import COLUMNS
from assets.sessions import session_before
from assets.stages import differences_of
from assets.store import Store
from assets.verification import check_chain, check_store, published_night
from tests.book_cases import NIGHTS, fingerprint, run_stages

NIGHT = dt.date.fromisoformat(NIGHTS[-1])
BEFORE_PUBLISHING = ("market", "accounts", "books")


def freeze(path: Path, *, number: int) -> str:
    """Freeze the account in row ``number`` of accounts.csv and return it."""
    file = path / "static" / "accounts.csv"
    header, *rows = file.read_text(encoding="utf-8").splitlines()
    cells = rows[number].split(",")
    cells[header.split(",").index("frozen")] = "true"
    rows[number] = ",".join(cells)
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return cells[0]


def heads(path: Path) -> dict[str, str]:
    """Return the digest of every head of the night, by partition."""
    store = path / "store"
    files = [*store.glob(f"*/{NIGHT}/head.json"), *store.glob(f"*/{NIGHT}/*/head.json")]
    return {file.parent.relative_to(store).as_posix(): json.loads(file.read_bytes())["digest"] for file in files}


def is_frozen(path: Path, account: str, *, folder: str = "") -> bool:
    rows = pl.read_csv(path / "published" / str(NIGHT) / folder / "accounts.csv", infer_schema=False)
    return bool(rows.filter(account_id=account)["status"].item() == "HELD_FROZEN")


def test_other_code_is_reported_and_what_is_published_stands(book_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, heads = fingerprint(book_copy / "published"), Store(book_copy)
    standing = {name: heads.head(name, night=NIGHT, shard="s000").digest for name in ("proposals", "reconciliation")}
    store = Store(book_copy, rerunning=NIGHT)
    original = proposal_tables.held_before_solving
    trades = heads.head("trades", night=NIGHT)
    with heads.reading({"trades": trades}) as tables:
        account = tables.select("select min(account_id) from trades.allocation").item()

    def other_code(*args: object, **facts: object) -> pl.DataFrame:
        held = original(*args, **facts)  # type: ignore[arg-type]
        more = pl.DataFrame({"account_id": [account], "status": ["HELD_DATA"], "reasons": ["other code"]})
        accounts = args[0].accounts["account_id"]  # type: ignore[attr-defined]
        return pl.concat([held, more.filter(pl.col("account_id").is_in(accounts.implode()))])

    with monkeypatch.context() as patch:
        patch.setattr(proposal_tables, "held_before_solving", other_code)
        run_stages(book_copy, night=NIGHT, groups=("books", "trades"), store=store)
    again = store.beside("trades", night=NIGHT)
    assert again is not None
    [moved] = moved_accounts(store, original=trades, again=again)
    assert (moved.account_id, moved.status_again, moved.orders_again) == (account, "HELD_DATA", 0)
    assert moved.orders > 0
    told = differences_of(again, store=store)
    assert told["accounts_moved"].value == 1
    assert str(told["differs"].value).startswith(
        f"trades/{NIGHT} table account_outcome row account_id {account} column status: HELD_DATA; published CERTIFIED"
    )
    assert {name.split("/")[0] for name in store.all_beside(NIGHT)} == {
        "proposals", "reconciliation", "trades", "night_report",
    }  # fmt: skip
    assert fingerprint(book_copy / "published") == before
    assert standing == {name: Store(book_copy).head(name, night=NIGHT, shard="s000").digest for name in standing}
    # The code that made the night makes it again: nothing is left beside it.
    store.forget_rerun(NIGHT)
    run_stages(book_copy, night=NIGHT, groups=("books", "trades"), store=store)
    assert store.all_beside(NIGHT) == []
    assert fingerprint(book_copy / "published") == before


def test_revisions_supersede_each_other_and_one_that_is_killed_moves_nothing(book_copy: Path) -> None:
    book, folder = Book.open(book_copy), book_copy / "published" / str(NIGHT)
    first = fingerprint(folder)
    stood = heads(book_copy)
    account = freeze(book_copy, number=4)
    revising = Store(book_copy, revising=NIGHT)
    run_stages(book_copy, night=NIGHT, groups=BEFORE_PUBLISHING, store=revising)
    assert heads(book_copy) == stood, "no head moves before the revision is published"
    # Killed here, before it publishes: what was published is what stands, for readers and for the next night.
    assert fingerprint(folder) == first
    manifest = json.loads((folder / "manifest.json").read_bytes())["store"]
    reader = Store(book_copy)
    for name in (f"account_policies/{NIGHT}", f"lots/{NIGHT}/s000", f"reconciliation/{NIGHT}/s001"):
        asset, _, *shard = name.split("/")
        assert reader.head(asset, night=NIGHT, shard=shard[0] if shard else None).digest == manifest[name]
    assert check_store(published_night(book=book, night=NIGHT), store=reader).differences == ()
    # Taken up again it publishes the first revision.
    run_stages(book_copy, night=NIGHT, groups=("trades",), store=revising)
    assert is_frozen(book_copy, account, folder="revision-1")
    assert {name: digest for name, digest in fingerprint(folder).items() if "/" not in name} == first
    assert heads(book_copy) != stood
    manifest = json.loads((folder / "revision-1" / "manifest.json").read_bytes())["store"]
    assert heads(book_copy).items() >= {(k, v) for k, v in manifest.items() if str(NIGHT) in k}
    assert not list((book_copy / "store").rglob("revision.json"))
    # One that publishes nothing leaves nothing that the next one would read.
    run_stages(book_copy, night=NIGHT, groups=("accounts",), store=Store(book_copy, revising=NIGHT))
    assert list((book_copy / "store").rglob("revision.json"))
    Store(book_copy).end_revision(NIGHT)
    assert not list((book_copy / "store").rglob("revision.json"))
    # A second revision supersedes the first.
    another = freeze(book_copy, number=6)
    run_stages(book_copy, night=NIGHT, store=revising)
    assert is_frozen(book_copy, another, folder="revision-2")
    assert not is_frozen(book_copy, another, folder="revision-1")
    assert check_chain(book=book, night=NIGHT).differences == ()
    assert check_store(published_night(book=book, night=NIGHT), store=Store(book_copy)).differences == ()
    # One that reproduces is none.
    stands = fingerprint(folder)
    run_stages(book_copy, night=NIGHT, groups=("trades",), store=revising)
    assert fingerprint(folder) == stands
    assert published_night(book=book, night=session_before(NIGHT)).folder.name == NIGHTS[1]


def test_a_ruling_about_what_has_left_the_book_stops_no_night(book_copy: Path) -> None:
    shutil.rmtree(book_copy / "published" / str(NIGHT))
    at, why = "2026-09-03T22:00:00Z", "operator,as told"
    rows = (
        f"R1,{at},freeze,,,S-GONE,,,,{why}",
        f"R2,{at},freeze,A-GONE,,,,,,{why}",
        f"R3,{at},freeze,,H-GONE,,,,,{why}",
        f"R4,{at},accept,A-GONE,,S-GONE,2,{NIGHT},,{why}",
    )
    lines = "\n".join([",".join(COLUMNS), *rows]) + "\n"
    (book_copy / "static" / "rulings.csv").write_text(lines, encoding="utf-8")
    run_stages(book_copy, night=NIGHT, groups=("accounts", "trades"), past_deadline=True)
    manifest = json.loads((book_copy / "published" / str(NIGHT) / "manifest.json").read_bytes())
    assert sorted(row["ruling_id"] for row in manifest["rulings"]["switches"]) == ["R1", "R2", "R3"]
    assert manifest["counts"] == {"HELD_DEADLINE": 40}
