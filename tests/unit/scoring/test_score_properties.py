"""What must hold of judging and scoring whatever the dish and the performance."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from judging_dishes import dish, performance, step

from bharatchef.judgement import judge, load_thresholds
from bharatchef.scoring import load_rubric, score
from bharatchef.vocabulary import Category, DeviationKind

THRESHOLDS, RUBRIC = load_thresholds(), load_rubric("default")


@st.composite
def dishes(draw, counts=False):
    size = draw(st.integers(4, 9))
    steps = []
    for i in range(size):
        after = [f"s{j}" for j in range(i) if draw(st.integers(0, 3)) == 0]
        count = draw(st.integers(1, 2)) if counts else 1
        steps.append(step(f"s{i}", *after, required_count=count))
    return dish(*steps)


def cooked(draw, made):
    """A correct performance: a random order that the dish allows, one step after the other."""
    left = {s.step_id: s for s in made.expected_steps}
    rows, now = [], 0.0
    while left:
        ready = [s for s in left.values() if not any(e.step_id in left for e in s.must_come_after)]
        chosen = draw(st.sampled_from(sorted(ready, key=lambda s: s.step_id)))
        del left[chosen.step_id]
        for _ in range(chosen.required_count):
            length = draw(st.integers(8, 25))
            rows.append((chosen.step_id, now, now + length))
            now += length + draw(st.integers(4, 9))
    return rows


@st.composite
def correct(draw, counts=False):
    made = draw(dishes(counts))
    return made, cooked(draw, made)


@st.composite
def any_performance(draw):
    """Each step of a dish once, in any order, for any time."""
    made = draw(dishes())
    rows, now = [], 0.0
    for name in draw(st.permutations([s.step_id for s in made.expected_steps])):
        length = draw(st.integers(2, 90))
        rows.append((name, now, now + length))
        now += length + draw(st.integers(-10, 9))
        now = max(now, rows[-1][1])
    return made, rows


def judged(made, rows, **fields):
    given_ = performance(rows, **fields)
    judgement = judge(made, given_, THRESHOLDS)
    return judgement, score(made, given_, judgement, RUBRIC)


def told(judgement):
    return sorted((str(d.kind), d.step_id or "", d.related_step_id or "", d.subject, d.confidence)
                  for d in judgement.deviations)  # fmt: skip


@given(correct(counts=True))
def test_any_order_that_the_dish_allows_is_without_fault(case):
    judgement, card = judged(*case)
    assert judgement.deviations == ()
    assert card.overall == 100.0


@given(any_performance())
def test_scores_stay_in_range_and_losses_add_up(case):
    judgement, card = judged(*case)
    known = {d.deviation_id for d in judgement.deviations}
    for category in card.categories:
        if category.score is None:
            assert category.reason
            assert category.losses == ()
            continue
        assert 0 <= category.score <= 100
        assert round(sum(loss.points for loss in category.losses) * 100) == round(
            100 * (100 - category.score)
        )
        assert all(loss.deviation_id in known and loss.points > 0 for loss in category.losses)
    assert card.overall is not None
    low, high = card.interval
    assert 0 <= low <= card.overall <= high <= 100


@given(any_performance(), st.randoms(use_true_random=False))
def test_the_order_of_the_list_changes_nothing(case, random):
    made, rows = case
    mixed = list(rows)
    random.shuffle(mixed)
    one, other = judged(made, rows), judged(made, mixed)
    assert told(one[0]) == told(other[0])
    assert one[1] == other[1]


@given(correct(), st.data())
def test_swapping_neighbours_that_the_dish_does_not_order_changes_nothing(case, data):
    made, rows = case
    place = data.draw(st.integers(0, len(rows) - 2))
    (one, a, b), (other, c, d) = rows[place : place + 2]
    before = {s.step_id: {e.step_id for e in s.must_come_after} for s in made.expected_steps}
    assume(one not in before[other])
    swapped = [*rows[:place], (other, a, a + d - c), (one, d - (b - a), d), *rows[place + 2 :]]
    assert judged(made, swapped)[1] == judged(made, rows)[1]


@given(any_performance(), st.integers(1, 5000))
def test_shifting_the_whole_film_changes_nothing(case, shift):
    made, rows = case
    one = judged(made, rows)
    other = judged(made, [(s, a + shift, b + shift) for s, a, b in rows])
    assert told(one[0]) == told(other[0])
    assert one[1].overall == other[1].overall
    assert one[1].interval == other[1].interval


@given(any_performance(), st.data())
@settings(max_examples=200)
def test_leaving_a_step_out_never_raises_the_score(case, data):
    made, rows = case
    place = data.draw(st.integers(0, len(rows) - 1))
    ends = max(b for _, _, b in rows) + 5
    card = judged(made, rows, duration_s=ends)[1]
    less = judged(made, [*rows[:place], *rows[place + 1 :]], duration_s=ends)[1]
    assert less.category(Category.STEP_SEQUENCE).score is not None
    assert less.overall <= card.overall


@given(any_performance(), st.data())
def test_another_mistake_never_raises_the_score(case, data):
    made, rows = case
    card = judged(made, rows)[1]
    what = data.draw(st.sampled_from(["foreign", "longer", "shorter"]))
    if what == "foreign":
        worse = [*rows, ("juggle", rows[-1][2] + 1, rows[-1][2] + 9)]
    else:
        # The last step to begin is stretched or cut where it touches no other.
        *first, (name, a, b) = sorted(rows, key=lambda r: (r[1], r[2]))
        assume(15 <= b - a <= 30 and all(r[2] <= a for r in first))
        worse = [*first, (name, a, a + (300 if what == "longer" else 1))]
    assert judged(made, worse)[1].overall <= card.overall


@given(correct(counts=True), st.data())
def test_any_mistake_in_a_correct_performance_costs_points(case, data):
    made, rows = case
    what = data.draw(st.sampled_from(["left out", "again", "longer", "first"]))
    place = data.draw(st.integers(0, len(rows) - 1))
    name, a, b = rows[place]
    later = [(s, x + 400, y + 400) for s, x, y in rows]
    if what == "left out":
        worse = [*rows[:place], *rows[place + 1 :]]
    elif what == "again":
        worse = [*rows, (name, rows[-1][2] + 20, rows[-1][2] + 20 + b - a)]
    elif what == "longer":
        worse = [*rows[:place], (name, a, b + 300), *later[place + 1 :]]
    else:
        step_ = next(s for s in made.expected_steps if s.step_id == name)
        assume(step_.must_come_after and step_.required_count == 1)
        worse = [(name, 0, b - a), *later[:place], *later[place + 1 :]]
    card = judged(made, worse)[1]
    assert card.category(Category.STEP_SEQUENCE).score is not None
    assert card.overall < 100


@given(any_performance())
def test_the_causes_touch_every_broken_pair_once(case):
    judgement, _ = judged(*case)
    ordered = [d for d in judgement.deviations if d.kind is DeviationKind.OUT_OF_ORDER]
    causes = {d.deviation_id for d in ordered if d.cause_id is None}
    assert all(d.cause_id in causes for d in ordered if d.cause_id)
    assert len(causes) <= max(0, len(ordered) - 1)
