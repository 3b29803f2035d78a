"""The wheel of the broker command: its contents, the same bytes each time, and at work in a clean environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
BUILD = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir"]
SOURCES = ("access_broker", "docs/cli.md", "LICENSE", "pyproject.toml")
LIMIT_SECONDS = 300


def built(folder: Path, umask: int) -> Path:
    """A wheel of a copy of the sources: the checkout's own build folder is left alone."""
    for name in SOURCES:
        source, target = CHECKOUT / name, folder / "sources" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if source.is_dir() else shutil.copyfile
        copy(source, target)
    for path in [folder / "sources", *(folder / "sources").rglob("*")]:
        path.chmod((0o777 if path.is_dir() else 0o666) & ~umask)
    shutil.rmtree(folder / "sources" / "access_broker" / "__pycache__", ignore_errors=True)
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    command = ["sh", "-c", 'umask 022; chmod -R u+rwX,go+rX,go-w .; exec "$@"', "sh", *BUILD, str(folder), "."]
    subprocess.run(
        command, cwd=folder / "sources", env=environment, check=True, capture_output=True, timeout=LIMIT_SECONDS
    )
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("wheel"), 0o022)


def test_the_wheel_has_one_package_and_no_code_of_the_checkout_beside_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    roots = {name.split("/")[0] for name in names}
    assert {root for root in roots if not root.endswith(".dist-info")} == {"access_broker"}
    assert not [name for name in names if name.endswith(".pyc")]
    tracked = subprocess.run(
        ["git", "ls-files", "access_broker"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    ours = set(tracked.stdout.split())
    assert {name for name in names if name.startswith("access_broker/")} == ours


def test_the_wheel_asks_for_no_more_than_the_command_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(next(name for name in archive.namelist() if name.endswith("METADATA"))).decode()
    needed = {line.split()[1].split(">")[0] for line in metadata.splitlines() if line.startswith("Requires-Dist")}
    assert needed - {"botocore[crt]"} == {"botocore", "keyring", "PyYAML", "segno"}


def test_the_same_sources_give_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    assert built(tmp_path, 0o077).read_bytes() == wheel.read_bytes()


def test_the_package_index_would_take_it(wheel: Path) -> None:
    command = [sys.executable, "-m", "twine", "check", "--strict", str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS)
    assert done.returncode == 0, done.stdout


def pythons() -> list[str]:
    """Every supported Python of this machine: on the PATH, and pyenv's."""
    found = [shutil.which(f"python3.{minor}") for minor in range(11, 15)]
    installed = sorted(Path("~/.pyenv/versions").expanduser().glob("3.1[1-4].*/bin/python"))
    by_version = {version_of(one): one for one in [*map(str, installed), *filter(None, found)]}
    return [python for version, python in sorted(by_version.items()) if version.startswith("3.")]


@cache
def version_of(python: str) -> str:
    command = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout.strip()


def pip_for(place: Path) -> list[str]:
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(place / "bin" / "python")]


@pytest.fixture(scope="module", params=pythons(), ids=version_of)
def clean(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel and what it asks for, installed from outside, not compiled: it is quicker."""
    place = tmp_path_factory.mktemp("clean")
    subprocess.run([request.param, "-m", "venv", "--without-pip", place], check=True, timeout=LIMIT_SECONDS)
    command = [*pip_for(place), "install", "--quiet", "--no-compile", str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS)
    assert done.returncode == 0, done.stderr
    return place


def run(place: Path, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "BROKER_URL"}}
    program = str(place / "bin" / command[0])
    return subprocess.run(
        [program, *command[1:]],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_SECONDS,
    )


def test_a_clean_environment_has_the_command_and_nothing_of_the_checkout(clean: Path, tmp_path: Path) -> None:
    assert run(clean, "broker", "--version", cwd=tmp_path).stdout.startswith("broker ")
    assert "Usage: broker" in run(clean, "broker", "--help", cwd=tmp_path).stdout
    assert subprocess.run([*pip_for(clean), "check"], check=False, timeout=LIMIT_SECONDS).returncode == 0
    for package in ("chalicelib", "policytool", "localaws", "bench"):
        done = run(clean, "python", "-c", f"import {package}", cwd=tmp_path)
        assert "ModuleNotFoundError" in done.stderr, package


def test_the_policies_are_checked_in_a_checkout_and_nowhere_else(clean: Path, tmp_path: Path) -> None:
    inside = run(clean, "broker", "policy", "check", "--json", cwd=CHECKOUT)
    outside = run(clean, "broker", "policy", "check", cwd=tmp_path)
    assert inside.returncode == 0, inside.stderr
    assert (outside.returncode, outside.stdout) == (2, "")
    assert "checkout" in outside.stderr
