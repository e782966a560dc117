"""The shipped test kit for whole deployments: what a source and a sink promise together."""
