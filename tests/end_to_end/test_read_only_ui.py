"""The auditors' interface: everything can be looked at, nothing started or changed, and nobody else can reach it."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.book_cases import NIGHTS, fingerprint
from tests.desk_cases import desk_over

MUTATIONS = {
    "launchRun": """mutation { launchRun(executionParams: {
        selector: {pipelineName: "publish", repositoryName: "__repository__",
                   repositoryLocationName: "pipelines.definitions"},
        runConfigData: "{}"}) { __typename } }""",
    "startSensor": """mutation { startSensor(sensorSelector: {sensorName: "night_line",
        repositoryName: "__repository__", repositoryLocationName: "pipelines.definitions"}) { __typename } }""",
    "terminateRun": """mutation { terminateRun(runId: "@") {
        __typename ... on TerminateRunFailure { message } } }""",
    "launchPartitionBackfill": """mutation { launchPartitionBackfill(backfillParams: {
        assetSelection: [{path: ["trades"]}], partitionNames: ["2026-09-01"]}) { __typename } }""",
    "wipeAssets": """mutation { wipeAssets(assetPartitionRanges: [{assetKey: {path: ["trades"]}}]) { __typename } }""",
    "reportRunlessAssetEvents": """mutation { reportRunlessAssetEvents(eventParams: {
        eventType: ASSET_MATERIALIZATION, assetKey: {path: ["trades"]}}) { __typename } }""",
    "deletePipelineRun": 'mutation { deletePipelineRun(runId: "@") { __typename } }',
    "reloadWorkspace": "mutation { reloadWorkspace { __typename } }",
}


def posted(url: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.ui
def test_an_auditor_sees_every_run_and_changes_nothing(book_copy: Path, tmp_path: Path) -> None:
    before = fingerprint(book_copy / "store") | fingerprint(book_copy / "published")
    runs = "{ runsOrError { ... on Runs { results { runId } } } }"
    with desk_over(book_copy, made_in=book_copy, log=tmp_path / "ui.log", options=["--read-only"]) as desk:
        address = desk.address
        _, seen = posted(f"{address}/graphql", {"query": runs})
        found = [run["runId"] for run in seen["data"]["runsOrError"]["results"]]
        assert len(found) == 3 * (1 + 2 + 1), "three nights of ingest, two shards, publish"
        for name, mutation in MUTATIONS.items():
            _, answer = posted(f"{address}/graphql", {"query": mutation.replace("@", found[0])})
            told = answer["data"][name]
            refused = told["__typename"] == "UnauthorizedError" or "not have permission" in told.get("message", "")
            assert refused, (name, answer)
        for kind in ("materialization", "observation", "check"):
            status, _ = posted(
                f"{address}/report_asset_{kind}/trades", {"partition": NIGHTS[0], "check_name": "audits"}
            )
            assert status == 401, kind
        desk.visit(f"/assets/trades?view=partitions&partition={NIGHTS[0]}")
        assert "HELD_FROZEN" in desk.told("held_accounts")
        materialise = desk.page.get_by_role("button", name=re.compile("Materialize"))
        materialise.first.wait_for()
        assert all(button.is_disabled() for button in materialise.all())
        desk.visit(f"/runs/{found[0]}")
        desk.page.get_by_text("RUN_SUCCESS").wait_for()
        again = desk.page.get_by_role("button", name=re.compile("Re-execute|Terminate"))
        assert all(button.is_disabled() for button in again.all())
        _, seen = posted(f"{address}/graphql", {"query": runs})
        assert [run["runId"] for run in seen["data"]["runsOrError"]["results"]] == found
    assert fingerprint(book_copy / "store") | fingerprint(book_copy / "published") == before
