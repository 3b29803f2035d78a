"""Rules of the services around a call: functions, streams, CloudTrail, event buses."""
