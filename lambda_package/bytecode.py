"""Bytecode for a read-only tree.

Lambda's /var/task is read-only, so bytecode that is missing is compiled again
at every cold start (twice boto3's whole start). The sources stay in the
package: tracebacks quote them, and an account's owner can read what runs.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_package.failures import PackagingFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

COMPILER = Path(__file__).with_name("compile_sources.py")


def compile_tree(tree: Path, python: str) -> None:
    """Compile every source under `tree` with that Python; a file that it cannot parse is a failure."""
    # A fresh process, a fixed hash seed: what marshal writes depends on what else the process has seen.
    # Without columns (no_debug_ranges): tracebacks keep their lines and lose the carets, files a tenth.
    done = _run([python, "-X", "no_debug_ranges", "-S", str(COMPILER), str(tree)])
    if done.returncode:
        raise PackagingFailed(f"a source could not be compiled: {done.stderr[-500:]}")


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env={"PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=False)
