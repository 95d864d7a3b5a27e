"""`inspector ls`: one line for each message, packet or flow."""

import click

from inspector.cli.options import LEVELS, FieldName, Reading, as_json, filtering, level, reading, time_format


@click.command(name="ls", short_help="List messages, packets or flows.")
@click.argument("path", metavar="[FILE]", required=False, type=click.Path(allow_dash=True))
@reading
@filtering
@level
@time_format
@click.option("-c", "count", type=click.IntRange(min=0), metavar="N", help="Stop after N lines.")
@click.option(
    "--fields", metavar="A,B", type=FieldName(), help="Only these fields, tab-separated, as tshark -T fields."
)
@click.option("--jsonl", is_flag=True, help="One JSON object a line.")
@as_json
@click.option("--tree", is_flag=True, help="With --json or --jsonl: add the field tree of each row.")
@click.option("--raw", is_flag=True, help="With --tree: add the hex of each leaf.")
@click.option("-w", "write", metavar="FILE", type=click.Path(), help="Write the packets of the rows as pcapng.")
def command(
    *,
    path: str | None,
    how: Reading,
    display_filter: str | None,
    level: str,
    time_format: str,
    count: int | None,
    fields: str | None,
    jsonl: bool,
    as_json: bool,
    tree: bool,
    raw: bool,
    write: str | None,
) -> int:
    """List what is in a capture: number, time, flow, direction, protocol, length, severity (! ? i) and summary.

    \b
    inspector ls hms.pcapng -Y 'http.response.code >= 400'
    inspector ls hms.pcapng --fields number,http.request.method,http.request.uri
    inspector ls hms.pcapng --level flow --jsonl
    """
    chosen = how.path(path)
    if sum((jsonl, as_json, fields is not None)) > 1:
        raise click.UsageError("--jsonl, --json and --fields exclude each other")
    if (tree or raw) and not (jsonl or as_json):
        raise click.UsageError("--tree and --raw need --json or --jsonl")
    from inspector.cli.listing import Request, print_list

    form = "jsonl" if jsonl else "json" if as_json else "fields" if fields is not None else "text"
    request = Request(
        form=form,
        level=LEVELS[level],
        display_filter=display_filter,
        time_format=time_format,
        color=how.color,
        count=count,
        fields=split_names(fields or ""),
        tree=tree or raw,
        raw=raw,
        write=write,
    )
    if form == "fields" and not request.fields:
        raise click.UsageError("--fields needs at least one name")
    return print_list(chosen, how, request)


def split_names(text: str) -> list[str]:
    """Names separated by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]
