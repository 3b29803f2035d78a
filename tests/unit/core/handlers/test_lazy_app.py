"""LazyChalice open all at once in a checkout, one by one in the package."""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from chalice.app import Blueprint

from bench.first_events import api_event
from chalicelib.core.handlers import lazy_app
from chalicelib.core.handlers.lazy_app import LazyChalice

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def two_doors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules `left` and `right`, each with one route that says its name."""
    for name in ("left", "right"):
        module = ModuleType(f"chalicelib.{name}")
        module.blueprint = Blueprint(module.__name__)  # type: ignore[attr-defined]
        module.blueprint.route(f"/{name}", methods=["POST"])(lambda name=name: {"door": name})
        monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.fixture
def packaged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The table that packaging writes."""
    table = tmp_path / "routes.json"
    table.write_text(json.dumps({"/left": ["left"], "/right": ["right"]}))
    monkeypatch.setattr(lazy_app, "ROUTES", table)


def answered(app: LazyChalice, path: str) -> dict[str, str]:
    answer = app(api_event("POST", path, {}), None)
    assert answer["statusCode"] == 200
    document: dict[str, str] = json.loads(answer["body"])
    return document


def test_without_a_table_every_door_is_open_from_the_start() -> None:
    assert sorted(LazyChalice("test", "left", "right").routes) == ["/left", "/right"]


def test_in_the_package_no_door_is_open_before_the_first_request(packaged) -> None:
    assert list(LazyChalice("test", "left", "right").routes) == []


def test_a_request_opens_its_own_door_and_no_other(packaged) -> None:
    app = LazyChalice("test", "left", "right")
    assert answered(app, "/right") == {"door": "right"}
    assert list(app.routes) == ["/right"]


def test_later_requests_go_through_open_doors_and_open_others(packaged) -> None:
    app = LazyChalice("test", "left", "right")
    doors_taken = [answered(app, path)["door"] for path in ("/right", "/right", "/left", "/right")]
    assert doors_taken == ["right", "right", "left", "right"]


def test_a_path_that_the_table_does_not_know_opens_every_door(packaged, tmp_path: Path) -> None:
    (tmp_path / "routes.json").write_text(json.dumps({"/left": ["left"]}))
    assert answered(LazyChalice("test", "left", "right"), "/right") == {"door": "right"}
