"""Answers of the canned AWS: one caller, one role, and an empty success for every write."""

from __future__ import annotations

import json

ACCOUNT = "123456789012"
CALLER = "alice"
CALLER_ID = "AIDAALICEALICEALICE00"
ROLE = "ec2-full"
SIGNING_SECRET = "slack signs with this"  # noqa: S105  nothing real
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/access-broker/{ROLE}"

Answer = tuple[int, str, bytes]


def answer_to(operation: str, body: bytes) -> Answer:
    """Status, content type and body."""
    if operation in XML:
        return 200, "text/xml", XML[operation]
    if operation == "GetItem":
        return 200, JSON, ROLE_ROW if b'"ROLE"' in body else b"{}"
    if operation == "PutItem" and b"CHAT#VISIT#replayed" in body:
        return 400, JSON, CONDITION_FAILED
    if operation in QUERY_OPERATIONS:
        return 404, "text/xml", NO_SUCH_ENTITY
    return 200, JSON, EMPTY.get(operation, b"{}")


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
