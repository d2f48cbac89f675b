"""MetaSchedule's search with the cost model: what it proposes follows from the seed and from what was learned."""

from pathlib import Path

from harness import models
from harness.compiler.strategy import Kernels, Options
from harness.tuning.network import groups
from tests.compiler.networks import small_network


def convolution(seed=0):
    return groups(models.parse(small_network(), Path("small.tflite")), Options(kernels=Kernels.LOOPS), seed)[0]


def factors(proposal):
    """Return the product of all factors that were sampled."""
    product = 1
    instructions, decisions = proposal.choice.trace
    for index, decision in decisions:
        product *= instructions[index][2][0][decision]
    return product


def rounds(group, cost, count=4):
    found = []
    for _ in range(count):
        proposals = group.propose()
        group.learn(proposals, [cost(proposal) for proposal in proposals])
        found.append([(proposal.choice.digest, factors(proposal)) for proposal in proposals])
    return found


def test_the_same_seed_and_costs_give_the_same_proposals():
    first = rounds(convolution(), lambda proposal: 1000.0 / factors(proposal))
    assert rounds(convolution(), lambda proposal: 1000.0 / factors(proposal)) == first
    assert rounds(convolution(seed=1), lambda proposal: 1000.0 / factors(proposal)) != first
    proposed = [digest for each in first for digest, _ in each]
    assert len(set(proposed)) == len(proposed) > 24


def test_what_costs_less_is_proposed_more():
    def mean(found):
        return sum(product for each in found[1:] for _, product in each) / sum(len(each) for each in found[1:])

    large = rounds(convolution(), lambda proposal: 1000.0 / factors(proposal))
    small = rounds(convolution(), lambda proposal: float(factors(proposal)))
    assert mean(large) > 2 * mean(small)


def test_a_search_goes_on_where_everything_failed():
    assert len(rounds(convolution(), lambda proposal: None, count=3)) == 3
