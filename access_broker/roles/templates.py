"""Role templates (policies/roles/*.yaml), read as the API takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from access_broker.failures import Misused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def read_templates(places: Iterable[Path]) -> list[dict[str, Any]]:
    """The templates of files and folders, each role once; Misused names the file that is at fault."""
    templates: dict[str, tuple[Path, dict[str, Any]]] = {}
    for path in _files(places):
        template = _template(path)
        name = template["name"]
        if name in templates:
            raise Misused(f"{path} and {templates[name][0]} both are templates of {name}: remove one.")
        templates[name] = path, template
    return [template for _, template in templates.values()]


def _files(places: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for place in places:
        inside = sorted((*place.glob("*.yaml"), *place.glob("*.yml"))) if place.is_dir() else [place]
        if not inside:
            raise Misused(f"{place} has no template (*.yaml) in it.")
        found += inside
    return found


def _template(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Misused(f"{path} cannot be read ({error}).") from error
    except yaml.YAMLError as error:
        raise Misused(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict) or not isinstance(document.get("name"), str):
        raise Misused(f"{path} is not a role template: it has to be a mapping with a name.")
    return document
