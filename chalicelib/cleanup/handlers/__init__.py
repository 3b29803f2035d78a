"""Entry points of cleanup: HTTP views and Lambda functions."""
