"""API Gateway's own rules for a signed call, which ministack does not check.

One module per rule. Each has a function `problem` that takes one signed
request and answers the error of AWS, or None.
"""
