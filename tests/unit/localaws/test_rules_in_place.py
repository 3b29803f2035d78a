"""Every parity rule is put in place: a module that localaws/parity/__init__.py forgets would change nothing."""

from __future__ import annotations

import ast
from pathlib import Path

PARITY = Path("localaws/parity")


def rules_written() -> set[str]:
    """The modules that have an `install`."""
    trees = {path: ast.parse(path.read_text()) for path in PARITY.glob("*/*.py")}
    return {
        f"localaws.parity.{path.parent.name}.{path.stem}"
        for path, tree in trees.items()
        if any(isinstance(node, ast.FunctionDef) and node.name == "install" for node in tree.body)
    }


def rules_listed() -> set[str]:
    """The modules in RULES. Reading is enough: importing them would replace functions of ministack here."""
    body = ast.parse((PARITY / "__init__.py").read_text()).body
    imports = [node for node in body if isinstance(node, ast.ImportFrom)]
    modules = {alias.asname or alias.name: f"{node.module}.{alias.name}" for node in imports for alias in node.names}
    (listed,) = [node.value for node in body if isinstance(node, ast.Assign)]
    assert isinstance(listed, ast.Tuple)
    return {modules[name.id] for name in listed.elts if isinstance(name, ast.Name)}


def test_every_rule_is_listed_and_so_put_in_place() -> None:
    assert len(rules_written()) > 20
    assert rules_written() == rules_listed()
