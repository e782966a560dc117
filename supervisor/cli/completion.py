"""``supervisor completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

__all__ = ["command"]


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the shell's completion script.

    Put it where your shell finds it, for instance:

    \b
      supervisor completion bash > ~/.local/share/bash-completion/completions/supervisor
      supervisor completion zsh  > ~/.zfunc/_supervisor
      supervisor completion fish > ~/.config/fish/completions/supervisor.fish
    """
    completion_class = get_completion_class(shell)
    assert completion_class is not None
    root = ctx.find_root().command
    completion = completion_class(root, {}, "supervisor", "_SUPERVISOR_COMPLETE")
    # Not `source()`: for bash it starts the shell to look at its version, which fails where there is none.
    click.echo(completion.source_template % completion.source_vars())
