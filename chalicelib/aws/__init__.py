"""The only package that imports botocore: one adapter per AWS service."""
