"""The files by which a stranger knows the project: licence, how to report, how to contribute, how to ask."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

APACHE_2_0 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
"""SHA-256 of the text as the Apache Software Foundation publishes it."""

FORMS = [path for path in Path(".github/ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml"]
CONTRIBUTING = Path("CONTRIBUTING.md").read_text()
FOLDER = re.compile(r"`([\w.-]+(?:/[\w-]+)+)/?`")
INPUTS = {"textarea", "input", "dropdown", "checkboxes"}


def test_the_licence_is_apache_2_0_word_for_word() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    assert hashlib.sha256(Path("LICENSE").read_bytes()).hexdigest() == APACHE_2_0
    assert (project["license"], project["license-files"]) == ("Apache-2.0", ["LICENSE"])


def test_security_names_no_address_that_another_could_own() -> None:
    text = Path("SECURITY.md").read_text()
    assert "Report a vulnerability" in text
    assert re.findall(r"https?://|[\w.]+@[\w.]+", text) == []


def test_the_recipes_name_folders_and_targets_that_are_there() -> None:
    """The files that they name: tests/unit/docs/test_architecture.py."""
    targets = set(re.findall(r"^([a-z]+):", Path("Makefile").read_text(), re.MULTILINE))
    assert [folder for folder in FOLDER.findall(CONTRIBUTING) if not Path(folder).exists()] == []
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", CONTRIBUTING, re.MULTILINE)) <= targets


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_an_issue_form_is_one_that_github_reads(form: Path) -> None:
    document: dict[str, Any] = yaml.safe_load(form.read_text())
    asked = [part for part in document["body"] if part["type"] != "markdown"]
    assert document["name"]
    assert document["description"]
    assert {part["type"] for part in asked} <= INPUTS
    assert len({part["id"] for part in asked}) == len(asked)
    assert [part["id"] for part in asked if not part["attributes"]["label"]] == []
