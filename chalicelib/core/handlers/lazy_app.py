"""Registers each blueprint when its first request arrives: a cold start imports the routes of its own request only."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from chalice.app import Chalice

from chalicelib.core.handlers.edge import UNDER_MFA

SIGNED_ROUTES = "/v1/"

ROUTES = Path(__file__).with_name("routes.json")
"""Behind which doors each path lies. Packaging writes it (lambda_package/tables.py); in a checkout there is none."""


class LazyChalice(Chalice):
    """The Chalice app of a list of doors, each a module of this package with a `blueprint`.

    In the package, a door opens with the first request for one of its paths.
    Elsewhere, and so for `chalice package`, all of them are open from the start.
    """

    def __init__(self, app_name: str, *doors: str) -> None:
        super().__init__(app_name=app_name)
        self.doors = doors
        self._open: set[str] = set()
        self._behind: dict[str, list[str]] = json.loads(ROUTES.read_text()) if ROUTES.exists() else {}
        if not self._behind:
            self._register(doors)

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """Answer one event of API Gateway."""
        path = event.get("requestContext", {}).get("resourcePath")
        self._register(self._behind.get(path, self.doors))
        answer: dict[str, Any] = super().__call__(event, context)
        return answer

    def _register(self, doors: list[str] | tuple[str, ...]) -> None:
        for door in doors:
            if door not in self._open:
                self.register_blueprint(import_module(f"chalicelib.{door}").blueprint)
                self._open.add(door)
        signed = {path: methods for path, methods in self.routes.items() if path.startswith(SIGNED_ROUTES)}
        self.routes.update({f"{UNDER_MFA[:-1]}{path}": methods for path, methods in signed.items()})
