"""Principals outside the stack that could act as the broker does, by IAM's own simulation."""

from __future__ import annotations

from dataclasses import dataclass

from access_broker.doctor.model import Finding, check, none_of

TOPIC = "Others"
SCP = "take the permission away, or deny it with a service control policy (docs/security.md)"


@dataclass(frozen=True, slots=True)
class Others:
    """Users and roles of the account that are allowed an action, administrators and the stack's own left out.

    `looked` of `total` were simulated; `administrators` may change IAM, so they may do all of it.
    """

    invoke: tuple[str, ...] = ()
    write_tables: tuple[str, ...] = ()
    write_log: tuple[str, ...] = ()
    looked: int = 0
    total: int = 0
    administrators: int = 0


def _coverage(others: Others) -> str:
    rest = others.total - others.looked
    cut = f", {rest} not looked at" if rest else ""
    return f"{others.administrators} administrators only, of {others.looked} users and roles{cut}"


@check(
    "others-invoke",
    topic=TOPIC,
    fact="others",
    asks="only administrators may invoke the functions",
    why="a direct invocation of the API function chooses its own caller",
    do=SCP,
)
def others_invoke(others: Others) -> Finding:
    """lambda:InvokeFunction."""
    return none_of(others.invoke, "allowed lambda:InvokeFunction", _coverage(others))


@check(
    "others-write-tables",
    topic=TOPIC,
    fact="others",
    asks="only administrators may write the tables",
    why="a row in the table is a session, a grant or a role of the catalogue",
    do=SCP,
)
def others_write_tables(others: Others) -> Finding:
    """dynamodb:PutItem, UpdateItem, DeleteItem."""
    return none_of(others.write_tables, "allowed to write", _coverage(others))


@check(
    "others-write-log",
    topic=TOPIC,
    fact="others",
    asks="only administrators may write the audit log",
    why="foreign lines in the log break its chain and cost trust in it",
    do=SCP,
)
def others_write_log(others: Others) -> Finding:
    """logs:PutLogEvents, DeleteLogStream."""
    return none_of(others.write_log, "allowed to write", _coverage(others))
