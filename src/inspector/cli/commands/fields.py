"""`inspector fields`: every name that filters and --fields know."""

import click

from inspector.cli.options import as_json


@click.command(name="fields", short_help="List the field names that filters know.")
@click.argument("prefix", required=False, default="")
@as_json
def command(prefix: str, as_json: bool) -> int:
    """List names that start with PREFIX: name, title and where it is specified, separated by tabs.

    \b
    inspector fields thrift.
    """
    from inspector.cli.output import Output
    from inspector.export.documents import FieldsBody, head
    from inspector.export.names import guide_records

    found = list(guide_records(prefix))
    output = Output()
    if as_json:
        output.document(head("fields", prefix, []), FieldsBody(found))
    else:
        output.lines(f"{each.name}\t{each.title}\t{each.spec}" for each in found)
    output.close()
    return 0
