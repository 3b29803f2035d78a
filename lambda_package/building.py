"""From the checkout to the package, once per state of the sources."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_package import access_rules, archive, bytecode, models, project, tables, trimming
from lambda_package.services import used_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_package.project import Architecture

MADE = project.BUILD / "packages"
MADE_KEPT = 6
"""Packages kept under .build, by the digest of what they were made of."""

ZIP, TEMPLATE = "deployment.zip", "sam.json"


@dataclass(frozen=True, slots=True)
class Package:
    """The zip of the functions and the CloudFormation template that names it, side by side."""

    zip: Path
    template: Path


def build(stage: str, out: Path, architecture: Architecture = "x86_64") -> Package:
    """Write `deployment.zip` and `sam.json` of a stage to `out`. The same sources make the same bytes.

    Made once: an unchanged checkout is answered from .build. Raises
    PackagingFailed.
    """
    with _alone():
        source = project.staged(stage, architecture)
        made = MADE / _digest(source)
        if not made.exists():
            _make(source, made, architecture)
        made.touch()
        _forget_old()
        shutil.copytree(made, out, dirs_exist_ok=True)
    return Package(out / ZIP, out / TEMPLATE)


@contextmanager
def _alone() -> Iterator[None]:
    """Two runs side by side share .build: one packages at a time."""
    project.BUILD.mkdir(exist_ok=True)
    with (project.BUILD / "package.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest(source: Path) -> str:
    """Everything that decides what comes out: the sources, lambda_package and policytool, this Python and its tools."""
    digest = hashlib.sha256(json.dumps([sys.version, project.tools(), project.region()]).encode())
    for root in (source, project.CHECKOUT / "lambda_package", project.CHECKOUT / "policytool"):
        for path in sorted(path for path in project.files(root) if path.is_file()):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(root)} {content}\n".encode())
    return digest.hexdigest()[:32]


def _make(source: Path, made: Path, architecture: Architecture) -> None:
    """Pack into a directory of its own, which gets its name when all of it is there."""
    MADE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=MADE, prefix="making-") as scratch:
        tree, done = Path(scratch) / "tree", Path(scratch) / "done"
        untrimmed = project.chalice_package(source, architecture)
        archive.extract(untrimmed / ZIP, tree)
        _trim(tree, source)
        done.mkdir()
        archive.write(tree, done / ZIP)
        shutil.copyfile(untrimmed / TEMPLATE, done / TEMPLATE)
        os.rename(done, made)  # noqa: PTH104  on one file system, so whole or not at all


def _trim(tree: Path, source: Path) -> None:
    used = used_by(tree / "chalicelib")
    trimming.remove_unused(tree)
    trimming.put_stand_ins(tree)
    tables.write(source, tree)
    models.trim(tree / "botocore" / "data", used)
    access_rules.precompile(tree / "policies")
    bytecode.compile_tree(tree)


def _forget_old() -> None:
    made = sorted((path for path in MADE.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for old in made[:-MADE_KEPT]:
        shutil.rmtree(old)
