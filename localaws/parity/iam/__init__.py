"""Rules of IAM: the resource and the condition keys of a request, and requests that IAM refuses."""
