"""Files of Chalice's package that are not deployed, each with its reason."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_package.failures import PackagingFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

STAND_INS = Path(__file__).with_name("stand_ins")

UNUSED_PACKAGES = {
    "boto3": "botocore alone makes the clients; boto3 adds resources, at a third of the start",
    "s3transfer": "boto3's uploads to S3",
    "slack": "slack_sdk by its former name",
}
"""Not packaged, whatever asks for them, and not ours to import: Lambda has a boto3 of its own, which would be found."""

UNUSED_PATHS = {
    "aws_lambda_powertools/event_handler": "its own router with a Swagger UI; Chalice routes here",
    "aws_lambda_powertools/utilities/[!_jt]*": "all but jmespath_utils and typing, which its logger imports",
    "bin": "commands of dependencies",
    "*.data": "the same, as jmespath packs them",
    "botocore/data/*/*/examples-1.json": "documentation",
    "botocore/docs/bcdoc": "writes boto3's reference pages; of botocore/docs only utils is imported",
    "botocore/docs/[a-ce-tv-z]*.py": "the same; docstring is in stand_ins/",
    "chalicelib/contract/openapi": "packaging writes down what it says (lambda_package/tables.py)",
    "chalicelib/contract/answers": "describes answers, to it alone",
    "dateutil/zoneinfo/*.tar.gz": "time zones; botocore reads UTC",
    "urllib3/contrib/emscripten": "urllib3 in a browser",
    "urllib3/contrib/pyopenssl.py": "needs pyOpenSSL; botocore tries it first and goes on with ssl",
    "policies/access/cases": "tests of the access policies",
    "policies/lambda": "the functions' own IAM policies are in the template",
    "policies/api-gateway.json": "is in the template",
    "policies/guards": "are in the template",
    "slack_sdk/[ars]*": "for listeners, administrators and aiohttp, and Slack's signature, which the domain verifies",
    "slack_sdk/oauth": "for apps that many workspaces install",
    "slack_sdk/*/async_*.py": "needs aiohttp, which is not deployed",
    "slack_sdk/web/legacy_*.py": "the Web API as it was before version 3",
    "**/tests": "tests of dependencies",
    "**/*.pyi": "type stubs",
    "**/py.typed": "says that a package has types",
    "**/*.pyc": "compiled again, all the same way",
}

LICENCES = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS")
"""Files of `*.dist-info` that stay: the licences require it."""


def remove_unused(tree: Path) -> None:
    """Delete what is listed above; PackagingFailed if our own code imports some of it."""
    _no_unused_imports(tree)
    for pattern in (*UNUSED_PACKAGES, *UNUSED_PATHS):
        for path in list(tree.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for information in tree.glob("*.dist-info"):
        _keep_licences(information)


def put_stand_ins(tree: Path) -> None:
    """Copy stand_ins/ over the tree: a few lines each for modules that cost much and are never called.

    PackagingFailed where there is nothing to stand in for: the dependency changed.
    """
    for source in sorted(STAND_INS.rglob("*.py")):
        target = tree / source.relative_to(STAND_INS)
        if not target.exists():
            raise PackagingFailed(f"lambda_package/stand_ins/{source.relative_to(STAND_INS)} stands in for nothing")
        shutil.copyfile(source, target)


def _keep_licences(information: Path) -> None:
    for path in [path for path in information.rglob("*") if path.is_file()]:
        if not path.name.upper().startswith(LICENCES):
            path.unlink()


def _no_unused_imports(tree: Path) -> None:
    for path in (tree / "app.py", *sorted((tree / "chalicelib").rglob("*.py"))):
        for package in sorted(set(_imported(path)) & set(UNUSED_PACKAGES)):
            raise PackagingFailed(f"{path.relative_to(tree)} imports {package}, which is not packaged")


def _imported(path: Path) -> Iterator[str]:
    """The top-level packages a file imports anywhere."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]
