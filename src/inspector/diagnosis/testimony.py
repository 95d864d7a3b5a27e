"""Which witness speaks for which reader."""

from inspector.diagnosis import witness
from inspector.diagnosis.fits import Fit
from inspector.model.finding import Witness

OF_FAMILY = {"http2": witness.http2_server, "tls": witness.tls_server}


def testimony_of(found: list[Fit], opening: bytes) -> Witness | None:
    """What the libraries behind the readers say of the bytes, the best reader's first; None when none has one."""
    heard: dict[str, witness.Testimony] = {}
    for fit in found:
        reader = fit.reader
        if reader.testimony in witness.THRIFT_READERS:
            heard.setdefault(reader.testimony, witness.thrift_reader(reader.testimony, opening))
        elif reader.family in OF_FAMILY:
            heard.setdefault(reader.family, OF_FAMILY[reader.family](opening))
    return witness.quote(list(heard.values()))
