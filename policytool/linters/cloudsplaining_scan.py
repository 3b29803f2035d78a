"""Runs inside cloudsplaining's environment: policies on standard input, findings by policy on standard output."""

from __future__ import annotations

import json
import sys

from cloudsplaining.scan.policy_document import PolicyDocument

FINDINGS = {
    "privilege escalation": "allows_privilege_escalation",
    "permissions management": "permissions_management_without_constraints",
    "writes without constraints": "write_actions_without_constraints",
    "data exfiltration": "allows_data_exfiltration_actions",
    "credentials": "credentials_exposure",
}

if __name__ == "__main__":
    found = {}
    for name, document in json.load(sys.stdin).items():
        policy = PolicyDocument(document)
        for finding, attribute in FINDINGS.items():
            told = getattr(policy, attribute)
            if told:
                found[f"{name}: {finding}"] = json.dumps(told, default=str)
    json.dump(found, sys.stdout)
