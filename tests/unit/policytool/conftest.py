"""A policy set to break."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """A copy of the shipped policies to break."""
    shutil.copytree("policies", tmp_path / "policies")
    return tmp_path / "policies"
