"""Whatever an instance file holds, it is solved or refused by name: exit status 2, and never a traceback."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ledger.errors import OpenbellError
from pipelines.cli import app
from solvers.instance import solve_instance
from solvers.warm import tiny_instance

Document = dict[str, Any]
FACTS = ("code", "where", "found", "expected", "remedy")
NAN = float("nan")


def whole_instance() -> Document:
    """Return an instance with every field that may be there."""
    document = tiny_instance()
    document["taxable"] = True
    document["flow_usd"] = 10.0
    document["factor_covariance"] = [[1.0]]
    for security in document["securities"]:
        security.update(max_weight=0.9, can_buy=True, can_sell=True, identical_group=security["security_id"])
    for lot in document["lots"]:
        lot.update(sale_allowed=True, loss_sale_allowed=True)
    document["policy"].update(
        sector_band=0.5, turnover_max=0.5, net_gain_budget_usd=100.0, tracking_error_max=0.5, share_step=0.01,
        min_trade_usd=1.0, factor_band=0.5, relaxation_order=["turnover", "cash"], trigger=0.0, loss_margin=0.02,
        mode="tax_aware",
    )  # fmt: skip
    return document


CASES: dict[str, tuple[str, Callable[[Document], Any]]] = {
    "a nan": ("INST-004", lambda d: d["lots"][0].update(basis_usd=NAN)),
    "a negative price": ("INST-005", lambda d: d["securities"][0].update(price_usd=-1.0)),
    "exposures of wrong length": ("INST-006", lambda d: d["securities"][0].update(exposures=[0.1, 0.2])),
    "a covariance that is not positive semidefinite": ("INST-009", lambda d: d.update(factor_covariance=[[-1.0]])),
    "an unknown security in a lot": ("INST-010", lambda d: d["lots"][0].update(security_id="S9")),
    "a benchmark that does not sum to one": (
        "INST-007", lambda d: d["securities"][0].update(benchmark_weight=0.5)),
    "contradictory limits": ("INST-012", lambda d: d["policy"].update(cash_min=0.2, cash_max=0.1)),
    "a missing field": ("INST-002", lambda d: d["securities"][0].pop("sector")),
    "a wrong format tag": ("INST-001", lambda d: d.update(format="openbell-instance/9")),
    "an unknown mode": ("INST-013", lambda d: d["policy"].update(mode="greedy")),
    "a word where a list belongs": ("INST-014", lambda d: d.update(lots="none")),
    "a word for a truth": ("INST-014", lambda d: d["securities"][0].update(can_buy="false")),
    "an unknown field": ("INST-015", lambda d: d["policy"].update(turnover=0.1)),
    "a factor band on other exposures": (
        "INST-017", lambda d: (d.update(factor_covariance=[[0.5]]), d["policy"].update(factor_band=0.01))),
    "a negative factor band": ("INST-005", lambda d: d["policy"].update(factor_band=-0.01)),
    "an unknown limit that gives": ("INST-018", lambda d: d["policy"].update(relaxation_order=["turnover", "tax"])),
    "a limit that gives twice": ("INST-018", lambda d: d["policy"].update(relaxation_order=["cash", "cash_min"])),
    "an order that is no list": ("INST-014", lambda d: d["policy"].update(relaxation_order="cash")),
    "more shares than can be counted": ("INST-016", lambda d: d["lots"][0].update(shares=1e14)),
    "more money than can be counted": ("INST-016", lambda d: d["lots"][0].update(shares=1e11)),
    "a price that cannot be counted": ("INST-016", lambda d: d["securities"][0].update(price_usd=1e9)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_bad_instance_is_refused_with_all_its_facts(case: str, tmp_path: Path) -> None:
    code, damage = CASES[case]
    document = whole_instance()
    damage(document)
    file = tmp_path / "instance.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    ran = CliRunner().invoke(app, ["solve", str(file)])
    assert ran.exit_code == 2
    error = json.loads(ran.stdout)["error"]
    assert error["code"] == code
    assert all(error[fact] for fact in FACTS), error
    assert code in ran.stderr
    assert "Traceback" not in ran.output


@pytest.mark.parametrize("content", ["", "{", "[1]", "null", '"text"', "\xff"])
def test_a_file_that_is_no_instance_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "instance.json"
    file.write_bytes(content.encode("latin-1"))
    ran = CliRunner().invoke(app, ["solve", str(file)])
    assert ran.exit_code == 2
    assert ran.exception is None or isinstance(ran.exception, SystemExit)


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the place of every value in a document."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, part in value.items():
            yield from places(part, (*path, key))
    elif isinstance(value, list):
        for number, part in enumerate(value[:1]):
            yield from places(part, (*path, number))


@pytest.mark.parametrize(
    "worth",
    [None, "x", "", [], {}, -1.0, 0.0, NAN, float("inf"), 1e300, 1e-300, True, [[]], [None], {"a": 1}],
    ids=repr,
)
def test_any_value_anywhere_is_solved_or_refused(worth: object) -> None:
    for path in places(whole_instance()):
        document = copy.deepcopy(whole_instance())
        at: Any = document
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = copy.deepcopy(worth)
        with contextlib.suppress(OpenbellError):
            answer = solve_instance(document)
            assert answer["status"], path
            json.dumps(answer, allow_nan=False)
