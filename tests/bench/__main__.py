"""Index, rows, chosen fields and full trees against tshark on the same captures, in the same run."""

import argparse
import sys
import tempfile
from pathlib import Path

from inspector.engine import core_kind
from tests.bench.run import Run, compare, run
from tests.bench.traffic import Template, repeat

CAPTURES = Path(__file__).parents[2] / "captures"
TEMPLATES = (
    "http-keepalive http-get http-pipelining http-post-form http-conditional http-gzip http-chunked-upload "
    "http-large http-expect-100"
).split()
INSPECTOR = [sys.executable, "-m", "inspector"]


def main() -> None:
    """Make the captures, run both tools, print a table of ratios (ours divided by tshark's)."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--packets", type=int, default=450_000, help="packets of the large capture")
    parser.add_argument("--small", type=int, default=100_000, help="packets of the capture for fields and trees")
    parser.add_argument("--times", type=int, default=3, help="runs of each, of which the median counts")
    parser.add_argument("--keep", type=Path, help="folder to keep the captures in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder: Path = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        templates = [Template(CAPTURES / f"{name}.pcap") for name in TEMPLATES]
        large, small = folder / "large.pcap", folder / "small.pcap"
        for path, packets in ((large, options.packets), (small, options.small)):
            count = repeat(templates, path, packets)
            print(f"{path.name}: {count:,} packets, {path.stat().st_size / 1e6:,.0f} MB")
        print(f"core: {core_kind()}; tshark: {version()}\n")
        print("| work | ours s | tshark s | ratio | our MB | tshark MB |\n|---|---|---|---|---|---|")
        fields = ["http.request.uri", "http.response.code"]
        chosen = [part for name in fields for part in ("-e", name)]
        for title, path, ours, theirs in (
            ("all rows", large, ["ls", str(large)], ["tshark", "-n", "-r", str(large)]),
            ("two fields", small, ["ls", str(small), "--fields", ",".join(fields)],
             ["tshark", "-n", "-r", str(small), "-T", "fields", *chosen]),
            ("every field as JSON", small, ["ls", str(small), "--jsonl", "--tree"],
             ["tshark", "-n", "-r", str(small), "-T", "json"]),
        ):  # fmt: skip
            row(f"{title} ({path.stem})", *compare([*INSPECTOR, *ours], theirs, options.times))


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
