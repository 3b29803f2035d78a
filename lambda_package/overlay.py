"""Resources for real accounts only: the embedded AWS does not know them.

Run as `python -m lambda_package.overlay TEMPLATE OVERLAY`: adds the overlay's resources
to the template. Chalice merges one file only.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def add(template: Path, overlay: Path) -> None:
    """Write the overlay's resources into the template; ValueError if one is there already."""
    document = json.loads(template.read_text())
    added = json.loads(overlay.read_text())["Resources"]
    twice = sorted(added.keys() & document["Resources"].keys())
    if twice:
        raise ValueError(f"{overlay.name} redefines {', '.join(twice)}")
    document["Resources"] |= added
    template.write_text(json.dumps(document, indent=2, sort_keys=True))


if __name__ == "__main__":
    add(Path(sys.argv[1]), Path(sys.argv[2]))
