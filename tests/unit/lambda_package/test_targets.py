"""The runtime is pinned: whatever packs, the package is for Lambda's Python."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from lambda_package import building, targets
from lambda_package.project import _chalice
from lambda_package.targets import RUNTIME, Target, interpreter, of_this_machine

if TYPE_CHECKING:
    from pathlib import Path

NEWEST_SUPPORTED = (3, 14)


def test_what_deploys_is_one_runtime_whatever_python_packs() -> None:
    assert Target("x86_64", RUNTIME) == building.DEPLOYED
    assert (3, 13) <= tuple(map(int, RUNTIME.split("."))) <= NEWEST_SUPPORTED
    assert f"'python{RUNTIME}'" in _chalice(Target())[-1]


def test_the_embedded_aws_gets_what_this_python_can_run() -> None:
    assert of_this_machine().python == f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.mark.parametrize("machine", ["Linux x86_64", "Darwin arm64"])
@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_wheels_are_resolved_for_the_target_on_any_machine(
    machine: str, architecture: targets.Architecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine.split()[1])
    settings = Target(architecture).pip
    linux = {"x86_64": "x86_64", "arm64": "aarch64"}[architecture]
    assert settings["PIP_PYTHON_VERSION"] == RUNTIME
    assert settings["PIP_ONLY_BINARY"] == ":all:"
    assert {one.rpartition("_2_")[0] or one for one in settings["PIP_PLATFORM"].split()} >= {"manylinux"}
    assert all(one.endswith(linux) for one in settings["PIP_PLATFORM"].split())


def test_before_amazon_linux_2023_no_wheel_asks_for_a_newer_glibc() -> None:
    assert Target("x86_64", "3.11").pip["PIP_PLATFORM"].split() == ["manylinux2014_x86_64", "manylinux_2_17_x86_64"]


def test_a_python_of_the_targets_version_compiles_and_no_other() -> None:
    own = of_this_machine().python
    assert interpreter(own) == sys.executable
    assert interpreter("3.99") is None


def test_an_impostor_on_the_path_does_not_compile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    false = tmp_path / "python3.99"
    false.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    false.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert interpreter("3.99") is None
