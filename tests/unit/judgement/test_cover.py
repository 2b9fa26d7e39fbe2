"""The smallest cover is a cover, and no smaller one exists."""

from itertools import chain, combinations

from hypothesis import given
from hypothesis import strategies as st

from bharatchef.judgement.cover import smallest_cover

PAIRS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(lambda p: p[0] != p[1]), max_size=16)


@given(PAIRS)
def test_it_is_a_cover_of_the_smallest_size(pairs):
    cover = smallest_cover(pairs, {v: v for v in range(9)})
    assert all(a in cover or b in cover for a, b in pairs)
    vertices = sorted(set(chain.from_iterable(pairs)))
    fewer = combinations(vertices, max(0, len(cover) - 1))
    assert not cover or not any(all(a in set(c) or b in set(c) for a, b in pairs) for c in fewer)


@given(PAIRS, st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_changes_nothing(pairs, random):
    rank = {v: v for v in range(9)}
    mixed = [p if random.random() < 0.5 else p[::-1] for p in pairs]
    random.shuffle(mixed)
    assert smallest_cover(mixed, rank) == smallest_cover(pairs, rank)


def test_of_two_equals_the_lower_rank_is_taken():
    assert smallest_cover([("late", "early")], {"early": 0, "late": 1}) == {"early"}
