"""Checks and tests of the access policies, without AWS: what `broker policy` runs.

Uses the deployed code's own domain (chalicelib/*/domain), so that a check and
production can never differ. Not deployed.
"""
