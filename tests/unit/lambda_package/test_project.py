"""Chalice packages without an account, and what fails in it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lambda_package import project
from lambda_package.failures import PackagingFailed
from lambda_package.targets import Target

if TYPE_CHECKING:
    from pathlib import Path


APP = """
from chalice import Chalice

app = Chalice(app_name="small")


@app.lambda_function()
def work(event, context):
    pass
"""
ELSEWHERE = Target("arm64")
"""Without wheels to fetch: the small app has no requirements."""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that is packaged at once."""
    monkeypatch.setattr(project, "BUILD", tmp_path)
    root = tmp_path / "small"
    (root / ".chalice").mkdir(parents=True)
    (root / ".chalice" / "config.json").write_text('{"version": "2.0", "app_name": "small"}')
    (root / ".chalice" / "resources.json").write_text("{}")
    (root / "requirements.txt").touch()
    (root / "STAGE").write_text("dev")
    (root / "app.py").write_text(APP)
    return root


def test_a_profile_of_the_shell_that_is_gone_does_not_matter(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "gone-with-make-down")
    out = project.chalice_package(small, ELSEWHERE)
    assert {path.name for path in out.iterdir()} == {"deployment.zip", "sam.json"}


def test_no_proxy_is_asked_for_the_credentials_of_an_instance(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert project.chalice_package(small, ELSEWHERE).is_dir()


def test_what_fails_in_chalice_is_told_with_its_log(small: Path) -> None:
    (small / "app.py").write_text("import nothing_of_that_name\n")
    with pytest.raises(PackagingFailed, match=r"package\.log\b"):
        project.chalice_package(small, ELSEWHERE)
    assert "nothing_of_that_name" in (small.parent / "package.log").read_text()
