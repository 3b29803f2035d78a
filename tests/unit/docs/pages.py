"""The Markdown pages of this repository, and what they are made of."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BLOCK = re.compile(r"^( *)```.*?^\1```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`[^`\n]+`")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def pages() -> list[Path]:
    """Every *.md of the repository: at its root, and in folders that are no build's or tool's."""
    folders = [path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "vendor"))]
    below = [page for folder in folders for page in folder.rglob("*.md") if not _foreign(page)]
    return sorted([*ROOT.glob("*.md"), *below])


def _foreign(page: Path) -> bool:
    return bool({"node_modules", "site-packages"} & set(page.parts))


def name(page: Path) -> str:
    """The page's name from the root on, for test ids."""
    return str(page.relative_to(ROOT))


def prose(text: str) -> str:
    """The page without its code blocks."""
    return BLOCK.sub("", text)


def links(text: str) -> list[str]:
    """Where the page links to, in code nowhere."""
    return LINK.findall(CODE.sub("`code`", prose(text)))


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the page's headings."""
    found: list[str] = []
    for heading in HEADING.findall(prose(text)):
        anchor = _anchor(heading)
        found.append(f"{anchor}-{found.count(anchor)}" if anchor in found else anchor)
    return set(found)


def _anchor(heading: str) -> str:
    shown = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
    return re.sub(r"[^\w\- ]", "", shown).replace(" ", "-")
