"""Answers of the canned AWS: one role, the caller that is asked for, and an empty success for every write.

The directory is fresh, as it usually is, unless `directory` says otherwise.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

ACCOUNT = "123456789012"
CALLER = "alice"
CALLER_ID = "AIDAALICEALICEALICE00"
ROLE = "ec2-full"
SIGNING_SECRET = "slack signs with this"  # noqa: S105  nothing real
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/access-broker/{ROLE}"

Answer = tuple[int, str, bytes]


@dataclass(slots=True)
class DirectoryState:
    """How old the directory is, how many users change from one listing to the next, and the run that began last."""

    age: timedelta = timedelta()
    changes: int = 0
    listings: int = 0
    latest_run: str = ""

    def groups_of(self, number: int) -> int:
        """Tells the groups of a user: another figure after each change. A listing changes the next users in turn."""
        turns, ahead = divmod(self.listings * self.changes, USERS)
        return number % 7 + turns + (number < ahead)

    def began(self, run: str) -> Answer:
        """The error of the table when a run takes over from the one before."""
        before, self.latest_run = self.latest_run, run
        return 200, JSON, json.dumps({"Attributes": {"latest_run": {"S": before}}}).encode()


directory = DirectoryState()


def answer_to(operation: str, body: bytes) -> Answer:
    """Status, content type and body."""
    if operation == "GetAccountAuthorizationDetails" and b"Filter.member.2=Role" in body:
        number = int(parse_qs(body.decode()).get("Marker", ["0"])[0])
        directory.listings += number == 0
        return 200, "text/xml", callers_page(number)
    if operation in XML:
        return 200, "text/xml", XML[operation]
    if operation in QUERY_OPERATIONS:
        return 404, "text/xml", NO_SUCH_ENTITY
    return _of_json(operation, body)


def _of_json(operation: str, body: bytes) -> Answer:
    if operation == "GetItem":
        return 200, JSON, ROLE_ROW if b'"ROLE"' in body else b"{}"
    if operation == "TransactGetItems":
        return 200, JSON, json.dumps({"Responses": list(map(_row, json.loads(body)["TransactItems"]))}).encode()
    if operation == "UpdateItem" and b"latest_run" in body:
        return directory.began(json.loads(body)["ExpressionAttributeValues"][":run"]["S"])
    if operation == "PutItem" and b"CHAT#VISIT#replayed" in body:
        return 400, JSON, CONDITION_FAILED
    if b'"find_roles"' in body:  # an order to the provision function, which clean-up invokes
        return 200, JSON, b'{"ok": true, "result": {"names": []}}'
    return 200, JSON, EMPTY.get(operation, b"{}")


USERS, GROUPS_EACH, USERS_IN_A_PAGE = 5_000, 10, 100
"""Of the account that the directory function lists. IAM's own pages hold at least as many."""


def callers_page(number: int) -> bytes:
    """One page of the account's users."""
    first = number * USERS_IN_A_PAGE
    users = "".join(_user_detail(one) for one in range(first, first + USERS_IN_A_PAGE))
    more = first + USERS_IN_A_PAGE < USERS
    marker = f"<Marker>{number + 1}</Marker>" if more else ""
    listed = f"<UserDetailList>{users}</UserDetailList><RoleDetailList/>"
    paging = f"<IsTruncated>{str(more).lower()}</IsTruncated>{marker}"
    return _xml("GetAccountAuthorizationDetails", listed + paging)


def _user_detail(number: int) -> str:
    groups = "".join(f"<member>group-{directory.groups_of(number)}-{one}</member>" for one in range(GROUPS_EACH))
    return f"""<member><Path>/</Path><UserName>user-{number}</UserName><UserId>AIDA{number:016}</UserId>
      <Arn>arn:aws:iam::{ACCOUNT}:user/user-{number}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>
      <GroupList>{groups}</GroupList><AttachedManagedPolicies/>
      <Tags><member><Key>team</Key><Value>team-{number % 50}</Value></member></Tags></member>"""


def _row(asked: dict[str, Any]) -> dict[str, Any]:
    """A row of the table by its key; every caller is CALLER, whatever their id."""
    pk, sk = (asked["Get"]["Key"][name]["S"] for name in ("pk", "sk"))
    if pk == "ROLE":
        return json.loads(ROLE_ROW)  # type: ignore[no-any-return]
    if (pk, sk) == ("DIRECTORY", "MARKER"):
        return {"Item": {**asked["Get"]["Key"], "seen_at": {"S": (datetime.now(UTC) - directory.age).isoformat()}}}
    return {"Item": {**asked["Get"]["Key"], **CALLER_FACTS}} if pk == "DIRECTORY" else {}


CALLER_FACTS: dict[str, Any] = {
    "kind": {"S": "user"},
    "name": {"S": CALLER},
    "arn": {"S": f"arn:aws:iam::{ACCOUNT}:user/access-broker/{CALLER}"},
    "groups": {"L": [{"S": "engineers"}]},
    "tags": {"M": {}},
}


def _xml(operation: str, result: str) -> bytes:
    namespace = "https://iam.amazonaws.com/doc/2010-05-08/"
    identified = "<ResponseMetadata><RequestId>canned</RequestId></ResponseMetadata>"
    wrapped = f"<{operation}Result>{result}</{operation}Result>{identified}"
    return f'<{operation}Response xmlns="{namespace}">{wrapped}</{operation}Response>'.encode()


JSON = "application/x-amz-json-1.0"

XML = {
    "AssumeRole": _xml(
        "AssumeRole",
        f"""<AssumedRoleUser>
          <AssumedRoleId>AROAROLEROLEROLEROLE0:{CALLER}</AssumedRoleId>
          <Arn>arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/{CALLER}</Arn>
        </AssumedRoleUser>
        <Credentials>
          <AccessKeyId>ASIACANNEDCANNED0000</AccessKeyId>
          <SecretAccessKey>{"s" * 40}</SecretAccessKey>
          <SessionToken>{"t" * 800}</SessionToken>
          <Expiration>2099-01-01T00:00:00Z</Expiration>
        </Credentials>
        <SourceIdentity>{CALLER}</SourceIdentity>
        <PackedPolicySize>7</PackedPolicySize>""",
    ),
    "GetUser": _xml(
        "GetUser",
        f"""<User>
          <Path>/access-broker/</Path>
          <UserName>{CALLER}</UserName>
          <UserId>{CALLER_ID}</UserId>
          <Arn>arn:aws:iam::{ACCOUNT}:user/access-broker/{CALLER}</Arn>
          <CreateDate>2026-01-01T00:00:00Z</CreateDate>
        </User>""",
    ),
    "GetAccountAuthorizationDetails": _xml(
        "GetAccountAuthorizationDetails", "<RoleDetailList/><IsTruncated>false</IsTruncated>"
    ),
    "GenerateCredentialReport": _xml("GenerateCredentialReport", "<State>COMPLETE</State>"),
    "GetCredentialReport": _xml("GetCredentialReport", "<Content>dXNlcixhcm4=</Content>"),
    "ListGroupsForUser": _xml(
        "ListGroupsForUser",
        f"""<IsTruncated>false</IsTruncated>
        <Groups><member>
          <Path>/</Path>
          <GroupName>engineers</GroupName>
          <GroupId>AGPAENGINEERSENGINEER</GroupId>
          <Arn>arn:aws:iam::{ACCOUNT}:group/engineers</Arn>
          <CreateDate>2026-01-01T00:00:00Z</CreateDate>
        </member></Groups>""",
    ),
}

QUERY_OPERATIONS = frozenset({"GetRole", "GetPolicy", "ListAccountAliases", "GetAccountPasswordPolicy"})
"""IAM reads that find nothing."""

NO_SUCH_ENTITY = b"""<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
<Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>canned</Message></Error>
<RequestId>canned</RequestId></ErrorResponse>"""

CONDITION_FAILED = b'{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"canned"}'

PARAMETER = json.dumps({"Parameter": {"Name": "canned", "Value": SIGNING_SECRET}}).encode()

EMPTY = {
    "GetParameter": PARAMETER,
    "Query": b'{"Items":[],"Count":0,"ScannedCount":0}',
    "BatchGetItem": b'{"Responses":{},"UnprocessedKeys":{}}',
}

ROLE_ROW = json.dumps(
    {
        "Item": {
            "pk": {"S": "ROLE"},
            "sk": {"S": ROLE},
            "arn": {"S": ROLE_ARN},
            "description": {"S": "Everything in EC2, nothing else"},
            "tags": {"M": {"access-broker:audience": {"S": "engineers"}}},
            "max_session_seconds": {"N": "3600"},
            "direct_users": {"L": []},
        },
    },
).encode()
