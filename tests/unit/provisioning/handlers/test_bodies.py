"""A role template is the same thing over HTTP, in the domain and on its page."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.provisioning.domain.templates import RoleTemplate, Trust
from chalicelib.provisioning.handlers.bodies import TemplateBody, TrustBody

YAML_ON_THE_PAGE = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def documented() -> dict[str, Any]:
    """The template of docs/provisioning.md that has every field."""
    (block,) = YAML_ON_THE_PAGE.findall(Path("docs/provisioning.md").read_text())
    template: dict[str, Any] = yaml.safe_load(block)
    return template


@pytest.mark.parametrize(("body", "template"), [(TemplateBody, RoleTemplate), (TrustBody, Trust)])
def test_a_body_has_the_fields_of_the_template(body: Any, template: Any) -> None:
    assert list(body.__struct_fields__) == [field.name for field in dataclasses.fields(template)]


def test_the_page_on_provisioning_has_every_field() -> None:
    template = documented()
    assert list(template) == list(TemplateBody.__struct_fields__)
    assert list(template["trust"]) == list(TrustBody.__struct_fields__)
