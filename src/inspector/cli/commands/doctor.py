"""`inspector doctor`: what works here, and what to do where something does not."""

import click


@click.command(name="doctor", short_help="Check rights, terminal, clipboard and libraries.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(*, as_json: bool) -> int:
    """Check what capturing and the screens need, and say what to do about what is missing.

    Returns 1 when something that matters is missing.
    """
    from inspector.cli.surroundings import checks, checks_document

    found = checks()
    if as_json:
        click.echo(checks_document(found))
    else:
        for check in found:
            mark = "ok" if check.good else "!!" if check.matters else "--"
            click.echo(f"{mark}  {check.name:<12} {check.says}")
            if not check.good and check.advice:
                click.echo("\n".join(f"    {line}" for line in check.advice.splitlines()))
    return 1 if any(check.matters and not check.good for check in found) else 0
