"""Taking back through the real door: one ends at once, the neighbour never notices, none of thirty is lost."""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.core.domain.ids import instant
from chalicelib.provisioning.domain.templates import MAX_INLINE_CHARACTERS
from chalicelib.sessions.domain.revocation import DATED_WITHIN
from chalicelib.sessions.domain.revocation_policy import compact_length
from localaws.broker import PROVISION_FUNCTION
from localaws.profiles import session_with
from localaws.roles import order
from tests.e2e.auditing import DEADLINE_SECONDS, acting, ask, audit, eventually, insist, make_engineer, make_role, take

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3
    import pytest

    from localaws.broker import Broker

POLICY = "access-broker-revocations"


def works(ec2: Any) -> bool:
    """Whether EC2 lets the session do what its role may."""
    try:
        ec2.describe_instances()
    except ClientError as error:
        assert error.response["Error"]["Code"] == "UnauthorizedOperation"  # noqa: PT017  anything else is a broken test
        return False
    return True


def loop(ec2: Any, stop: Event) -> list[tuple[float, bool]]:
    """When each call was answered and whether it was allowed, until told to stop or refused."""
    calls = []
    until = time.monotonic() + DEADLINE_SECONDS
    while not stop.is_set() and time.monotonic() < until:
        allowed = works(ec2)
        calls.append((time.monotonic(), allowed))
        if not allowed:
            break
    return calls


def denied(broker: Broker, role: str) -> set[str]:
    """The ends of the ids of the sessions that the role's inline policy denies."""
    conditions = [one["Condition"].get("StringLike", {}) for one in deny_list(broker, role)]
    return {name for one in conditions for name in one.get("aws:PrincipalTag/access-broker:session", ())}


def deny_list(broker: Broker, role: str) -> list[dict[str, Any]]:
    """The statements of the role's revocation policy."""
    document: Any = broker.session_for("admin").client("iam").get_role_policy(RoleName=role, PolicyName=POLICY)
    return list(document["PolicyDocument"]["Statement"])


def test_revoking_one_session_ends_it_and_the_neighbour_on_the_same_role_never_fails(
    broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    make_role(broker, "two-people")
    alices, alice_ec2 = take(broker, "alice", "two-people")
    _, dora_ec2 = take(broker, make_engineer(broker, "dora"), "two-people")
    stop_neighbour, never = Event(), Event()
    with ThreadPoolExecutor(max_workers=2) as pool:
        ended = pool.submit(loop, alice_ec2, never)
        neighbour = pool.submit(loop, dora_ec2, stop_neighbour)
        began = time.monotonic()
        answer = ask(broker, "admin", "DELETE", f"/v1/sessions/{alices}?reason=drill")
        alice_calls = ended.result()
        stop_neighbour.set()
        dora_calls = neighbour.result()
    assert (answer.status, answer.document["state"]) == (200, "revoked")
    assert alice_calls[-1][1] is False
    assert all(allowed for _, allowed in dora_calls)
    assert dora_calls[-1][0] > alice_calls[-1][0]
    seconds = alice_calls[-1][0] - began
    said = f"revoked: first refusal {seconds:.2f} s after the call; the neighbour's {len(dora_calls)} calls all worked"
    with capsys.disabled():
        print(f"\n{said}", file=sys.stderr)  # noqa: T201  stderr: pytest-xdist shows no worker's stdout


def test_thirty_sessions_revoked_at_once_are_all_denied_and_expire_from_the_list(broker: Broker) -> None:
    make_role(broker, "thirty")
    with ThreadPoolExecutor(max_workers=10) as pool:
        taken = list(pool.map(lambda _: take(broker, "alice", "thirty"), range(30)))
    with ThreadPoolExecutor(max_workers=30) as pool:
        answers = list(pool.map(lambda one: insist(broker, "admin", "DELETE", f"/v1/sessions/{one[0]}"), taken))
    assert [answer.document for answer in answers if answer.status != 200] == []
    assert denied(broker, "thirty") == {f"*{session[-8:]}" for session, _ in taken}
    assert not any(works(ec2) for _, ec2 in taken)
    told = audit(broker, "type=revoke&role=thirty", lambda found: len(found) >= 30)
    assert sorted(event["session"] for event in told) == sorted(session for session, _ in taken)
    _let_an_hour_pass(broker, "thirty")
    pruned = order(broker.session_for("admin").client("lambda"), PROVISION_FUNCTION, {"action": "prune_revocations"})
    assert pruned["ok"]
    assert POLICY not in broker.session_for("admin").client("iam").list_role_policies(RoleName="thirty")["PolicyNames"]


def _let_an_hour_pass(broker: Broker, role: str) -> None:
    """Date the role's entries back, as the clock would make them."""
    table: Any = broker.session_for("admin").resource("dynamodb").Table(broker.outputs["TableName"])
    key = {"pk": "REVOCATIONS", "sk": role}
    sessions = dict.fromkeys(table.get_item(Key=key)["Item"]["sessions"], "2020-01-01T00:00:00Z")
    table.update_item(Key=key, UpdateExpression="SET sessions = :past", ExpressionAttributeValues={":past": sessions})


def test_a_caller_is_ended_everywhere_and_may_come_back_if_the_rules_say_so(broker: Broker) -> None:
    for role in ("everywhere-1", "everywhere-2"):
        make_role(broker, role)
    emil = make_engineer(broker, "emil")
    taken = [take(broker, emil, role) for role in ("everywhere-1", "everywhere-2")]
    _, alice_ec2 = take(broker, "alice", "everywhere-1")
    answer = ask(broker, "admin", "POST", "/v1/revocations", {"caller": "emil", "reason": "laptop stolen"})
    revocation = answer.document["revocation"]
    assert (answer.status, revocation["roles"]) == (200, ["everywhere-1", "everywhere-2"])
    assert sorted(revocation["sessions"]) == sorted(session for session, _ in taken)
    assert [works(ec2) for _, ec2 in taken] == [False, False]
    assert works(alice_ec2)
    let_the_second_pass(revocation)
    back, emil_ec2 = take(broker, emil, "everywhere-1")
    assert works(emil_ec2)
    assert ask(broker, "admin", "GET", f"/v1/sessions/{back}").document["state"] == "active"


def test_a_role_is_ended_for_everybody(broker: Broker) -> None:
    make_role(broker, "for-everybody")
    taken = [take(broker, who, "for-everybody") for who in ("alice", make_engineer(broker, "frida"))]
    answer = ask(broker, "admin", "POST", "/v1/revocations", {"role": "for-everybody", "reason": "key in a log"})
    assert answer.status == 200
    assert not any(works(ec2) for _, ec2 in taken)
    states = [ask(broker, "admin", "GET", f"/v1/sessions/{session}").document["state"] for session, _ in taken]
    assert states == ["revoked", "revoked"]
    let_the_second_pass(answer.document["revocation"])
    assert works(take(broker, "alice", "for-everybody")[1])


def let_the_second_pass(revocation: dict[str, Any]) -> None:
    """AWS dates sessions by whole seconds: those of the revocation's own are over as well."""
    over = datetime.fromisoformat(revocation["at"]) + timedelta(seconds=1)
    assert eventually(lambda: datetime.now(UTC) > over, bool)


def test_a_direct_session_is_not_found_by_caller_and_the_answer_says_what_ends_it(broker: Broker) -> None:
    leaked = make_engineer(broker, "gustav")
    arn = make_role(broker, "taken-directly", direct_users=["gustav"])
    sts = leaked.client("sts", broker.region, endpoint_url=broker.endpoint_url)
    ec2 = acting(broker, sts.assume_role(RoleArn=arn, RoleSessionName="mine")["Credentials"])
    answer = ask(broker, "admin", "POST", "/v1/revocations", {"caller": "gustav", "reason": "key leaked"})
    revocation = answer.document["revocation"]
    assert (answer.status, revocation["sessions"], revocation["direct_roles"]) == (200, [], ["taken-directly"])
    assert works(ec2)
    told = audit(broker, "type=revoke&caller=admin", lambda found: revocation["id"] in {event["id"] for event in found})
    assert revocation["id"] in {event["id"] for event in told}
    assert ask(broker, "admin", "POST", "/v1/revocations", {"role": "taken-directly"}).status == 200
    assert not works(ec2)


def test_everybody_may_end_their_own_session_and_nobody_elses(broker: Broker) -> None:
    session, ec2 = take(broker, "alice", "ec2-full")
    assert ask(broker, "bob", "DELETE", f"/v1/sessions/{session}").status == 404
    assert works(ec2)
    assert ask(broker, "alice", "DELETE", f"/v1/sessions/{session}").document["state"] == "revoked"
    assert not works(ec2)
    again = ask(broker, "alice", "DELETE", f"/v1/sessions/{session}")
    assert (again.status, again.document["state"]) == (200, "revoked")


def test_where_there_is_room_for_nothing_else_the_whole_role_is_cut_off_and_that_is_said(broker: Broker) -> None:
    make_role(broker, "full")
    leave_room(broker, "full", 180)
    taken = [take(broker, "alice", "full") for _ in range(4)]
    for session, _ in taken:
        answer = ask(broker, "admin", "DELETE", f"/v1/sessions/{session}?reason=drill")
        assert (answer.status, answer.document["state"]) == (200, "revoked")
        if answer.document["widened"]:
            break
    assert [(one["role"], one["source_identity"]) for one in answer.document["widened"]] == [("full", "")]
    assert not any(works(ec2) for _, ec2 in taken)
    for event in audit(broker, f"type=revoke&session={session}", bool):
        assert [one["source_identity"] for one in event["detail"]["widened"]] == [""]


def test_where_the_list_has_no_room_for_one_session_it_ends_with_its_callers_others(broker: Broker) -> None:
    make_role(broker, "narrow")
    leave_room(broker, "narrow", 250)
    (other, other_ec2), *taken = (take(broker, "alice", "narrow") for _ in range(12))
    neighbour, neighbour_ec2 = take(broker, make_engineer(broker, "hugo"), "narrow")
    let_aws_have_dated(other)
    answers = [ask(broker, "admin", "DELETE", f"/v1/sessions/{session}?reason=drill") for session, _ in taken]
    assert {(answer.status, answer.document["state"]) for answer in answers} == {(200, "revoked")}
    assert {one["source_identity"] for answer in answers for one in answer.document["widened"]} == {"alice"}
    assert [works(ec2) for _, ec2 in [*taken, (other, other_ec2)]] == [False] * 12
    assert works(neighbour_ec2)
    told = ask(broker, "admin", "GET", f"/v1/sessions/{other}").document
    assert told["state"] == "revoked"
    assert "Take new credentials" in told["revoked_because"]
    assert ask(broker, "admin", "GET", f"/v1/sessions/{neighbour}").document["state"] == "active"


def let_aws_have_dated(session: str) -> None:
    """Let the seconds pass in which AWS may still date the session: from then on it is known which cut-off ends it."""
    over = instant(session) + DATED_WITHIN + timedelta(seconds=1)
    assert eventually(lambda: datetime.now(UTC) > over, bool)


def test_eighty_two_session_names_of_one_role_cannot_keep_a_victims_credentials_alive(broker: Broker) -> None:
    """The attack: take the brokered role under many session names, revoke oneself each time, until the list is full."""
    make_role(broker, "besieged", tags={"team": "raiders", "access-broker:audience": "team"})
    victim, victim_ec2 = take(broker, teammate(broker, "hilda", "raiders"), "besieged")
    named = team_role(broker, "raider", "raiders")
    names = [f"raid-{number:02}" for number in range(82)]
    raiders = [named(name) for name in names]
    with ThreadPoolExecutor(max_workers=4) as pool:
        taken = list(pool.map(lambda raider: take(broker, raider, "besieged"), raiders))
        ended = list(
            pool.map(
                lambda raider, name: ask(broker, raider, "POST", "/v1/revocations", {"caller": f"raider/{name}"}),
                raiders,
                names,
            )
        )
    assert {answer.status for answer in ended} == {200}
    assert works(victim_ec2)
    assert_ended_within_seconds(broker, victim, victim_ec2)
    assert not any(works(ec2) for _, ec2 in taken)
    assert "role=raider,*" in json.dumps(deny_list(broker, "besieged"))


def test_one_engineers_109_own_sessions_cannot_either_on_a_role_with_the_longest_inline_policy(broker: Broker) -> None:
    make_role(broker, "stuffed", inline_policy=longest_inline_policy())
    victim, victim_ec2 = take(broker, "alice", "stuffed")
    gunhild = make_engineer(broker, "gunhild")
    with ThreadPoolExecutor(max_workers=4) as pool:
        taken = list(pool.map(lambda _: take(broker, gunhild, "stuffed"), range(109)))
        answers = list(pool.map(lambda one: ask(broker, gunhild, "DELETE", f"/v1/sessions/{one[0]}"), taken))
    assert {answer.status for answer in answers} == {200}
    assert works(victim_ec2)
    assert_ended_within_seconds(broker, victim, victim_ec2)
    assert not any(works(ec2) for _, ec2 in taken)


def assert_ended_within_seconds(broker: Broker, session: str, ec2: Any) -> None:
    answer = ask(broker, "admin", "DELETE", f"/v1/sessions/{session}?reason=incident")
    assert (answer.status, answer.document["state"]) == (200, "revoked")
    assert eventually(lambda: works(ec2), lambda allowed: not allowed, seconds=5) is False


def longest_inline_policy() -> dict[str, Any]:
    """As long as a template may have it."""
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    statement["Resource"] += "x" * (MAX_INLINE_CHARACTERS - compact_length(document))
    return document


def teammate(broker: Broker, name: str, team: str) -> boto3.Session:
    """A user without policies who carries a team's tag."""
    session = make_engineer(broker, name)
    broker.session_for("admin").client("iam").tag_user(UserName=name, Tags=[{"Key": "team", "Value": team}])
    return session


def team_role(broker: Broker, role: str, team: str) -> Callable[[str], boto3.Session]:
    """A role outside the broker that carries a team's tag; answers its sessions by session name."""
    admin = broker.session_for("admin")
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": admin.client("sts").get_caller_identity()["Arn"]},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = admin.client("iam").create_role(
        RoleName=role, AssumeRolePolicyDocument=document, Tags=[{"Key": "team", "Value": team}]
    )["Role"]["Arn"]

    def named(session_name: str) -> boto3.Session:
        given = admin.client("sts").assume_role(RoleArn=arn, RoleSessionName=session_name)["Credentials"]
        return session_with(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region=broker.region)

    return named


def leave_room(broker: Broker, role: str, characters: int) -> None:
    """Fill the role's inline policies up to 10,240 characters less these."""
    statement = {"Effect": "Deny", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::"}
    bare = len("".join(json.dumps({"Version": "2012-10-17", "Statement": [statement]}).split()))
    statement["Resource"] += "x" * (10_240 - characters - bare)
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = broker.session_for("admin").client("iam")
    iam.put_role_policy(RoleName=role, PolicyName="filler", PolicyDocument=document)
