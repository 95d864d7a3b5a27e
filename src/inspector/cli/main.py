"""The one place where commands are found and errors become exit codes."""

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

import click
from click.shell_completion import CompletionItem

from inspector.export.words import printable
from inspector.model.errors import InspectorError

COMMANDS: Final = (
    *("open", "ls", "show", "explain", "why"),
    *("capture", "live", "tap", "ifaces", "doctor"),
    *("bytes", "fields", "completion"),
)
DEFAULT: Final = "open"
"""What `inspector FILE` means."""

INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141
"""What a shell reports for a program that SIGPIPE ended."""
BUG: Final = 70
"""EX_SOFTWARE of sysexits.h: the fault is ours."""

HELP: Final = """\b
Examples:
  inspector hms.pcapng                        open a capture and step through it
  inspector why hms.pcapng                    say what went wrong, and which bytes prove it
  inspector ls hms.pcapng -Y thrift --jsonl   one JSON object for each Thrift message

Takes a network capture apart, byte by byte: what each one means, why, and where it came from on the wire.

`inspector FILE` opens the screens on a terminal and prints a list anywhere else. Data goes to stdout, everything else
to stderr. Exit codes: 0 done, 1 a check found something, 2 usage or filter, 3 missing or no capture, 4 cut or partly
decoded (everything readable was printed), 5 no right to capture, 6 capture failed, 130 interrupted.
"""


class _ReaderGoneError(Exception):
    """Whoever read our output has left; click would end the process for a plain BrokenPipeError."""


class Commands(click.Group):
    """Finds commands by file name; what is no command is a file to open."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"inspector.cli.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        completing = ctx.resilient_parsing and not args
        if not completing and (not args or args[0] not in {*COMMANDS, "-h", "--help", "-V", "--version"}):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        try:
            result: object = super().invoke(ctx)
        except BrokenPipeError:
            raise _ReaderGoneError from None
        return result

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        return [*super().shell_complete(ctx, incomplete), CompletionItem(incomplete, type="file")]


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from inspector import __version__
    from inspector.engine import core_kind

    click.echo(f"inspector {__version__} ({core_kind()} core)")
    ctx.exit()


@click.group(
    cls=Commands,
    help=HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    subcommand_metavar="[COMMAND] [FILE] [OPTIONS]",
)
@click.option(
    "-V",
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version.",
)
def cli() -> None:
    """What HELP says."""


def run() -> int:
    """The whole process: run the command line and return the exit code."""
    code = main()
    gc.freeze()  # nothing is left to be collected, and looking through millions of rows at exit takes long
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    try:
        code = cli.main(arguments, prog_name="inspector", standalone_mode=False)
        sys.stdout.flush()
    except (_ReaderGoneError, BrokenPipeError):
        return _reader_gone()
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except click.UsageError as error:
        hint = f" (try: {error.ctx.command_path} --help)" if error.ctx is not None else ""
        return _fail(error.format_message().rstrip(".") + hint, error.exit_code)
    except click.ClickException as error:
        return _fail(error.format_message(), error.exit_code)
    except InspectorError as error:
        return _fail(str(error), error.exit_code)
    except Exception as error:  # noqa: BLE001 (the outermost edge: whatever gets here is a bug, told in one line)
        return _fail(f"bug: {type(error).__name__}: {error} (INSPECTOR_DEBUG=1 shows where)", BUG)
    return code if isinstance(code, int) else 0


def _fail(text: str, code: int) -> int:
    if os.environ.get("INSPECTOR_DEBUG") == "1":
        raise  # noqa: PLE0704 (called while an error is handled)
    safe = "\n".join(printable(line) for line in text.split("\n"))
    click.echo(f"inspector: {safe}", err=True)
    return code


def _reader_gone() -> int:
    """Whoever read our output has left, as `head` does; what Python still holds back must not fail at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    return BROKEN_PIPE
