"""What generated code calls: operators, equality, paths that failed, merge and patch, JSON text. Helpers raise `Fault`."""
