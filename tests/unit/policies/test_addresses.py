"""No address of a domain that is not ours or AWS's own: its owner would get our users, or answer in our name."""

from __future__ import annotations

import re
from pathlib import Path

OF_AWS = {"docs.aws.amazon.com", "signin.aws.amazon.com", "console.aws.amazon.com"}
OF_OTHERS = {
    "abc.execute-api.": "an example of an API's own address",
    "slack.com": "Slack's API and webhooks",
    "json-schema.org": "the dialect of a schema",
    "pathfinding.cloud": "sources of the escalation paths, never asked",
    "rhinosecuritylabs.com": "the same",
    "cloudsplaining.readthedocs.io": "the same",
}
PLACES = ("chalicelib", ".chalice", "policies", "lambda_package", "docs/audit-event.schema.json")


def hosts() -> set[str]:
    files = [file for place in PLACES for file in (Path(place).rglob("*") if Path(place).is_dir() else [Path(place)])]
    texts = (file.read_text() for file in files if file.suffix in {".py", ".json", ".yaml", ".cedar"})
    found = {host for text in texts for host in re.findall(r"https?://([A-Za-z0-9.-]{4,})", text)}
    return {host.removeprefix("hooks.") for host in found}


def test_every_address_is_of_aws_or_has_a_reason() -> None:
    assert hosts() - OF_AWS - set(OF_OTHERS) == set()
