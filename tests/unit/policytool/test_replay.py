"""`broker policy replay`: reads what people have, tells what changes, and stops a pipeline where it should."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.month import month
from chalicelib.access.domain.rule_files import load_rules
from policytool.replay import markdown
from policytool.source import read
from tests.unit.policytool.command import policy_tool

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def lines() -> list[str]:
    """A small month of decisions, made when a test asks: every process of a run collects this file."""
    return [one.line for one in month(load_rules(read(Path("policies/access"), "*.cedar")), 200, 30)]


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[str, str, str], str]:
    """The shipped policies with one edit, in a folder."""

    def edit(name: str, old: str, new: str) -> str:
        folder = tmp_path / "policies"
        (folder / "access").mkdir(parents=True)
        for file in Path("policies/access").glob("*.cedar"):
            text = file.read_text()
            (folder / "access" / file.name).write_text(text.replace(old, new) if file.name == name else text)
        return str(folder)

    return edit


@pytest.fixture
def events(tmp_path: Path) -> str:
    file = tmp_path / "events.jsonl"
    file.write_text("".join(f"{line}\n" for line in lines()))
    return str(file)


def test_the_same_policies_change_nothing(events: str) -> None:
    done = policy_tool("replay", "--events", events, "--fail-on", "refused,allowed,approval,reason,mfa,terms")
    assert (done.code, done.output) == (0, f"{len(lines())} decisions replayed, 0 change.\n")


@pytest.mark.parametrize(("fail_on", "code"), [("refused", 1), ("refused,allowed", 1), ("allowed", 0), ("", 0)])
def test_a_pipeline_stops_at_the_changes_that_it_names(edited, events: str, fail_on: str, code: int) -> None:
    policies = edited("engineers.cedar", 'Group::"engineers"', 'Group::"approvers"')
    done = policy_tool("replay", "--events", events, "--policies", policies, "--fail-on", fail_on)
    assert (done.code, "Would now be refused" in done.output) == (code, True)


@pytest.mark.parametrize("form", ["list", "export", "gzip"])
def test_it_reads_a_list_and_what_cloudwatch_exports(tmp_path: Path, form: str) -> None:
    file = tmp_path / ("events.gz" if form == "gzip" else "events.json")
    exported = "".join(f"2026-11-23T12:00:00.000Z {line}\n" for line in lines()).encode()
    listed = json.dumps([json.loads(line) for line in lines()], indent=2).encode()
    file.write_bytes({"list": listed, "export": exported, "gzip": gzip.compress(exported)}[form])
    assert json.loads(policy_tool("replay", "--events", str(file), "--json").output)["replayed"] == len(lines())


def test_a_comment_holds_no_markup_of_others() -> None:
    example = {"at": "2026-11-23T12:00:00.000Z", "id": "01k", "action": "TakeCredentials", "role": "x"}
    person = {"name": "<img src=x>|[a](b)", "decisions": 1, "roles": ["`r`"], "example": example}
    group = {"change": "refused", "was": "allowed", "was_by": ["a"], "now_by": [], "decisions": 1, "people": [person]}
    found = {"replayed": 1, "changed": 1, "not_replayed": {}, "changes": [group]}
    [row] = [line for line in markdown(found) if "img" in line]
    assert not set(row.replace("&#", "").removeprefix("| ").removesuffix(" |")) & set("<>[]`()")


@pytest.mark.parametrize("words", [["--events", "/nowhere"], ["--events", "-", "--policies", "/nowhere"]])
def test_what_cannot_be_read_is_named(words: list[str]) -> None:
    done = policy_tool("replay", *words)
    assert (done.code, "nowhere" in done.output) == (2, True)


def test_a_kind_of_change_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        policy_tool("replay", "--events", "-", "--fail-on", "everything")
    assert "everything" not in capsys.readouterr().out
