"""The operator's page is whole: every error code and every reason for holding an account is on it, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operator.md").read_text(encoding="utf-8")
CODE = re.compile(r"\b[A-Z]{2,8}-\d{3}\b")
PACKAGES = ("ledger", "solvers", "assets", "pipelines")
PYTHON = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
SQL = sorted((ROOT / "sql").rglob("*.sql"))
SPEAKS_OF_HOLDING = {"gap_refusal", "diagnosis"}
"""Functions that return why an account is held."""
HOLDS = re.compile(r"HELD_|as reasons|reasons =|break_told|switch_reason")


def codes_in(text: str) -> set[str]:
    return {code for code in CODE.findall(text) if not code.startswith(("SHA-", "UTF-"))}


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def first_cells(text: str) -> list[str]:
    return [line.split("|")[1] for line in text.splitlines() if line.startswith("| ") and "---" not in line]


def test_every_error_code_is_on_the_page_once_and_no_other() -> None:
    written = set().union(*(codes_in(path.read_text(encoding="utf-8")) for path in [*PYTHON, *SQL]))
    told = [code for cell in first_cells(section("Error codes")) for code in CODE.findall(cell)]
    assert sorted(told) == sorted(written)


def constants(node: ast.AST, names: dict[str, str]) -> Iterator[str]:
    """Yield the texts in an expression, those behind a module's names included."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
        elif isinstance(part, ast.Name) and part.id in names:
            yield names[part.id]


def reasons_in(path: Path) -> Iterator[str]:
    """Yield what a module says of accounts that it holds: beside a held status, or as a reason or refusal."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call | ast.Tuple):
            beside = [*node.args, *(pair.value for pair in node.keywords)] if isinstance(node, ast.Call) else node.elts
            if any(isinstance(one, ast.Attribute) and one.attr.startswith("HELD_") for one in beside):
                yield from (text for one in beside for text in constants(one, names))
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).split(".")[-1] == "reason":
            yield from constants(node.value, names)
        elif isinstance(node, ast.FunctionDef) and node.name in SPEAKS_OF_HOLDING:
            returned = [
                part.value for part in ast.walk(node) if isinstance(part, ast.Return) and part.value is not None
            ]
            yield from (text for value in returned for text in constants(value, names))


def spoken(texts: Iterator[str]) -> list[str]:
    """Return the longest part of each text that is always the same, where it is more than a word or two."""
    parts = [max(text.split("{}"), key=len) for text in texts]
    return sorted({part.strip(" ,:;") for part in parts if len(part.strip()) >= 9 and " " in part.strip()})


MADE_IN_PYTHON = spoken(
    text
    for path in [*sorted((ROOT / "solvers").glob("*.py")), ROOT / "assets" / "proposal_tables.py"]
    for text in reasons_in(path)
)
MADE_IN_SQL = spoken(
    literal
    for name in ("reconciliation/outcome", "trades/stopped", "trades/unanswered", "functions/switch_reason")
    for literal in re.findall(r"'([^'\n]*)'", re.sub(r"--[^\n]*", "", (ROOT / f"sql/{name}.sql").read_text("utf-8")))
)


def test_the_reasons_are_found_where_they_are_made() -> None:
    assert {"the account is frozen", "mode hold", "no trades keep all limits", "never priced"} <= set(MADE_IN_PYTHON)
    assert {"the shard had not answered at the deadline", "is no longer in force"} <= set(MADE_IN_SQL)


@pytest.mark.parametrize("reason", [*MADE_IN_PYTHON, *MADE_IN_SQL])
def test_every_reason_for_holding_an_account_is_on_the_page(reason: str) -> None:
    assert reason in section("Held accounts")


def test_every_kind_of_break_is_on_the_page() -> None:
    schema = (ROOT / "sql/schema/reconciliation/recon_break.sql").read_text(encoding="utf-8")
    kinds = re.findall(r"'([a-z_]+)'", schema[schema.index("kind in") : schema.index("security_id varchar")])
    assert len(kinds) == 7
    for kind in kinds:
        assert f"`{kind.replace('_', ' ')}`" in section("Held accounts")


def test_the_page_tells_no_reason_that_nothing_makes() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in [*PYTHON, *SQL]).replace("_", " ")
    for cell in first_cells(section("Held accounts")):
        for phrase in re.findall(r"`([^`]+)`", cell):
            words = phrase.strip(" ,:").removesuffix("...").replace("_", " ")
            assert CODE.match(words) or words in sources, phrase


def test_every_picture_and_link_of_the_page_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for page in ("operator", "operations")
        for line in (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("#")
    }
    for anchor in re.findall(r"\]\((?:operations\.md)?#([^)]+)\)", PAGE):
        assert anchor in headings, anchor


@pytest.mark.parametrize("picture", sorted((ROOT / "docs" / "screenshots").glob("*")), ids=lambda path: path.name)
def test_a_picture_is_small_and_shown(picture: Path) -> None:
    assert picture.suffix == ".png"
    assert picture.stat().st_size < 150_000
    assert f"(screenshots/{picture.name})" in PAGE
