"""Entry points of chat: HTTP views and Lambda functions."""
