"""The facts of a healthy deployment on AWS, and one fault for each check."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from access_broker.doctor.checks.accounts import Member, Members
from access_broker.doctor.checks.alarms import Alarm, Alarms
from access_broker.doctor.checks.api import RestApi
from access_broker.doctor.checks.canary import Canary
from access_broker.doctor.checks.code import EventSource, Function, Functions
from access_broker.doctor.checks.edge import Edge
from access_broker.doctor.checks.mfa import MfaRules
from access_broker.doctor.checks.others import Others
from access_broker.doctor.checks.people import LOGIN, Logins, People, SignInUser
from access_broker.doctor.checks.permissions import FunctionRole, Invokers, ManagedPolicy, Reviewed
from access_broker.doctor.checks.questions import ApiNames, ReadRate
from access_broker.doctor.checks.quotas import Quota
from access_broker.doctor.checks.roles import BrokeredRole
from access_broker.doctor.checks.stores import LogGroup, Table
from access_broker.doctor.checks.trail import ALL_EVENTS, ChainCheck, TrailRule, Trails
from access_broker.doctor.checks.watching import Schedule

ACCOUNT_ONLY = {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}
PUBLIC = {"Sid": "Public", "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke",
          "Resource": ["execute-api:/*/GET/health", "execute-api:/*/POST/chat/slack/commands"]}  # fmt: skip
SIGNED = {"Sid": "Signed", "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke",
          "Resource": "execute-api:/*/*/v1/*", "Condition": ACCOUNT_ONLY}  # fmt: skip
BY_KEYS = {"Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": ["execute-api:/*/GET/mfa/*"],
           "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}  # fmt: skip
BY_OLD = {**BY_KEYS, "Resource": "arn:aws:execute-api:eu-west-1:111122223333:a1b2/*/GET/mfa/*",
          "Condition": {"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "3600"}}}  # fmt: skip
NARROWED = {**BY_KEYS, "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"},
                                     "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}  # fmt: skip
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}
WIDER = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
CLOSED = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Deny", "Action": ["signin:*Access", "signin:Create*Token"], "Resource": "*"}]}  # fmt: skip

PEOPLE = People(looked=4, total=4, sign_in={"dana": SignInUser()})
LOGINS = Logins(users=1, cli="aws-cli/2.32.0 Python/3.13", errors=("", "AccessDenied"))
EDGE = Edge(loopback=False, skew=0.4, tls="TLSv1.3", unsigned_status=403)
REST_API = RestApi(
    embedded=False,
    policy={"Statement": [PUBLIC, SIGNED, BY_KEYS, BY_OLD]},
    methods=(("GET", "/v1/whoami", "AWS_IAM"), ("GET", "/mfa/v1/whoami", "AWS_IAM"), ("GET", "/health", "NONE")),
    access_log="arn:aws:logs:eu-west-1:111122223333:log-group:/access-broker-prod/api-access",
    throttled=True,
)
CANARY = Canary(
    role="access-broker-doctor",
    session="01m8",
    identity="arn:aws:sts::111122223333:assumed-role/access-broker-doctor/admin-01m8",
    admitted_status=200,
    denied_after=1.5,
    events=frozenset({"issue", "revoke"}),
    sign_in_status=302,
)
RULE = TrailRule(ALL_EVENTS, feeds_the_function=True, runs=12)
ALARM = Alarm("OK")
ALARMS = Alarms(embedded=False, alarms={"BypassAlarm": ALARM, "PruningAlarm": ALARM}, subscribers=1)
SCHEDULE = Schedule("ENABLED", "rate(5 minutes)", ran=True, due=True)
TABLE = Table(recoverable=True, protected=True, stream=True, wants_stream=True)
AUDIT_LOG = LogGroup(400, 400, protected=True, wants_protection=True)
FUNCTIONS = Functions({"broker-api": Function("c0de", "python3.13", active=True),
                       "broker-audit": Function("c0de", "python3.13", active=True)},
                      "c0de", "deployment.zip", date(2026, 12, 1))  # fmt: skip
MEMBER = Member("dev (111111111111)", template="2")
OUT = Member("prod (222222222222)", refused="AccessDenied")
OPENED = replace(MEMBER, wrong={"access-broker-prod-boundary": "another document"})
MEMBERS = Members("2", (MEMBER,))
ROLE = FunctionRole({"Policy": POLICY}, {"Policy": POLICY})
BROKERED = BrokeredRole("boundary", ("guard-permissions", "guard-other-roles"), "workload")

HEALTHY: dict[str, Any] = {
    "edge": EDGE,
    "rest_api": REST_API,
    "canary": CANARY,
    "chain": ChainCheck(12),
    "trail_rule": RULE,
    "trails": Trails(embedded=False, trails=(("management", True),)),
    "alarms": ALARMS,
    "dead_letters": {"audit-dead-letters": 0},
    "schedules": {"prune": SCHEDULE},
    "tables": {"broker": TABLE, "ledger": replace(TABLE, stream=False, wants_stream=False)},
    "log_groups": {"/broker/audit": AUDIT_LOG},
    "stack_protection": True,
    "functions": FUNCTIONS,
    "event_sources": {"AuditStream": EventSource("Enabled", "OK")},
    "invokers": Invokers({"broker-api": ()}),
    "function_roles": {"ApiHandlerRole": ROLE},
    "managed_policies": {"Boundary": ManagedPolicy(POLICY, POLICY)},
    "tier_documents": {"workload": [POLICY, CLOSED]},
    "brokered_roles": {"s3-read": BROKERED},
    "members": MEMBERS,
    "reviewed": Reviewed(checkout=True, compared=15),
    "others": Others(looked=7, total=7, administrators=1),
    "mfa_rules": MfaRules({"approvers": ("approve-production",)}, people=2),
    "people": PEOPLE,
    "logins": LOGINS,
    "iam_quotas": {"roles": Quota(100, 1000)},
    "policies_per_role": {"s3-read": Quota(3, 10)},
    "lambda_concurrency": 1000,
    "api_names": ApiNames(("access-broker-prod",), "access-broker-prod"),
    "index_queries": {"sessions by caller": ""},
    "filled": 24,
    "read_rate": ReadRate(60, 0, 2.0),
    "switch_role_regions": {"us-east-1": True},
    "cold_starts": 1.2,
}
"""By the names of access_broker.doctor.aws.gather."""

OPEN_API = replace(REST_API, policy={"Statement": [PUBLIC, {**SIGNED, "Condition": {}}, BY_KEYS, BY_OLD]})
UNSIGNED = replace(REST_API, methods=(("GET", "/v1/whoami", "NONE"), ("GET", "/mfa/v1/whoami", "AWS_IAM")))
APPROVERS = MfaRules({"approvers": ("approve-production",)}, people=2)
OTHER_CODE = replace(FUNCTIONS, package="07e2")
ONE_CHANGED = replace(
    FUNCTIONS, functions={**FUNCTIONS.functions, "broker-x": Function("bad", "python3.13", active=True)}
)
OLD_PYTHON = replace(FUNCTIONS, functions={"broker-api": Function("c0de", "python3.10", active=True)})
UNKNOWN_PYTHON = replace(FUNCTIONS, functions={"broker-api": Function("c0de", "nodejs22.x", active=True)})
GONE = replace(FUNCTIONS, functions={"broker-api": Function("c0de", "python3.13", active=False)})

FAULTS: list[tuple[str, str, Any, str]] = [
    ("clock", "edge", replace(EDGE, skew=-400.0), "NTP"),
    ("tls", "edge", replace(EDGE, tls="TLSv1.1"), "TLS_1_2"),
    ("unsigned-refused", "edge", replace(EDGE, unsigned_status=200), "AWS_IAM"),
    ("resource-policy", "rest_api", OPEN_API, "policies/api-gateway.json"),
    ("mfa-demanded", "rest_api", replace(REST_API, policy={"Statement": [SIGNED]}), "policies/api-gateway.json"),
    ("mfa-demanded", "rest_api", replace(REST_API, policy={"Statement": [BY_OLD]}), "update-rest-api"),
    ("mfa-demanded", "rest_api", replace(REST_API, policy={"Statement": [BY_KEYS]}), "update-rest-api"),
    ("mfa-demanded", "rest_api", replace(REST_API, policy={"Statement": [NARROWED, BY_OLD]}), "update-rest-api"),
    (
        "mfa-demanded",
        "rest_api",
        replace(REST_API, methods=(*REST_API.methods, ("PUT", "/mfa/v1/x", "AWS_IAM"))),
        "update",
    ),
    ("mfa-demanded", "rest_api", replace(REST_API, methods=REST_API.methods[:1]), "update-rest-api"),
    ("mfa-rules-can-be-met", "mfa_rules", replace(APPROVERS, stuck=("bob",)), "broker mfa enroll"),
    ("mfa-rules-can-be-met", "mfa_rules", MfaRules({"sso/BrokerApprovers": ("approve",)}), "leave @mfa out"),
    ("people-have-devices", "people", replace(PEOPLE, without_device=("dana",)), "broker mfa enroll"),
    ("path-is-the-brokers", "people", replace(PEOPLE, unmarked=("eve",)), "update-user"),
    ("sign-in-only-users", "people", replace(PEOPLE, sign_in={"dana": SignInUser(LOGIN | {"s3:*"})}), "users show"),
    ("sign-in-only-users", "people", replace(PEOPLE, sign_in={"dana": SignInUser(frozenset())}), "users show"),
    ("sign-in-only-users", "people", replace(PEOPLE, sign_in={"dana": SignInUser(keys=1)}), "users show"),
    ("aws-cli-has-login", "logins", replace(LOGINS, cli="aws-cli/2.31.9 Python/3.13"), "newer AWS CLI"),
    ("aws-cli-has-login", "logins", replace(LOGINS, cli="aws-cli/1.46.3 Python/3.13"), "newer AWS CLI"),
    ("aws-login-works", "logins", replace(LOGINS, errors=("AccessDenied",)), "CreateOAuth2Token"),
    ("methods-signed", "rest_api", UNSIGNED, "UpdateMethod"),
    ("access-log", "rest_api", replace(REST_API, access_log=""), "AccessLogSetting"),
    ("throttled", "rest_api", replace(REST_API, throttled=False), "MethodSettings"),
    ("canary-used", "canary", replace(CANARY, identity="arn:aws:iam::111122223333:user/admin"), "trust policy"),
    ("canary-powerless", "canary", replace(CANARY, permitted="iam:ListRoles"), "narrow"),
    ("zero-permission-admitted", "canary", replace(CANARY, admitted_status=403), "resource policy"),
    ("canary-revoked", "canary", replace(CANARY, denied_after=None), "broker revoke --role"),
    ("canary-revoked", "canary", replace(CANARY, revoke_refusal="503"), "provision function"),
    ("audit-event", "canary", replace(CANARY, events=frozenset({"issue"})), "dead letters"),
    ("console-link", "canary", replace(CANARY, sign_in_status=400), "SignInEndpoint"),
    ("console-link", "canary", replace(CANARY, sign_in_refusal="Signin400"), "SignInEndpoint"),
    ("canary-removed", "canary", replace(CANARY, left_behind="still there"), "broker roles delete"),
    ("audit-chain", "chain", ChainCheck(0, "The chain breaks after event 3."), "broker audit verify"),
    ("trail-rule", "trail_rule", replace(RULE, state="ENABLED"), "put-rule"),
    ("trail-rule", "trail_rule", replace(RULE, feeds_the_function=False), "revert the drift"),
    ("trail-told", "trail_rule", replace(RULE, runs=0), "trail with management events"),
    ("account-trail", "trails", Trails(embedded=False, trails=(("s3-only", False),)), "create-trail"),
    ("alarms-exist", "alarms", replace(ALARMS, alarms={"BypassAlarm": Alarm("")}), "revert the drift"),
    (
        "alarms-exist",
        "alarms",
        replace(ALARMS, alarms={"BypassAlarm": Alarm("OK", acts=False)}),
        "enable-alarm-actions",
    ),
    ("alarms-have-data", "alarms", replace(ALARMS, alarms={"A": Alarm("INSUFFICIENT_DATA")}), "list-metrics"),
    ("alarms-quiet", "alarms", replace(ALARMS, alarms={"A": Alarm("ALARM")}), "docs/operations.md"),
    ("alarms-heard", "alarms", replace(ALARMS, subscribers=0), "sns subscribe"),
    ("dead-letters", "dead_letters", {"audit-dead-letters": 1}, "purge"),
    ("schedules-on", "schedules", {"prune": SCHEDULE, "expire": replace(SCHEDULE, state="DISABLED")}, "enable-rule"),
    ("schedules-ran", "schedules", {"prune": replace(SCHEDULE, ran=False)}, "FailedInvocations"),
    ("point-in-time-recovery", "tables", {"broker": replace(TABLE, recoverable=False)}, "update-continuous-backups"),
    ("deletion-protection", "tables", {"broker": replace(TABLE, protected=False)}, "--deletion-protection-enabled"),
    ("stream", "tables", {"broker": replace(TABLE, stream=False)}, "mappings have to follow"),
    ("log-retention", "log_groups", {"/broker/audit": replace(AUDIT_LOG, days=0)}, "put-retention-policy"),
    ("log-retention", "log_groups", {"/broker/audit": replace(AUDIT_LOG, days=None)}, "revert the drift"),
    (
        "audit-log-protected",
        "log_groups",
        {"/broker/audit": replace(AUDIT_LOG, protected=False)},
        "deletion-protection",
    ),
    ("stack-protected", "stack_protection", False, "--enable-termination-protection"),
    ("code-is-the-package", "functions", OTHER_CODE, "UpdateFunctionCode"),
    ("code-is-the-package", "functions", ONE_CHANGED, "UpdateFunctionCode"),
    ("runtime", "functions", OLD_PYTHON, "newer runtime"),
    ("runtime", "functions", UNKNOWN_PYTHON, "newer runtime"),
    ("functions-active", "functions", GONE, "get-function-configuration"),
    ("event-sources", "event_sources", {"AuditStream": EventSource("Disabled", "OK")}, "update-event-source-mapping"),
    ("event-sources", "event_sources", {"AuditStream": EventSource("Enabled", "PROBLEM: x")}, "update-event-source"),
    ("function-policies", "function_roles", {"R": replace(ROLE, policies={"Policy": WIDER})}, "PutRolePolicy"),
    ("function-policies", "function_roles", {"R": replace(ROLE, policies={})}, "revert the drift"),
    ("function-policies", "function_roles", {"R": replace(ROLE, attached=("arn:x",))}, "AttachRolePolicy"),
    ("function-trust", "function_roles", {"R": replace(ROLE, trusted=("arn:x",))}, "update-assume-role-policy"),
    ("boundaries", "managed_policies", {"Boundary": ManagedPolicy(WIDER, POLICY)}, "CreatePolicyVersion"),
    ("boundaries", "managed_policies", {"Boundary": ManagedPolicy(None, POLICY)}, "revert the drift"),
    ("reviewed-policies", "reviewed", Reviewed(checkout=True, differing=("audit.json",), compared=15), "make deploy"),
    ("roles-have-boundaries", "brokered_roles", {"r": replace(BROKERED, boundary="")}, "broker roles apply"),
    ("roles-have-boundaries", "brokered_roles", {"r": replace(BROKERED, boundary="boundary-operator")}, "roles apply"),
    ("roles-have-guards", "brokered_roles", {"r": replace(BROKERED, attached=("guard-permissions",))}, "roles apply"),
    ("accounts-let-the-broker-in", "members", replace(MEMBERS, accounts=(MEMBER, OUT)), "make deploy-spokes"),
    ("accounts-have-boundaries", "members", replace(MEMBERS, accounts=(MEMBER, OPENED)), "make deploy-spokes"),
    ("accounts-have-the-template", "members", replace(MEMBERS, template="3"), "make deploy-spokes"),
    ("function-invokers", "invokers", Invokers({"broker-api": ("*",)}), "remove-permission"),
    ("others-invoke", "others", Others(invoke=("arn:eve",)), "service control policy"),
    ("others-write-tables", "others", Others(write_tables=("arn:eve",)), "service control policy"),
    ("others-write-log", "others", Others(write_log=("arn:eve",)), "service control policy"),
    ("iam-quotas", "iam_quotas", {"roles": Quota(800, 1000)}, "Service Quotas"),
    ("policies-per-role", "policies_per_role", {"r": Quota(11, 10)}, "merge"),
    ("lambda-concurrency", "lambda_concurrency", 10, "Service Quotas"),
    ("api-metric-name", "api_names", ApiNames(("access-broker",), "access-broker-prod"), "ApiErrorsAlarm"),
    ("leading-keys-on-indexes", "index_queries", {"requests": "not working (HTTP 500)"}, "LeadingKeys"),
    ("fill-on-unpublished-metrics", "filled", 0, "TrailSilentAlarm"),
    ("iam-read-rate", "read_rate", ReadRate(60, 9, 1.0), "docs/scale.md"),
    ("switch-role-events", "switch_role_regions", {"us-east-2": False}, "bypass-forwarding.json"),
    ("login-tokens-closed", "tier_documents", {"workload": [POLICY]}, "signin:"),
    ("cold-start-for-slack", "cold_starts", 3.4, "memory"),
]
"""Check, fact, the fact with the fault, and a part of the remedy."""
