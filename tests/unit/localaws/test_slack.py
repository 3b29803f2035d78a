"""The counterpart of Slack is reached by settings that no template has."""

from __future__ import annotations

from pathlib import Path

import pytest

from chalicelib.core.config import Config
from localaws.slack import Slack

HERE = Slack("http://127.0.0.1:1", "signing", "xoxb-bot", "webhook")
NEEDED = {"BROKER_DEPLOYMENT": "access-broker-test", "BROKER_TABLE": "broker"}


@pytest.mark.parametrize("template", [".chalice/resources.json", ".chalice/resources-aws.json", ".chalice/config.json"])
def test_no_template_names_another_slack_or_admits_loopback(template: str) -> None:
    text = Path(template).read_text()
    assert HERE.variables
    assert not [name for name in HERE.variables if name in text]


def test_a_function_without_these_settings_speaks_to_slack_alone() -> None:
    config = Config.from_env(NEEDED)
    assert (config.slack_api, config.slack_answers) == ("https://slack.com/api/", "https://hooks.slack.com/")
    assert not config.webhook_loopback


def test_with_them_calls_and_answers_go_to_the_counterpart() -> None:
    config = Config.from_env(NEEDED | HERE.variables)
    assert config.slack_api == config.slack_answers == "http://127.0.0.1:1/api/"
    assert config.webhook_loopback


def test_its_secrets_show_in_no_repr() -> None:
    assert not [secret for secret in HERE.shared.values() if secret in repr(HERE)]
