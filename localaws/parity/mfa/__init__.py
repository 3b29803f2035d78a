"""Rules of multi-factor authentication: devices, codes, sessions and condition keys."""
