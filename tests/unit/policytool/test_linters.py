"""Findings of linters: each is mended or has a reason, and a reason without a finding goes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from policytool.linters import __main__ as linters

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REASONS = json.loads(linters.REASONS.read_text())


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """The linters answer as told, and keep nothing."""
    monkeypatch.setattr(linters, "PLACE", tmp_path)
    monkeypatch.setattr(linters, "_environment", lambda _tool: tmp_path / "python")

    def tell(**by_tool: dict[str, str]) -> None:
        for tool in linters.TOOLS:
            told = by_tool.get(tool, dict.fromkeys(REASONS[tool], "as known"))
            monkeypatch.setattr(linters, f"_{tool}", lambda _python, _files, told=told: told)

    return tell


def test_what_is_known_and_reasoned_passes(found, capsys) -> None:
    found()
    assert linters.main([]) == 0
    assert capsys.readouterr().out == ""


def test_a_new_finding_fails_and_is_named(found, capsys) -> None:
    found(cloudsplaining={"audit: privilege escalation": "PassRole"})
    assert linters.main([]) == 1
    assert "cloudsplaining: audit: privilege escalation: PassRole" in capsys.readouterr().out


def test_a_reason_that_is_needed_no_more_fails(found, capsys) -> None:
    left = dict.fromkeys(list(REASONS["checkov"])[1:], "as known")
    found(checkov=left)
    assert linters.main([]) == 1
    assert f"{next(iter(REASONS['checkov']))} is found no more" in capsys.readouterr().out


def test_files_that_did_not_change_are_not_examined_again(found, monkeypatch) -> None:
    found()
    assert linters.main(["policies/people.json"]) == 0
    monkeypatch.setattr(linters, "_checkov", lambda *_: pytest.fail("examined again"))
    assert linters.main(["policies/people.json"]) == 0


def test_each_reason_says_why() -> None:
    assert all(len(reason) > 40 for reasons in REASONS.values() for reason in reasons.values())


def test_functions_of_cloudformation_become_values_of_their_form() -> None:
    document = {"Fn::If": ["HasKey", {"Fn::Sub": "arn:${AWS::Partition}:sqs:${AWS::Region}:1:x"}, {"Ref": "None"}]}
    assert linters.resolved(document) == "arn:aws:sqs:us-east-1:1:x"
