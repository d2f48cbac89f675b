"""The graph executor's memory plan: nothing that lives together shares, and what is free is used again."""

from hypothesis import given
from hypothesis import strategies as st

from harness.compiler.plan import Request
from harness.compiler.storage import share


@st.composite
def request_lists(draw):
    requests = []
    for _ in range(draw(st.integers(0, 20))):
        first = draw(st.integers(-1, 12))
        last = first + draw(st.integers(0, 6))
        requests.append(Request(size=draw(st.integers(0, 5000)), first=first, last=last))
    return requests


def together(a: Request, b: Request) -> bool:
    return a.first <= b.last and b.first <= a.last


@given(request_lists())
def test_no_two_live_tensors_share_a_storage(requests):
    ids = share(requests).ids
    assert len(ids) == len(requests)
    for i, a in enumerate(requests):
        for j, b in enumerate(requests[:i]):
            assert ids[i] != ids[j] or not together(a, b)


@given(request_lists())
def test_a_storage_is_as_large_as_its_largest_tensor(requests):
    made = share(requests)
    for number, size in enumerate(made.sizes):
        assert size == max(r.size for r, storage in zip(requests, made.ids, strict=True) if storage == number)


@given(request_lists())
def test_storages_are_numbered_as_they_are_first_used(requests):
    made = share(requests)
    order = sorted(range(len(requests)), key=lambda i: requests[i].first)
    assert list(dict.fromkeys(made.ids[i] for i in order)) == list(range(len(made.sizes)))


@given(request_lists())
def test_there_are_no_more_storages_than_needed_when_sizes_are_alike(requests):
    alike = [Request(size=100, first=r.first, last=r.last) for r in requests]
    most = max((sum(r.first <= step <= r.last for r in alike) for step in range(-1, 20)), default=0)
    assert len(share(alike).sizes) == most


def test_a_chain_goes_back_and_forth_between_two_storages():
    requests = [Request(size=size, first=step - 1, last=step) for step, size in enumerate([640, 128, 640, 128, 8])]
    made = share(requests)
    assert made.ids == (0, 1, 0, 1, 2)
    assert made.sizes == (640, 128, 8)  # 640 bytes are left to others where 8 are wanted


def test_the_best_fit_is_taken():
    early = [Request(size=size, first=0, last=0) for size in (400, 200, 100)]
    made = share([*early, Request(size=150, first=1, last=1)])
    assert made.ids[3] == 1


def test_the_largest_grows_where_none_is_large_enough():
    early = [Request(size=size, first=0, last=0) for size in (400, 200)]
    made = share([*early, Request(size=500, first=1, last=1)])
    assert made.ids[2] == 0
    assert made.sizes == (500, 200)


def test_what_may_be_replaced_is_not():
    made = share([Request(size=4, first=-1, last=0), Request(size=4, first=0, last=1, replaces=(0,))])
    assert made.ids == (0, 1)
