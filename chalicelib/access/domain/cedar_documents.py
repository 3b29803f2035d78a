"""An ask in Cedar's JSON: the request, and the entities that it speaks of.

Shape of the JSON: docs.cedarpolicy.com/auth/entities-syntax.html.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chalicelib.access.domain.policies import WHOLE_CONTEXT
from chalicelib.core.domain.roles import WHOLE_BROKER
from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.access.domain.rules import Ask
    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.roles import Account, Role


def request_document(ask: Ask, reads: frozenset[str] = WHOLE_CONTEXT) -> dict[str, Any]:
    """The ask as Cedar's request, its context as text, which cedarpy need not copy.

    Cedar takes longer to read a time or an address than to evaluate most rules: what no rule reads is left out.
    """
    context = {
        "source_ip": address(ask.source_ip),
        "at": {"__extn": {"fn": "datetime", "arg": rfc3339(ask.at)}},
        "duration_seconds": ask.duration_seconds,
        "reason_given": ask.reason_given,
        "session_policy_given": ask.session_policy_given,
        "session_tags": list(ask.session_tags),
        "mfa": ask.mfa,
        "via": ask.via,
    }
    if reads.isdisjoint(WHOLE_CONTEXT):
        context = {name: value for name, value in context.items() if name in reads}
    return {
        "principal": uid(*principal_uid(ask.caller)),
        "action": uid("Broker::Action", ask.action),
        "resource": resource_uid(ask.role),
        "context": json.dumps(context),
    }


def principal_uid(caller: Caller) -> tuple[str, str]:
    """The caller's Cedar entity type and id."""
    return ("Broker::User" if caller.kind == "user" else "Broker::RoleSession", caller.name)


def entities_document(ask: Ask) -> str:
    """The entities an ask speaks of, as Cedar's JSON: the caller, their groups, and the role.

    A caller of a member account is in that account, and in its organizational units.
    """
    groups = [_entity(uid("Broker::Group", group)) for group in ask.caller.groups]
    home = ask.caller.home
    caller = _entity(
        uid(*principal_uid(ask.caller)),
        {"name": ask.caller.name, "id": ask.caller.unique_id, "account": ask.caller.account},
        ask.caller.tags,
        [*(group["uid"] for group in groups), *([uid("Broker::Account", home.id)] if home else ())],
    )
    found = [caller, *_resource(ask.role), *groups]
    return json.dumps(_each_once([*found, *_account(home)]) if home else found)


def _each_once(entities: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cedar takes an entity once: caller and role may be of one account, or of one organizational unit."""
    return list({(one["uid"]["type"], one["uid"]["id"]): one for one in reversed(entities)}.values())


def _resource(role: Role) -> list[dict[str, Any]]:
    """The role, and of a member's role the account and its organizational units, which are its ancestors."""
    if role == WHOLE_BROKER:
        return [_entity(resource_uid(role))]
    attributes: dict[str, Any] = {
        "name": role.name, "account": role.account, "path": role.path, "tier": role.tier
    }  # fmt: skip
    parents = [uid("Broker::Account", role.account)]
    if role.home is None:
        return [_entity(resource_uid(role), attributes, role.tags, parents)]
    attributes["home"] = {"__entity": parents[0]}
    return [_entity(resource_uid(role), attributes, role.tags, parents), *_account(role.home)]


def _account(account: Account) -> list[dict[str, Any]]:
    units = [uid("Broker::OrganizationalUnit", path) for path in account.units]
    attributes = {"id": account.id, "alias": account.alias}
    above = [_entity(unit, parents=units[depth : depth + 1]) for depth, unit in enumerate(units, 1)]
    return [_entity(uid("Broker::Account", account.id), attributes, account.tags, units[:1]), *above]


def resource_uid(role: Role) -> dict[str, str]:
    """The Cedar entity of a role, or of the deployment itself."""
    if role == WHOLE_BROKER:
        return uid("Broker::System", "access-broker")
    return uid("Broker::Role", role.name)


def _entity(
    uid: Mapping[str, str],
    attributes: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    parents: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    return {"uid": uid, "attrs": attributes or {}, "tags": dict(tags or {}), "parents": list(parents)}


def uid(kind: str, name: str) -> dict[str, str]:
    """The id of an entity."""
    return {"type": kind, "id": name}


def address(source_ip: str) -> dict[str, Any]:
    """An address as Cedar's value; 0.0.0.0/32 where there is none."""
    return {"__extn": {"fn": "ip", "arg": source_ip or "0.0.0.0/32"}}
