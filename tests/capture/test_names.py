"""Whose sockets are whose, on this machine."""

import os
import socket
import struct
import sys
import threading

import pytest

from inspector.capture.live.names import Budget, Names, Owners, opening_ends, process_name, socket_inode

linux = pytest.mark.skipif(sys.platform != "linux", reason="sock_diag and /proc are Linux's")

PORTS = struct.pack(">HH", 50_000, 80)
V4 = (bytes([127, 0, 0, 1]), 50_000), (bytes([127, 0, 0, 2]), 80)
V6 = (bytes(15) + b"\x01", 50_000), (bytes(15) + b"\x02", 80)


def tcp(flags: int) -> bytes:
    return PORTS + bytes(9) + bytes([flags]) + bytes(6)


def ipv4(flags: int, options: bytes = b"", protocol: int = 6) -> bytes:
    words = 5 + len(options) // 4
    head = bytes([0x40 | words]) + bytes(8) + bytes([protocol, 0, 0]) + V4[0][0] + V4[1][0]
    return head + options + tcp(flags)


def ipv6(flags: int) -> bytes:
    return bytes([0x60]) + bytes(5) + bytes([6, 64]) + V6[0][0] + V6[1][0] + tcp(flags)


@pytest.mark.parametrize(
    ("packet", "ends"),
    [
        (ipv4(0x02), V4),
        (ipv4(0xC2), V4),
        (ipv4(0x02, b"\x94\x04\x00\x00"), V4),
        (ipv6(0x02), V6),
        (ipv4(0x12), None),
        (ipv4(0x10), None),
        (ipv6(0x12), None),
        (ipv4(0x02, protocol=17), None),
        (ipv4(0x02)[:33], None),
        (b"", None),
        (bytes(60), None),
    ],
)
def test_only_a_syn_opens_a_connection(packet: bytes, ends: object) -> None:
    assert opening_ends(packet) == ends


def test_a_budget_grows_with_time_and_not_without_end() -> None:
    budget = Budget(0.2)
    budget.left = 0.0
    budget.refill(budget.seen + 0.5)
    assert budget.left == pytest.approx(0.1)
    budget.refill(budget.seen + 60)
    assert budget.left == 0.2


@linux
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_the_owners_of_both_ends_are_found(family: socket.AddressFamily) -> None:
    names = Names(hears=False)
    assert names.asker is not None
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    with socket.socket(family) as server:
        server.bind((host, 0))
        server.listen()
        with socket.create_connection(server.getsockname()[:2]) as client:
            ends = [(socket.inet_pton(family, end[0]), end[1]) for end in (client.getsockname(), server.getsockname())]
            me = process_name(os.getpid())
            assert names.of_ends(names.asker, ends[0], ends[1]) == (me, me)
            assert socket_inode(names.asker, ends[0], ends[1]) == str(os.fstat(client.fileno()).st_ino)
    assert socket_inode(names.asker, ends[0], ends[1]) == ""
    names.asker.close()


@linux
def test_processes_are_not_looked_through_again_and_again() -> None:
    owners = Owners()
    assert owners.find("1", at_once=True) == ""
    first = owners.looked
    assert owners.find("2", at_once=True) == ""
    assert owners.looked == first
    with socket.socket() as mine:
        inode = str(os.fstat(mine.fileno()).st_ino)
        assert owners.find(inode, at_once=True) == "", "this process was there before, and not busy"
        owners.looked = 0.0
        assert owners.find(inode, at_once=True) == process_name(os.getpid())
    assert process_name(0) == "? (pid 0)"


@linux
def test_the_thread_is_waited_for_a_little() -> None:
    names = Names(hears=False)
    frame = bytes(14) + ipv4(0x02)
    assert names.of_segment(frame) == ""
    names.hears = True
    threading.Timer(0.005, names.named.__setitem__, ((V4[0], V4[1]), "client curl (pid 7)")).start()
    assert names.of_segment(frame) == "client curl (pid 7)"
    assert names.named == {}
