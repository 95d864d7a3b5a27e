"""A gRPC server that streams, and a client that listens: `python -m bench.streaming serve|listen PORT [SECONDS]`."""

import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc

METHOD = "/bench.Ticks/Follow"
MESSAGE = bytes(range(64))
STREAMS = 4


def same(data: bytes) -> bytes:
    return data


def follow(_request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
    """Messages as fast as they are taken."""
    while context.is_active():
        yield MESSAGE


def serve(port: int) -> None:
    """Serve until killed."""
    handler = grpc.unary_stream_rpc_method_handler(follow, same, same)
    server = grpc.server(ThreadPoolExecutor(STREAMS))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Ticks", {"Follow": handler}),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()


def listen(port: int, seconds: float) -> int:
    """Messages that came in that time."""
    counts = [0] * STREAMS
    end = time.monotonic() + seconds

    def one(number: int) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            call = channel.unary_stream(METHOD, same, same)(b"")
            for _ in call:
                counts[number] += 1
                if time.monotonic() >= end:
                    call.cancel()
                    return

    threads = [threading.Thread(target=one, args=(number,)) for number in range(STREAMS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    else:
        print(listen(int(sys.argv[2]), float(sys.argv[3])))
