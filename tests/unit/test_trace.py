from harness.session import Counts
from harness.trace import Node, last_region, regions

WRITTEN = """\
part 0 cycles=7 instructions=5
cost 0 0x100 cycles=10 instructions=8
enter 2 0 0
cost 2 0x120 cycles=1 instructions=1
call 3 2 0x200
cost 3 0x200 cycles=6 instructions=4
region cycles=17 instructions=13
"""


def test_a_region():
    found = last_region(WRITTEN.splitlines())
    assert found.whole == Counts(cycles=17, instructions=13)
    assert found.parts == (Counts(cycles=7, instructions=5),)
    assert found.nodes == (Node(number=2, parent=0, part=0), Node(number=3, parent=2, entry=0x200))
    assert [(cost.node, cost.address, cost.counts.cycles) for cost in found.costs] == [
        (0, 0x100, 10), (2, 0x120, 1), (3, 0x200, 6),
    ]  # fmt: skip


def test_the_last_region_counts_and_nothing_of_the_others():
    found = last_region([*WRITTEN.splitlines(), "region cycles=3 instructions=2"])
    assert (found.whole.cycles, found.parts, found.nodes, found.costs) == (3, (), (), ())


def test_no_region_has_ended():
    assert last_region([]) is None
    assert last_region(["part 0 cycles=7 instructions=5", "region cycles", "what is this"]) is None


def test_all_regions_in_their_order():
    found = list(regions([*WRITTEN.splitlines(), "region cycles=3 instructions=2"]))
    assert [region.whole.cycles for region in found] == [17, 3]
    assert found[1].parts == ()
