"""The access policies as the package carries them: parsed when it is made, not at every cold start.

The texts stay beside them and name the set: compiled policies count only
while they were made of exactly these texts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chalicelib.access.domain.rules import digest, indexed, load_rules, parsed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.access.domain.rules import AccessRules


def compile_rules(files: Mapping[str, str]) -> str:
    """`{file name: Cedar text}` as one JSON document. ValueError, as `load_rules` raises it."""
    rules = load_rules(files)
    tags = None if rules.caller_tags is None else sorted(rules.caller_tags)
    document = {"digest": rules.digest, "caller_tags": tags, "policies": list(parsed(files))}
    return json.dumps(document, separators=(",", ":"))


def load_compiled(compiled: str, files: Mapping[str, str]) -> AccessRules:
    """The rules in `compiled`, or in `files` if it was made of others."""
    document = json.loads(compiled)
    if document["digest"] != digest(files):
        return load_rules(files)
    tags = document["caller_tags"]
    return indexed(document["digest"], document["policies"], None if tags is None else frozenset(tags))
