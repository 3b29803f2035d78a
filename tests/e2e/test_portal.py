"""The portal in a browser, on the deployed broker: five people, each with a browser and a terminal."""

from __future__ import annotations

import json
import re
import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from localaws import mfa
from tests.e2e.auditing import ask, eventually, start_afresh
from tests.e2e.browsing import Tab, launched, portal_of
from tests.e2e.cli_person import Person, at_a_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import boto3

    from localaws.broker import Broker

chromium = pytest.fixture(scope="module")(launched)


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


def prove(shown: Tab, code: str) -> None:
    """Answer the MFA prompt."""
    shown.page.get_by_role("dialog", name="Prove your second factor").wait_for()
    shown.fill("Code of your device", code)
    shown.press("Prove")


def test_alice_asks_bob_approves_she_works_and_an_administrator_ends_it(broker: Broker, people: Any) -> None:
    start_afresh(broker, "alice", "prod-ec2")
    alice, terminal = people("alice")
    alice.go("/requests/new/prod-ec2")
    alice.sees("1 approval needed")
    alice.fill("Reason", "deploy 1.4.2")
    alice.press("Send the request")
    alice.sees("Take it back")

    now = alice.page.context.new_page()  # as she left it: it shows the approval by itself
    now.goto(alice.url.partition("#")[0])
    now.get_by_label("Search roles").fill("prod")
    now.get_by_role("button", name="Ask for prod-ec2").wait_for()

    bob, _ = people("bob")
    bob.page.get_by_role("link", name="alice").first.click()
    bob.sees("deploy 1.4.2")
    bob.fill("Comment", "go ahead")
    bob.press("Approve")
    prove(bob, "000000")
    bob.sees("AWS does not take this code")
    prove(bob, broker.mfa_code("bob"))
    bob.sees("Usable until")

    alice.sees("go ahead")
    now.get_by_role("button", name="Take prod-ec2").wait_for()
    assert now.get_by_label("Search roles").input_value() == "prod"
    alice.press("Take the role")
    alice.press("Command line: prod-ec2")
    alice.fill("Reason", "deploy 1.4.2")
    alice.press("Copy the command")
    line = alice.page.evaluate("navigator.clipboard.readText()")
    kept = subprocess.run(
        ["bash", "-c", line],
        env=terminal.changed({"SHELL": "/bin/bash"}),
        cwd=terminal.home,
        input="aws ec2 describe-instances && env | grep ^AWS_",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Reservations" in kept.stdout, kept.stderr
    keys = dict(one.split("=", 1) for one in kept.stdout.splitlines() if re.match(r"AWS_\w+=", one))

    admin, _ = people("admin")
    admin.go("/sessions")
    admin.page.get_by_role("table", name="All sessions").get_by_role("link", name="alice").first.click()
    admin.press("End access")
    admin.sees("This will end")
    admin.press("End it now")
    admin.sees("Ended 1 session.")

    alice.go(f"/sessions/{ask(broker, 'alice', 'GET', '/v1/sessions?limit=1').document['sessions'][0]['id']}")
    alice.sees("revoked")
    without_profile: dict[str, str | None] = {**keys, "AWS_PROFILE": None}
    denied = eventually(
        lambda: terminal.run(["aws", "ec2", "describe-instances"], **without_profile), lambda done: done.returncode
    )
    assert "UnauthorizedOperation" in denied.stderr or "AccessDenied" in denied.stderr
    admin.sees("First denial: ")
    admin.page.get_by_text(re.compile(r"First denial: \d+ seconds")).first.wait_for()


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
        prove(gina, code())
        gina.sees("They are shown nowhere")
        identifier = gina.page.locator("dialog code").first.inner_text()
        gina.press("Done")
        gina.go(f"/sessions/{identifier}")
        gina.sees("waits for a review")

        bob, _ = people("bob")
        bob.go("/sessions")
        bob.sees("site is down")
        bob.fill("What you found", "two instances restarted")
        bob.press("Sign off")
        bob.sees("Reviewed and signed off.")
        gina.sees("reviewed by bob")


def test_an_administrator_suspends_carol_and_lifts_it(people: Any) -> None:
    carol, _ = people("carol")
    admin, _ = people("admin")
    admin.go("/people/person/carol")
    # The directory reads callers once a minute; the page shows carol by itself then.
    admin.page.get_by_role("button", name="Suspend", exact=True).click(timeout=90_000)
    admin.fill("Reason", "key in a build log")
    admin.press("Suspend now")
    admin.sees("carol is out.")
    admin.press("Done")
    carol.go("/requests")
    carol.page.locator(".problem").filter(has_text="suspended").first.wait_for()
    admin.go("/people")
    admin.press("Lift the suspension of carol")
    admin.sees("carol may ask again.")
    carol.sees("No requests")
