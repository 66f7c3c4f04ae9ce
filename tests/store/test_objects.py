"""Objects that no filter on flow runs knows: a store keeps them by class, over its base."""

from dataclasses import dataclass

from mockserver.store import Base, Store


@dataclass(frozen=True)
class Note:
    id: str
    text: str = ""


def test_a_fork_has_its_own_objects_over_those_of_the_base() -> None:
    """What a session changes is not seen elsewhere, and a reset undoes it."""
    store = Store(Base([], objects=[Note("1"), Note("2")]))
    fork = store.fork()
    fork.objects(Note).put(Note("1", "changed"))
    fork.objects(Note).drop(["2"])
    other = fork.fork()
    other.objects(Note).put(Note("3"))
    assert list(store.objects(Note)) == [Note("1"), Note("2")]
    assert list(fork.objects(Note)) == [Note("1", "changed")]
    assert list(other.objects(Note)) == [Note("1", "changed"), Note("3")]
    fork.reset()
    assert list(fork.objects(Note)) == [Note("1"), Note("2")]


def test_a_store_has_no_objects_of_other_kinds() -> None:
    assert list(Store(Base([])).objects(Note)) == []
