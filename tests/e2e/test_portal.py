"""The portal in a browser, on the deployed broker: five people, each with a browser and a terminal."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from localaws import mfa
from tests.e2e.browsing import Tab, launched, portal_of
from tests.e2e.cli_person import Person, at_a_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import boto3

    from localaws.broker import Broker

chromium = pytest.fixture(scope="session")(launched)


@pytest.fixture
def people(chromium: Any, broker: Broker, tmp_path: Path) -> Iterator[Callable[[str], tuple[Tab, Person]]]:
    """Opens a person's portal: their tab and their terminal."""
    with ExitStack() as open_tabs:

        def opened(name: str) -> tuple[Tab, Person]:
            person = at_a_terminal(broker, name, tmp_path / name)
            shown = open_tabs.enter_context(portal_of(chromium, person))
            shown.sees("What I have")
            return shown, person

        yield opened


def prove_if_asked(shown: Tab, code: Callable[[], str], done: str) -> None:
    """Answer the MFA prompt, if one comes before the page says that it is done."""
    prompt = shown.page.get_by_role("dialog").filter(has_text="Prove your second factor")
    finished = shown.page.get_by_text(done)
    prompt.or_(finished).first.wait_for()
    if prompt.is_visible():
        shown.fill("Code of your device", code())
        shown.press("Prove")
    finished.first.wait_for()


def test_carol_is_shown_why_not(people: Any) -> None:
    carol, _ = people("carol")
    carol.sees("No role is open to you")
    carol.go("/roles/ec2-full")
    carol.press("Explain")
    carol.sees("carol may not.")
    closed = carol.page.locator(".chain li.closed").first
    assert "engineers" in closed.inner_text()
    for page in ("Audit", "Clean-up"):
        assert carol.page.get_by_role("link", name=page).count() == 0
    assert carol.page.get_by_role("button", name="Console").count() == 0


@contextmanager
def on_call(broker: Broker, admin: boto3.Session) -> Iterator[Callable[[], str]]:
    """An engineer on call named gina, with a profile and an MFA device; yields what shows its code."""
    iam = admin.client("iam")
    iam.create_user(UserName="gina")
    for group in ("engineers", "on-call"):
        if group not in {one["GroupName"] for one in iam.list_groups()["Groups"]}:
            iam.create_group(GroupName=group)
        iam.add_user_to_group(GroupName=group, UserName="gina")
    key = iam.create_access_key(UserName="gina")["AccessKey"]
    files = (broker.directory / "credentials", broker.directory / "config")
    before = [file.read_text() for file in files]
    section = f"\n[gina]\naws_access_key_id = {key['AccessKeyId']}\naws_secret_access_key = {key['SecretAccessKey']}\n"
    files[0].write_text(before[0] + section)
    bob = re.search(r"\[profile bob\]\n(?:.+\n)+", before[1] + "\n")
    assert bob
    files[1].write_text(before[1] + "\n" + bob[0].replace("profile bob", "profile gina"))
    device = mfa.enable(iam, "gina")
    devices = json.loads((broker.directory / mfa.FILE).read_text())
    mfa.write(broker.directory, {name: mfa.Device(**one) for name, one in devices.items()} | {"gina": device})
    try:
        yield lambda: broker.mfa_code("gina")
    finally:
        for file, text in zip(files, before, strict=True):
            file.write_text(text)


def test_the_glass_is_broken_and_another_person_reviews_it(broker: Broker, profile: Any, people: Any) -> None:
    with on_call(broker, profile("admin")) as code:
        gina, _ = people("gina")
        gina.go("/roles/prod-ec2")
        gina.press("Break the glass")
        gina.fill("Reason", "site is down")
        gina.press("Take it now")
        prove_if_asked(gina, code, "They are shown nowhere")
        identifier = gina.page.locator("dialog code").first.inner_text()
        gina.press("Done")
        gina.go(f"/sessions/{identifier}")
        gina.sees("waits for a review")

        bob, _ = people("bob")
        bob.go("/sessions")
        bob.fill("Session id", identifier)
        bob.fill("What you found", "two instances restarted")
        bob.press("Sign off")
        prove_if_asked(bob, lambda: broker.mfa_code("bob"), "Reviewed and signed off.")
        gina.sees("reviewed by bob")
