"""Capture filters in libpcap's language, compiled for the kernel."""

import ctypes
import ctypes.util
import shutil
import subprocess
from typing import Final

from inspector.capture.live.ring import Program
from inspector.model.errors import UsageError

_UNKNOWN_MASK: Final = 0xFFFFFFFF
_RETURN: Final = 0x06
_PATIENCE: Final = 10
"""Seconds for tcpdump to compile a filter."""
_NAMES: Final = {1: "EN10MB", 12: "RAW", 101: "RAW"}
_RAW: Final = 12
"""DLT_RAW, which files call LINKTYPE_RAW, 101."""


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint), ("instructions", ctypes.POINTER(_Instruction)))


def compile_filter(text: str, link_type: int, snap_length: int) -> Program:
    """The filter `text` ("": everything) for a LINKTYPE, returning `snap_length` bytes of what matches.

    Raises UsageError for a filter that libpcap does not understand, or when nothing here can compile filters.
    """
    if not text.strip():
        return [(_RETURN, 0, 0, snap_length)]
    name = ctypes.util.find_library("pcap")
    if name is not None:
        return _by_library(ctypes.CDLL(name), text, link_type, snap_length)
    if shutil.which("tcpdump") is not None:
        return _by_tcpdump(text, link_type, snap_length)
    raise UsageError("-f needs libpcap or tcpdump to compile the filter, and neither is installed")


def _by_library(pcap: ctypes.CDLL, text: str, link_type: int, snap_length: int) -> Program:
    pcap.pcap_open_dead.restype = ctypes.c_void_p
    pcap.pcap_open_dead.argtypes = (ctypes.c_int, ctypes.c_int)
    pcap.pcap_compile.argtypes = (
        ctypes.c_void_p,
        ctypes.POINTER(_Program),
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_uint,
    )
    pcap.pcap_geterr.restype = ctypes.c_char_p
    pcap.pcap_geterr.argtypes = (ctypes.c_void_p,)
    pcap.pcap_freecode.argtypes = (ctypes.POINTER(_Program),)
    pcap.pcap_close.argtypes = (ctypes.c_void_p,)
    handle = pcap.pcap_open_dead(_RAW if link_type == 101 else link_type, snap_length)
    program = _Program()
    try:
        if pcap.pcap_compile(handle, ctypes.byref(program), text.encode(), 1, _UNKNOWN_MASK):
            reason = (pcap.pcap_geterr(handle) or b"").decode(errors="replace")
            raise UsageError(f"-f {text}: {reason}")
        found = [program.instructions[i] for i in range(program.length)]
        compiled = [(each.code, each.jt, each.jf, each.k) for each in found]
        pcap.pcap_freecode(ctypes.byref(program))
    finally:
        pcap.pcap_close(handle)
    return compiled


def _by_tcpdump(text: str, link_type: int, snap_length: int) -> Program:
    command = ["tcpdump", "-ddd", "-y", _NAMES.get(link_type, "EN10MB"), "-s", str(snap_length), text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)  # noqa: S603
    if done.returncode:
        raise UsageError(f"-f {text}: {done.stderr.strip().removeprefix('tcpdump: ')}")
    lines = done.stdout.split("\n")[1:]
    rows = [tuple(int(number) for number in line.split()) for line in lines if line.strip()]
    return [(row[0], row[1], row[2], row[3]) for row in rows]
