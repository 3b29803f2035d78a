"""Entry points of sessions: HTTP views and Lambda functions."""
