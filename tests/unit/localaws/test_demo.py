"""The demo shows commands and answers, hides secrets, and ends at the first wrong answer."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from localaws import people, profiles
from localaws.broker import Broker
from localaws.demo.stage import Said, SceneFailed, Stage, masked
from localaws.failures import ToolMissing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.localaws.conftest import Account


@pytest.fixture
def stage(account: Account, tmp_path: Path) -> Stage:
    keys = people.Keys("alice", "test", "test")
    url = account.endpoint_url
    profiles.write(tmp_path, [keys], endpoint_url=url, broker_url=url, region="us-east-1")
    broker = Broker(url, url, "us-east-1", tmp_path, MappingProxyType({}), tmp_path / "aws.log")
    return Stage(broker, scene="a test")


def test_the_aws_clis_command_and_answer_are_shown(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    said = stage.aws("sts get-caller-identity", who="alice")
    stage.allowed(said)
    shown = capsys.readouterr().out
    assert "$ aws --profile alice sts get-caller-identity" in shown
    assert "arn:aws:iam::000000000000:root" in shown


def test_a_refusal_must_be_the_expected_one(stage: Stage) -> None:
    said = stage.aws("iam get-user --user-name does-not-exist", who="alice")
    stage.refused(said, "NoSuchEntity")
    with pytest.raises(
        SceneFailed, match=r'scene "a test" failed: expected AWS to refuse with AccessDenied; the answer'
    ):
        stage.refused(said, "AccessDenied")
    with pytest.raises(SceneFailed, match="expected AWS to allow it"):
        stage.allowed(said)


def test_curl_shows_no_secret_and_sends_the_body_as_it_is(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    said = stage.curl("/health", {"reason": 'a "quoted" \\ reason'}, "AKIA:very-secret")
    shown = capsys.readouterr().out
    assert "very-secret" not in shown
    assert '--user "$KEY:$SECRET"' in shown
    assert said.code == 0


def test_a_tool_that_is_not_installed_is_named(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolMissing, match=r"^curl is not installed"):
        stage.curl("/health")


def test_of_a_masked_secret_nothing_is_shown_but_that_it_is_there() -> None:
    assert masked("abcdefghij") == "(10 characters, not shown)"


def test_an_answer_that_is_no_json_is_an_empty_document() -> None:
    assert Said(1, "An error occurred").document == {}
