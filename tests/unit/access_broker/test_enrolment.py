"""`broker mfa enroll`: where a person types, two codes; elsewhere, two commands."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import pytest

from access_broker.credentials.enrolment import Enrolment
from access_broker.failures import Misused, Refused
from access_broker.output.printer import Output

SERIAL = "arn:aws:iam::000000000000:mfa/access-broker/dana"
MADE = {"name": "dana", "serial": SERIAL, "seed": "JBSWY3DP", "uri": "otpauth://totp/dana?secret=JBSWY3DP"}
UNFIT = Misused("These codes do not fit.", {"codes": "two codes that follow each other"})


@dataclass
class Broker:
    """Answers the routes of devices; each of `failures` meets one attempt to enable."""

    failures: list[Exception] = field(default_factory=list)
    made: int = 0
    enabled: list[list[str]] = field(default_factory=list)

    def post(self, *path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        if body is None:
            self.made += 1
            return MADE
        assert path == ("me", "mfa-devices", "dana", "enable")
        self.enabled.append(body["codes"])
        if self.failures:
            raise self.failures.pop(0)
        return {"name": "dana"}


def enrolling(monkeypatch: pytest.MonkeyPatch, broker: Broker, typed: str, *, as_json: bool = False) -> Enrolment:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    made: Any = broker
    return Enrolment(made, Output(as_json))


def test_two_typed_codes_enable_the_device(monkeypatch, capsys):
    broker = Broker()
    enrolling(monkeypatch, broker, "111111\n222222\n").run(interactive=True)
    assert broker.enabled == [["111111", "222222"]]
    shown = capsys.readouterr()
    assert "JBSWY3DP" in shown.out
    assert "JBSWY3DP" not in shown.err


def test_codes_that_do_not_fit_are_asked_for_again_three_times_in_all(monkeypatch):
    broker = Broker([UNFIT])
    enrolling(monkeypatch, broker, "1\n2\n3\n4\n").run(interactive=True)
    assert (broker.made, broker.enabled) == (1, [["1", "2"], ["3", "4"]])
    tired = Broker([UNFIT] * 3)
    with pytest.raises(Misused):
        enrolling(monkeypatch, tired, "1\n" * 9).run(interactive=True)
    assert len(tired.enabled) == 3


@pytest.mark.parametrize("failure", [Refused("no"), Misused("no", {"name": "x"})])
def test_no_other_failure_asks_again(monkeypatch, failure):
    broker = Broker([failure])
    with pytest.raises(type(failure)):
        enrolling(monkeypatch, broker, "1\n2\n3\n4\n").run(interactive=True)
    assert len(broker.enabled) == 1


def test_a_person_who_leaves_is_told_how_to_go_on(monkeypatch):
    with pytest.raises(Misused, match="broker mfa enroll --code"):
        enrolling(monkeypatch, Broker(), "").run(interactive=True)


@pytest.mark.parametrize("as_json", [False, True])
def test_without_a_terminal_the_device_is_made_and_the_next_command_said(monkeypatch, capsys, as_json):
    broker = Broker()
    enrolling(monkeypatch, broker, "1\n2\n", as_json=as_json).run(interactive=False)
    shown = capsys.readouterr()
    assert (broker.made, broker.enabled) == (1, [])
    assert "broker mfa enroll --code CODE --code CODE" in shown.err
    assert MADE["uri"] in shown.out


def test_codes_of_the_command_line_enable_without_making_another(monkeypatch):
    broker = Broker()
    enrolling(monkeypatch, broker, "").enable("dana", ["111111", "222222"])
    assert (broker.made, broker.enabled) == (0, [["111111", "222222"]])
    with pytest.raises(Misused, match="two codes"):
        enrolling(monkeypatch, broker, "").enable("dana", ["111111"])
