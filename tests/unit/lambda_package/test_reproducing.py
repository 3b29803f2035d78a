"""The same files make the same bytes, and bytecode that nobody has to check."""

from __future__ import annotations

import importlib.util
import os
import struct
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from lambda_package import archive, bytecode
from lambda_package.failures import PackagingFailed

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = 'NAMES = {"a", "b", "c", "d"}\n\n\ndef where() -> str:\n    return where.__code__.co_filename\n'


def tree(directory: Path, *names: str) -> Path:
    for name in names:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SOURCE)
    return directory


def test_a_zip_does_not_tell_dates_modes_or_the_order_of_the_disk(tmp_path: Path) -> None:
    first, second = tree(tmp_path / "1", "a.py", "b/c.py"), tree(tmp_path / "2", "b/c.py", "a.py")
    (second / "a.py").chmod(0o700)
    os.utime(second / "a.py", (1, 1))
    archive.write(first, tmp_path / "1.zip")
    archive.write(second, tmp_path / "2.zip")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


def test_what_is_packed_comes_out_again_readable_for_lambda(tmp_path: Path) -> None:
    archive.write(tree(tmp_path / "tree", "a.py", "b/c.py"), tmp_path / "package.zip")
    archive.extract(tmp_path / "package.zip", tmp_path / "out")
    assert (tmp_path / "out" / "b" / "c.py").read_text() == SOURCE
    with zipfile.ZipFile(tmp_path / "package.zip") as package:
        assert {entry.external_attr >> 16 for entry in package.infolist()} == {0o100644}


def test_bytecode_is_the_same_wherever_it_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []
    for number in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", number)
        bytecode.compile_tree(tree(tmp_path / number, "package/module.py"), sys.executable)
        compiled.append(next((tmp_path / number).rglob("*.pyc")).read_bytes())
    assert compiled[0] == compiled[1]


def test_bytecode_is_never_compared_with_its_source(tmp_path: Path) -> None:
    bytecode.compile_tree(tree(tmp_path, "module.py"), sys.executable)
    magic, flags = struct.unpack("<4sI", next(tmp_path.rglob("*.pyc")).read_bytes()[:8])
    assert magic == importlib.util.MAGIC_NUMBER
    assert flags == 0b01, "hash-based, source not checked"


def test_compiled_paths_are_those_of_lambda_until_python_finds_others(tmp_path: Path) -> None:
    bytecode.compile_tree(tree(tmp_path, "package/module.py"), sys.executable)
    assert b"/var/task/package/module.py" in next(tmp_path.rglob("*.pyc")).read_bytes()
    said = subprocess.run(
        [sys.executable, "-c", "from package import module; print(module.where())"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.strip() == str(tmp_path / "package" / "module.py")


def test_a_source_that_is_not_python_fails(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def :\n")
    with pytest.raises(PackagingFailed, match=r"broken\.py"):
        bytecode.compile_tree(tmp_path, sys.executable)
