"""How servers begin that speak first."""

import re
from dataclasses import dataclass
from typing import Final

from inspector.diagnosis.readings import Reading

_LINE: Final = re.compile(rb"[^\r\n]{0,200}")
_TEXTS: Final = (
    (re.compile(rb"SSH-\d\.\d+-"), "SSH", "ssh -p {port} {host}"),
    (re.compile(rb"220[ -].*\b(E?SMTP|ESMTP|Postfix|Sendmail|Exim|mail|smtp)\b", re.IGNORECASE), "SMTP", ""),
    (re.compile(rb"220[ -].*\b(FTP|vsFTPd|ProFTPD|FileZilla)\b", re.IGNORECASE), "FTP", "ftp {host} {port}"),
    (re.compile(rb"220[ -]"), "SMTP or FTP", ""),
    (re.compile(rb"\* (OK|PREAUTH|BYE)\b"), "IMAP", ""),
    (re.compile(rb"\+OK .*\b(POP3?|Dovecot|ready|Cyrus)\b", re.IGNORECASE), "POP3", ""),
    (re.compile(rb"RFB \d{3}\.\d{3}\n"), "VNC", ""),
    (re.compile(rb"@RSYNCD:"), "rsync", "rsync rsync://{host}:{port}/"),
    (re.compile(rb"20[01] .*(NNTP|news)", re.IGNORECASE), "NNTP", ""),
    (re.compile(rb"\xff[\xfb-\xfe]"), "telnet", "telnet {host} {port}"),
)
"""Pattern, name and client of protocols whose server speaks first (RFC 4253 4.2, RFC 5321 4.2, RFC 959 5.4, RFC 9051
7.1, RFC 1939 4, RFC 6143 7.1.1, RFC 3977 5.1, RFC 854)."""
_MYSQL: Final = re.compile(rb"..\0\0\x0a([\x20-\x7e]{3,60})\0", re.DOTALL)
"""MySQL's handshake: three bytes of length, sequence number 0, protocol 10, the server's version, 0."""
_MYSQL_ERROR: Final = re.compile(rb"..\0\0\xff..([\x20-\x7e]{8,200})", re.DOTALL)
"""MySQL's error in place of a handshake, as for a host that may not connect."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """A protocol, its client as a command with {host} and {port} ("" without), and what the first bytes say."""

    name: str
    client: str
    reading: Reading


def greeting_of(answer: bytes) -> Greeting | None:
    """The greeting that a server's first bytes are, None when they are none that is known here."""
    found = _MYSQL.match(answer)
    if found is not None and int.from_bytes(answer[:3], "little") >= found.end() - 4:
        text = f"MySQL: a handshake, protocol 10, version {found[1].decode()}"
        return Greeting("MySQL", "mysql -h {host} -P {port}", Reading(found.end(), text))
    found = _MYSQL_ERROR.match(answer)
    if found is not None:
        return Greeting(
            "MySQL", "mysql -h {host} -P {port}", Reading(found.end(), f'MySQL: error "{found[1].decode()}"')
        )
    for pattern, name, client in _TEXTS:
        if pattern.match(answer):
            line = _LINE.match(answer)
            end = line.end() if line is not None else 0
            shown = "".join(c if c.isprintable() else "·" for c in answer[: max(end, 2)].decode("latin-1"))
            return Greeting(name, client, Reading(max(end, 2), f'{name}: the greeting "{shown}"'))
    return None
