"""Behind which doors each path lies, so that a cold start need not open all of them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from packer.failures import PackagingFailed

if TYPE_CHECKING:
    from pathlib import Path

LIST_ROUTES = """
import json
from app import app

behind = {}
for path, methods in app.routes.items():
    modules = {entry.view_function.__module__ for entry in methods.values()}
    behind[path] = sorted(module.removeprefix("chalicelib.handlers.") for module in modules)
    assert set(behind[path]) <= set(app.doors), f"{path} is answered outside the doors: {behind[path]}"
print(json.dumps(behind, indent=1, sort_keys=True))
"""


def write_table(source: Path, tree: Path) -> None:
    """Ask the app in `source` (this machine's Python can run it) and write routes.json into `tree`."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(source)}
    done = subprocess.run(
        [sys.executable, "-c", LIST_ROUTES], cwd=source, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise PackagingFailed(f"the app could not be asked for its routes: {done.stderr[-500:]}")
    (tree / "chalicelib" / "handlers" / "routes.json").write_text(done.stdout)
