"""Environments of functions share one unpacked package; what is no package is refused."""

from __future__ import annotations

import io
import tempfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from localaws.parity.runtime import functions

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    functions.unpacked.cache_clear()


def archive(text: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as packed:
        packed.writestr("app.py", text)
    return written.getvalue()


def code_of(environment: Path, package: bytes) -> str:
    """The code that a new environment sees, after the same steps as in ministack."""
    worker = functions.LinkedWorker("a-function", {}, package)
    (environment / "code").mkdir(parents=True)
    (environment / "code.zip").write_bytes(worker.code_zip)
    with functions.Link(str(environment / "code.zip")) as opened:
        opened.extractall(str(environment / "code"))
    return (environment / "code/app.py").read_text(encoding="utf-8")


def test_environments_of_one_package_share_it_and_new_code_is_seen(tmp_path: Path) -> None:
    seen = [code_of(tmp_path / name, archive(text)) for name, text in (("a", "1"), ("b", "1"), ("c", "2"))]
    assert seen == ["1", "1", "2"]
    assert len(list((tmp_path / "packages").iterdir())) == 2
    assert (tmp_path / "a/code").resolve() == (tmp_path / "b/code").resolve()


def test_a_layer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "layer.zip").write_bytes(archive("a layer"))
    with pytest.raises(LookupError, match="no layers"):
        functions.Link(str(tmp_path / "layer.zip"))
