"""Refreshes policies/escalation.json from cloudsplaining, which keeps the published lists together.

Run it where that library is installed (docs/provisioning.md, "The list of
escalation paths"); neither the broker nor its tests import it.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import sys
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent.parent / "policies" / "escalation.json"
LIBRARY = "cloudsplaining"


def main() -> None:
    """Replace `source` and `paths`; what was added or tolerated by review stays."""
    kept = json.loads(FILE.read_text()) if FILE.exists() else {}
    constants = importlib.import_module(f"{LIBRARY}.shared.constants")
    document = {**kept, "source": _source(), "paths": _paths(constants)}
    before = {path["name"] for path in kept.get("paths", [])}
    after = {path["name"] for path in document["paths"]}
    FILE.write_text(json.dumps(document, indent=2) + "\n")
    sys.stdout.write(f"{len(after)} paths; new: {sorted(after - before)}; gone: {sorted(before - after)}\n")


def _source() -> dict[str, str]:
    return {
        "library": LIBRARY,
        "version": importlib.metadata.version(LIBRARY),
        "licence": "MIT",
        "from": "cloudsplaining.shared.constants.PRIVILEGE_ESCALATION_METHODS",
    }


def _paths(constants: Any) -> list[dict[str, Any]]:
    described = constants.PRIVILEGE_ESCALATION_PATHFINDING_PATHS
    return [
        {
            "name": name,
            "actions": list(actions),
            "see": described.get(name) or constants.PRIVILEGE_ESCALATION_GLOSSARY_URL,
        }
        for name, actions in constants.PRIVILEGE_ESCALATION_METHODS.items()
    ]


if __name__ == "__main__":
    main()
