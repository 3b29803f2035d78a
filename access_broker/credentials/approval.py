"""Asking for access that others must agree to, and waiting until they have."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from access_broker.failures import ApprovalRequired, Refused
from access_broker.output.times import local_and_utc, span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from access_broker.connection import Connection
    from access_broker.credentials.role_ask import RoleAsk
    from access_broker.http.broker import Broker
    from access_broker.output.printer import Output

Result = TypeVar("Result")

DEFAULT_GRANT_SECONDS = 3600
SHORTEST_GRANT_SECONDS = 1800
FIRST_LOOK_SECONDS = 2.0
SLOWEST_LOOK_SECONDS = 15.0
ADVICE = "File a request:"
COLLECT_PAUSES = (1.0, 2.0, 4.0)


def granted(attempt: Callable[[], Result], ask: RoleAsk, connection: Connection, *, wait: bool) -> Result:
    """The result of `attempt`; where others must agree first, file the request, wait, and attempt again.

    ApprovalRequired without `wait`: the request is filed, and its id is in the sentence.
    """
    try:
        return attempt()
    except ApprovalRequired as refusal:
        approvals = Approvals(connection.broker, connection.output)
        waiting = approvals.pending(ask.role)
        request = waiting or approvals.file(_outlasting_approval(ask))
        filed = _filed(request, "is filed already" if waiting else "is filed")
        if not wait:
            raise ApprovalRequired(
                f"{_without_advice(refusal)} {filed} Run the same command again once it is "
                f"approved, or look at it with `broker requests --id {request['id']}`."
            ) from refusal
    connection.output.notice(filed)
    approvals.await_decision(request)
    return approvals.collect(attempt)


@dataclass(frozen=True, slots=True)
class Approvals:
    """Requests of one caller. `sleep` and `clock` are time's own."""

    broker: Broker
    output: Output
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def collect(self, attempt: Callable[[], Result]) -> Result:
        """The access that was approved. A grant is seen everywhere after some seconds: COLLECT_PAUSES, 7 s together."""
        for pause in COLLECT_PAUSES:
            try:
                return attempt()
            except ApprovalRequired:
                self.sleep(pause)
        return attempt()

    def pending(self, role: str) -> dict[str, Any] | None:
        """A request of the caller's own for the role that still waits: asking twice bothers people twice."""
        me = self.broker.get("whoami")["name"]
        found = self.broker.items("requests", "requests", state="pending", role=role, caller=me)
        mine = next((request["id"] for request in found if request.get("caller") == me), None)
        waiting: dict[str, Any] | None = self.broker.get("requests", mine) if mine else None
        return waiting  # a list does not say who can approve

    def file(
        self, ask: RoleAsk, not_before: str | None = None, on_behalf_of: str | None = None, also: Sequence[str] = ()
    ) -> dict[str, Any]:
        """File a request, and with it those for the roles `also`: the answer is the first."""
        body = {
            "role": ask.role,
            "duration_seconds": ask.seconds or DEFAULT_GRANT_SECONDS,
            "reason": ask.reason,
            "not_before": not_before,
            "on_behalf_of": on_behalf_of,
            "also": list(also) or None,
        }
        request: dict[str, Any] = self.broker.post("requests", body=body)
        return request

    def await_decision(self, request: dict[str, Any]) -> dict[str, Any]:
        """The request once it is approved; Refused once it cannot be any more."""
        began, pause = self.clock(), FIRST_LOOK_SECONDS
        try:
            with self.output.working(_waiting(request, 0)) as say:
                while request["state"] == "pending":
                    self.sleep(pause)
                    pause = min(pause * 1.5, SLOWEST_LOOK_SECONDS)
                    request = self.broker.get("requests", request["id"])
                    say(_waiting(request, self.clock() - began))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_stays_filed(request)) from None
        if request["state"] != "approved":
            raise Refused(_decided(request))
        self.output.notice(_decided(request))
        return request


def _stays_filed(request: dict[str, Any]) -> str:
    one = request["id"]
    return (
        f"Interrupted. Request {one} for {request['role']} stays filed and may still be approved: run the same command "
        f"again to go on, `broker requests --id {one}` to look at it, `broker cancel {one}` to take it back."
    )


def _filed(request: dict[str, Any], how: str) -> str:
    return " ".join(filter(None, (f"Request {request['id']} {how}.", who_can_approve(request))))


def who_can_approve(request: dict[str, Any]) -> str:
    """The groups that could approve, and a warning where too few people could; empty where it is not known."""
    eligible: dict[str, Any] = request.get("approvers") or {}
    words = [f"Members of {' and '.join(eligible['groups'])} can approve it."] if eligible.get("groups") else []
    if eligible.get("enough") is False:
        needed = request.get("approvals") or 1
        words.append(
            f"As things stand it cannot be approved: it takes {needed}, and fewer others than that may approve. Tell "
            "those who run the broker."
        )
    return " ".join(words)


def _without_advice(refusal: ApprovalRequired) -> str:
    """The broker's sentence about the rule, without its advice to file a request: one is filed."""
    return refusal.sentence.partition(ADVICE)[0].rstrip()


def _outlasting_approval(ask: RoleAsk) -> RoleAsk:
    """A command that is over sooner still asks for the shortest grant there is."""
    return replace(ask, seconds=max(ask.seconds, SHORTEST_GRANT_SECONDS)) if ask.seconds else ask


def _waiting(request: dict[str, Any], seconds: float) -> str:
    agreed = sum(1 for decision in request.get("decisions") or [] if decision.get("decision") == "approve")
    needed = request.get("approvals") or 1
    words = f"Waiting for approval of {request['role']} (request {request['id']})"
    return f"{words}: {agreed} of {needed}, {span(int(seconds))}"


def _decided(request: dict[str, Any]) -> str:
    decisions = request.get("decisions") or [{}]
    last = decisions[-1]
    words = [f"Request {request['id']} for {request['role']} is {request['state']}"]
    if by := last.get("by"):
        words.append(f"by {by}")
    if until := request.get("until"):
        words.append(f"until {local_and_utc(until)}")
    if usable := request.get("usable_until"):
        words.append(f"(the last session begins by {local_and_utc(usable)})")
    if comment := last.get("comment"):
        words.append(f"({comment})")
    return " ".join(words) + "."
