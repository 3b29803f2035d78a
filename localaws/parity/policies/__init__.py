"""Rules of policy evaluation: what a policy is compared with."""
