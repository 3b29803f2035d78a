"""The dashboard, the alarms and the saved queries speak of what the code emits; nobody else writes the audit log."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ministack.services.lambda_svc import _match_esm_filter

from chalicelib.core.aws.metrics import COUNTED, NAMESPACE
from chalicelib.core.domain.events import TYPES
from lambda_package import overlay

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATE: dict[str, Any] = json.loads(Path(".chalice/resources.json").read_text())
RESOURCES, PARAMETERS = TEMPLATE["Resources"], TEMPLATE["Parameters"]
OVERLAY = Path(".chalice/resources-aws.json")
SCHEMA = json.loads(Path("docs/audit-event.schema.json").read_text())
QUERIES = {path.stem: path.read_text() for path in Path("docs/queries").glob("*.query")}
OF_AWS: dict[str, Any] = json.loads(OVERLAY.read_text())["Resources"]
ALARMS = {name: one["Properties"] for name, one in RESOURCES.items() if one.get("Type") == "AWS::CloudWatch::Alarm"}
MATH_ALARMS = {name: one["Properties"] for name, one in OF_AWS.items() if one["Type"] == "AWS::CloudWatch::Alarm"}
EVERY_ALARM = ALARMS | MATH_ALARMS
SCHEDULED = {
    "BreakGlassUnreviewed",
    "DirectoryAgeSeconds",
    "RevocationListUsed",
    "PruningFailures",
    "AccountsOutOfReach",
}
"""What a schedule writes all the time: where it is missing, whatever writes it is dead."""

AUDIT_GROUP = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/${AWS::StackName}/audit:*"
EMITTED = re.compile(r'(?:count|percent|add_metric)\("(\w+)"')


def emitted() -> set[str]:
    """Every metric that some module of ours emits."""
    sources = [path.read_text() for path in Path("chalicelib").rglob("*.py")]
    return set(COUNTED.values()) | {name for source in sources for name in EMITTED.findall(source)}


def widgets() -> list[dict[str, Any]]:
    parts: Any = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Join"][1]
    body = parts[0] + ", ".join(one["Fn::Sub"] for one in parts[1]["Fn::Join"][1]) + parts[2]
    found: list[dict[str, Any]] = json.loads(body)["widgets"]
    return found


def shown() -> set[str]:
    """Our own metrics on the dashboard, those of a search too."""
    rows = [row for widget in widgets() for row in widget["properties"]["metrics"]]
    searched = {name for row in rows for name in re.findall(r'MetricName="(\w+)"', str(row[0]))}
    return {row[1] for row in rows if row[0] == NAMESPACE} | searched


def test_the_dashboard_shows_only_metrics_that_the_code_emits() -> None:
    assert shown() <= emitted()
    assert len(shown()) > 10


def test_the_dashboard_answers_the_questions_of_operation() -> None:
    titles = " ".join(widget["properties"]["title"] for widget in widgets()).lower()
    for word in ("issued", "reason", "latency", "active sessions", "revocations", "bypasses", "clean-up"):
        assert word in titles


def test_a_search_quotes_names_that_are_not_only_letters_and_digits() -> None:
    """CloudWatch user guide, "Metric search expression syntax": otherwise the widget is empty."""
    rows = [row for widget in widgets() for row in widget["properties"]["metrics"]]
    schemas = re.findall(
        r"SEARCH\('\{(.*?)\}", " ".join(str(row[0]["expression"]) for row in rows if row[0] is row[-1])
    )
    assert schemas
    for name in ",".join(schemas).split(","):
        assert re.fullmatch(r'[A-Za-z0-9]+|"[^"]+"', name)


def test_widgets_do_not_cover_one_another() -> None:
    places = [(widget["x"], widget["y"]) for widget in widgets()]
    assert len(set(places)) == len(places)
    assert all(widget["x"] + widget["width"] <= 24 for widget in widgets())


def test_alarms_watch_only_metrics_that_somebody_emits() -> None:
    ours = {one["MetricName"] for one in ALARMS.values() if one["Namespace"] == NAMESPACE}
    assert ours <= emitted()


def test_there_is_an_alarm_for_everything_that_must_not_go_unseen() -> None:
    watched = {one["MetricName"] for one in ALARMS.values()}
    assert watched >= {
        "ApproximateNumberOfMessagesVisible",
        "Bypasses",
        "Unrecorded",
        "5XXError",
        "Throttles",
        "RevocationListUsed",
        "BreakGlassUnreviewed",
        "NoticeAttempts",
        "IteratorAge",
        "CleanupBudgetExceeded",
        "CleanupFailures",
        "CleanupCutShort",
    }


def test_no_figure_of_another_writer_hushes_an_alarm() -> None:
    """Any log group can hold EMF lines or a metric filter of our namespace: negative values lower a sum, no maximum."""
    own = {name: one["Statistic"] for name, one in ALARMS.items() if one["Namespace"] == NAMESPACE}
    stats = [one["MetricStat"] for alarm in MATH_ALARMS.values() for one in alarm["Metrics"] if "MetricStat" in one]
    own |= {one["Metric"]["MetricName"]: one["Stat"] for one in stats if one["Metric"]["Namespace"] == NAMESPACE}
    assert len(own) > 8
    assert set(own.values()) == {"Maximum"}
    rising = {one["ComparisonOperator"] for one in EVERY_ALARM.values()}
    assert rising == {"GreaterThanOrEqualToThreshold"}


def test_an_alarm_of_metric_math_watches_what_is_emitted_for_at_most_a_day() -> None:
    for alarm in MATH_ALARMS.values():
        watched = [one["MetricStat"] for one in alarm["Metrics"] if "MetricStat" in one]
        assert {one["Metric"]["MetricName"] for one in watched} <= emitted() | {"Invocations"}
        # PutMetricAlarm: the periods it looks at are a day at most.
        assert alarm["EvaluationPeriods"] * watched[0]["Period"] <= 86_400


@pytest.mark.parametrize("name", EVERY_ALARM)
def test_an_alarm_says_what_is_wrong_and_tells_somebody(name: str) -> None:
    alarm = EVERY_ALARM[name]
    assert len(alarm["AlarmDescription"]) > 20
    assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    silence = "breaching" if alarm.get("MetricName") in SCHEDULED else "notBreaching"
    assert alarm["TreatMissingData"] == silence


def test_an_alarm_on_what_a_schedule_writes_waits_for_two_runs() -> None:
    """So that a run that is a little late is not taken for one that never came."""
    runs = {
        "BreakGlassUnreviewed": 300,
        "RevocationListUsed": 900,
        "PruningFailures": 900,
        "DirectoryAgeSeconds": 60,
        "AccountsOutOfReach": 900,
    }
    for one in ALARMS.values():
        if one["MetricName"] in SCHEDULED:
            assert one["Period"] >= 2 * runs[one["MetricName"]]


@pytest.mark.parametrize("function", ["Audit", "Expire", "Provision", "Trail", "Cleanup", "Directory"])
def test_a_function_that_runs_by_itself_and_fails_is_told(function: str) -> None:
    failing = [one for one in ALARMS.values() if (one["Namespace"], one["MetricName"]) == ("AWS/Lambda", "Errors")]
    assert {"Name": "FunctionName", "Value": {"Ref": function}} in [one["Dimensions"][0] for one in failing]


@pytest.mark.parametrize("name", EVERY_ALARM)
def test_whoever_is_called_at_night_finds_the_alarm_on_paper(name: str) -> None:
    assert f"`{name}`" in Path("docs/operations.md").read_text()


def test_saved_queries_are_the_documented_ones() -> None:
    saved = [one for one in OF_AWS.values() if one["Type"] == "AWS::Logs::QueryDefinition"]
    names = {one["Properties"]["Name"]["Fn::Sub"].split("/")[-1]: one["Properties"]["QueryString"] for one in saved}
    assert names == QUERIES


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_asks_for_types_and_members_that_events_have(name: str) -> None:
    text = QUERIES[name]
    named = re.findall(r'type = "(\w+)"', text) + re.findall(
        r'"(\w+)"', "".join(re.findall(r"type in \[(.*?)\]", text))
    )
    assert set(named) <= TYPES
    members = set(re.findall(r"\b(caller|detail)\.\w+|\b(role|session|reason|type|source_ip)\b", text))
    assert {one for pair in members for one in pair if one} <= set(SCHEMA["properties"])


def test_the_overlay_adds_to_the_template_and_replaces_nothing(tmp_path: Path) -> None:
    template = tmp_path / "sam.json"
    template.write_text(json.dumps({"Resources": RESOURCES}))
    overlay.add(template, OVERLAY)
    assert len(json.loads(template.read_text())["Resources"]) == len(RESOURCES) + len(OF_AWS)
    with pytest.raises(ValueError, match="redefines"):
        overlay.add(template, OVERLAY)


def test_the_documented_types_are_the_codes() -> None:
    assert set(SCHEMA["properties"]["type"]["enum"]) == TYPES


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in Path("policies/lambda").glob("*.json"):
        for statement in json.loads(path.read_text())["Statement"]:
            if statement["Effect"] == "Allow":
                yield path.stem, statement


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_of_the_functions_the_audit_function_alone_writes_the_audit_log() -> None:
    writers = {
        function
        for function, statement in statements()
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
        if fnmatchcase("logs:PutLogEvents", action) and resource in ["*", {"Fn::Sub": AUDIT_GROUP}]
    }
    assert writers == {"audit"}


def test_a_stream_is_retried_until_shortly_before_it_forgets_and_then_says_what_was_given_up() -> None:
    """A record is kept for 24 hours; -1 retries are retries without end (Lambda, "services-ddb-params")."""
    events = [event for one in RESOURCES.values() for event in one.get("Properties", {}).get("Events", {}).values()]
    streams = [event["Properties"] for event in events if "StartingPosition" in event["Properties"]]
    assert len(streams) == 2
    for stream in streams:
        # LATEST may miss what is written while the mapping starts (Lambda, "services-ddb-eventsourcemapping").
        assert stream["StartingPosition"] == "TRIM_HORIZON"
        assert stream["MaximumRetryAttempts"] == -1
        assert 22 * 3600 <= stream["MaximumRecordAgeInSeconds"] < 24 * 3600
        assert stream["DestinationConfig"]["OnFailure"]


def test_rows_of_the_directory_do_not_wake_the_audit_function_and_all_others_do() -> None:
    """They carry no event, and change every minute. Exactly their partition is left out: no event may be missed."""
    source = RESOURCES["Audit"]["Properties"]["Events"]["AuditDynamodbEventSource"]["Properties"]
    [told] = source["FilterCriteria"]["Filters"]
    pattern = json.loads(told["Pattern"])
    assert pattern == {"dynamodb": {"Keys": {"pk": {"S": [{"anything-but": ["DIRECTORY"]}]}}}}
    for pk, wakes in {
        "DIRECTORY": False,
        "SESSION#01kq": True,
        "SUSPENSION": True,
        "EVENT#01kq": True,
        "ROLE": True,
    }.items():
        assert _match_esm_filter({"eventName": "INSERT", "dynamodb": {"Keys": {"pk": {"S": pk}}}}, pattern) == wakes


def test_no_function_may_delete_logs_or_shorten_their_retention() -> None:
    allowed = {action for _, statement in statements() for action in listed(statement["Action"])}
    for forbidden in ("logs:DeleteLogGroup", "logs:DeleteLogStream", "logs:PutRetentionPolicy"):
        assert not any(fnmatchcase(forbidden, action) for action in allowed)


def test_the_log_group_is_kept_for_over_a_year_and_survives_the_stack() -> None:
    log = RESOURCES["AuditLog"]
    assert log["Properties"]["RetentionInDays"] == {"Ref": "AuditRetentionDays"}
    assert min(PARAMETERS["AuditRetentionDays"]["AllowedValues"]) >= 365
    assert log["Properties"]["DeletionProtectionEnabled"] is True
    assert (log["DeletionPolicy"], log["UpdateReplacePolicy"]) == ("Retain", "Retain")
    told = RESOURCES["APIHandler"]["Properties"]["Environment"]["Variables"]["BROKER_AUDIT_RETENTION_DAYS"]
    assert told == log["Properties"]["RetentionInDays"]


def test_a_brokered_role_reaches_neither_the_audit_log_nor_the_ledger() -> None:
    document = RESOURCES["Boundary"]["Properties"]["PolicyDocument"]
    denied = [
        resource["Fn::Sub"]
        for statement in document["Statement"]
        if statement["Effect"] == "Deny" and statement["Action"] == "*"
        for resource in listed(statement["Resource"])
        if "${AWS::AccountId}" in resource["Fn::Sub"]
    ]
    for wanted in (":log-group:/access-broker-dev/audit:log-stream:x", ":table/access-broker-dev-ledger"):
        assert any(fnmatchcase(wanted, f"*{one.split(':${AWS::AccountId}')[1]}") for one in denied)
