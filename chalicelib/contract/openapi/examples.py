"""An example of each body and each answer. The tests hold every one to its own schema."""

from __future__ import annotations

from typing import Any

from chalicelib.approvals.handlers.bodies import CommentBody, RequestBody
from chalicelib.cleanup.handlers.function import CleanupBody
from chalicelib.contract.answers import access, accounts, approvals, cleanup, directory, insight, provisioning, records
from chalicelib.directory.handlers.suspensions import SuspensionBody
from chalicelib.explain.handlers.explain import ExplainBody
from chalicelib.explain.services.browse_roles import RoleView
from chalicelib.explain.services.explain import Explanation
from chalicelib.provisioning.handlers.bodies import TemplateBody, UserBody
from chalicelib.provisioning.handlers.me import CodesBody, KeyStatusBody
from chalicelib.sessions.handlers.bodies import ConsoleLinkBody, CredentialsBody
from chalicelib.sessions.handlers.reviews import ReviewBody
from chalicelib.sessions.handlers.revocations import RevocationBody
from chalicelib.sessions.handlers.sessions import NOTE

ACCOUNT = "123456789012"
ID = "01k9zq3v5m8c2x7h4r6t0w1yab"
CURSOR = "eyJwayI6IlJPTEUifQ"
SINCE, AT, UNTIL = "2026-11-23T12:00:00.000Z", "2026-11-23T12:10:00.000Z", "2026-11-23T13:00:00.000Z"
USABLE_UNTIL = "2026-11-23T12:45:00.000Z"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/access-broker/ec2-full"

ROLE: dict[str, Any] = {
    "name": "ec2-full", "arn": ROLE_ARN, "description": "Everything in EC2, nothing else", "access": "standing",
    "approvals": 0, "reason_required": False, "max_duration_seconds": 3600, "switch_role_url": None,
    "active_grant": None, "quarantined": False, "rights": None,
}  # fmt: skip
SESSION: dict[str, Any] = {
    "id": ID, "caller": "alice", "role": "ec2-full", "role_arn": ROLE_ARN, "session_name": f"alice-{ID}",
    "source_identity": "alice", "kind": "credentials", "state": "active", "reason": "deploy 1.4.2",
    "policies": ["engineers-standing"], "issued_at": SINCE, "expires_at": UNTIL, "grant": None, "asked_by": None,
    "break_glass": False, "review": None,
}  # fmt: skip
LATER = {**SESSION, "revoked_at": None, "remaining_seconds": 3000, "revoked_because": None}
GRANT: dict[str, Any] = {
    "id": ID, "caller": "alice", "role": "prod-ec2", "state": "active", "starts_at": SINCE, "until": UNTIL,
    "usable_until": USABLE_UNTIL, "ended_at": None, "ended_by": None, "approvers": ["bob"],
}  # fmt: skip
REQUEST: dict[str, Any] = {
    "id": ID, "state": "approved", "caller": "alice", "asked_by": None, "role": "prod-ec2", "together": [],
    "reason": "incident 42", "duration_seconds": 3600, "not_before": None, "approvals": 1,
    "policy": "production-by-approval",
    "decisions": [{"decision": "approve", "by": "bob", "at": SINCE, "comment": "go ahead", "via": "api"}],
    "filed_at": SINCE, "answer_by": "2026-11-24T12:00:00.000Z", "settled_at": SINCE, "starts_at": SINCE,
    "until": UNTIL, "usable_until": USABLE_UNTIL, "grant": GRANT,
}  # fmt: skip
SUSPENSION: dict[str, Any] = {
    "id": ID, "caller": "alice", "subject": "AIDAEXAMPLE", "reason": "her key is in a build log", "by": "rita",
    "at": AT,
}  # fmt: skip
CATALOGUED: dict[str, Any] = {
    "name": "ec2-full", "arn": f"arn:aws:iam::{ACCOUNT}:role/access-broker/ec2-full", "tier": "workload",
    "tags": {"access-broker:audience": "engineers"}, "max_session_seconds": 3600, "quarantined": False, "home": None,
}  # fmt: skip
KNOWN: dict[str, Any] = {
    "id": "AIDACKCEVSQ6C2EXAMPLE", "name": "alice", "kind": "user", "arn": f"arn:aws:iam::{ACCOUNT}:user/alice",
    "groups": ["engineers"], "tags": {"team": "web"}, "suspended": False, "as_of": SINCE,
}  # fmt: skip
MEMBER: dict[str, Any] = {
    "id": "111122223333", "alias": "prod", "name": "Shop production", "ou_path": "/Workloads/Prod",
    "tags": {"env": "prod"}, "state": "joined", "reason": "", "checked_at": SINCE,
}  # fmt: skip
LISTED = {name: value for name, value in REQUEST.items() if name != "grant"}
CALL: dict[str, Any] = {
    "id": "8c0f6b1e-1d2c-4f3a-9b7e-5a4d3c2b1a00", "at": AT, "service": "ec2.amazonaws.com",
    "action": "DescribeInstances", "region": "us-east-1", "source_ip": "203.0.113.7", "user_agent": "aws-cli/2.31",
    "read_only": True, "error": "", "access_key_id": "ASIAIOSFODNN7EXAMPLE", "resources": [],
}  # fmt: skip
LINE: dict[str, Any] = {
    "version": 2, "id": ID, "type": "issue", "at": SINCE, "role": "ec2-full", "session": ID,
    "caller": {"name": "alice", "kind": "user", "arn": f"arn:aws:iam::{ACCOUNT}:user/alice", "id": "AIDAEXAMPLE"},
    "reason": "deploy 1.4.2", "policies": ["engineers-standing"], "policy_set": DIGEST, "request_id": "f4a1f0a6",
    "source_ip": "203.0.113.7",
    "detail": {"session_name": f"alice-{ID}", "source_identity": "alice", "expires_at": UNTIL},
    "decision": {
        "action": "TakeCredentials", "outcome": "allowed", "at": SINCE, "source_ip": "203.0.113.7", "mfa": False,
        "duration_seconds": 3600, "duration_given": False, "reason_given": True, "session_policy_given": False,
        "session_tags": [], "terms": {"policy": "engineers-standing", "approvals": 0, "reason": False},
        "caller": {"account": ACCOUNT, "groups": ["engineers"], "tags": {"team": None}, "all_tags": False},
        "role": {
            "arn": f"arn:aws:iam::{ACCOUNT}:role/access-broker/ec2-full", "tier": "workload",
            "max_session_seconds": 3600, "tags": {"access-broker:audience": "engineers"},
        },
    },
    "recorded_at": AT, "seq": 7, "previous": DIGEST, "hash": DIGEST, "logged_at": AT,
}  # fmt: skip
USER: dict[str, Any] = {
    "name": "sts_user", "arn": f"arn:aws:iam::{ACCOUNT}:user/access-broker/sts_user",
    "tags": {"access-broker:managed": "true"}, "groups": [], "console_access": True, "access_keys": [],
    "zero_access": True, "grants": [], "sign_in_url": f"https://{ACCOUNT}.signin.aws.amazon.com/console",
}  # fmt: skip
TAGS = {"access-broker:audience": "engineers"}
PROVISIONED: dict[str, Any] = {
    "name": "ec2-full", "arn": ROLE_ARN, "description": "Everything in EC2, nothing else", "switch_role_url": None,
    "max_session_seconds": 3600, "tags": {**TAGS, "access-broker:managed": "true"}, "direct_users": [],
}  # fmt: skip
CREATED = {"attribute": "role", "item": "", "before": None, "after": "created"}
POLICY = {"Version": "2012-10-17", "Statement": []}
EXPORT: dict[str, Any] = {
    "format": 1, "name": "ec2-full", "arn": ROLE_ARN, "unique_id": "AROAEXAMPLE", "exported_at": AT,
    "state": {
        "description": "Everything in EC2, nothing else", "max_session_seconds": 3600, "trust": POLICY,
        "boundary_arn": f"arn:aws:iam::{ACCOUNT}:policy/access-broker/boundary",
        "managed_policies": ["arn:aws:iam::aws:policy/AmazonEC2FullAccess"], "inline_policies": {}, "tags": TAGS,
    },
    "instance_profiles": [], "direct_users": [],
}  # fmt: skip

BODIES: dict[Any, Any] = {
    CredentialsBody: {"role": "ec2-full", "reason": "deploy 1.4.2"},
    ConsoleLinkBody: {"role": "ec2-full", "destination": "https://console.aws.amazon.com/ec2/home"},
    ExplainBody: {"role": "ec2-full", "operation": "ec2:RunInstances"},
    RequestBody: {"role": "prod-ec2", "duration_seconds": 3600, "reason": "incident 42"},
    CommentBody: {"comment": "go ahead"},
    ReviewBody: {"comment": "Restarted two instances during incident 42, nothing else."},
    RevocationBody: {"role": "ec2-full", "reason": "leaked key in a build log"},
    UserBody: {"console_access": True},
    KeyStatusBody: {"status": "Inactive"},
    CodesBody: {"codes": ["123456", "654321"]},
    CleanupBody: {"dry_run": True},
    TemplateBody: {
        "description": "Everything in EC2, nothing else", "managed_policies": ["AmazonEC2FullAccess"], "tags": TAGS,
    },
}  # fmt: skip

ANSWERS: dict[Any, Any] = {
    access.Health: {"status": "ok", "deployment": "access-broker-prod", "policy_set": DIGEST},
    access.Identity: {
        "arn": f"arn:aws:iam::{ACCOUNT}:user/alice", "name": "alice", "kind": "user", "account": ACCOUNT,
        "groups": ["engineers"], "tags": {"team": "web"}, "rights": [],
    },
    RoleView: {**ROLE, "rights": ["BreakGlass"]},
    access.RolePage: {"roles": [ROLE], "next_cursor": None},
    access.Issued: {
        "session": SESSION,
        "credentials": {
            "Version": 1, "AccessKeyId": "ASIAIOSFODNN7EXAMPLE", "SecretAccessKey": "secret", "SessionToken": "secret",
            "Expiration": "2026-11-23T13:00:00Z",
        },
    },
    access.ConsoleLink: {
        "session": {**SESSION, "kind": "console"}, "sign_in_url_expires_at": "2026-11-23T12:15:00.000Z",
        "sign_in_url": "https://signin.aws.amazon.com/federation?Action=login&SigninToken=secret",
        "switch_role_url": None,
    },
    Explanation: {
        "caller": "carol", "role": "ec2-full", "allowed": False,
        "change": "Provide: a caller that is in Group engineers.",
        "layers": [
            {
                "layer": "access_rule", "verdict": "closed", "by": "engineers-standing",
                "detail": "The nearest rule lets engineers only.", "change": "a caller that is in Group engineers",
            },
        ],
    },
    cleanup.CleanupReport: {
        "run": None, "at": AT, "dry_run": True, "up_to": "deleted", "complete": True,
        "roles": [
            {
                "name": "old-tool", "account": "", "stage": "warned", "change": "quarantined",
                "since": "2026-11-09T12:10:00.000Z",
                "next_stage": "deleted", "next_at": "2026-12-23T12:10:00.000Z",
                "code": "stale", "owner": "team-web",
                "reason": "last used 2026-06-01, 175 days ago (limit 90)",
            },
        ],
        "alive": {"used": 12, "young": 3}, "others": 41,
        "budget": {"wanted": 1, "limit": 1, "exceeded": False}, "failures": [],
        "drift": [{"role": "ec2-full", "why": "trust not as applied; broker roles plan shows the difference"}],
        "users": [{"name": "sts_user", "code": "never_signed_in", "why": "never signed in since 2026-06-01"}],
        "keys": [
            {
                "id": "AKIAIOSFODNN7EXAMPLE", "user": "sts_user", "stage": "warned", "change": "deactivated",
                "since": "2026-11-09T12:10:00.000Z", "next_stage": None, "next_at": None, "code": "old",
                "reason": "last used 2026-06-01, 175 days ago (limit 90)",
            },
        ],
        "keys_up_to": "deactivated", "key_budget": {"wanted": 1, "limit": 1, "exceeded": False},
        "tidied": {"revocations": 0, "requests": 0, "grants": 0},
    },
    approvals.Request: REQUEST,
    approvals.RequestPage: {"requests": [LISTED], "next_cursor": None},
    approvals.Grant: GRANT,
    records.SessionLater: LATER,
    records.EndedSession: {**LATER, "state": "revoked", "revoked_at": SINCE, "remaining_seconds": 0, "widened": []},
    records.SessionPage: {"sessions": [LATER], "next_cursor": ID},
    records.ActiveSessions: {"active": 3},
    records.Activity: {
        "session": ID, "events": [CALL], "next_cursor": None, "complete": True,
        "regions": ["eu-west-1", "us-east-1"],
        "regions_denied": [],
        "note": NOTE,
    },
    records.Revoked: {
        "revocation": {
            "id": ID, "scope": "role", "name": "ec2-full", "reason": "leaked key in a build log", "at": AT,
            "roles": ["ec2-full"], "sessions": [ID], "direct_roles": [], "no_room": False, "widened": [],
        },
    },
    records.AuditPage: {"events": [LINE], "next_cursor": None},
    records.AuditHead: {"seq": 7, "hash": DIGEST, "recorded_at": AT, "retention_days": 400},
    provisioning.User: USER,
    provisioning.DeletedUser: {**USER, "roles": ["ec2-full"]},
    provisioning.MadeUser: {
        **USER, "created": True, "warnings": [], "password": "shown here and nowhere again",
        "password_reset_required": True,
    },
    provisioning.AppliedRole: {**PROVISIONED, "not_switchable_because": None, "warnings": [], "changes": [CREATED]},
    provisioning.RestoredRole: {
        **PROVISIONED, "changes": [CREATED],
        "cannot_come_back": ["The unique id AROAOLD is gone; the role is now AROANEW."],
    },
    provisioning.DeletedRole: {"name": "ec2-full", "export": EXPORT},
}  # fmt: skip

OWN_DEVICE = {"name": "dana", "serial": "arn:aws:iam::123456789012:mfa/access-broker/dana", "enabled_at": AT}
ANSWERS |= {
    provisioning.Me: {
        "arn": "arn:aws:iam::123456789012:user/access-broker/dana",
        "access_keys": [
            {
                "id": "AKIAIOSFODNN7EXAMPLE", "status": "Active", "created_at": SINCE, "last_used_at": None,
                "cleanup": {"stage": "warned", "since": SINCE, "next_at": AT},
            },
        ],
        "mfa_devices": [OWN_DEVICE], "console_access": False, "mfa_proven": True, "managed": True,
    },
    provisioning.AccessKey: {
        "access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "shown here and nowhere again",
    },
    provisioning.ChangedKey: {"id": "AKIAIOSFODNN7EXAMPLE", "status": "Inactive"},
    provisioning.NewDevice: {
        "name": "dana", "serial": OWN_DEVICE["serial"], "seed": "shown here and nowhere again",
        "uri": "otpauth://totp/AWS%3Adana%40123456789012?secret=shown+here+and+nowhere+again&issuer=AWS",
    },
    provisioning.NamedDevice: {"name": "dana"},
    provisioning.NewPassword: {"password": "shown here and nowhere again", "password_reset_required": True},
    provisioning.ResetMfa: {"name": "dana", "removed": [OWN_DEVICE]},
    provisioning.RestoredKeys: {"name": "dana", "restored": ["AKIAIOSFODNN7EXAMPLE"]},
}  # fmt: skip

BODIES[SuspensionBody] = {"caller": "alice", "reason": "her key is in a build log"}
ANSWERS |= {
    accounts.Account: MEMBER,
    accounts.AccountPage: {"accounts": [MEMBER], "next_cursor": None},
    insight.RoleUsage: {
        "role": "ec2-full", "since": SINCE, "sessions": 1, "used": [
            {"service": "ec2", "action": "DescribeVpcs", "count": 3, "denied": 0, "last": AT, "resources": [],
             "every_call_named": False, "allowed": "everywhere"},
        ],
        "unmatched": [], "unused": [{"service": "ec2", "allowed": 2, "actions": ["RunInstances"]}],
        "last_accessed": {"state": "complete", "code": "", "services": [{"service": "ec2", "at": AT, "actions": []}]},
        "regions": ["eu-west-1"], "regions_denied": [], "next_cursor": None,
    },
    directory.KnownCaller: KNOWN,
    directory.CatalogueAccount: {"id": ACCOUNT, "alias": "prod", "ou_path": "/Workloads/Prod", "tags": {}},
    directory.CatalogueRole: CATALOGUED,
    directory.CataloguePage: {"roles": [CATALOGUED], "next_cursor": None},
    directory.CallerPage: {"callers": [KNOWN], "next_cursor": None},
    directory.Suspension: SUSPENSION,
    directory.SuspensionList: {"suspensions": [SUSPENSION]},
    directory.Suspended: {
        "suspensions": [SUSPENSION], "sessions": [ID], "roles": ["ec2-full"], "direct_roles": [], "requests": [ID],
        "failures": [],
    },
}  # fmt: skip

OF: dict[Any, Any] = {**BODIES, **ANSWERS}
"""By type."""
