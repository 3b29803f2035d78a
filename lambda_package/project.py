"""A clean copy of the sources, and Chalice's own package of it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_package.failures import PackagingFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_package.targets import Target

CHECKOUT = Path(__file__).resolve().parent.parent
BUILD = CHECKOUT / ".build"
SOURCES = ("app.py", "chalicelib", "policies", "vendor")
CONSTRAINTS = CHECKOUT / "lambda_package" / "constraints.txt"
MADE_BY_TOOLS = shutil.ignore_patterns("__pycache__", "*.pyc")
ZIPS_KEPT = 2

NO_ACCOUNT = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Packaging asks no account. Chalice looks for credentials all the same, and a profile that is gone or a proxy that
stands before the instance metadata service would make it fail."""


def staged(stage: str, target: Target) -> Path:
    """A copy without bytecode and leftovers, with every requirement pinned and the architecture in its settings."""
    project = BUILD / "project" / f"{stage}-{target.architecture}-{target.python}"
    (project / ".chalice").mkdir(parents=True, exist_ok=True)
    for name in (*SOURCES, "out"):
        _remove(project / name)
    for name in SOURCES:
        _copy(CHECKOUT / name, project / name)
    _copy(CHECKOUT / ".chalice" / "resources.json", project / ".chalice" / "resources.json")
    settings = json.loads((CHECKOUT / ".chalice" / "config.json").read_text())
    settings |= {"lambda_architecture": target.architecture}
    _write(project / ".chalice" / "config.json", json.dumps(settings, indent=2, sort_keys=True))
    _write(project / "requirements.txt", (CHECKOUT / "requirements.txt").read_text() + CONSTRAINTS.read_text())
    _write(project / "STAGE", stage)
    return project


def files(root: Path) -> Iterator[Path]:
    """The source files of a package: all files except the by-products of Chalice, pip and Python."""
    for path in root.rglob("*"):
        parts = path.relative_to(root).parts
        if parts[0] != "out" and "deployments" not in parts and "__pycache__" not in parts:
            yield path


def region() -> str:
    """Chalice names endpoints and service principals for it."""
    return os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or "us-east-1"


def tools() -> list[str]:
    """The tools whose versions show in the package."""
    return [f"{name} {version(name)}" for name in ("chalice", "cedarpy", "botocore")]


def chalice_package(project: Path, target: Target) -> Path:
    """Run `chalice package`; answers the directory with `deployment.zip` and `sam.json`."""
    stage = (project / "STAGE").read_text()
    command = [*_chalice(target), "package", "--stage", stage, "--merge-template", ".chalice/resources.json", "out"]
    log = BUILD / "package.log"
    if _run(command, log, cwd=project, environment=_environment(project, target)):
        raise PackagingFailed("chalice package failed", log)
    _forget_old_zips(project)
    return project / "out"


def _environment(project: Path, target: Target) -> dict[str, str]:
    # Without bytecode: importing app.py must not add files to what is packaged.
    settings = NO_ACCOUNT | {
        "AWS_DEFAULT_REGION": region(),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    requirements = project / "requirements.txt"
    if requirements.read_text().strip():
        # Chalice asks pip for this machine's wheels first; these settings make that the target's. Once they are
        # fetched, no network is needed.
        settings |= target.pip | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(_wheels(requirements, target))}
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | settings


def _wheels(requirements: Path, target: Target) -> Path:
    """The dependencies' wheels, fetched once for these requirements and this target."""
    key = hashlib.sha256(requirements.read_bytes() + repr(target).encode()).hexdigest()[:16]
    wheels = BUILD / "wheels" / key
    if wheels.exists():
        return wheels
    fetching, log = wheels.with_suffix(".partial"), BUILD / "wheels.log"
    shutil.rmtree(fetching, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "-r", str(requirements), "-d", str(fetching)]
    if _run(command, log, cwd=BUILD, environment={**os.environ, **target.pip}):
        raise PackagingFailed("fetching the dependencies failed", log)
    fetching.rename(wheels)
    return wheels


def _run(command: list[str], log: Path, *, cwd: Path, environment: dict[str, str]) -> int:
    with log.open("w") as words:
        return subprocess.run(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=words, stderr=words, check=False
        ).returncode


def _chalice(target: Target) -> list[str]:
    """Chalice for the target's runtime: it would name the one of the Python that runs it. Its `main` returns errors."""
    runtime = f"Config.lambda_python_version = property(lambda _: {target.runtime!r})"
    imports = "import sys; from chalice.cli import main; from chalice.config import Config"
    return [sys.executable, "-c", f"{imports}; {runtime}; sys.exit(main())"]


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, ignore=MADE_BY_TOOLS)
    else:
        shutil.copy2(source, target)


def _write(path: Path, text: str) -> None:
    """Leave an equal file alone: pip and Chalice look at it."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _forget_old_zips(project: Path) -> None:
    made = sorted((project / ".chalice" / "deployments").glob("*.zip"), key=lambda path: path.stat().st_mtime)
    for old in made[:-ZIPS_KEPT]:
        old.unlink()
