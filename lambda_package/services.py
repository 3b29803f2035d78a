"""Which AWS services and operations the deployed code can call: read from its sources, not from a list."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambda_package.failures import PackagingFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLIENT_MAKERS = frozenset({"client", "create_client"})
THE_MAKER = "clients.py"
"""The one module that makes clients by a name it was given."""


@dataclass(frozen=True, slots=True)
class Used:
    """Services by botocore's names, and everything that could be the name of a client's method.

    Any identifier or string counts, and an f-string counts as a pattern: too
    many operations kept cost a kilobyte each, one too few costs an answer.
    """

    services: frozenset[str]
    words: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]

    def calls(self, method: str) -> bool:
        """True if the code may call a client's method of that name."""
        return method in self.words or any(pattern.fullmatch(method) for pattern in self.patterns)


def used_by(sources: Path) -> Used:
    """AWS services and calls in the Python files under `sources`; PackagingFailed if a client's name is not literal."""
    services: set[str] = set()
    words: set[str] = set()
    patterns: set[str] = set()
    for path in sorted(sources.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            services.update(_service(node, path))
            words.update(_words(node))
            patterns.update(_pattern(node))
    return Used(frozenset(services), frozenset(words), tuple(re.compile(pattern) for pattern in sorted(patterns)))


def _service(node: ast.AST, path: Path) -> Iterator[str]:
    if not isinstance(node, ast.Call) or not node.args or _name(node.func) not in CLIENT_MAKERS:
        return
    service = node.args[0]
    if isinstance(service, ast.Constant) and isinstance(service.value, str):
        yield service.value
    elif path.name != THE_MAKER:
        raise PackagingFailed(f"{path}:{node.lineno}: name the service in a literal, so that its data is packaged")


def _name(called: ast.expr) -> str:
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


def _words(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def _pattern(node: ast.AST) -> Iterator[str]:
    """`getattr(iam, f"get_{of}_policy")` and its like: any text where the variable stands."""
    if not isinstance(node, ast.Call):
        return
    for argument in node.args:
        if isinstance(argument, ast.JoinedStr):
            yield "".join(_fixed(part) for part in argument.values)


def _fixed(part: ast.expr) -> str:
    return re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[a-z_]+"
