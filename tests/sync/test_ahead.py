"""What a thread makes ahead of whoever uses it: in order, as far as it may, errors where they belong, and no thread is left."""

import threading
from collections.abc import Generator, Iterator

import pytest

from app.sync.ahead import gathered_ahead, one_ahead
from app.sync.pulling import _TOGETHER, _JudgedPage


class Maker:
    """Makes numbers, each as soon as it may, and knows what was begun, what was weighed and that it was closed."""

    def __init__(self, count: int, *, fails: bool = False) -> None:
        self.count, self.fails = count, fails
        self.may, self.weighed = threading.Semaphore(0), threading.Semaphore(0)
        self.begun: list[int] = []
        self.is_closed = False

    def each(self) -> Generator[int, None, None]:
        try:
            for number in range(self.count):
                self.may.acquire()
                self.begun.append(number)
                yield number
            if self.fails:
                raise ValueError("no more")
        finally:
            self.is_closed = True

    def weigh(self, _number: int) -> int:
        self.weighed.release()
        return 2

    def allow(self, count: int) -> None:
        self.may.release(count)

    def wait_for(self, count: int) -> None:
        for _ in range(count):
            assert self.weighed.acquire(timeout=20)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert [each for each in threading.enumerate() if each.name == "ahead"] == []


def test_all_come_in_order_and_the_maker_is_closed():
    maker = Maker(5)
    maker.allow(5)
    assert list(one_ahead(maker.each())) == [0, 1, 2, 3, 4]
    assert maker.is_closed
    assert list(one_ahead(Maker(0).each())) == []
    maker = Maker(50)
    maker.allow(50)
    assert [one for made in gathered_ahead(maker.each(), maker.weigh, 7) for one in made] == list(range(50))


def test_while_one_is_used_the_next_is_made_and_none_after_it():
    maker = Maker(5)
    maker.allow(5)
    each = one_ahead(maker.each())
    for number in range(4):
        assert next(each) == number
        assert max(maker.begun) <= number + 1
    each.close()
    assert maker.is_closed
    assert len(maker.begun) <= 5


def test_what_was_made_meanwhile_comes_together_and_no_more_than_enough_waits():
    maker = Maker(9)
    each = gathered_ahead(maker.each(), maker.weigh, 5)
    maker.allow(1)
    assert next(each) == [0]
    maker.allow(8)
    # Two, four, six: the third is the last that is made before somebody takes them; it was weighed, so that the two before it wait.
    maker.wait_for(4)
    assert maker.begun == [0, 1, 2, 3]
    got = next(each)
    assert got in ([1, 2], [1, 2, 3])
    rest = list(each)
    assert [one for made in (got, *rest) for one in made] == list(range(1, 9))
    assert max(map(len, rest)) <= 3


def test_what_goes_wrong_is_raised_behind_all_that_was_made_before_it():
    maker, got = Maker(3, fails=True), list[int]()
    maker.allow(3)
    with pytest.raises(ValueError, match="no more"):
        for made in gathered_ahead(maker.each(), maker.weigh, 100):
            got += made
    assert (got, maker.is_closed) == ([0, 1, 2], True)


def test_where_whoever_takes_them_leaves_nothing_more_is_begun():
    maker = Maker(100)
    maker.allow(100)
    each = gathered_ahead(maker.each(), maker.weigh, 5)
    with pytest.raises(RuntimeError, match="the store is away"):
        for made in each:
            raise RuntimeError(f"the store is away at {made}")
    each.close()
    assert maker.is_closed
    assert len(maker.begun) < 10


def test_a_page_that_brings_nothing_has_a_weight_too_so_that_an_endless_row_of_them_does_not_wait_here():
    assert _TOGETHER / _JudgedPage("cursor", []).weight() <= 2_000
