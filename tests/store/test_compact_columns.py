"""For any list of uuids: a column made from it reads back the same values."""

from hypothesis import given
from hypothesis import strategies as st

from mockserver.store.columns.compact_columns import UuidColumn

uuids = st.lists(st.uuids().map(str), max_size=12)


@given(values=uuids, data=st.data())
def test_a_uuid_column_reads_back_its_values(values: list[str], data: st.DataObject) -> None:
    """One by one, all together, and at any ascending positions, near each other or far apart."""
    column = UuidColumn.from_values(values)
    assert len(column) == len(values)
    assert list(column) == values
    assert [column[at] for at in range(len(values))] == values
    positions = sorted(
        data.draw(st.sets(st.sampled_from(range(len(values)))) if values else st.just([]))
    )
    assert column.get_many(positions) == [values[at] for at in positions]
