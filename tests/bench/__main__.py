"""Index, rows, chosen fields and full trees against tshark on the same captures, in the same run."""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.run import Run, compare, run
from bench.traffic import Template, repeat
from inspector.engine import core_kind

CAPTURES = Path(__file__).parents[2] / "captures"
INSPECTOR = [sys.executable, "-m", "inspector"]


@dataclass(frozen=True)
class Load:
    """Traffic to measure with: recorded captures, packets made of them, fields to ask for, and what tshark needs."""

    name: str
    templates: list[str]
    packets: int
    fields: list[str]
    tshark: list[str]


LOADS = (
    Load(
        "http",
        "http-keepalive.pcap http-get.pcap http-pipelining.pcap http-post-form.pcap http-conditional.pcap "
        "http-gzip.pcap http-chunked-upload.pcap http-large.pcap http-expect-100.pcap".split(),
        450_000,
        ["http.request.uri", "http.response.code"],
        [],
    ),
    Load(
        "grpc",
        "grpc-sensor.pcapng grpc-errors.pcap grpc-metadata.pcap grpc-gzip.pcap grpc-reflection.pcap".split(),
        200_000,
        ["http2.streamid", "grpc.message_length"],
        ["-d", "tcp.port==50051,http2"],
    ),
    Load(
        "thrift",
        ["hms-python-client.pcap"],
        200_000,
        ["thrift.method", "thrift.seq_id"],
        ["-d", "tcp.port==9083,thrift"],
    ),
)


def main() -> None:
    """Make the captures, run both tools, print a table of ratios (ours divided by tshark's)."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("loads", nargs="*", choices=[*(load.name for load in LOADS), []], help="which traffic (all)")
    parser.add_argument("--packets", type=int, help="packets of the large captures")
    parser.add_argument("--small", type=int, default=100_000, help="packets of the captures for fields and trees")
    parser.add_argument("--times", type=int, default=3, help="runs of each, of which the median counts")
    parser.add_argument("--keep", type=Path, help="folder to keep the captures in")
    options = parser.parse_args()
    print(f"core: {core_kind()}; tshark: {version()}\n")
    print("| work | ours s | tshark s | ratio | our MB | tshark MB |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        folder: Path = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for load in LOADS:
            if not options.loads or load.name in options.loads:
                measure(load, folder, options.packets or load.packets, options.small, options.times)


def measure(load: Load, folder: Path, packets: int, few: int, times: int) -> None:
    """The lines of the table for one kind of traffic."""
    templates = [Template(CAPTURES / name) for name in load.templates]
    large, small = folder / f"{load.name}-large.pcap", folder / f"{load.name}-small.pcap"
    count, fewer = repeat(templates, large, packets), repeat(templates, small, few)
    tshark = ["tshark", "-n", *load.tshark, "-r"]
    chosen = [part for name in load.fields for part in ("-e", name)]
    for title, size, ours, theirs in (
        ("all rows", count, ["ls", str(large)], [*tshark, str(large)]),
        ("two fields", fewer, ["ls", str(small), "--fields", ",".join(load.fields)],
         [*tshark, str(small), "-T", "fields", *chosen]),
        ("every field as JSON", fewer, ["ls", str(small), "--jsonl", "--tree"], [*tshark, str(small), "-T", "json"]),
    ):  # fmt: skip
        row(f"{load.name}: {title} ({size:,} packets)", *compare([*INSPECTOR, *ours], theirs, times))


def row(title: str, ours: Run, theirs: Run) -> None:
    """One line of the table."""
    print(
        f"| {title} | {ours.wall:.2f} | {theirs.wall:.2f} | **{ours.wall / theirs.wall:.2f}** "
        f"| {ours.memory / 1e6:.0f} | {theirs.memory / 1e6:.0f} |",
        flush=True,
    )


def version() -> str:
    """tshark's version. Raises FileNotFoundError when it is not installed."""
    import subprocess

    run(["tshark", "--version"])
    return subprocess.run(["tshark", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]


if __name__ == "__main__":
    main()
