"""The file of rulings: what is in force, what is refused, two writers at once, and text that is only text."""

from __future__ import annotations

import concurrent.futures
import csv
import datetime as dt
import json
import multiprocessing
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from assets.archive import Archive
from assets.book import Book
from assets.ruling_entry import Ruling, add_ruling, spelled
from assets.rulings import COLUMNS, acceptances, acceptances_in_force, read_rulings, switches_in_force
from ledger.errors import FeedError, RulingError
from pipelines.cli import app
from pipelines.switch_job import switches_of
from tests.feed_cases import tiny_book

AT = dt.datetime(2015, 6, 1, 22, 40, tzinfo=dt.UTC)
RUNNER = CliRunner()


@pytest.fixture
def book(tmp_path: Path) -> Book:
    made = tiny_book(tmp_path / "book")
    (made.path / "static" / "rulings.csv").unlink()
    return made


def stated(book: Book) -> list[dict[str, str]]:
    with (book.path / "static" / "rulings.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def freeze(book: Book, account: str, *, reason: str = "as told") -> str:
    return add_ruling(book, Ruling(kind="freeze", at=AT, role="operator", reason=reason, account_id=account))


def freeze_often(path: Path, account: str, times: int) -> list[str]:
    return [freeze(Book.open(path), account, reason=f"{number}") for number in range(times)]


def test_rulings_of_processes_at_once_all_stand_under_numbers_of_their_own(book: Book) -> None:
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        numbers = [*pool.map(freeze_often, [book.path] * 2, ["A1", "A2"], [4, 4])]
    assert sorted(int(number[1:]) for both in numbers for number in both) == list(range(1, 9))
    rows = stated(book)
    assert [row["ruling_id"] for row in rows] == [f"R{number}" for number in range(1, 9)]
    for account, given_ in zip(("A1", "A2"), numbers, strict=True):
        assert [row["ruling_id"] for row in rows if row["account_id"] == account] == given_
    assert not list((book.path / "static").glob(".*"))


def test_a_new_ruling_leaves_every_byte_before_it_and_is_kept_for_replays(book: Book) -> None:
    file = book.path / "static" / "rulings.csv"
    before = b""
    for account in ("A1", "A2", "A3"):
        freeze(book, account)
        content = file.read_bytes()
        assert content.startswith(before)
        assert content.count(b"\n") == before.count(b"\n") + (2 if not before else 1)
        before = content
        digest = read_rulings(book).digest
        assert digest is not None
        assert Archive(book.path).find("static/rulings.csv", digest=digest) is not None


@pytest.mark.parametrize(
    "reason",
    [
        'he said "stop", now',
        "<script>alert('x')</script>",
        "'; drop table account_outcome; --",
        "=HYPERLINK(1)",
        "two\nlines\r\nand\ta tab",
        "\u202edesrever\u200b \x1b[31m",
        "NULL",
        "état d'urgence",
    ],
)
def test_a_reason_is_text_and_nothing_else(book: Book, reason: str) -> None:
    freeze(book, "A1", reason=reason)
    freeze(book, "A2")
    assert [row["reason"] for row in stated(book)] == [spelled(reason), "as told"]
    switches = switches_in_force(read_rulings(book).rows)
    assert switches["reason"].to_list() == [spelled(reason), "as told"]
    assert spelled(reason).isprintable()
    assert spelled(spelled(reason)) == spelled(reason)


def test_reasons_and_roles_that_cannot_stand_are_refused_and_nothing_is_written(book: Book) -> None:
    for code, facts in {
        "RULE-002": ({"reason": ""}, {"reason": " \t"}, {"reason": "x" * 201}, {"reason": "\n" * 101}),
        "RULE-003": ({"role": "J. Doe"}, {"role": ""}, {"role": "x" * 33}, {"role": "a\nb"}),
        "RULE-004": ({"account_id": "A9"}, {"household_id": "A1"}, {"security_id": "ZZZ"}, {"account_id": "../A1"}),
    }.items():
        for fact in facts:
            ruling = {"kind": "freeze", "at": AT, "role": "operator", "reason": "as told"} | fact
            with pytest.raises(RulingError, match=code):
                add_ruling(book, Ruling(**ruling))  # type: ignore[arg-type]
    assert not (book.path / "static" / "rulings.csv").exists()


def test_a_file_in_another_form_is_read_and_not_added_to(book: Book) -> None:
    freeze(book, "A1")
    file = book.path / "static" / "rulings.csv"
    pl.read_csv(file, infer_schema=False).write_parquet(file.with_suffix(".parquet"))
    file.unlink()
    assert switches_in_force(read_rulings(book).rows)["target"].to_list() == ["A1"]
    with pytest.raises(RulingError, match="RULE-001"):
        freeze(book, "A2")
    file.write_text("ruling_id\n", encoding="utf-8")
    with pytest.raises(FeedError, match="FEED-003"):
        freeze(book, "A2")


TARGETS: list[dict[str, Any]] = [
    {}, {"account_id": "A1"}, {"account_id": "A2"}, {"household_id": "H1"}, {"security_id": "AAA"},
]  # fmt: skip
BREAKS: list[dict[str, Any]] = [
    {"account_id": account, "security_id": security} for account in ("A1", "A2") for security in (None, "AAA")
]
NIGHTS = [dt.date(2015, 6, day) for day in (1, 2, 3)]
Decision = tuple[str, dict[str, Any], dict[str, Any]]
DECISIONS: st.SearchStrategy[list[Decision]] = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["freeze", "release"]), st.sampled_from(TARGETS), st.just({})),
        st.tuples(
            st.just("accept"),
            st.sampled_from(BREAKS),
            st.fixed_dictionaries(
                {
                    "difference_micro": st.integers(1, 3),
                    "from_night": st.sampled_from(NIGHTS),
                    "to_night": st.sampled_from([None, NIGHTS[-1]]),
                }
            ),
        ),
        st.tuples(st.just("withdraw"), st.sampled_from(BREAKS), st.just({})),
    ),
    max_size=12,
)
DATES = ("from_night", "to_night")


def frame(decisions: list[Decision]) -> pl.DataFrame:
    schema = {column: pl.Date if column in DATES else pl.String for column in COLUMNS if column != "difference"}
    rows = [
        {"ruling_id": f"R{number}", "kind": kind, "reason": f"reason {number}"} | target | terms
        for number, (kind, target, terms) in enumerate(decisions, start=1)
    ]
    return pl.DataFrame(rows, schema=schema | {"difference_micro": pl.Int64})


@given(decisions=DECISIONS, seed=st.integers(0, 2**32))
def test_what_is_in_force_follows_from_the_numbers_and_not_from_the_order_of_the_rows(
    decisions: list[Decision], seed: int
) -> None:
    rows = frame(decisions)
    frozen: dict[str, str] = {}
    accepted: dict[str, tuple[str, dict[str, Any]]] = {}
    for number, (kind, target, terms) in enumerate(decisions, start=1):
        key = json.dumps(target, sort_keys=True)
        if kind == "freeze":
            frozen[key] = f"R{number}"
        elif kind == "release":
            frozen.pop(key, None)
        elif kind == "accept":
            accepted[key] = (f"R{number}", terms)
        else:
            accepted.pop(key, None)
    shuffled = rows.sample(fraction=1.0, shuffle=True, seed=seed)
    for known in (rows, shuffled):
        assert sorted(switches_in_force(known)["ruling_id"]) == sorted(frozen.values())
        assert sorted(acceptances(known)["ruling_id"]) == sorted(ruling for ruling, _ in accepted.values())
        for night in NIGHTS:
            holding = [
                ruling
                for ruling, terms in accepted.values()
                if terms["from_night"] <= night and (terms["to_night"] is None or night <= terms["to_night"])
            ]
            assert sorted(acceptances_in_force(known, night=night)["ruling_id"]) == sorted(holding)
    assert switches_in_force(rows).equals(switches_in_force(shuffled))
    assert acceptances(rows).equals(acceptances(shuffled))


def asked(book: Book, *arguments: str) -> tuple[int, str]:
    done = RUNNER.invoke(app, [arguments[0], str(book.path), *arguments[1:]])
    return done.exit_code, done.output


def test_the_commands_freeze_release_accept_withdraw_and_list(book: Book) -> None:
    told = ("--reason", "as told", "--json")
    assert asked(book, "switches") == (0, "no switch is on, no break is accepted\n")
    for target in (("--account", "A1"), ("--household", "H2"), ("--security", "AAA"), ("--book",)):
        assert asked(book, "freeze", *target, *told)[0] == 0
    assert asked(book, "release", "--household", "H2", *told)[0] == 0
    break_of = ("--account", "A1", "--security", "BBB")
    accept = (*break_of, "--difference", "-1.5", "--from", "2015-06-01", "--to", "2015-06-05")
    assert asked(book, "accept", *accept, *told)[0] == 0
    assert (
        asked(book, "accept", "--account", "A2", "--cash", "--difference", "0.01", "--from", "2015-06-01", *told)[0]
        == 0
    )
    status, output = asked(book, "switches", "--json")
    document = json.loads(output)
    assert status == 0
    assert [(row["scope"], row["target"], row["ruling_id"]) for row in document["switches"]] == [
        ("account", "A1", "R1"), ("book", "", "R4"), ("security", "AAA", "R3"),
    ]  # fmt: skip
    assert [
        (row["ruling_id"], row["security_id"], row["difference"], row["unit"], row["to_night"])
        for row in document["accepted_breaks"]
    ] == [("R6", "BBB", "-1.5", "shares", "2015-06-05"), ("R7", None, "0.01", "usd", None)]
    status, output = asked(book, "withdraw", *break_of, *told)
    assert (status, len(json.loads(output)["accepted_breaks"])) == (0, 1)
    assert json.loads(output)["last_published"] is None
    assert [row["kind"] for row in stated(book)] == [*["freeze"] * 4, "release", "accept", "accept", "withdraw"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("freeze", "--account", "A9"), "RULE-004"),
        (("freeze", "--household", "A1"), "RULE-004"),
        (("freeze", "--security", "ZZZ"), "RULE-004"),
        (("freeze",), "RULE-006"),
        (("freeze", "--account", "A1", "--book"), "RULE-006"),
        (("release", "--account", "A1"), "RULE-005"),
        (("release", "--book"), "RULE-005"),
        (("withdraw", "--account", "A1", "--cash"), "RULE-005"),
        (("withdraw", "--account", "A1"), "RULE-007"),
        (("accept", "--account", "A1", "--difference", "0", "--cash", "--from", "2015-06-01"), "RULE-008"),
        (("accept", "--account", "A1", "--difference", "nan", "--cash", "--from", "2015-06-01"), "RULE-008"),
        (("accept", "--account", "A1", "--difference", "1e-7", "--cash", "--from", "2015-06-01"), "RULE-008"),
        (
            ("accept", "--account", "A1", "--difference", "1", "--cash", "--from", "2015-06-02", "--to", "2015-06-01"),
            "RULE-009",
        ),
    ],
)
def test_what_cannot_be_decided_is_refused_with_its_remedy(book: Book, arguments: tuple[str, ...], code: str) -> None:
    status, output = asked(book, *arguments, "--reason", "as told", "--json")
    error = json.loads(output[: output.rindex("}") + 1])["error"]
    assert (status, error["code"]) == (2, code)
    assert error["remedy"]
    assert not (book.path / "static" / "rulings.csv").exists()


def test_the_job_of_the_ui_writes_what_the_command_writes(book: Book) -> None:
    job = switches_of(book)
    with dg.DagsterInstance.ephemeral() as instance:

        def launch(**config: object) -> dg.ExecuteInProcessResult:
            run_config = {"ops": {"switch": {"config": {"reason": "from the launchpad"} | config}}}
            return job.execute_in_process(run_config=run_config, instance=instance, raise_on_error=False)

        assert launch(change="FREEZE", account="A1").success
        assert launch(change="FREEZE", whole_book=True).success
        assert launch(change="RELEASE", whole_book=True).success
        refused = launch(change="FREEZE", account="A9")
    assert not refused.success
    [failure] = [event.step_failure_data for event in refused.all_events if event.is_step_failure]
    assert failure.user_failure_data is not None
    assert failure.user_failure_data.metadata["code"].value == "RULE-004"
    assert switches_in_force(read_rulings(book).rows).rows() == [("account", "A1", "R1", "from the launchpad")]
    assert {row["role"] for row in stated(book)} == {"operator"}
