"""The package holds what is deployed and nothing else."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from localaws import packaging
from localaws.packaging import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

MAKE_OPENAPI = ("chalicelib/contract/openapi/", "chalicelib/contract/answers/")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packaging.package(tmp_path_factory.mktemp("package") / "out")


@pytest.fixture(scope="module")
def names(package: Path) -> set[str]:
    return set(zipfile.ZipFile(package / "deployment.zip").namelist())


def sources() -> set[str]:
    """Every file of ours but those that make /openapi.json, which packaging has written down."""
    every = {path.relative_to(CHECKOUT).as_posix() for path in (CHECKOUT / "chalicelib").rglob("*.py")}
    return {name for name in every if not name.startswith(MAKE_OPENAPI)}


def test_every_source_file_is_in_the_package(names: set[str]) -> None:
    assert sources() <= names
    assert "app.py" in names


def test_the_policies_lie_beside_the_app_as_in_the_checkout(names: set[str]) -> None:
    policies = {path.relative_to(CHECKOUT).as_posix() for path in (CHECKOUT / "policies" / "access").glob("*.cedar")}
    assert policies
    assert policies <= names


def test_nothing_of_laptop_or_tests_is_deployed(names: set[str]) -> None:
    roots = {name.partition("/")[0] for name in names}
    assert roots.isdisjoint({"localaws", "access_broker", "tests", "bench", "ministack", "moto", "pytest"})


def test_no_file_of_ours_is_packaged_but_sources_their_bytecode_and_two_tables(names: set[str]) -> None:
    ours = {name for name in names if name.startswith("chalicelib/") and "__pycache__" not in name}
    assert ours == sources() | {"chalicelib/core/handlers/routes.json", "chalicelib/contract/handlers/openapi.json"}


def test_every_function_has_a_role_of_its_own(package: Path) -> None:
    resources = json.loads((package / "sam.json").read_text())["Resources"]
    functions = {
        name: json.dumps(resource["Properties"]["Role"])
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    assert len(functions) >= 3
    assert len(set(functions.values())) == len(functions)
