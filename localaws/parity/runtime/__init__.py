"""Rules of what happens around a call: functions, streams, CloudTrail."""
