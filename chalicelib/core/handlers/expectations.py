"""The values that a field takes, in words and with an example, instead of msgspec's types and patterns.

Imported only where a document does not fit.
"""

from __future__ import annotations

import re
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

CHARACTERS = re.compile(r"\^\[(?P<allowed>[^\]]+)\]\{(?P<least>\d+),(?P<most>\d+)\}\$")
"""The patterns of most names: one class of characters, so and so many of them."""

OTHER_PATTERNS = (
    (r"^[0-7][0-9a-hjkmnp-tv-z]{25}$", "an id of 26 letters and digits, as the broker gave it out"),
    (
        r"^$|^https://([a-z0-9-]+\.)*console",
        "an address of the AWS console, as https://console.aws.amazon.com/ec2/home",
    ),
    (r"^arn:aws[a-z-]*:iam::", "the ARN of a managed policy, as arn:aws:iam::aws:policy/ReadOnlyAccess"),
    (r"^((\d{12}|", "a role's name: 1 to 64 letters, digits and _ + = , . @ -, with ACCOUNT: before it or not"),
    (
        r"^([0-9]{12}:)?[",
        "a caller's name: letters, digits and _ + = , . @ / -, with the id of a member account and : before it or not",
    ),
    (r"^[0-9]{6}$", "the six digits that the device shows, as 123456"),
    (r"^([a-z0-9-]+:[A-Za-z0-9]+)?$", "an action of AWS, as ec2:RunInstances"),
)
"""The beginning of each other pattern, and its words."""

TYPES = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
GOT = re.compile(r"Expected `([\w |]+)`, got `(\w+)`")
PATTERN = re.compile(r"Expected `str` matching regex (?P<pattern>.+)", re.DOTALL)
LIMIT = re.compile(r"Expected `(\w+)`(?P<of_length> of length)? (?P<sign>>=|<=|>|<) (?P<bound>-?\d+)")
PLAIN = (
    ("Object missing required field", "required, and missing"),
    ("Object contains unknown field", "no field of this route; GET /openapi.json lists them"),
    ("Invalid RFC3339", "a time with an offset, as 2026-01-31T09:00:00Z"),
)
BOUNDS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
MINUTE, HOUR, DAY = 60, 3600, 86400


def in_words(message: str, field: str, kind: type) -> str:
    """The words for one message of msgspec about one field of `kind`; a message of another kind as it is."""
    if found := PATTERN.fullmatch(message):
        return _pattern(found["pattern"].strip("'\""))
    if found := LIMIT.fullmatch(message):
        return _limit(found, field)
    if found := GOT.fullmatch(message):
        return f"{_type(found[1])}, not {TYPES.get(found[2], found[2])}"
    if message.startswith("Invalid enum value"):
        return f"one of {', '.join(_words(kind, field))}"
    return next((words for start, words in PLAIN if message.startswith(start)), message)


def _pattern(pattern: str) -> str:
    plain = pattern.replace("\\\\", "\\")
    if found := CHARACTERS.match(plain):
        least, most = found["least"], found["most"]
        count = f"at most {most}" if least == "0" else f"{least} to {most}"
        return f"{count} characters of {_characters(found['allowed'])}"
    return next((words for start, words in OTHER_PATTERNS if plain.startswith(start)), "of another form")


def _characters(allowed: str) -> str:
    """`A-Za-z0-9 _.` as `letters, digits, blank _ .`."""
    if allowed == "!-~":
        return "visible ASCII"
    signs = allowed.replace("A-Za-z", "").replace("0-9", "")
    return f"letters, digits and {' '.join(signs).replace('   ', ' blank ').strip()}"


def _limit(found: re.Match[str], field: str) -> str:
    bound, words = int(found["bound"]), BOUNDS[found["sign"]]
    if found["of_length"]:
        return f"{words} {bound} {'characters' if found[1] == 'str' else 'entries'}"
    if field.endswith("_seconds"):
        return f"{words} {bound} seconds ({_span(bound)})"
    return f"{_type(found[1])}, {words} {bound}"


def _span(seconds: int) -> str:
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _words(kind: Any, field: str) -> list[str]:
    """The words that a field takes, from the types of the whole."""
    for name in re.sub(r"\[\d+\]", "", field).split("."):
        kind = next((found for found in (_member(one, name) for one in _plain(kind)) if found), kind)
    return sorted(str(word) for one in _plain(kind) if get_origin(one) is Literal for word in get_args(one))


def _member(kind: Any, name: str) -> Any:
    """The type of a member of a struct, or None."""
    is_struct = isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    return get_type_hints(kind).get(name) if is_struct else None


def _plain(kind: Any) -> list[Any]:
    """The type itself, or those of a union or a list."""
    inner = () if get_origin(kind) is Literal else get_args(kind)
    return [kind, *(found for one in inner for found in _plain(one))]


def _type(name: str) -> str:
    return " or ".join(TYPES.get(one, one) for one in name.split(" | "))
