"""The form of policy documents in templates: what IAM would refuse, or read otherwise than we do, stops here.

"Grammar of the IAM JSON policy language" in the IAM user guide.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.policy_documents import as_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

VERSION = "2012-10-17"
TAKEN = re.compile(r"[\t\n\r\x20-\xff]*")
ANYWHERE = frozenset({"Sid", "Effect", "Action", "NotAction", "Condition"})
ONE_OF = {"identity": ("Resource", "NotResource"), "trust": ("Principal", "NotPrincipal")}


def document_problems(document: Mapping[str, Any]) -> Iterator[str]:
    """The mistakes in an identity policy, each as a clause."""
    if unknown := sorted(set(document) - {"Version", "Id", "Statement"}):
        yield f"{unknown[0]} is no element of a policy (names are read with their capitals)"
    if not isinstance(document.get("Id", ""), str):
        yield "Id is no string"
    if document.get("Version") != VERSION:
        yield f'"Version": "{VERSION}" is missing'
    found = document.get("Statement")
    if not found:
        yield "it has no Statement"
    for number, statement in enumerate(found if isinstance(found, list) else [found], start=1):
        for problem in statement_problems(statement, "identity") if found else ():
            yield f"statement {number}: {problem}"


def foreign_characters(value: Any, place: str) -> Iterator[str]:
    """The places of texts and keys with characters that IAM takes in no policy (API reference, PolicyDocument)."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if not TAKEN.fullmatch(name):
                yield f"{place}.{name}"
            yield from foreign_characters(inner, f"{place}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from foreign_characters(inner, f"{place}[{number}]")
    elif isinstance(value, str) and not TAKEN.fullmatch(value):
        yield place


def statement_problems(statement: Any, kind: str) -> Iterator[str]:
    """The mistakes in one statement of an `identity` or a `trust` policy."""
    if not isinstance(statement, dict):
        yield "it is not an object"
        return
    if unknown := sorted(set(statement) - ANYWHERE - set(ONE_OF[kind])):
        yield f"{unknown[0]} is no element of a statement here (names are read with their capitals)"
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield "Effect is neither Allow nor Deny"
    for pair in (("Action", "NotAction"), ONE_OF[kind]):
        if sum(name in statement for name in pair) != 1:
            yield f"it needs either {pair[0]} or {pair[1]}"
    for names, fits, words in FORMS:
        for name in names:
            if name in statement and not fits(statement[name]):
                yield f"{name} is {words}"


def _texts(value: Any) -> bool:
    entries = value if isinstance(value, list) else [value]
    return bool(entries) and all(isinstance(entry, str) and entry for entry in entries)


def _conditions(value: Any) -> bool:
    if not isinstance(value, dict) or not all(isinstance(keys, dict) for keys in value.values()):
        return False
    wanted = [entry for keys in value.values() for values in keys.values() for entry in as_list(values)]
    return all(isinstance(entry, str | bool | int | float) for entry in wanted)


def _principals(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, dict) and all(_texts(names) for names in value.values()))


def _text(value: Any) -> bool:
    return isinstance(value, str)


FORMS: tuple[tuple[tuple[str, ...], Callable[[Any], bool], str], ...] = (
    (("Sid",), _text, "no string"),
    (("Action", "NotAction", "Resource", "NotResource"), _texts, "neither a string nor a list of strings"),
    (("Principal", "NotPrincipal"), _principals, "neither a string nor an object of strings and lists of strings"),
    (("Condition",), _conditions, "not an object of operators, each an object of keys with their values"),
)
"""The form of each element's value, and what to say of another."""
