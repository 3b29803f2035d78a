"""The files of the page: the libraries are those that were reviewed, and all of it is shipped."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path

from access_broker.portal.files import STATIC, TYPES, page_files

VENDORED = {
    "hooks.js": "5c65ab263688d0805862fd0807c779af02c2799c44fda0873dfcb870d0da70a0",
    "htm.js": "ab33dd3f38059b9be4d5f5350128eefb2356639c4e0bbe9d9e8b3ba75847e9e4",
    "preact.js": "225d7a773766e6fb2cfcc45274fe41d2059f5782f3f2c4569aa5132a2d3a2902",
}
"""SHA-256; LICENSES.txt says where each comes from and what was changed."""


def test_the_libraries_are_the_reviewed_ones_and_name_their_licences() -> None:
    found = {path.name: path for path in (STATIC / "vendor").glob("*.js")}
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in found.items()} == VENDORED
    licences = (STATIC / "vendor" / "LICENSES.txt").read_text(encoding="utf-8")
    assert [name for name in VENDORED if name not in licences] == []
    assert "The MIT License" in licences
    assert "Apache License" in licences


def test_every_file_is_served_and_shipped() -> None:
    files = {path for path in STATIC.rglob("*") if path.is_file()}
    assert {path.suffix for path in files} <= set(TYPES)
    assert len(page_files()) == len(files) + 1
    shipped = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    assert shipped["access_broker.portal"] == ["static/**"]


def test_our_own_files_run_no_text_as_code_and_name_no_other_host() -> None:
    ours = [path for path in STATIC.rglob("*.*") if path.parent.name != "vendor"]
    for path in ours:
        text = path.read_text(encoding="utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|dangerouslySet|insertAdjacent|\beval\(|new Function|document\.write", text
        )
        hosts = set(re.findall(r"https?:\\?/\\?/[\w.(]+", text)) - {"http://www.w3.org", r"http:\/\/(127"}
        assert hosts == set(), path.name


def test_imports_stay_in_the_folder() -> None:
    for path in STATIC.rglob("*.js"):
        for name in re.findall(r'(?:from ?|import ?)"([^"]+)"', path.read_text(encoding="utf-8")):
            assert name.startswith("."), f"{path.name} imports {name}"
            assert (path.parent / name).resolve().is_file()
