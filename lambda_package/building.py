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
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_package import access_rules, archive, bytecode, models, project, tables, trimming
from lambda_package.services import used_by
from lambda_package.targets import Target, interpreter

if TYPE_CHECKING:
    from collections.abc import Iterator


MADE = project.BUILD / "packages"
MADE_KEPT = 6
"""Packages kept under .build, by the digest of what they were made of."""

ZIP, TEMPLATE = "deployment.zip", "sam.json"
DEPLOYED = Target()


@dataclass(frozen=True, slots=True)
class Package:
    """The zip of the functions and the CloudFormation template that names it, side by side."""

    zip: Path
    template: Path


def build(stage: str, out: Path, target: Target = DEPLOYED) -> Package:
    """Write `deployment.zip` and `sam.json` of a stage to `out`. The same sources make the same bytes.

    Made once: an unchanged checkout is answered from .build. Raises
    PackagingFailed. Without a Python of the target's version on this machine
    there is no bytecode: the package works, and starts more slowly.
    """
    with _alone():
        source = project.staged(stage, target)
        made = MADE / _digest(source, target)
        if not made.exists():
            _make(source, made, target)
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


def _digest(source: Path, target: Target) -> str:
    """Everything that decides what comes out: the sources, lambda_package, policytool, the tools and the compiler."""
    compiler = interpreter(target.python)
    digest = hashlib.sha256(json.dumps([asdict(target), compiler, project.tools(), project.region()]).encode())
    for root in (source, project.CHECKOUT / "lambda_package", project.CHECKOUT / "policytool"):
        for path in sorted(path for path in project.files(root) if path.is_file()):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(root)} {content}\n".encode())
    return digest.hexdigest()[:32]


def _make(source: Path, made: Path, target: Target) -> None:
    """Pack into a directory of its own, which gets its name when all of it is there."""
    MADE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=MADE, prefix="making-") as scratch:
        tree, done = Path(scratch) / "tree", Path(scratch) / "done"
        untrimmed = project.chalice_package(source, target)
        archive.extract(untrimmed / ZIP, tree)
        _trim(tree, source, target)
        done.mkdir()
        archive.write(tree, done / ZIP)
        shutil.copyfile(untrimmed / TEMPLATE, done / TEMPLATE)
        os.rename(done, made)  # noqa: PTH104  on one file system, so whole or not at all


def _trim(tree: Path, source: Path, target: Target) -> None:
    used = used_by(tree / "chalicelib")
    trimming.remove_unused(tree)
    trimming.put_stand_ins(tree)
    tables.write(source, tree)
    models.trim(tree / "botocore" / "data", used)
    access_rules.precompile(tree / "policies")
    if compiler := interpreter(target.python):
        bytecode.compile_tree(tree, compiler)
    else:
        sys.stderr.write(f"no Python {target.python} here: packed without bytecode, functions start more slowly\n")


def _forget_old() -> None:
    made = sorted((path for path in MADE.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for old in made[:-MADE_KEPT]:
        shutil.rmtree(old)
