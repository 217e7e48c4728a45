"""``openbell bench``: figures, and instances for others to compare themselves with; never part of the tests."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

Names = Annotated[int | None, typer.Option(min=1, help="Securities; without it, the published instances.")]
Seed = Annotated[int, typer.Option(help="The same seed makes the same accounts.")]

bench = typer.Typer(name="bench", help="Measure the line, or make instances to compare with.", no_args_is_help=True)
OPTIMA = ("instance", "status", "objective", "bound", "gap_bp", "orders")


@bench.command()
def solve(
    names: Annotated[int, typer.Option(min=1, help="Securities.")] = 200,
    factors: Annotated[int, typer.Option(min=1, help="Factors of the risk model.")] = 20,
    accounts: Annotated[int, typer.Option(min=1, help="Accounts.")] = 200,
    seed: Seed = 950,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="The output is JSON either way.")] = True,
) -> None:
    """Measure the solve against naive CVXPY and one full Clarabel QP, all on the same accounts; print JSON.

    Example: openbell bench solve --names 500 --factors 60 --accounts 200 --seed 950
    """
    from pipelines.measure import measure_solve

    del as_json
    typer.echo(json.dumps(measure_solve(names=names, factors=factors, accounts=accounts, seed=seed), indent=1))


@bench.command()
def night(
    accounts: Annotated[int, typer.Option(min=1, help="Accounts.")] = 1_000,
    names: Annotated[int, typer.Option(min=12, help="Securities.")] = 200,
    lots: Annotated[float, typer.Option(min=1, max=6, help="Lots in a holding, on average.")] = 3,
    *,
    nights: Annotated[int, typer.Option(min=1, help="The first night, and steady ones after it.")] = 2,
    shards: Annotated[int | None, typer.Option(min=1, max=99, help="By default of 6,250 accounts at most.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores by default.")] = None,
    seed: Seed = 950,
    folder: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Where the book is made; the system's temporary folder by default."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the book there, to look at.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The output is JSON either way.")] = True,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Measure whole nights, from the feeds to the published files: seconds, memory and bytes by stage; print JSON.

    Example: openbell bench night --accounts 10000 --names 200 --lots 3 --nights 2
    """
    from pipelines.cli import errors
    from pipelines.measure_night import measure_night

    del as_json
    with errors(as_json=True, debug=debug):
        figures = measure_night(
            folder,
            accounts=accounts,
            names=names,
            lots=lots,
            nights=nights,
            seed=seed,
            shards=shards,
            workers=workers,
            keep=keep,
        )
        typer.echo(json.dumps(figures, indent=1))


@bench.command()
def peers(
    names: Annotated[int, typer.Option(min=2, help="Securities.")] = 200,
    factors: Annotated[int, typer.Option(min=1, help="Factors of the risk model.")] = 20,
    accounts: Annotated[int, typer.Option(min=1, help="Accounts.")] = 10,
    seed: Seed = 950,
    peer_python: Annotated[
        Path | None, typer.Option(help="Python of an environment with taxrebalance; `make peers` sets one up.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="The output is JSON either way.")] = True,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Solve the same accounts with CVXPY, with one full Clarabel program each, and with taxrebalance; print JSON.

    Example: openbell bench peers --names 200 --accounts 10 --peer-python build/peers/bin/python
    """
    from pipelines.cli import errors
    from pipelines.peers import measure_peers

    del as_json
    with errors(as_json=True, debug=debug):
        found = measure_peers(names=names, factors=factors, accounts=accounts, seed=seed, peer_python=peer_python)
        typer.echo(json.dumps(found, indent=1))


@bench.command()
def instances(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the files go; made where it is missing.")],
    names: Names = None,
    factors: Annotated[int, typer.Option(min=1, help="Factors of random instances.")] = 20,
    accounts: Annotated[int, typer.Option(min=1, help="How many random instances.")] = 10,
    seed: Seed = 950,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the optima as JSON.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Write instances with their proven optima: the published ones, or random ones of a size.

    Example: openbell bench instances instances
    """
    from pipelines.cli import errors
    from solvers.instance_maker import published_instances, random_instances

    with errors(as_json=as_json, debug=debug):
        made = (
            published_instances()
            if names is None
            else random_instances(names=names, factors=factors, accounts=accounts, seed=seed)
        )
        rows = write_instances(folder, made)
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), "optima": rows}, indent=1))
    else:
        typer.echo(f"{len(rows)} instances in {folder}, their optima in {folder / 'optima.csv'}")


def write_instances(folder: Path, made: Iterable[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Write each document, one row of it per line, and the table of proven optima; return the table's rows."""
    from solvers.instance import solve_instance

    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, document in made:
        (folder / f"{name}.json").write_text(instance_text(document), encoding="utf-8")
        answer = solve_instance(document)
        rows.append({"instance": name} | {key: answer[key] for key in OPTIMA[1:-1]} | {"orders": len(answer["orders"])})
    with (folder / "optima.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, OPTIMA, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return rows


def instance_text(document: dict[str, Any]) -> str:
    """Return the document as JSON with one security, lot or other part on each line."""
    parts = []
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n  ".join(json.dumps(row, allow_nan=False) for row in value)
            parts.append(f"{json.dumps(key)}: [\n  {rows}]")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}")
    return "{" + ",\n ".join(parts) + "}\n"
