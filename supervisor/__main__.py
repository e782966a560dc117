"""``python -m supervisor`` is the command."""

from supervisor.cli import main

main(prog_name="supervisor")
