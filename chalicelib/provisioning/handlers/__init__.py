"""Entry points of provisioning: HTTP views and Lambda functions."""
