"""Capturing against tcpdump on the same loads, and how far rows lag behind the wire; needs root, nginx and wrk.

`python -m bench.live [SECONDS]`, from the folder of the tests
"""

import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from inspector.capture.live.recording import record
from inspector.capture.live.settings import Settings
from inspector.engine import core_kind
from inspector.following import Following
from inspector.session import Options

PORT = 18_083
STREAMING_PORT = 18_084
BUFFER = 16 << 20
"""Bytes of the kernel's buffer, for both."""
TIMES = 3
"""Runs of each in turn: medians count."""
RATES = (1_000, 5_000, 20_000)
"""Packets a second at which the lag of rows is measured."""
PACKETS_PER_REQUEST = 2
"""On a connection kept open acknowledgements ride on the next request or response."""

NGINX = f"""
worker_processes 1; daemon off; pid FOLDER/pid; error_log FOLDER/log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    server {{ listen 127.0.0.1:{PORT}; location / {{ return 200 "hello\\n"; }} }}
}}
"""


@dataclass(frozen=True)
class Measured:
    """What one capture of a load cost: `processor` is in seconds."""

    captured: int
    dropped: int
    processor: float
    requests: int


def capture_by(
    command: list[str], load: Callable[[float], int], seconds: float, counts: "re.Pattern[str]", folder: Path
) -> Measured:
    """Run a capture while there is load, and stop it when that is over."""
    said = folder / "said"
    with (folder / "packets").open("wb") as out, said.open("wb") as errors:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=errors)
        time.sleep(1.5)
        requests = load(seconds)
        time.sleep(0.5)
        assert process.stdin is not None
        process.stdin.close()
        os.kill(process.pid, signal.SIGTERM)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    text = said.read_text()
    found = counts.findall(text)
    if not found:
        raise RuntimeError(f"{command[0]}: {text}")
    captured, dropped = found[-1]
    return Measured(int(captured), int(dropped), usage.ru_utime + usage.ru_stime, requests)


def nothing(seconds: float) -> int:
    """No load at all."""
    time.sleep(seconds)
    return 0


def ask_nginx(seconds: float) -> int:
    """Requests that wrk made."""
    command = ["wrk", "-t1", "-c16", f"-d{int(seconds)}", f"http://127.0.0.1:{PORT}/"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+) requests in", text)
    assert found is not None
    return int(found[1])


def stream(seconds: float) -> int:
    """Messages that a gRPC client was sent."""
    command = [sys.executable, "-m", "bench.streaming", "listen", str(STREAMING_PORT), str(seconds)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def against_tcpdump(name: str, load: Callable[[float], int], port: int, seconds: float, folder: Path) -> None:
    """Ours and tcpdump's in turn; medians, and the ratio of ours to theirs."""
    settings = Settings(bpf=f"tcp port {port}", buffer=BUFFER)
    ours = [sys.executable, "-m", "inspector.capture.live.helper", settings.orders().written(), "2"]
    theirs = ["tcpdump", "-i", "lo", "-B", str(BUFFER >> 10), "-s", "0", "-w", "-", settings.bpf]
    our_counts = re.compile(r'"packets": (\d+), "dropped": (\d+)')
    their_counts = re.compile(r"(\d+) packets captured.*?(\d+) packets dropped", re.DOTALL)
    runs = [
        (capture_by(ours, load, seconds, our_counts, folder), capture_by(theirs, load, seconds, their_counts, folder))
        for _ in range(TIMES)
    ]
    # what it takes to begin and to end is paid once, however many packets there are
    idle = (capture_by(ours, nothing, 1, our_counts, folder), capture_by(theirs, nothing, 1, their_counts, folder))
    costs, further = [], []
    for tool, fixed, measured in (
        ("inspector", idle[0], [a for a, _ in runs]),
        ("tcpdump", idle[1], [b for _, b in runs]),
    ):
        packets, cost = sum(m.captured for m in measured), median(m.processor / m.captured for m in measured)
        further.append(median((m.processor - fixed.processor) / m.captured for m in measured))
        drops = sum(m.dropped for m in measured)
        requests = sum(m.requests for m in measured)
        costs.append(cost)
        print(
            f"{name:<14} {tool:<10} {packets:>9} packets of {requests} messages, {drops} dropped, "
            f"{cost * 1e6:.2f} µs a packet, {fixed.processor * 1e3:.0f} ms without any"
        )
    print(f"{name:<14} ratio      {costs[0] / costs[1]:.2f}, of each further packet {further[0] / further[1]:.2f}")


def lag_at(rate: int, seconds: float, folder: Path) -> None:
    """How far the rows of the screens are behind while requests are made at a steady rate."""
    path = folder / f"lag-{rate}.pcapng"
    with path.open("wb") as out:
        recording = record(Settings(bpf=f"tcp port {PORT}"), out)
        following = Following(str(path), Options())
        time.sleep(2)
        lags: list[float] = []
        over = threading.Event()
        watcher = threading.Thread(target=watch, args=(following, lags, over))
        watcher.start()
        made = requests_at(rate / PACKETS_PER_REQUEST, seconds)
        time.sleep(1)
        over.set()
        watcher.join()
        recording.stop()
        following.finish()
    lags.sort()
    worst = lags[-1] if lags else float("nan")
    packets, drops = recording.status.packets, recording.status.dropped
    print(
        f"{rate:>6} packets/s wanted, {packets / seconds:.0f} seen: rows lag {median(lags):.3f} s, at worst "
        f"{worst:.3f} s; {len(following.rows)} rows of {made} requests, {drops} dropped"
    )


def watch(following: Following, lags: list[float], over: threading.Event) -> None:
    """Note how old the newest row is whenever there is a new one."""
    seen = 0
    while not over.wait(0.02):
        count = len(following.rows)
        if count > seen:
            seen = count
            lags.append(following.lag)


def requests_at(rate: float, seconds: float) -> int:
    """Make requests on one connection, `rate` a second, in bursts of a hundredth of a second."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT)
    started, made = time.monotonic(), 0
    while (spent := time.monotonic() - started) < seconds:
        if made >= spent * rate:
            time.sleep(0.005)
            continue
        connection.request("GET", "/")
        connection.getresponse().read()
        made += 1
    connection.close()
    return made


def main() -> None:
    """Print what was measured."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "nginx.conf").write_text(NGINX.replace("FOLDER", name))
        servers = [
            subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL),
            subprocess.Popen([sys.executable, "-m", "bench.streaming", "serve", str(STREAMING_PORT)]),
        ]
        try:
            time.sleep(2)
            print(f"core: {core_kind()}")
            against_tcpdump("wrk to nginx", ask_nginx, PORT, seconds, folder)
            against_tcpdump("gRPC streaming", stream, STREAMING_PORT, seconds, folder)
            for rate in RATES:
                lag_at(rate, seconds, folder)
        finally:
            for server in servers:
                server.terminate()
                server.wait()


if __name__ == "__main__":
    main()
