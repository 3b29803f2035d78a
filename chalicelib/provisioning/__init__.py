"""IAM users and roles made from templates: compile, apply, quarantine, delete, restore."""
