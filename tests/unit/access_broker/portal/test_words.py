"""Each word of the page is there in Japanese too, and its placeholders are the same."""

from __future__ import annotations

import json
import re

from access_broker.portal.files import STATIC

PAGES = [path for path in sorted(STATIC.rglob("*.js")) if path.parent.name != "vendor" and path.name != "japanese.js"]
TEXT = r'"((?:[^"\\]|\\.)+)"'
SAID = (
    rf"\bt\({TEXT}",  # t("…")
    rf"\bt\([\w.]+ \|\| {TEXT}",
    rf"\bname: {TEXT}, (?:wide|width|cell|page|short|quiet)",  # columns and pages
    rf"\bshort: {TEXT}",
    rf'\["(?=[A-Z][A-Za-z ]*"){TEXT[1:]}, ',  # facts
    rf'\["\d+", {TEXT}\]',  # spans of time
    r'^  \w+: "([A-Z][^"]+\.?[^"]* [^"]*)",$',  # the next steps of a refusal
)


def dictionary() -> dict[str, str]:
    body = (STATIC / "japanese.js").read_text(encoding="utf-8").partition("export default ")[2].rstrip().rstrip(";")
    read: dict[str, str] = json.loads(re.sub(r",\s*}$", "}", body))
    return read


def said() -> set[str]:
    texts = [path.read_text(encoding="utf-8") for path in PAGES if path.name != "ui.js"]
    interface = (STATIC / "ui.js").read_text(encoding="utf-8")
    steps = interface.partition("const STEPS = {")[2].partition("};")[0]
    found = {word for text in [*texts, interface] for form in SAID[:-1] for word in re.findall(form, text)}
    return found | set(re.findall(SAID[-1], steps, re.MULTILINE))


def test_nothing_is_left_in_english():
    assert len(said()) > 200
    assert sorted(said() - set(dictionary())) == []


def test_placeholders_are_kept():
    for english, japanese in dictionary().items():
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", japanese)), english
