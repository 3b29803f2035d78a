"""The roles of policies/roles, made by the deployed provision function as a pipeline would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from localaws.failures import StepFailed

TEMPLATES = Path(__file__).resolve().parent.parent / "policies" / "roles"


def templates() -> list[dict[str, Any]]:
    """Every template that names no user in its trust policy: such a user has to exist first."""
    found = [yaml.safe_load(path.read_text()) for path in sorted(TEMPLATES.glob("*.yaml"))]
    return [template for template in found if not template.get("trust", {}).get("direct_users")]


def template(name: str) -> dict[str, Any]:
    """One template by its name."""
    found: dict[str, Any] = yaml.safe_load((TEMPLATES / f"{name}.yaml").read_text())
    return found


def apply_all(aws_lambda: Any, function: str, log: Path) -> None:
    """Make every role of `templates()`."""
    for one in templates():
        answer = order(aws_lambda, function, {"action": "apply_role", "template": one})
        if not answer.get("ok"):
            raise StepFailed(f"making the role {one['name']}", json.dumps(answer), log)


def order(aws_lambda: Any, function: str, event: dict[str, Any]) -> dict[str, Any]:
    """Invoke the provision function and read its answer."""
    invoked = aws_lambda.invoke(FunctionName=function, Payload=json.dumps(event).encode())
    answer: dict[str, Any] = json.load(invoked["Payload"])
    return answer
