"""Detection, driving bytes through the protocols, the message index."""


def core_kind() -> str:
    """ "compiled" when the decoding core was compiled at install, else "pure Python"."""
    from inspector.wire import reader

    return "pure Python" if str(reader.__file__).endswith(".py") else "compiled"
