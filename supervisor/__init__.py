"""Keeps a deployment alive, builds it from TOML, and lets people look in."""
