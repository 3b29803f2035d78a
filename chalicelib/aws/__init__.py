"""The only package that imports botocore or boto3: one adapter per AWS service."""
