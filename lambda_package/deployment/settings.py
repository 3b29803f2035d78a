"""The values that a deployment gives to the parameters of the stack, and what has to follow when they change."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from typing import Any

API, POLICY = "RestAPI", "x-amazon-apigateway-policy"
REFERENCE = re.compile(r'\{"Ref": "(\w+)"\}')

Document = dict[str, Any]


def values_of(template: Document, stack: Document | None, given: dict[str, str]) -> dict[str, str]:
    """Each parameter's value after the deployment: the given one, else the stack's, else the default."""
    before = {one["ParameterKey"]: one.get("ParameterValue") for one in (stack or {}).get("Parameters", [])}
    defaults = {name: one.get("Default") for name, one in template["Parameters"].items()}
    return {name: str(given.get(name, before.get(name, default))) for name, default in defaults.items()}


def digest(content: Any) -> str:
    """Twelve hexadecimal digits that stand for it."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def with_a_deployment_for(template: Document, values: dict[str, str]) -> Document:
    """The template with the values that the API's resource policy names in the API's description.

    API Gateway goes on with the old policy until a new deployment of the API. SAM makes one where the text of the API
    changed, and a parameter's value does not change it.
    """
    if API not in template["Resources"]:
        return template
    made = copy.deepcopy(template)
    api = made["Resources"][API]["Properties"]["DefinitionBody"]
    names = REFERENCE.findall(json.dumps(api[POLICY]))
    if named := {name: values[name] for name in names if values.get(name)}:
        api["info"]["description"] = f"settings {digest(named)}"
    return made
