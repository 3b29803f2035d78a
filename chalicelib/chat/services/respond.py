"""Commands and button clicks from Slack, run through the same services as HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs

from chalicelib.approvals.domain.requests import RequestFilter
from chalicelib.approvals.services.request import RequestAsk
from chalicelib.chat.domain import messages as say
from chalicelib.chat.domain.commands import AskFor, NotUnderstood, Revoke, ShowMine, ShowRoles, ShowWho, parse
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import BrokerError, NotFound, Refused
from chalicelib.core.domain.events import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Protocol

    from chalicelib.approvals.domain.requests import Request, Word
    from chalicelib.approvals.services.decide import RequestDecisions
    from chalicelib.approvals.services.records import ApprovalRecords
    from chalicelib.approvals.services.request import RequestBrowser, RequestFiling
    from chalicelib.chat.domain.commands import Command
    from chalicelib.chat.domain.visits import Linked, Visit
    from chalicelib.explain.services.browse_roles import RoleBrowser
    from chalicelib.sessions.services.end_grant import GrantEnder

    class Answers(Protocol):
        """Answers that only the person who asked can see."""

        def answer(self, response_url: str, text: str) -> None:
            """Answer that person; NotDelivered if Slack does not take it."""
            ...

    class Directory(Protocol):
        """IAM users by their place in the chat."""

        def people(self) -> Sequence[Linked]:
            """All linked users, with groups and tags."""
            ...

    class Visits(Protocol):
        """Requests from Slack that were handled."""

        def first(self, visit: Visit, invocation: str) -> bool:
            """True if this invocation handles the request. A retry does, a replay does not."""
            ...

    class Worker(Protocol):
        """The chat function, as the webhook sees it."""

        def hand_over(self, visit: Visit) -> None:
            """Return once the visit is queued; AwsUnavailable or RefusedByAws."""
            ...

    class SessionEnding(Protocol):
        """Taking back one session (services.revoking)."""

        def end_session(self, session_id: str, reason: str, origin: Origin) -> object:
            """End it; NotFound, Refused, Conflict where the role's list takes not even its caller."""
            ...


ROLES_SHOWN = 50
LOOKED_THROUGH = 100
LASTING = {"active", "scheduled"}
VIA = "slack"
BUTTONS: dict[str, Word] = {"approve": "approve", "deny": "deny"}
UNLINKED = Caller("unknown", VIA, "", "", "")
TOLD = 100
"""Greatest length of quoted text from an unknown person, in characters."""


@dataclass(frozen=True, slots=True)
class Said:
    """One request from Slack, parsed: the person, the command, and where to answer."""

    team: str
    user: str
    response_url: str
    text: str = ""
    click: tuple[str, str] | None = None
    """The button and its value (the request id)."""

    org: str = ""
    """The Enterprise Grid organisation, whose user ids are the same in all its workspaces."""

    @property
    def handle(self) -> str:
        """As the IAM tag access-broker:slack should have it: with the organisation, where there is one."""
        return f"{self.org or self.team}/{self.user}"

    @property
    def handles(self) -> frozenset[str]:
        """The tags that mean this account: a workspace of an organisation counts, too."""
        return frozenset({self.handle, f"{self.team}/{self.user}"})


def read(visit: Visit) -> Said:
    """The form that Slack sent: a command, or a click on a button."""
    form = {name: values[0] for name, values in parse_qs(visit.body, keep_blank_values=True).items()}
    if visit.kind == "command":
        text = unescaped(form.get("text", ""))
        return Said(form["team_id"], form["user_id"], form["response_url"], text, org=form.get("enterprise_id", ""))
    payload: dict[str, Any] = json.loads(form["payload"])
    user, action = payload["user"], payload["actions"][0]
    team = user.get("team_id") or (payload.get("team") or {}).get("id") or ""
    org = (payload.get("enterprise") or {}).get("id") or ""
    click = str(action["action_id"]), str(action.get("value", ""))
    return Said(team, user["id"], payload["response_url"], click=click, org=org)


def unescaped(text: str) -> str:
    """The text as it was typed: Slack escapes these three characters, once (Slack API, "Formatting text")."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """The services that people reach by chat: the same as by HTTP."""

    role_browser: RoleBrowser
    request_filing: RequestFiling
    reading: RequestBrowser
    request_decisions: RequestDecisions
    grant_ender: GrantEnder
    sessions: SessionEnding


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatResponder:
    """Handles each request from Slack once, as the user whose IAM tag names that Slack account."""

    actions: Actions
    directory: Directory
    check_not_suspended: Callable[[Caller], None]
    visits: Visits
    answers: Answers
    records: ApprovalRecords
    policy_set: str

    def take(self, visit: Visit, invocation: str) -> None:
        """Run the command and answer the person who asked. A replay changes nothing and is recorded."""
        if not self.visits.first(visit, invocation):
            replayed = Refused("A request of Slack's was sent again; it was acted upon once.")
            self._refused(replayed, self._origin(UNLINKED, visit), {"webhook": "replayed"})
            return
        said = read(visit)
        self.answers.answer(said.response_url, self._answered(said, visit))

    def _answered(self, said: Said, visit: Visit) -> str:
        try:
            origin = self._origin(self._person(said, visit), visit)
            if said.click:
                return self._clicked(*said.click, origin)
            return self._run(parse(said.text), visit, origin)
        except NotUnderstood as expected:
            return str(expected)
        except BrokerError as failure:
            return say.plain(failure.detail)

    def _person(self, said: Said, visit: Visit) -> Caller:
        """The user whose tag names this Slack account; Refused, after it is recorded, if there are none or several."""
        found = [one for one in self.directory.people() if one.handle in said.handles]
        if len(found) == 1:
            return self._not_suspended(found[0].caller, visit)
        why = say.DOUBLY_LINKED if found else say.HOW_TO_LINK.format(handle=said.handle)
        tried = {"request": said.click[1], "clicked": said.click[0]} if said.click else {"said": said.text[:TOLD]}
        detail = {"webhook": "doubly_linked" if found else "not_linked", "handle": said.handle, **tried}
        raise self._refused(Refused(why), self._origin(UNLINKED, visit), detail)

    def _not_suspended(self, caller: Caller, visit: Visit) -> Caller:
        try:
            self.check_not_suspended(caller)
        except Refused as suspended:
            raise self._refused(suspended, self._origin(caller, visit), {}) from None
        return caller

    def _clicked(self, button: str, request_id: str, origin: Origin) -> str:
        word = BUTTONS.get(button)
        if word is None:
            raise self._refused(Refused("That button is not one of the broker's."), origin, {"clicked": button[:TOLD]})
        return say.decision_said(self.actions.request_decisions.record_decision(request_id, word, "", origin))

    def _run(self, command: Command, visit: Visit, origin: Origin) -> str:
        match command:
            case ShowRoles():
                return self._roles(origin)
            case ShowMine():
                return self._list(RequestFilter(caller=origin.caller.name), origin)
            case ShowWho(role):
                return self._who(role, origin)
            case AskFor(role, seconds, reason):
                ask = RequestAsk(role, seconds, reason, once=visit.id)
                return say.filed(self.actions.request_filing.file(ask, origin))
            case Revoke(identifier):
                return self._revoke(identifier, origin)

    def _roles(self, origin: Origin) -> str:
        page = self.actions.role_browser.roles(ROLES_SHOWN, "", origin)
        lines = [
            f"{say.plain(role.name)}: {role.access}{', quarantined' if role.quarantined else ''}"
            for role in page.items
            if role.access != "none"
        ]
        return "\n".join(lines) or "No role is open to you, not even by asking."

    def _list(self, wanted: RequestFilter, origin: Origin) -> str:
        page = self.actions.reading.page(wanted, say.SHOWN_AT_MOST, None, origin)
        return say.requests_list(page.items, self.records.clock())

    def _who(self, role: str, origin: Origin) -> str:
        """Requests that wait, and those whose grant still gives or will give the role."""
        now, reading = self.records.clock(), self.actions.reading

        def current(request: Request) -> bool:
            grant = reading.grant(request)
            return request.state_at(now) == "pending" or (grant is not None and grant.state(now) in LASTING)

        newest = reading.page(RequestFilter(role=role), LOOKED_THROUGH, None, origin).items
        return say.requests_list(filter(current, newest), now)

    def _revoke(self, identifier: str, origin: Origin) -> str:
        try:
            grant = self.actions.grant_ender.end(identifier, "", origin)
        except NotFound:
            self.actions.sessions.end_session(identifier, "", origin)
            return f"Session `{identifier}` is taken back."
        return f"The access to {say.plain(grant.role)} is given back."

    def _origin(self, who: Caller, visit: Visit) -> Origin:
        return Origin(who, visit.request_id, "", self.policy_set, VIA)

    def _refused(self, refusal: Refused, origin: Origin, detail: Mapping[str, str]) -> BrokerError:
        """Record a refusal made by chat itself. The services record their own."""
        return self.records.refused(refusal, "Chat", "", origin, detail)
