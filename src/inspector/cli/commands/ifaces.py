"""`inspector ifaces`: where packets can be captured."""

import click


@click.command(name="ifaces", short_help="List network interfaces, and who may capture on them.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(*, as_json: bool) -> int:
    """List the interfaces with their addresses and state, the loopback first."""
    from inspector.cli.surroundings import interface_lines, interfaces_document

    if as_json:
        click.echo(interfaces_document())
    else:
        for line in interface_lines():
            click.echo(line)
    return 0
