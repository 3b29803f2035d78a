"""Gathering: once for each fact, and what AWS refuses is told as such."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from access_broker.doctor.examine import Facts, examine, exit_code
from access_broker.doctor.model import Check, NotHere, failed, ok, warning
from access_broker.doctor.report import as_document, show
from access_broker.failures import Misused, Unavailable
from access_broker.output.printer import Output


def a_check(name: str, fact: str = "fact", judge: Any = lambda _: ok("fine")) -> Check:
    return Check(name, "Topic", fact, f"{name} is so", "it matters", "mend it", judge)


def raising(error: Exception) -> Any:
    def gather() -> Any:
        raise error

    return gather


def look(gather: Any, judge: Any = lambda _: ok("fine")) -> Any:
    (found,) = examine(Facts({"fact": gather}), lambda _: None, [a_check("one", judge=judge)])
    return found[1]


def denied() -> ClientError:
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "arn:aws:iam::1:user/x"}}, "DescribeTable")


@pytest.mark.parametrize("error", [denied(), Unavailable("nothing answers"), KeyError("gone"), OSError("no route")])
def test_what_cannot_be_gathered_is_told_as_such(error: Exception) -> None:
    assert look(raising(error)).state == "cannot look"


def test_a_refusal_names_the_call_and_not_what_aws_says_of_identities() -> None:
    assert look(raising(denied())).found == "DescribeTable: AccessDenied"


def test_a_wrong_use_ends_the_whole_examination() -> None:
    with pytest.raises(Misused):
        look(raising(Misused("no such stack")))


def test_a_fact_is_gathered_once_for_all_its_checks() -> None:
    asked = []
    examine(Facts({"fact": lambda: asked.append(1)}), lambda _: None, [a_check("one"), a_check("two")])
    assert asked == [1]


def not_here(_fact: object) -> Any:
    raise NotHere("the embedded AWS does not tell")


@pytest.mark.parametrize(
    ("gather", "judge", "code"),
    [
        (lambda: 1, lambda _: ok("fine"), 0),
        (lambda: 1, not_here, 0),
        (raising(denied()), lambda _: ok("fine"), 2),
        (lambda: 1, lambda _: warning(failed("half broken")), 0),
        (lambda: 1, lambda _: failed("broken"), 1),
    ],
)
def test_the_exit_code_says_the_worst(gather: Any, judge: Any, code: int) -> None:
    assert exit_code([(a_check("one"), look(gather, judge))]) == code


def test_a_failure_weighs_more_than_a_refused_look() -> None:
    refused, red = look(raising(denied())), look(lambda: 1, lambda _: failed("broken"))
    assert exit_code([(a_check("one"), refused), (a_check("two"), red)]) == 1


def test_people_see_a_line_for_each_check_and_the_remedy_of_each_failure(capsys: Any) -> None:
    found = [
        (a_check("one"), ok("fine")),
        (a_check("two"), failed("broken")),
        (a_check("three"), warning(failed("old"))),
    ]
    show(found, Output())
    printed = capsys.readouterr().out
    for part in (
        "Topic",
        "one is so: fine",
        "two: broken",
        "why: it matters",
        "do:  mend it",
        "three: old",
        "1 ok, 1 failed, 1 warning",
    ):
        assert part in printed


def test_programs_get_every_check_with_its_remedy() -> None:
    document = as_document([(a_check("two"), failed("broken", "do this"))])
    assert json.loads(json.dumps(document))["checks"][0] | {} == {
        "name": "two", "topic": "Topic", "state": "failed", "asks": "two is so",
        "found": "broken", "why": "it matters", "do": "do this",
    }  # fmt: skip
    assert document["summary"] == {"failed": 1}
