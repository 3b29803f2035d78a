"""Entry points of core: HTTP views and Lambda functions."""
