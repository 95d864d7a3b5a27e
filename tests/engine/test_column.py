"""Numbers of which the older ones are in a file."""

from inspector.engine.column import NEWEST, Column


def test_every_number_is_found_again() -> None:
    column = Column()
    count = 5 * NEWEST + 3
    for place in range(count):
        column.append(place * 1_000_000_007)
    assert len(column) == count
    assert len(column.newest) < 2 * NEWEST
    for place in (0, 1, NEWEST - 1, NEWEST, 3 * NEWEST + 1, count - 1):
        assert column.at(place) == place * 1_000_000_007
