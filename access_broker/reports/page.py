"""One HTML file that holds its report: no name in it can become markup or a script, and it loads nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib.resources import files
from typing import Any

ESCAPED = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}
"""Letters that end a script element or a line of it, as JSON writes them."""

Plot = tuple[str, list[tuple[str, int]]]

BARS = 30


def page(title: str, about: str, plots: list[Plot], matrix: dict[str, Any] | None = None) -> str:
    """The page. Its Content-Security-Policy names the one script and the one style by their hashes."""
    text = files("access_broker.reports").joinpath("page.html").read_text("utf-8")
    for place, pattern in (("STYLE-HASH", r"<style>(.*?)</style>"), ("SCRIPT-HASH", r"<script>(.*?)</script>")):
        found = re.search(pattern, text, re.DOTALL)
        text = text.replace(place, _hash(found[1] if found else ""))
    shown = [(name, numbers[:BARS]) for name, numbers in plots]
    data = {"title": title, "about": about, "plots": shown, "matrix": matrix}
    return text.replace("DATA", json.dumps(data).translate(ESCAPED), 1)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
