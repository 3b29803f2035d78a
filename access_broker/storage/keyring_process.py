"""The system's keyring, asked in a process of its own: a backend may hang, print or crash, and none of it is ours.

`python -m access_broker.storage.keyring_process get|set|delete KEY` reads a text for `set` from stdin and answers with
one JSON document. The backend's own prints go nowhere.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

SERVICE = "access-broker"


def main() -> None:
    """Do one thing with one entry."""
    verb, key = sys.argv[1:]
    text = sys.stdin.read() if verb == "set" else ""
    ours = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        answer = {"text": _done(verb, key, text)}
    except Exception as error:  # noqa: BLE001  keyring backends raise what they like
        answer = {"error": type(error).__name__}
    with os.fdopen(ours, "w", encoding="utf-8") as out:
        out.write(json.dumps(answer))


def _done(verb: str, key: str, text: str) -> str | None:
    backend = _backend()
    if verb == "set":
        backend.set_password(SERVICE, key, text)
        return None
    found: str | None = backend.get_password(SERVICE, key)
    if verb == "delete" and found is not None:
        backend.delete_password(SERVICE, key)
    return found if verb == "get" else None


def _backend() -> Any:
    """The keyring; NoKeyringError where only stand-ins (fail, null, plain text) are there."""
    import keyring  # noqa: PLC0415  looks for backends on import
    import keyring.errors  # noqa: PLC0415

    backend = keyring.get_keyring()
    if not keyring.core.recommended(backend):
        raise keyring.errors.NoKeyringError
    return backend


if __name__ == "__main__":
    main()
