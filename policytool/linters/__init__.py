"""Linters of others: checkov on the templates, cloudsplaining on the policies, each in an environment of its own."""
