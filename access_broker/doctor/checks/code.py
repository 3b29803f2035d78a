"""The functions: their code, runtime and event sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from access_broker.doctor.model import Finding, NotHere, check, failed, none_of, ok

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

TOPIC = "Functions"


@dataclass(frozen=True, slots=True)
class Function:
    """A deployed function: base64 of its code's SHA-256, runtime, and whether it is active."""

    code: str
    runtime: str
    active: bool


@dataclass(frozen=True, slots=True)
class Functions:
    """The stack's functions; `package` is the code of the local package, with the place where it was found."""

    functions: Mapping[str, Function]
    package: str
    place: str
    today: date


@dataclass(frozen=True, slots=True)
class EventSource:
    """An event source mapping."""

    state: str
    last_result: str


END_OF_SUPPORT = {
    "python3.9": "2025-12-15",
    "python3.10": "2026-10-31",
    "python3.11": "2027-06-30",
    "python3.12": "2028-10-31",
    "python3.13": "2029-06-30",
    "python3.14": "2029-06-30",
}
"""AWS Lambda Developer Guide, "Lambda runtimes", deprecation dates."""


@check(
    "code-is-the-package",
    topic=TOPIC,
    fact="functions",
    asks="every function runs the code of the local package",
    why="code that differs was put there by another way than the deployment",
    do="find out who changed it (CloudTrail: UpdateFunctionCode), then make deploy; "
    "if this checkout is another version, package the version that is deployed",
)
def code_is_the_package(facts: Functions) -> Finding:
    """CodeSha256 against deployment.zip; without a package, the functions against each other."""
    kinds = {one.code for one in facts.functions.values()}
    if len(kinds) > 1:
        usual = max(kinds, key=[one.code for one in facts.functions.values()].count)
        return none_of([name for name, one in facts.functions.items() if one.code != usual], "code of its own", "")
    if not facts.package:
        raise NotHere("all functions run the same code; there is no package here to compare with (--package DIR)")
    return ok(facts.place) if kinds == {facts.package} else failed(f"the functions' code is not that of {facts.place}")


@check(
    "runtime",
    topic=TOPIC,
    fact="functions",
    asks="the functions' Python is supported by Lambda",
    why="a runtime after its end gets no security updates, and later no function can be updated",
    do="pin a newer runtime, package and deploy",
)
def runtime(facts: Functions) -> Finding:
    """By AWS's table of deprecation dates."""
    today = facts.today.isoformat()
    old = {one.runtime for one in facts.functions.values() if END_OF_SUPPORT.get(one.runtime, "0") < today}
    used = sorted({one.runtime for one in facts.functions.values()})
    return none_of(old, "not supported (any more)", f"{', '.join(used)} until {END_OF_SUPPORT.get(used[0], '?')}")


@check(
    "functions-active",
    topic=TOPIC,
    fact="functions",
    asks="every function of the template exists and is active",
    why="a function that is gone or failed answers nothing",
    do="revert the drift (docs/doctor.md); aws lambda get-function-configuration tells the reason of a failed state",
)
def functions_active(facts: Functions) -> Finding:
    """GetFunctionConfiguration, State."""
    gone = [name for name, one in facts.functions.items() if not one.active]
    return none_of(gone, "not active", f"{len(facts.functions)} functions")


@check(
    "event-sources",
    topic=TOPIC,
    fact="event_sources",
    asks="the stream and the queues are connected to their functions",
    why="a mapping that is off leaves events out of the audit log, or notices undelivered",
    do="aws lambda update-event-source-mapping --uuid ID --enabled",
)
def event_sources(mappings: Mapping[str, EventSource]) -> Finding:
    """State and last result of each mapping."""
    wrong = [f"{name} ({one.state or 'gone'})" for name, one in mappings.items() if one.state != "Enabled"]
    wrong += [f"{name} ({one.last_result})" for name, one in mappings.items() if "PROBLEM" in one.last_result]
    return none_of(wrong, "not working", f"{len(mappings)} mappings")
