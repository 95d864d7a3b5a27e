"""`inspector completion`: what a shell needs to complete our command lines."""

import click
from click.shell_completion import get_completion_class


@click.command(name="completion", short_help="Print what bash, zsh or fish needs for completion.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print completion code for SHELL.

    \b
    bash:  eval "$(inspector completion bash)"          in ~/.bashrc
    zsh:   eval "$(inspector completion zsh)"           in ~/.zshrc
    fish:  inspector completion fish | source           in ~/.config/fish/config.fish
    """
    from inspector.cli.main import cli

    found = get_completion_class(shell)
    assert found is not None
    completion = found(cli, {}, "inspector", "_INSPECTOR_COMPLETE")
    click.echo(completion.source_template % completion.source_vars())
    return 0
