"""Benchmarks: ratios against bare boto3, measured in one run on one machine. Not deployed."""
