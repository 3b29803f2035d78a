"""Tables that packaging computes from the app, so that no request has to."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from lambda_package.failures import PackagingFailed

if TYPE_CHECKING:
    from pathlib import Path

LIST_ROUTES = """
import json
from app import app

behind = {}
for path, methods in app.routes.items():
    modules = {entry.view_function.__module__ for entry in methods.values()}
    behind[path] = sorted(module.removeprefix("chalicelib.") for module in modules)
    assert set(behind[path]) <= set(app.doors), f"{path} is answered outside the doors: {behind[path]}"
print(json.dumps(behind, indent=1, sort_keys=True))
"""

DESCRIBE = """
from chalicelib.contract.openapi.document import text

print(text(), end="")
"""

TABLES = {"core/handlers/routes.json": LIST_ROUTES, "contract/handlers/openapi.json": DESCRIBE}
"""Behind which doors each path lies, so that a cold start opens no others; and what GET /openapi.json says."""


def write(source: Path, tree: Path) -> None:
    """Ask the app in `source` (this machine's Python can run it) and write both files into `tree`."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(source)}
    for name, program in TABLES.items():
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=source, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise PackagingFailed(f"the app could not be asked for its {name}: {done.stderr[-500:]}")
        (tree / "chalicelib" / name).write_text(done.stdout)
