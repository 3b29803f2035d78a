"""Every relative link of every page leads to a file, and to a heading where it names one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.docs.pages import ROOT, anchors, links, name, pages

if TYPE_CHECKING:
    from pathlib import Path

ELSEWHERE = ("https://", "http://", "mailto:")


def dead(page: Path) -> list[str]:
    """The page's links that lead nowhere."""
    return [link for link in links(page.read_text()) if not link.startswith(ELSEWHERE) and not leads(page, link)]


def leads(page: Path, link: str) -> bool:
    """Whether there is such a file, with such a heading."""
    place, _, anchor = link.partition("#")
    target = page.parent / place if place else page
    if not target.exists():
        return False
    return not anchor or (target.suffix == ".md" and anchor in anchors(target.read_text()))


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert dead(page) == []


def test_the_pages_of_the_repository_are_all_looked_at() -> None:
    assert {"README.md", "README.ja.md", "CHANGELOG.md", "docs/audit.md", "docs/decisions/README.md"} <= {
        name(page) for page in pages()
    }


def test_a_dead_link_is_found_and_a_live_one_is_not(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    other = "# One `more` heading, (twice)\n## Same\n## Same\n```\n# no heading\n[no](link)\n```\n`[no](link)`\n"
    (tmp_path / "other.md").write_text(other)
    live = "[a](other.md#one-more-heading-twice) [b](other.md#same-1) [c](#here) [d](https://example.org/x#y)\n"
    page.write_text(f"# Here\n{live}[e](gone.md) [f](other.md#no-heading) [g](#there) [h](other.md#same-2)\n")
    assert dead(page) == ["gone.md", "other.md#no-heading", "#there", "other.md#same-2"]
    assert dead(tmp_path / "other.md") == []


def test_every_page_of_docs_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[str](), ["README.md"]
    while waiting:
        page = ROOT / waiting.pop()
        reached.add(name(page))
        targets = [page.parent / link.partition("#")[0] for link in links(page.read_text()) if "://" not in link]
        found = {name(target.resolve()) for target in targets if target.suffix == ".md"}
        waiting += sorted(found - reached - set(waiting))
    assert {name(page) for page in pages() if name(page).startswith("docs/")} <= reached
