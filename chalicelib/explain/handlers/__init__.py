"""Entry points of explain: HTTP views and Lambda functions."""
