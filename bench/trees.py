"""The package unpacked: once read-only as Lambda has it, once with ordinary warm bytecode."""

from __future__ import annotations

import compileall
import json
import os
import shutil
import zipfile
from dataclasses import dataclass
from py_compile import PycInvalidationMode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Trees:
    """Where the two trees are, and the handlers that the template names."""

    packed: Path
    warm: Path
    handlers: tuple[str, ...]


def unpacked(package: Path, template: Path, scratch: Path) -> Trees:
    """Unpack the package twice under `scratch`."""
    packed, warm = scratch / "packed", scratch / "warm"
    for tree in (packed, warm):
        with zipfile.ZipFile(package) as archive:
            archive.extractall(tree)
    _recompile(warm)
    _write_protect(packed)
    return Trees(packed, warm, handlers(template))


def handlers(template: Path) -> tuple[str, ...]:
    """Every Lambda function's handler, the API's first."""
    resources = json.loads(template.read_text())["Resources"].values()
    functions = [one["Properties"] for one in resources if one["Type"] == "AWS::Serverless::Function"]
    return tuple(sorted(properties["Handler"] for properties in functions))


def _recompile(tree: Path) -> None:
    """Bytecode as Python itself would have left it after a first start."""
    for cache in list(tree.rglob("__pycache__")):
        shutil.rmtree(cache)
    compileall.compile_dir(tree, quiet=2, invalidation_mode=PycInvalidationMode.TIMESTAMP)


def _write_protect(tree: Path) -> None:
    """No write bits. Root may still write: the processes run with -B, so they do not try."""
    for directory, _, files in os.walk(tree):
        for name in files:
            os.chmod(f"{directory}/{name}", 0o444)  # noqa: PTH101  a few thousand files
        os.chmod(directory, 0o555)  # noqa: PTH101, S103  for reading only
