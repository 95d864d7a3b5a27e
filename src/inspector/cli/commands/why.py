"""`inspector why`: what went wrong, and the bytes that prove it."""

import click

from inspector.cli.options import Reading, as_json, reading


@click.command(name="why", short_help="Say what went wrong, and which bytes prove it.")
@click.argument("word", metavar="[FILE|RULE|HOST:PORT]", required=False, type=click.Path(allow_dash=True))
@reading
@click.option("--flow", type=click.IntRange(min=1), metavar="N", help="Only findings about flow N.")
@as_json
@click.option("--exit-code", is_flag=True, help="Return 1 when there is a finding of severity error.")
@click.option("--allow-remote", is_flag=True, help="With HOST:PORT: the host may be another machine.")
@click.option("-w", "--write", "keep", metavar="PCAPNG", help="With HOST:PORT: keep the exchange as a capture.")
def command(
    *,
    word: str | None,
    how: Reading,
    flow: int | None,
    as_json: bool,
    exit_code: bool,
    allow_remote: bool,
    keep: str | None,
) -> int:
    """Explain what went wrong in a capture: what you see, why it happens, how we know, what to do.

    \b
    inspector why hms.pcapng
    inspector why http-to-thrift-closed the page about one rule
    inspector why localhost:9083        ask the port what it speaks, with bytes that harm nobody
    """
    from inspector.cli.diagnosing import print_rule, why
    from inspector.cli.probing import ask, parse_target

    if word is not None and how.file is None:
        if print_rule(word):
            return 0
        target = parse_target(word)
        if target is not None:
            return ask(*target, allow_remote=allow_remote, keep=keep, as_json=as_json, color=how.color)
    return why(how.path(word), how, flow, as_json, exit_code)
