"""The memory planner: nothing that lives together overlaps, and little is wasted."""

from hypothesis import given
from hypothesis import strategies as st

from harness.compiler.plan import Request, plan


@st.composite
def request_lists(draw):
    count = draw(st.integers(0, 20))
    requests = []
    for place in range(count):
        first = draw(st.integers(-1, 12))
        last = first + draw(st.integers(0, 6))
        may = [i for i, r in enumerate(requests) if r.last == first]
        replaces = tuple(draw(st.lists(st.sampled_from(may), max_size=2))) if may else ()
        requests.append(Request(size=draw(st.integers(1, 300)), first=first, last=last, replaces=replaces))
        assert place == len(requests) - 1
    return requests


def together(a: Request, b: Request) -> bool:
    return a.first <= b.last and b.first <= a.last


def overlap(a: Request, at: int, b: Request, bt: int) -> bool:
    return at < bt + b.size and bt < at + a.size


@given(request_lists(), st.sampled_from([1, 4, 8]))
def test_no_two_live_buffers_overlap(requests, alignment):
    made = plan(requests, alignment)
    assert len(made.offsets) == len(requests)
    for i, a in enumerate(requests):
        assert made.offsets[i] % alignment == 0
        assert 0 <= made.offsets[i] <= made.size - a.size
        for j, b in enumerate(requests[:i]):
            if together(a, b) and overlap(a, made.offsets[i], b, made.offsets[j]):
                # Only a buffer that takes another's place, at the step that reads it last, may lie over it.
                assert made.offsets[i] == made.offsets[j]
                assert (j in a.replaces and a.first == b.last) or (i in b.replaces and b.first == a.last)


@given(request_lists())
def test_the_arena_is_between_the_lower_bound_and_the_sum(requests):
    made = plan(requests, 1)
    assert made.lower_bound <= made.size <= sum(r.size for r in requests)


@given(request_lists())
def test_the_same_requests_give_the_same_plan(requests):
    assert plan(requests, 4) == plan(requests, 4)


def test_a_chain_takes_its_two_largest_neighbours():
    sizes = [640, 128, 8, 128, 640]
    requests = [Request(size=size, first=step - 1, last=step) for step, size in enumerate(sizes)]
    made = plan(requests)
    assert made.size == made.lower_bound == 768


def test_in_place_takes_no_memory():
    requests = [
        Request(size=100, first=-1, last=0),
        Request(size=100, first=0, last=1, replaces=(0,)),
        Request(size=100, first=1, last=2, replaces=(1,)),
    ]
    made = plan(requests, 4)
    assert made.size == 100
    assert made.offsets == (0, 0, 0)


def test_a_buffer_that_is_read_later_is_not_replaced():
    requests = [Request(size=100, first=-1, last=2), Request(size=100, first=0, last=2, replaces=(0,))]
    assert plan(requests, 4).size == 200


def test_no_buffers():
    assert plan([]).size == 0


def test_a_skip_connection_is_packed_to_the_bound():
    # 0 → 1 → 2 → 3, and 0 is read again by 3
    requests = [
        Request(size=64, first=-1, last=3),
        Request(size=256, first=0, last=1),
        Request(size=256, first=1, last=2),
        Request(size=64, first=2, last=3),
        Request(size=64, first=3, last=4),
    ]
    made = plan(requests, 4)
    assert made.size == made.lower_bound == 576
