"""No address of a domain that is not ours or AWS's own: its owner would get our users, or answer in our name."""

from __future__ import annotations

import re
from pathlib import Path

from chalicelib.core.domain.roles import CONSOLES

OF_AWS = {"docs.aws.amazon.com"} | {host for hosts in CONSOLES.values() for host in hosts}
OF_OTHERS = {
    "127.0.0.1": "this machine",
    "name": "a placeholder in the help of an option",
    "no-color.org": "a convention that a comment names, never asked",
    "s3.amazonaws.com": "the embedded AWS reads templates from it",
    "www.rfc-editor.org": "a standard that a comment names, never asked",
    "abc.execute-api.": "an example of an API's own address",
    "slack.com": "Slack's API and webhooks",
    "json-schema.org": "the dialect of a schema",
    "pathfinding.cloud": "sources of the escalation paths, never asked",
    "rhinosecuritylabs.com": "the same",
    "cloudsplaining.readthedocs.io": "the same",
}
PLACES = (
    ".chalice",
    "access_broker",
    "app.py",
    "chalicelib",
    "docs/audit-event.schema.json",
    "lambda_package",
    "localaws",
    "policies",
    "policytool",
)


def hosts() -> set[str]:
    files = [file for place in PLACES for file in (Path(place).rglob("*") if Path(place).is_dir() else [Path(place)])]
    texts = (file.read_text() for file in files if file.suffix in {".py", ".json", ".yaml", ".cedar"})
    found = {host for text in texts for host in re.findall(r"https?://([A-Za-z0-9.-]{4,})", text)}
    return {host.removeprefix("hooks.") for host in found}


def test_every_address_is_of_aws_or_has_a_reason() -> None:
    assert hosts() - OF_AWS - set(OF_OTHERS) == set()
