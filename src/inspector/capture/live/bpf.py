"""Capture filters in libpcap's language, compiled for the kernel."""

import ctypes
import ctypes.util
import shutil
import subprocess
from typing import Final

from inspector.capture.live.orders import LINK_SLL2, Program
from inspector.model.errors import UsageError

_UNKNOWN_MASK: Final = 0xFFFFFFFF
_RETURN: Final = 0x06
_PATIENCE: Final = 10
"""Seconds for tcpdump to compile a filter."""
_RAW: Final = 12
"""DLT_RAW, which files call LINKTYPE_RAW, 101."""
_DLTS: Final = {101: _RAW, LINK_SLL2: _RAW}
"""LINKTYPE to DLT where they differ. Without link headers the kernel shows filters packets from IP on."""
_NAMES: Final = {_RAW: "RAW"}
"""What tcpdump calls a DLT; Ethernet is the rule."""


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
    kind = _DLTS.get(link_type, link_type)
    pcap = _library()
    if pcap is not None:
        return by_library(pcap, text, kind, snap_length)
    path = shutil.which("tcpdump")
    if path is not None:
        return by_tcpdump(path, text, kind, snap_length)
    raise UsageError("-f needs libpcap or tcpdump to compile the filter, and neither is installed")


def filter_compiler() -> str:
    """Who compiles filters here, "" for nobody."""
    return "libpcap" if _library() is not None else "tcpdump" if shutil.which("tcpdump") is not None else ""


def _library() -> ctypes.CDLL | None:
    name = ctypes.util.find_library("pcap")
    try:
        return ctypes.CDLL(name) if name is not None else None
    except OSError:
        return None


def by_library(pcap: ctypes.CDLL, text: str, kind: int, snap_length: int) -> Program:
    """The filter as libpcap compiles it for a DLT. Raises UsageError with its words."""
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
    handle = pcap.pcap_open_dead(kind, snap_length)
    program = _Program()
    try:
        if pcap.pcap_compile(handle, ctypes.byref(program), text.encode(errors="replace"), 1, _UNKNOWN_MASK):
            reason = (pcap.pcap_geterr(handle) or b"").decode(errors="replace")
            raise UsageError(f"-f {text}: {reason}")
        found = [program.instructions[i] for i in range(program.length)]
        compiled = [(each.code, each.jt, each.jf, each.k) for each in found]
        pcap.pcap_freecode(ctypes.byref(program))
    finally:
        pcap.pcap_close(handle)
    return compiled


def by_tcpdump(path: str, text: str, kind: int, snap_length: int) -> Program:
    """The filter as tcpdump compiles it for a DLT. Raises UsageError with libpcap's words."""
    command = [path, "-ddd", "-y", _NAMES.get(kind, "EN10MB"), "-s", str(snap_length), "--", text]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)  # noqa: S603
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"-f {text}: tcpdump could not compile it: {error}") from None
    if done.returncode:
        words = [line for line in done.stderr.splitlines() if "data link type" not in line and line.strip()]
        raise UsageError(f"-f {text}: {' '.join(words).removeprefix('tcpdump: ')}")
    rows = [[int(number) for number in line.split()] for line in done.stdout.splitlines()[1:] if line.strip()]
    return [(row[0], row[1], row[2], row[3]) for row in rows]
