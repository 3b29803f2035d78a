"""CloudFormation and the permissions boundary of a role."""

from __future__ import annotations

from typing import Any

import pytest
from ministack.services import iam

from localaws.parity.runtime.role_boundaries import bounded

BOUNDARY = "arn:aws:iam::000000000000:policy/limit"


@pytest.fixture
def roles(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """A role that ministack's own handlers leave without a boundary."""
    kept: dict[str, dict[str, Any]] = {"worker": {}}
    monkeypatch.setattr(iam, "_roles", kept)
    return kept


def test_a_role_of_a_stack_has_the_boundary_of_its_template(roles) -> None:
    make = bounded(lambda *_given: ("worker", {}))
    make("Worker", {"PermissionsBoundary": BOUNDARY}, "shop")
    assert roles["worker"]["PermissionsBoundary"] == BOUNDARY


def test_an_update_puts_the_new_boundary_on_and_takes_it_off(roles) -> None:
    change = bounded(lambda *_given, **_named: ("worker", {}))
    change("worker", {}, {"PermissionsBoundary": BOUNDARY}, "shop", logical_id="Worker")
    assert roles["worker"]["PermissionsBoundary"] == BOUNDARY
    change("worker", {"PermissionsBoundary": BOUNDARY}, {}, "shop", logical_id="Worker")
    assert roles["worker"]["PermissionsBoundary"] is None
