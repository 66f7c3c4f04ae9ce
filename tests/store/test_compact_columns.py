"""Compact columns are what they were made of."""

from hypothesis import given
from hypothesis import strategies as st

from mockserver.store.compact_columns import UuidColumn

uuids = st.lists(st.uuids().map(str), max_size=12)


@given(values=uuids, data=st.data())
def test_uuids_are_those_they_were_made_of(values: list[str], data: st.DataObject) -> None:
    """One by one, all of them, and some: those near each other as those far apart."""
    column = UuidColumn.from_values(values)
    assert len(column) == len(values)
    assert list(column) == values
    assert [column[at] for at in range(len(values))] == values
    positions = sorted(
        data.draw(st.sets(st.sampled_from(range(len(values)))) if values else st.just([]))
    )
    assert column.get_many(positions) == [values[at] for at in positions]
