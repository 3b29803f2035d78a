"""The provision function: users and roles. Invoked by the API, the CLI's pipeline and clean-up; never over HTTP."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib.accounts.wiring import account_examiner, registry_sync, role_finder
from chalicelib.core.domain.errors import BrokerError, InvalidRequest
from chalicelib.core.domain.roles import SPOKE_TEMPLATE
from chalicelib.core.handlers.bodies import converted
from chalicelib.core.wiring import meter
from chalicelib.provisioning import wiring
from chalicelib.provisioning.handlers import own_actions, user_keys
from chalicelib.provisioning.handlers.bodies import Order
from chalicelib.provisioning.handlers.views import (
    applied_document,
    error_document,
    facts_document,
    made_document,
    restored_document,
    role_document,
    user_document,
)
from chalicelib.sessions.handlers import revocation_actions

if TYPE_CHECKING:
    from collections.abc import Callable

blueprint = Blueprint(__name__)
logger = logging.getLogger("access-broker")


@blueprint.lambda_function(name="provision")
def provision(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Carry out one order: `{"ok": true, "result": …}` or `{"ok": false, "error": {code, detail, …}}`."""
    try:
        if event.get("action") in revocation_actions.ACTIONS:
            return {"ok": True, "result": revocation_actions.handle(event)}
        if rare := LOOKS.get(event.get("action", "")):
            return {"ok": True, "result": rare(event)}
        order = converted(event, Order)
        return {"ok": True, "result": _action(order)(order)}
    except BrokerError as error:
        return {"ok": False, "error": error_document(error)}
    except Exception as error:  # noqa: BLE001  the last line of defence answers, as edge.py does
        # Type only: a message may quote what must not be logged.
        logger.error("unexpected %s while provisioning", type(error).__name__)  # noqa: TRY400
        return {"ok": False, "error": error_document(BrokerError("Something broke in the provisioner. Try again."))}


def _session_activity(event: dict[str, Any]) -> dict[str, Any]:
    from chalicelib.sessions.handlers import activity_action  # noqa: PLC0415  a rare order

    return activity_action.handle(event)


def _member_role_facts(event: dict[str, Any]) -> dict[str, Any]:
    from chalicelib.provisioning.handlers import member_role_facts  # noqa: PLC0415  a rare order

    return member_role_facts.handle(event)


def _member_caller_role(event: dict[str, Any]) -> dict[str, Any]:
    from chalicelib.provisioning.handlers import member_role_facts  # noqa: PLC0415  a rare order

    return member_role_facts.of_a_caller(event)


def _control_policies(event: dict[str, Any]) -> dict[str, Any]:
    from chalicelib.provisioning.handlers import control_policies  # noqa: PLC0415  a rare order

    return control_policies.handle(event)


LOOKS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "session_activity": _session_activity,
    "member_role_facts": _member_role_facts,
    "member_caller_role": _member_caller_role,
    "control_policies": _control_policies,
}
"""Orders that change nothing and come from the API function alone, with bodies of their own."""


def _action(order: Order) -> Callable[[Order], dict[str, Any]]:
    if order.action not in ACTIONS:
        raise InvalidRequest("Unknown action.", {"action": f"one of {', '.join(sorted(ACTIONS))}"})
    return ACTIONS[order.action]


def _create_user(order: Order) -> dict[str, Any]:
    return made_document(wiring.user_provisioning().put(order.user.ask(order.name, order.token), order.origin.origin()))


def _show_user(order: Order) -> dict[str, Any]:
    return user_document(wiring.user_provisioning().show(order.existing()))


def _delete_user(order: Order) -> dict[str, Any]:
    return user_document(wiring.user_provisioning().delete(order.existing(), order.origin.origin()))


def _plan_role(order: Order) -> dict[str, Any]:
    return applied_document(wiring.template_applier().plan(order.wanted(), order.origin.origin()))


def _apply_role(order: Order) -> dict[str, Any]:
    return applied_document(wiring.template_applier().apply(order.wanted(), order.origin.origin()))


def _delete_role(order: Order) -> dict[str, Any]:
    deleted = wiring.deletion().delete(order.existing_role(), order.origin.origin(), quarantined=order.quarantined)
    return {"name": order.name, "export": deleted}


def _restore_role(order: Order) -> dict[str, Any]:
    return restored_document(wiring.restoration().restore(order.existing_role(), order.origin.origin()))


def _quarantine_role(order: Order) -> dict[str, Any]:
    return role_document(wiring.quarantine().quarantine(order.existing_role(), order.origin.origin()))


def _release_role(order: Order) -> dict[str, Any]:
    return role_document(wiring.quarantine().release(order.existing_role(), order.origin.origin()))


def _look_at_roles(order: Order) -> dict[str, Any]:
    """The roles of these names that are there: clean-up sees member accounts by this."""
    found = (wiring.convergence().roles.read(name) for name in order.names)
    return {"roles": [facts_document(role) for role in found if role]}


def _find_roles(_order: Order) -> dict[str, Any]:
    """The brokered roles of all member accounts, for clean-up."""
    found = role_finder().find()
    if found.unseen:
        logger.warning("roles not listed in accounts %s: see broker doctor", ", ".join(found.unseen))
    return {"names": list(found.names), "unseen": list(found.unseen)}


def _undo_interrupted(_order: Order) -> dict[str, Any]:
    undone = wiring.interrupted_changes().undo()
    if undone.failed:
        logger.error("could not undo the interrupted changes of %d roles", len(undone.failed))
    return {"changed": list(undone.changed), "failed": list(undone.failed)}


def _sync_accounts(_order: Order) -> dict[str, Any]:
    """Bring the registry of accounts up to date, and count those that had joined and are out of reach."""
    run = registry_sync().run()
    lost = [one.id for one in run.lost]
    meter().count("AccountsOutOfReach", len(lost))
    if lost:
        logger.error("out of reach: accounts %s", ", ".join(lost))
    states = {one.id: one.state for one in run.accounts}
    return {"accounts": states, "out_of_reach": lost, "denied": run.denied, "organization_answered": run.answered}


def _examine_accounts(_order: Order) -> dict[str, Any]:
    """The state of member accounts, for `broker doctor`."""
    found = [asdict(one) for one in account_examiner().examine()]
    return {"template": SPOKE_TEMPLATE, "accounts": found}


ACTIONS: dict[str, Callable[[Order], dict[str, Any]]] = {
    "create_user": _create_user,
    "show_user": _show_user,
    "delete_user": _delete_user,
    "plan_role": _plan_role,
    "apply_role": _apply_role,
    "delete_role": _delete_role,
    "restore_role": _restore_role,
    "quarantine_role": _quarantine_role,
    "release_role": _release_role,
    "look_at_roles": _look_at_roles,
    "find_roles": _find_roles,
    "undo_interrupted": _undo_interrupted,
    "sync_accounts": _sync_accounts,
    "examine_accounts": _examine_accounts,
    "own_show": own_actions.show,
    "own_make_key": own_actions.make_key,
    "own_set_key_status": own_actions.set_key_status,
    "own_delete_key": own_actions.delete_key,
    "own_make_device": own_actions.make_device,
    "own_enable_device": own_actions.enable_device,
    "own_remove_device": own_actions.remove_device,
    "own_new_password": own_actions.new_password,
    "reset_mfa": own_actions.reset_mfa,
    "look_at_keys": user_keys.look,
    "deactivate_key": user_keys.deactivate,
    "activate_key": user_keys.activate,
    "restore_keys": user_keys.restore,
}
