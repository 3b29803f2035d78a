"""Mutants of a module: each the module with one small change, and put into the loaded module."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from tests.mutation.operators import changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NO_BEHAVIOUR = (ast.JoinedStr, ast.arguments, ast.Import, ast.ImportFrom)
"""What is in these is no decision: words for people, signatures, imports."""


class NotThere(Exception):
    """The tool does not find the function that it would change: a fault of the tool."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change in a function, or in the value of a constant of the module."""

    file: str
    scope: str
    what: str
    module: ast.Module
    node: ast.AST
    changed: ast.AST

    @property
    def name(self) -> tuple[str, str, str]:
        """What it is called among the survivors: stable while other lines of the file change."""
        return self.file, self.scope, self.what

    def tree(self) -> ast.Module:
        """A copy of the module with `changed` in the place of `node`."""
        changed = ast.copy_location(deepcopy(self.changed), self.node)
        copied: ast.Module = deepcopy(self.module, {id(self.node): changed})
        return ast.fix_missing_locations(copied)


def mutants(file: str) -> Iterator[Mutant]:
    """Every mutant of a source file; changes that read alike in one scope are numbered."""
    tree = ast.parse(Path(file).read_text())
    seen: dict[tuple[str, str], int] = {}
    for scope, part in _parts(tree.body):
        for node in _mutable(part):
            for changed in changes(node):
                what = f"{_said(node)} -> {_said(changed)}"
                seen[scope, what] = number = seen.get((scope, what), 0) + 1
                yield Mutant(file, scope, what if number == 1 else f"{what} #{number}", tree, node, changed)


def _parts(body: Iterable[ast.stmt], within: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Functions, methods, and at the top the values of constants."""
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield from _parts(statement.body, f"{within}{statement.name}.")
        elif isinstance(statement, ast.FunctionDef):
            for inner in statement.body:
                yield f"{within}{statement.name}", inner
        elif isinstance(statement, ast.Assign) and not within and isinstance(statement.targets[0], ast.Name):
            yield statement.targets[0].id, statement.value
        elif isinstance(statement, ast.AnnAssign) and not within and statement.value:
            yield ast.unparse(statement.target), statement.value


def _mutable(node: ast.AST) -> Iterator[ast.AST]:
    """The node and what is in it, but for annotations, and words in messages."""
    if isinstance(node, NO_BEHAVIOUR) or (isinstance(node, ast.Subscript | ast.Call) and _is_of_types(node)):
        return
    yield node
    if isinstance(node, ast.Raise):
        return
    for name, value in ast.iter_fields(node):
        if name not in {"annotation", "returns", "decorator_list", "op", "ops"}:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _mutable(child)


def _is_of_types(node: ast.Subscript | ast.Call) -> bool:
    return ast.unparse(node.value if isinstance(node, ast.Subscript) else node.func) in {"Literal", "TypeVar"}


def _said(node: ast.AST) -> str:
    """The changed place in one short line."""
    if isinstance(node, ast.If):
        return f"if {ast.unparse(node.test)}"
    if isinstance(node, ast.comprehension):
        return ast.unparse(node).strip()
    return " ".join(ast.unparse(node).split())


def infect(mutant: Mutant) -> None:
    """Put the change into the loaded module: into the function itself, so that whoever holds it has it too."""
    module = importlib.import_module(mutant.file.removesuffix(".py").replace("/", "."))
    if function := _function(module, mutant.scope):
        function.__code__ = code_of(mutant)
        return
    _rebind(module, mutant)


def code_of(mutant: Mutant) -> CodeType:
    """The changed function, compiled; NotThere."""
    return _code(compile(mutant.tree(), mutant.file, "exec"), mutant.scope)


def _function(module: ModuleType, scope: str) -> FunctionType | None:
    found: Any = module
    for name in scope.split("."):
        found = inspect.getattr_static(found, name)
    for holder in ("fget", "__func__", "__wrapped__"):
        found = getattr(found, holder, found)
    return found if isinstance(found, FunctionType) else None


def _code(code: CodeType, scope: str) -> CodeType:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_qualname == scope:
                return constant
            if scope.startswith(f"{constant.co_qualname}."):
                return _code(constant, scope)
    raise NotThere(scope)


def _rebind(module: ModuleType, mutant: Mutant) -> None:
    """Give the constant, and those made from it, their new values in every module that imported them."""
    changed = {mutant.scope}
    for name, value in _parts(mutant.tree().body):
        made_from = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
        if isinstance(value, ast.expr) and (name == mutant.scope or made_from & changed):
            changed.add(name)
            before = vars(module)[name]
            after = eval(compile(ast.Expression(value), mutant.file, "eval"), vars(module))  # noqa: S307  our own source
            for one in list(sys.modules.values()):
                if vars(one).get(name) is before:
                    setattr(one, name, after)
