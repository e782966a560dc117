"""Draws the flows of a plan: Mermaid, Graphviz DOT, and SVG that needs neither."""
