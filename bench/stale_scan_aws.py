"""IAM with many roles, canned, in a process of its own: pages of GetAccountAuthorizationDetails, and GetRole.

Run as `python -m bench.stale_scan_aws ROLES DELAY_MS`: prints its port, serves
until its standard input closes. Every answer takes the delay, however long it
is: real IAM takes longer for a page, and not as much longer as the page has roles.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote

from bench.canned_answers import ACCOUNT

NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/access-broker/boundary"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Broker",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/access-broker-api"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": "0" * 32}, "StringLike": {"sts:SourceIdentity": "*"}},
        }
    ],
}
INLINE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": f"arn:aws:s3:::bucket-{number}/*"}
        for number in range(4)
    ],
}
TAGS = {
    "access-broker:managed": "true",
    "access-broker:deployment": "access-broker-bench",
    "access-broker:audience": "engineers",
    "access-broker:owner": "team-web",
}


def answer_to(form: dict[str, list[str]], roles: int) -> bytes:
    """The XML of one call."""
    operation = form["Action"][0]
    if operation == "GetRole":
        name = form["RoleName"][0]
        return _xml(operation, f"<Role>{_role(name)}<MaxSessionDuration>3600</MaxSessionDuration></Role>")
    return _page(int(form.get("Marker", ["0"])[0]), int(form["MaxItems"][0]), roles)


@cache
def _page(start: int, size: int, roles: int) -> bytes:
    end = min(start + size, roles)
    details = "".join(f"<member>{_detail(f'role-{number}')}</member>" for number in range(start, end))
    more = (
        f"<IsTruncated>true</IsTruncated><Marker>{end}</Marker>" if end < roles else "<IsTruncated>false</IsTruncated>"
    )
    return _xml("GetAccountAuthorizationDetails", f"<RoleDetailList>{details}</RoleDetailList>{more}")


def _role(name: str) -> str:
    tags = "".join(f"<member><Key>{key}</Key><Value>{value}</Value></member>" for key, value in TAGS.items())
    return (
        f"<Path>/access-broker/</Path><RoleName>{name}</RoleName><RoleId>AROA{name.upper()}</RoleId>"
        f"<Arn>arn:aws:iam::{ACCOUNT}:role/access-broker/{name}</Arn><CreateDate>2025-01-01T00:00:00Z</CreateDate>"
        f"<AssumeRolePolicyDocument>{quote(json.dumps(TRUST))}</AssumeRolePolicyDocument><Tags>{tags}</Tags>"
        f"<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>"
        f"<PermissionsBoundaryArn>{BOUNDARY}</PermissionsBoundaryArn></PermissionsBoundary>"
        f"<RoleLastUsed><LastUsedDate>2026-11-20T00:00:00Z</LastUsedDate><Region>us-east-1</Region></RoleLastUsed>"
    )


def _detail(name: str) -> str:
    attached = "<PolicyName>ReadOnlyAccess</PolicyName><PolicyArn>arn:aws:iam::aws:policy/ReadOnlyAccess</PolicyArn>"
    inline = (
        f"<PolicyName>access-broker-template</PolicyName><PolicyDocument>{quote(json.dumps(INLINE))}</PolicyDocument>"
    )
    return (
        f"{_role(name)}<InstanceProfileList/><RolePolicyList><member>{inline}</member></RolePolicyList>"
        f"<AttachedManagedPolicies><member>{attached}</member></AttachedManagedPolicies>"
    )


def _xml(operation: str, result: str) -> bytes:
    identified = "<ResponseMetadata><RequestId>canned</RequestId></ResponseMetadata>"
    wrapped = f"<{operation}Result>{result}</{operation}Result>{identified}"
    return f'<{operation}Response xmlns="{NAMESPACE}">{wrapped}</{operation}Response>'.encode()


class Handler(BaseHTTPRequestHandler):
    """One keep-alive connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    roles, delay = 0, 0.0

    def do_POST(self) -> None:
        """Answer after the delay."""
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        content = answer_to(parse_qs(body), self.roles)
        time.sleep(self.delay)
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def main() -> None:
    """Serve on a free port until standard input closes."""
    Handler.roles, Handler.delay = int(sys.argv[1]), float(sys.argv[2]) / 1000
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
