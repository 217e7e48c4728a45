"""The house keeps its own rules: who imports whom, how long things are, what a statement looks like."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BELOW = {
    "ledger": set(),
    "solvers": {"ledger"},
    "assets": {"ledger", "solvers"},
    "pipelines": {"ledger", "solvers", "assets"},
}
MAY_IMPORT = {
    "ledger": set(),
    "solvers": {"numpy", "numba", "scipy", "clarabel"},
    "assets": {"cryptography", "numpy", "polars", "pyarrow", "pandera", "pydantic", "dagster"},
    "pipelines": {"matplotlib", "numpy", "polars", "pyarrow", "dagster", "typer", "rich", "requests"},
}
ONLY_HERE = {
    "duckdb": {"assets/store.py"},
    "cvxpy": {"solvers/reference.py", "solvers/baselines.py"},
    "taxrebalance": {"pipelines/peer_taxrebalance.py"},  # run in an environment of its own
    "tax_rebalancing": {"pipelines/peer_taxrebalance.py"},
}
MODULES = sorted(path for package in BELOW for path in (ROOT / package).rglob("*.py"))
STATEMENTS = sorted((ROOT / "sql").rglob("*.sql"))


def imports_of(path: Path) -> set[str]:
    """Return the first names of everything ``path`` imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add((node.module or "").split(".")[0])
    return names


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_what_its_floor_may(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    allowed = BELOW[package] | {package} | MAY_IMPORT[package] | set(sys.stdlib_module_names)
    allowed |= {name for name, places in ONLY_HERE.items() if name_of(path) in places}
    assert imports_of(path) <= allowed, imports_of(path) - allowed


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= 80, f"{node.name} has {lines} lines"


@pytest.mark.parametrize("path", STATEMENTS, ids=name_of)
def test_a_statement_file_holds_one_statement_with_its_header(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"-- {path.stem}: "), "the first line names the statement"
    makes_no_rows = re.search(r"^create (or replace )?(temp )?(macro|sequence|schema)", text, re.MULTILINE)
    assert makes_no_rows or re.search(r"^-- Grain:", text, re.MULTILINE), "the header gives the grain"
    body = re.sub(r"--[^\n]*", "", text)
    assert ";" not in re.sub(r"'[^']*'", "", body), "one statement per file, without a semicolon"


def test_pins_name_no_address() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in path.read_text(encoding="utf-8"), path


CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter", "process_time", "uuid4", "urandom"}
MAY_READ_A_CLOCK = {
    "assets/locks.py",  # names of temporary files, as in the next
    "pipelines/book_maker.py",
    "pipelines/deadline.py",  # the one wall clock that deadlines are held against
    "pipelines/headless.py",  # how long a shard took, as in the next
    "pipelines/watch.py",
    "pipelines/launcher.py",  # whether a run was lost
    "pipelines/measure.py",  # benchmarks, as in the next three
    "pipelines/measure_night.py",
    "pipelines/meters.py",
    "pipelines/peer_taxrebalance.py",
    "pipelines/ruling_commands.py",  # when an operator ruled, as in the next
    "pipelines/switch_job.py",
}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_result_depends_on_no_clock_and_no_chance(path: Path) -> None:
    called = {
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func) != "dt.time"  # a time of day
    }
    if name_of(path) not in MAY_READ_A_CLOCK:
        assert not called & CLOCKS
