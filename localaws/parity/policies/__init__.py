"""Rules of policy evaluation: resources, principals, variables and condition keys of a request."""
