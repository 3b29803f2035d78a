"""What is left out of the package, and what must not be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lambda_package import trimming
from lambda_package.failures import PackagingFailed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = {
        "app.py": "", "chalicelib/core/wiring.py": "import botocore.session\n", "boto3/session.py": "",
        "botocore/session.py": "", "botocore/docs/__init__.py": "", "botocore/docs/docstring.py": "",
        "botocore/eventstream.py": "", "botocore/monitoring.py": "",
        "botocore/vendored/six.py": "", "cedarpy/pst.py": "", "typing_extensions.py": "",
        "msgspec/inspect.py": "", "msgspec/_json_schema.py": "",
        "chalicelib/contract/openapi/document.py": "", "chalicelib/contract/answers/access.py": "",
        "urllib3/http2/__init__.py": "",
        "botocore/docs/service.py": "", "botocore/docs/utils.py": "", "library/tests/test_it.py": "",
        "library/__init__.pyi": "", "library-1.dist-info/METADATA": "", "library-1.dist-info/licenses/LICENSE.txt": "",
        "policies/access/people.cedar": "", "policies/access/cases/people.yaml": "",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def left(tree: Path) -> set[str]:
    return {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}


def test_tests_stubs_and_unused_packages_go_and_licences_stay(tree: Path) -> None:
    trimming.remove_unused(tree)
    assert left(tree) == {
        "app.py", "chalicelib/core/wiring.py", "botocore/session.py", "botocore/docs/__init__.py",
        "botocore/docs/utils.py",
        "botocore/docs/docstring.py", "botocore/eventstream.py", "botocore/monitoring.py",
        "botocore/vendored/six.py", "cedarpy/pst.py", "typing_extensions.py",
        "msgspec/inspect.py", "msgspec/_json_schema.py",
        "urllib3/http2/__init__.py",
        "library-1.dist-info/licenses/LICENSE.txt", "policies/access/people.cedar",
    }  # fmt: skip


@pytest.mark.parametrize(
    "source", ["import boto3", "from boto3.dynamodb import types", "def f():\n    import s3transfer"]
)
def test_code_that_imports_what_is_left_out_cannot_be_packaged(tree: Path, source: str) -> None:
    (tree / "chalicelib" / "adapter.py").write_text(source)
    with pytest.raises(PackagingFailed, match=r"chalicelib/adapter\.py\b.*\b(boto3|s3transfer)\b"):
        trimming.remove_unused(tree)


def test_stand_ins_are_laid_over_what_they_stand_in_for(tree: Path) -> None:
    trimming.put_stand_ins(tree)
    stand_in = trimming.STAND_INS / "botocore/docs/__init__.py"
    assert (tree / "botocore/docs/__init__.py").read_text() == stand_in.read_text()


def test_a_stand_in_for_nothing_is_a_change_somebody_must_look_at(tree: Path) -> None:
    trimming.remove_unused(tree)
    (tree / "botocore/docs/__init__.py").unlink()
    with pytest.raises(PackagingFailed, match=r"botocore/docs/__init__\.py"):
        trimming.put_stand_ins(tree)
