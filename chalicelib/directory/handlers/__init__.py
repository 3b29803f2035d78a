"""Entry points of the directory: HTTP views and Lambda functions."""
