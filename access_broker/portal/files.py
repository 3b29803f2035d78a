"""The files of the page, read once at the start: a request names one of them or gets nothing."""

from __future__ import annotations

from pathlib import Path

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


def page_files(folder: Path = STATIC) -> dict[str, tuple[str, bytes]]:
    """Content type and content by the path of the request; `/` is the page itself."""
    found = {
        f"/{path.relative_to(folder).as_posix()}": (TYPES[path.suffix], path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.suffix in TYPES
    }
    return {"/": found["/index.html"], **found}
