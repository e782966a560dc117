"""What generated code calls: operators, equality, failed paths, merge and patch, JSON. Helpers raise `Fault`."""
