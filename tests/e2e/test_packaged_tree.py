"""The package works from its own files alone: nothing that is needed was trimmed."""

from __future__ import annotations

import json
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

import lambda_package
from bench.cold import short_name
from bench.driving import driven
from bench.first_events import FIRST
from bench.processes import BARE, canned_aws
from bench.trees import handlers, unpacked
from lambda_package import building

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.trees import Trees

AARCH64 = b"\xb7\x00"
"""EM_AARCH64, the machine in an ELF file's header."""

IMPORT_EVERYTHING = """
import pathlib, sys
tree = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(tree))
for source in sorted((tree / "chalicelib").rglob("*.py")):
    __import__(".".join(source.relative_to(tree).with_suffix("").parts).removesuffix(".__init__"))
print(len(sys.modules))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> lambda_package.Package:
    return lambda_package.build("dev", tmp_path_factory.mktemp("package"), lambda_package.of_this_machine())


@pytest.fixture(scope="module")
def trees(package: lambda_package.Package, tmp_path_factory: pytest.TempPathFactory) -> Trees:
    return unpacked(package.zip, package.template, tmp_path_factory.mktemp("trees"))


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    with canned_aws(0) as variables:
        yield variables


def test_every_function_of_the_template_has_a_first_event(package: lambda_package.Package) -> None:
    assert set(handlers(package.template)) == set(FIRST)


@pytest.mark.parametrize("handler", sorted(FIRST), ids=short_name)
def test_a_function_answers_its_first_event(handler: str, trees: Trees, environment, tmp_path: Path) -> None:
    start = driven(trees.packed, handler, environment, tmp_path)
    assert FIRST[handler].answered(start.answer), start.answer


def test_every_module_of_ours_can_be_imported(trees: Trees) -> None:
    done = subprocess.run(
        [*BARE, "-c", IMPORT_EVERYTHING, str(trees.packed)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_source_has_its_bytecode(package: lambda_package.Package) -> None:
    names = set(zipfile.ZipFile(package.zip).namelist())
    sources = {name for name in names if name.endswith(".py")}
    compiled = {
        name.replace("__pycache__/", "").split(".cpython-")[0] + ".py" for name in names if name.endswith(".pyc")
    }
    assert sources == compiled


def test_the_package_for_arm64_holds_binaries_for_arm64_and_no_others(tmp_path: Path) -> None:
    package = lambda_package.build("dev", tmp_path, lambda_package.Target("arm64"))
    with zipfile.ZipFile(package.zip) as archive:
        machines = {archive.read(name)[18:20] for name in archive.namelist() if ".so" in name}
    assert machines == {AARCH64}
    functions = [
        one for one in json.loads(package.template.read_text())["Resources"].values() if "Handler" in one["Properties"]
    ]
    assert {tuple(one["Properties"]["Architectures"]) for one in functions} == {("arm64",)}


def test_packing_twice_gives_the_same_bytes(
    package: lambda_package.Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "MADE", tmp_path / "made")
    again = lambda_package.build("dev", tmp_path / "again", lambda_package.of_this_machine())
    assert again.zip.read_bytes() == package.zip.read_bytes()
    assert again.template.read_bytes() == package.template.read_bytes()
