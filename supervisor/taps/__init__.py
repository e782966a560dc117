"""Looks at events on their way: sampled, bounded and without secrets, at any edge, for as long as somebody looks.

Nothing is installed in a component that nobody looks at, so it costs nothing then.
"""
