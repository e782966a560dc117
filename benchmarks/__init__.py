"""Everything that is measured. Nothing here is installed, and nothing here is timed in a test."""
