"""The workflow and what surrounds it call only what the checkout has. GitHub runs them; here they are only read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOW: dict[Any, Any] = yaml.safe_load(Path(".github/workflows/ci.yml").read_text())
PREPARE: dict[str, Any] = yaml.safe_load(Path(".github/actions/prepare/action.yml").read_text())
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]
EVENTS: dict[str, Any] = WORKFLOW[True]
"""YAML 1.1 reads the key `on` as true."""

MAKEFILE = Path("Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
MAKE = re.compile(r"make (?:browser )?(\w+)(?: TESTS=(\S+))?")
PINNED = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+$")
HOOKS: list[dict[str, Any]] = [
    hook for repo in yaml.safe_load(Path(".pre-commit-config.yaml").read_text())["repos"] for hook in repo["hooks"]
]
UPDATES: list[dict[str, Any]] = yaml.safe_load(Path(".github/dependabot.yml").read_text())["updates"]


def commands(job: str) -> list[str]:
    return [step["run"] for step in JOBS[job]["steps"] if "run" in step]


def directories(update: dict[str, Any]) -> list[str]:
    found: list[str] = update.get("directories") or [update["directory"]]
    return found


def owned() -> list[str]:
    lines = Path(".github/CODEOWNERS").read_text().splitlines()
    return [line.split()[0] for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("job", JOBS)
def test_a_job_calls_one_target_that_the_makefile_has(job: str) -> None:
    (command,) = commands(job)
    call = MAKE.fullmatch(command)
    assert call
    assert call[1] in TARGETS
    assert Path(call[2] or ".").is_dir()


def test_the_jobs_run_what_ci_runs_and_every_suite() -> None:
    calls = [MAKE.fullmatch(command) for job in JOBS for command in commands(job)]
    made = {call[1] for call in calls if call}
    suites = {call[2] for call in calls if call and call[2]}
    run = set(re.findall(r"for target in (.*);", Path(".ci/run").read_text())[0].split())
    assert made == run | {"coverage"}
    assert suites == {f"tests/{name}" for name in ("unit", "adapters", "e2e")}


def test_the_browser_tests_have_a_browser_where_they_run() -> None:
    assert commands("e2e") == ["make browser test TESTS=tests/e2e"]
    assert "make --no-print-directory browser" in Path(".ci/run").read_text()


@pytest.mark.parametrize("job", JOBS)
def test_a_job_ends_in_bounded_time_and_keeps_no_token(job: str) -> None:
    assert JOBS[job]["timeout-minutes"] <= 30
    assert JOBS[job]["steps"][0]["with"] == {"persist-credentials": False}
    assert JOBS[job]["steps"][1]["uses"] == "./.github/actions/prepare"


def test_the_workflow_may_only_read() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert [job for job in JOBS if "permissions" in JOBS[job]] == []
    assert set(EVENTS) == {"push", "pull_request"}


def test_every_action_is_pinned_to_a_commit_with_its_version_beside() -> None:
    lines = [line for path in Path(".github").rglob("*.yml") for line in path.read_text().splitlines()]
    used = [line for line in lines if re.search(r"\buses:", line) and "./" not in line]
    assert len(used) > len(JOBS)
    assert [line for line in used if not PINNED.search(line)] == []


def test_what_is_cached_is_where_make_keeps_downloads() -> None:
    (cached,) = [step["with"]["path"] for step in PREPARE["runs"]["steps"] if "path" in step.get("with", {})]
    assert f"PIP_CACHE_DIR := $(CURDIR)/{cached}" in MAKEFILE


def test_the_pythons_are_those_that_the_makefile_takes() -> None:
    pythons = [*JOBS["unit"]["strategy"]["matrix"]["python"], PREPARE["inputs"]["python-version"]["default"]]
    versions = {tuple(map(int, python.split("."))) for python in pythons}
    lowest, highest = re.findall(r"\((3), (\d+)\)", MAKEFILE)[:2]
    assert (min(versions), max(versions)) == (tuple(map(int, lowest)), tuple(map(int, highest)))


@pytest.mark.parametrize("hook", HOOKS, ids=[hook["id"] for hook in HOOKS])
def test_a_hook_runs_what_make_check_runs(hook: dict[str, Any]) -> None:
    command = hook["entry"].removesuffix(" --force-exclude")
    assert f"\t@{command}" in MAKEFILE
    assert hook["language"] == "system"


def test_the_hooks_are_the_quick_half_of_make_check() -> None:
    assert [hook["id"] for hook in HOOKS] == ["ruff", "ruff-format", "mypy", "lint-imports", "policy-check"]


def test_updates_are_asked_for_where_versions_stand() -> None:
    places = {(update["package-ecosystem"], place) for update in UPDATES for place in directories(update)}
    assert [place for _, place in places if not Path(place.lstrip("/") or ".").is_dir()] == []
    assert {("pip", "/"), ("github-actions", "/"), ("github-actions", "/.github/actions/prepare")} <= places


def test_the_versions_that_the_embedded_aws_ties_together_move_together() -> None:
    (pip,) = [update for update in UPDATES if update["package-ecosystem"] == "pip"]
    assert {"botocore", "boto3", "boto3-stubs", "ministack"} <= set(pip["groups"]["embedded-aws"]["patterns"])


def test_the_policies_have_owners_and_every_owned_path_exists() -> None:
    assert "/policies/" in owned()
    assert [path for path in owned() if not Path(path.strip("/")).exists()] == []
