"""The user of this computer that a loopback connection comes from (proc_net_tcp in the documentation of Linux)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""IPv6 too: a client may write 127.0.0.1 as ::ffff:127.0.0.1."""

TIME_WAIT = "06"
ROOT = 0


def stranger(peer_port: int, our_port: int, tables: Iterable[Path] = TABLES) -> bool:
    """True if the other end belongs to another user of this computer, who is not root.

    Where the system does not tell, the token and the key have to do. Root is
    let through: it could read this process anyway, and relays into virtual
    machines run as root.
    """
    owners = [owner for table in tables for owner in _owners(peer_port, our_port, table)]
    return any(owner not in {ROOT, os.getuid()} for owner in owners)


def _owners(peer_port: int, our_port: int, table: Path) -> Iterable[int]:
    try:
        lines = table.read_text(encoding="ascii").splitlines()[1:]
    except (OSError, ValueError):
        return
    for line in lines:
        _, local, remote, state, *rest = line.split()
        if state != TIME_WAIT and (_port(local), _port(remote)) == (peer_port, our_port):
            yield int(rest[3])


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)
