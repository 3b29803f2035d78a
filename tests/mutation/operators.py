"""Small changes of an expression or a statement that a good test notices."""

from __future__ import annotations

import ast
from copy import deepcopy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
OPPOSITES = {"any": "all", "all": "any", "min": "max", "max": "min"}


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Every changed version of this one node; its children stay."""
    for kind, change in OPERATORS:
        if isinstance(node, kind):
            yield from change(node)


def _compare(node: ast.Compare) -> Iterator[ast.AST]:
    for place, operator in enumerate(node.ops):
        for other in COMPARISONS[type(operator)]:
            yield _with(node, ops=[*node.ops[:place], other(), *node.ops[place + 1 :]])


def _boolean(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for place in range(len(node.values)):
        left = node.values[:place] + node.values[place + 1 :]
        yield left[0] if len(left) == 1 else _with(node, values=left)


def _not(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not):
        yield node.operand
    if isinstance(node.op, ast.USub):
        yield node.operand


def _arithmetic(node: ast.BinOp) -> Iterator[ast.AST]:
    if other := ARITHMETIC.get(type(node.op)):
        yield _with(node, op=other())


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    """A number one more, a flag turned round, a code with a letter more; words for people stay."""
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)
    elif isinstance(node.value, str) and node.value and not set(node.value) & set(" \n"):
        yield ast.Constant(f"{node.value}X")


def _condition(node: ast.If | ast.IfExp) -> Iterator[ast.AST]:
    yield from (_with(node, test=ast.Constant(always)) for always in (True, False))


def _filter(node: ast.comprehension) -> Iterator[ast.AST]:
    for place in range(len(node.ifs)):
        yield _with(node, ifs=node.ifs[:place] + node.ifs[place + 1 :])


def _opposite(node: ast.Name) -> Iterator[ast.AST]:
    if node.id in OPPOSITES:
        yield ast.Name(OPPOSITES[node.id], node.ctx)


def _left_out(node: ast.Call) -> Iterator[ast.AST]:
    """`replace(row, state=...)` without one of what it replaces."""
    if isinstance(node.func, ast.Name) and node.func.id == "replace":
        for place in range(len(node.keywords)):
            yield _with(node, keywords=node.keywords[:place] + node.keywords[place + 1 :])


def _nothing(node: ast.Raise | ast.Expr | ast.AugAssign) -> Iterator[ast.AST]:
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        yield ast.Pass()


def _returned(node: ast.Return) -> Iterator[ast.AST]:
    if node.value and not isinstance(node.value, ast.Constant):
        yield _with(node, value=ast.Constant(None))


def _with(node: ast.AST, **fields: object) -> ast.AST:
    """A copy with these fields."""
    changed = deepcopy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


OPERATORS: tuple[tuple[Any, Callable[[Any], Iterator[ast.AST]]], ...] = (
    (ast.Compare, _compare),
    (ast.BoolOp, _boolean),
    (ast.UnaryOp, _not),
    (ast.BinOp, _arithmetic),
    (ast.Constant, _constant),
    ((ast.If, ast.IfExp), _condition),
    (ast.comprehension, _filter),
    (ast.Name, _opposite),
    (ast.Call, _left_out),
    ((ast.Raise, ast.Expr, ast.AugAssign), _nothing),
    (ast.Return, _returned),
)
