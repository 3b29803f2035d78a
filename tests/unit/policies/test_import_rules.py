"""The import rules of pyproject.toml catch every kind of forbidden import, and every folder has a rule."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.unit.policies.import_plants import CONTRACT_ORDER, FEATURE_ORDER, LAYER_ORDER, ONCE_UNSEEN, PLANTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.unit.policies.import_plants import Plant

RULES: dict[str, Any] = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["importlinter"]
ROOTS: list[str] = RULES["root_packages"]
LINTER = Path(sys.executable).parent / "lint-imports"

NOT_IN_THE_RULES = {
    "bench": "it measures every part, so it imports every part",
    "tests": "they test every part, so they import every part",
}
NEW_FOLDERS = {
    "chalicelib.planted": FEATURE_ORDER,
    "chalicelib.core.planted": LAYER_ORDER,
    "chalicelib.cleanup.planted": LAYER_ORDER,
    "chalicelib.contract.planted": CONTRACT_ORDER,
}
STAND_INS = "lambda_package/stand_ins"
"""Files laid over the packages that they stand in for: never imported from here."""


class Report(NamedTuple):
    """The exit code of lint-imports and, for each contract, the text under its heading."""

    exit_code: int
    sections: dict[str, str]

    def arrows(self, contract: str) -> set[str]:
        """The imports that a contract names as the first of a forbidden chain."""
        return set(re.findall(r"^- +(\S+ -> \S+) \(l\.", self.sections.get(contract, ""), re.MULTILINE))


def tracked() -> list[Path]:
    """The Python files in git."""
    listed = subprocess.run(["git", "ls-files", "-z", "*.py"], capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in listed.split("\0") if name]


def copy_to(folder: Path) -> Path:
    """The root packages and their rules, without anything else of the checkout."""
    for root in ROOTS:
        shutil.copytree(root, folder / root, ignore=shutil.ignore_patterns("__pycache__", Path(STAND_INS).name))
    shutil.copy("pyproject.toml", folder)
    return folder


def plant(folder: Path, one: Plant) -> None:
    """Write the import at the end of its module; a new module is made."""
    path = folder / one.importer.replace(".", "/")
    with path.with_suffix(".py").open("a") as module:
        module.write(f"\nimport {one.imported}\n")


def lint(folder: Path) -> Report:
    wide = {"COLUMNS": "1000"}  # no line of the report is folded
    run = subprocess.run([LINTER, "--no-cache"], cwd=folder, env=wide, capture_output=True, text=True, check=False)
    heading = re.compile(rf"^({'|'.join(re.escape(one['name']) for one in RULES['contracts'])})\n-+\n", re.MULTILINE)
    parts = heading.split(run.stdout)
    return Report(run.returncode, dict(zip(parts[1::2], parts[2::2], strict=True)))


def lint_with(folder: Path, plants: Iterable[Plant]) -> Report:
    copy_to(folder)
    for one in plants:
        plant(folder, one)
    return lint(folder)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return lint_with(tmp_path_factory.mktemp("planted"), PLANTS)


def test_without_a_plant_every_contract_is_kept(tmp_path: Path) -> None:
    assert lint(copy_to(tmp_path)) == Report(0, {})


@pytest.mark.parametrize("one", PLANTS, ids=str)
def test_a_forbidden_import_is_named_by_its_contract(one: Plant, planted: Report) -> None:
    assert planted.exit_code == 1
    assert str(one) in planted.arrows(one.contract)


def test_imports_that_once_passed_unseen_are_named_now(tmp_path: Path) -> None:
    report = lint_with(tmp_path, ONCE_UNSEEN)
    assert report.exit_code == 1
    assert [str(one) for one in ONCE_UNSEEN if str(one) not in report.arrows(one.contract)] == []


def test_every_contract_has_a_plant() -> None:
    assert {one["name"] for one in RULES["contracts"]} == {one.contract for one in PLANTS}


def test_a_new_folder_without_a_rule_is_named(tmp_path: Path) -> None:
    copy_to(tmp_path)
    for name in NEW_FOLDERS:
        folder = tmp_path / name.replace(".", "/")
        folder.mkdir()
        (folder / "__init__.py").touch()
    report = lint(tmp_path)
    assert report.exit_code == 1
    assert [name for name, contract in NEW_FOLDERS.items() if f"- {name}\n" not in report.sections[contract]] == []


def test_every_folder_of_python_files_at_the_top_is_in_the_rules() -> None:
    assert {path.parts[0] for path in tracked() if len(path.parts) > 1} == {*ROOTS, *NOT_IN_THE_RULES}


def test_the_linter_sees_every_folder() -> None:
    """It looks past a folder that has no __init__.py."""
    folders = {path.parent for path in tracked() if path.parts[0] in ROOTS and not path.is_relative_to(STAND_INS)}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_the_package_of_a_feature_imports_nothing() -> None:
    """chalicelib/__init__.py and chalicelib/FEATURE/__init__.py stand in no layer, so no rule would see them."""
    packages = [Path("chalicelib/__init__.py"), *Path("chalicelib").glob("*/__init__.py")]
    trees = {path: ast.parse(path.read_text()) for path in packages}
    found = [
        str(path)
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert found == []
