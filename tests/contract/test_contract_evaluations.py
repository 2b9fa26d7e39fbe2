"""What every evaluation store promises."""

from __future__ import annotations

from datetime import timedelta

import pytest
from contract_sides import Side
from samples import MOMENT, sample_evaluation, sample_result

from bharatchef.errors import LeaseLost, StoreError
from bharatchef.ports import EvaluationStore, Ports
from bharatchef.records import Evaluation, Feedback, User
from bharatchef.vocabulary import Level, Status


@pytest.fixture
def store(ports: Ports) -> EvaluationStore:
    return ports.evaluations


def begin(
    store: EvaluationStore, evaluation_id: str = "ev-1", owner: str = "one", minutes: float = 0
) -> Evaluation:
    evaluation = sample_evaluation(evaluation_id, minutes=minutes, work=f"work of {evaluation_id}")
    return store.claim(evaluation, owner, 60).evaluation


def test_new_work_is_claimed_and_stored(side: Side) -> None:
    evaluation = sample_evaluation()
    claim = side.ports.evaluations.claim(evaluation, "one", 60)
    assert (claim.outcome, claim.resumed, claim.evaluation) == ("claimed", False, evaluation)
    assert side.reopen().evaluations.get("ev-1") == evaluation


def test_work_is_stored_as_in_progress_whatever_it_says(store: EvaluationStore) -> None:
    claim = store.claim(sample_evaluation().model_copy(update={"status": Status.COMPLETED}), "one", 60)
    assert claim.evaluation.status == Status.PROCESSING
    assert store.get("ev-1") == claim.evaluation


def test_a_live_lease_keeps_others_out(side: Side) -> None:
    store = side.ports.evaluations
    begun = store.claim(sample_evaluation("ev-1"), "one", 60)
    side.clock.advance(59.9)
    other = store.claim(sample_evaluation("ev-2"), "two", 60)
    assert (other.outcome, other.evaluation) == ("held", begun.evaluation)
    assert other.until == MOMENT + timedelta(seconds=60)
    assert store.get("ev-2") is None
    store.renew("ev-1", "one", 60)


def test_a_lease_that_ran_out_is_taken_over_under_the_old_id(side: Side) -> None:
    store = side.ports.evaluations
    begun = store.claim(sample_evaluation("ev-1"), "one", 60)
    side.clock.advance(60)
    claim = store.claim(sample_evaluation("ev-2"), "two", 60)
    assert (claim.outcome, claim.resumed, claim.evaluation) == ("claimed", True, begun.evaluation)
    assert store.get("ev-2") is None
    for forbidden in (
        lambda: store.renew("ev-1", "one", 60),
        lambda: store.complete(sample_result(begun.evaluation), "one"),
        lambda: store.fail("ev-1", "one", "late"),
    ):
        with pytest.raises(LeaseLost):
            forbidden()
    assert store.get("ev-1") == begun.evaluation
    assert store.feedback("ev-1") is None
    store.complete(sample_result(begun.evaluation), "two")


def test_the_owner_claims_again(side: Side) -> None:
    store = side.ports.evaluations
    store.claim(sample_evaluation("ev-1"), "one", 60)
    side.clock.advance(30)
    again = store.claim(sample_evaluation("ev-2"), "one", 60)
    assert (again.outcome, again.resumed, again.evaluation.evaluation_id) == ("claimed", False, "ev-1")
    side.clock.advance(59)
    assert store.claim(sample_evaluation("ev-3"), "two", 60).outcome == "held"


def test_renewing_moves_the_end_of_the_lease(side: Side) -> None:
    store = side.ports.evaluations
    store.claim(sample_evaluation("ev-1"), "one", 60)
    side.clock.advance(50)
    store.renew("ev-1", "one", 60)
    side.clock.advance(50)
    assert store.claim(sample_evaluation("ev-2"), "two", 60).outcome == "held"
    assert not store.expired()


def test_an_owner_may_end_late_while_nobody_took_over(side: Side) -> None:
    store = side.ports.evaluations
    begun = begin(store)
    side.clock.advance(3600)
    assert [e.evaluation_id for e in store.expired()] == ["ev-1"]
    store.complete(sample_result(begun), "one")
    assert not store.expired()


def test_completed_work_is_done_for_good(side: Side) -> None:
    store = side.ports.evaluations
    result = sample_result(begin(store))
    store.complete(result, "one")
    reopened = side.reopen().evaluations
    assert reopened.get("ev-1") == result.evaluation
    assert reopened.action_sequence("ev-1") == result.action_sequence
    assert reopened.feedback("ev-1") == result.feedback
    side.clock.advance(1e6)
    claim = store.claim(sample_evaluation("ev-2", work="work of ev-1"), "two", 60)
    assert (claim.outcome, claim.evaluation) == ("done", result.evaluation)
    assert not store.expired()
    for again in (lambda: store.complete(result, "one"), lambda: store.fail("ev-1", "one", "no")):
        with pytest.raises(LeaseLost):
            again()
    assert store.get("ev-1") == result.evaluation


def test_failed_work_may_be_begun_anew(store: EvaluationStore) -> None:
    begin(store)
    store.fail("ev-1", "one", "The film ended in the middle.")
    failed = store.get("ev-1")
    assert failed is not None
    assert (failed.status, failed.failure_reason, failed.completed_at) == (
        Status.FAILED,
        "The film ended in the middle.",
        MOMENT,
    )
    claim = store.claim(sample_evaluation("ev-2", work="work of ev-1"), "two", 60)
    assert (claim.outcome, claim.resumed, claim.evaluation.evaluation_id) == ("claimed", False, "ev-2")
    assert store.get("ev-1") == failed


def test_failed_work_may_be_begun_anew_under_its_own_id(store: EvaluationStore) -> None:
    begin(store)
    store.fail("ev-1", "one", "power cut")
    assert begin(store, owner="two").status == Status.PROCESSING
    assert [e.status for e in store.history("asha")] == [Status.PROCESSING]


def test_an_id_names_one_work(store: EvaluationStore) -> None:
    begun = begin(store)
    with pytest.raises(StoreError, match="ev-1"):
        store.claim(sample_evaluation("ev-1", work="another"), "one", 60)
    assert store.get("ev-1") == begun


@pytest.mark.parametrize("part", ["action_sequence", "feedback", "dish", "owner of the record", "unfinished"])
def test_a_result_that_does_not_belong_together_is_refused_whole(store: EvaluationStore, part: str) -> None:
    begun = begin(store)
    result = sample_result(begun)
    if part == "dish":
        changed = {"dish": result.dish.model_copy(update={"dish_id": "poha"})}
    elif part == "owner of the record":
        changed = {"evaluation": result.evaluation.model_copy(update={"user_id": "ravi"})}
    elif part == "unfinished":
        changed = {"evaluation": begun}
    else:
        changed = {part: getattr(result, part).model_copy(update={"evaluation_id": "ev-2"})}
    with pytest.raises(StoreError):
        store.complete(result.model_copy(update=changed), "one")
    assert store.get("ev-1") == begun
    assert store.feedback("ev-1") is None


def test_history_is_one_persons_in_time_order(store: EvaluationStore) -> None:
    for evaluation_id, minutes in (("ev-c", 2), ("ev-a", 0.5), ("ev-b", 0), ("ev-d", 2)):
        begin(store, evaluation_id, minutes=minutes)
    store.claim(sample_evaluation("ev-x", user_id="ravi", work="x"), "one", 60)
    assert [e.evaluation_id for e in store.history("asha")] == ["ev-b", "ev-a", "ev-c", "ev-d"]
    assert [e.evaluation_id for e in store.history("ravi")] == ["ev-x"]
    assert [e.evaluation_id for e in store.history("asha", since=MOMENT + timedelta(minutes=0.5))] == [
        "ev-a",
        "ev-c",
        "ev-d",
    ]
    assert not store.history("asha", dish_id="poha")
    assert len(store.history("asha", dish_id="egg-bhurji")) == 4
    assert not store.history("nobody")


def test_times_are_compared_as_moments_not_as_text(store: EvaluationStore) -> None:
    late = MOMENT + timedelta(microseconds=1)
    for evaluation_id, when in (("ev-1", late), ("ev-2", MOMENT)):
        evaluation = sample_evaluation(evaluation_id, work=evaluation_id)
        store.claim(evaluation.model_copy(update={"created_at": when}), "one", 60)
    assert [e.evaluation_id for e in store.history("asha")] == ["ev-2", "ev-1"]
    assert [e.evaluation_id for e in store.history("asha", since=late)] == ["ev-1"]


def test_evaluations_are_found_by_the_beginning_of_their_id(store: EvaluationStore) -> None:
    for evaluation_id, minutes in (("ev-10", 1), ("ev-1", 2), ("ev_1", 3)):
        begin(store, evaluation_id, minutes=minutes)
    assert [e.evaluation_id for e in store.find("ev-1")] == ["ev-10", "ev-1"]
    assert [e.evaluation_id for e in store.find("")] == ["ev-10", "ev-1", "ev_1"]
    assert not store.find("ev%")


def test_what_ended_is_owed_an_announcement_until_it_is_made(store: EvaluationStore) -> None:
    first, _, _ = begin(store, "ev-1"), begin(store, "ev-2", minutes=1), begin(store, "ev-3", minutes=2)
    assert not store.unannounced()
    store.announced("ev-1")
    store.complete(sample_result(first), "one")
    store.fail("ev-2", "one", "the film is empty")
    assert [(e.evaluation_id, e.status) for e in store.unannounced()] == [
        ("ev-1", Status.COMPLETED),
        ("ev-2", Status.FAILED),
    ]
    store.announced("ev-1")
    assert [e.evaluation_id for e in store.unannounced()] == ["ev-2"]


def test_deleting_takes_all_that_hangs_on_it(store: EvaluationStore) -> None:
    store.complete(sample_result(begin(store)), "one")
    kept = begin(store, "ev-2")
    assert store.delete("ev-1")
    assert (store.get("ev-1"), store.action_sequence("ev-1"), store.feedback("ev-1")) == (None, None, None)
    assert [*store.history("asha")] == [kept]
    assert not store.delete("ev-1")
    assert begin(store, "ev-1").evaluation_id == "ev-1"


def test_work_deleted_under_its_worker_cannot_be_completed(store: EvaluationStore) -> None:
    begun = begin(store)
    store.delete("ev-1")
    with pytest.raises(LeaseLost, match="deleted"):
        store.complete(sample_result(begun), "one")
    with pytest.raises(LeaseLost):
        store.renew("ev-1", "one", 60)
    assert store.get("ev-1") is None
    assert store.feedback("ev-1") is None


def test_users_are_kept_and_replaced(side: Side) -> None:
    asha = User(user_id="asha", name="Asha", email="asha@example.org", created_at=MOMENT)
    side.ports.evaluations.put_user(asha)
    assert side.reopen().evaluations.user("asha") == asha
    promoted = asha.model_copy(update={"skill_level": Level.COMMIS})
    side.ports.evaluations.put_user(promoted)
    assert side.ports.evaluations.user("asha") == promoted
    assert side.ports.evaluations.user("ravi") is None


def test_a_deleted_user_is_gone_and_no_other(side: Side) -> None:
    asha, ravi = (User(user_id=name, created_at=MOMENT) for name in ("asha", "ravi"))
    assert not side.ports.evaluations.delete_user("asha")
    for user in (asha, ravi):
        side.ports.evaluations.put_user(user)
    assert side.ports.evaluations.delete_user("asha")
    assert not side.ports.evaluations.delete_user("asha")
    assert side.reopen().evaluations.user("asha") is None
    assert side.ports.evaluations.user("ravi") == ravi


def completed(store: EvaluationStore, evaluation_id: str = "ev-1") -> Feedback:
    """The feedback of an evaluation that was completed with it."""
    begun = begin(store, evaluation_id)
    done = begun.model_copy(update={"status": Status.COMPLETED, "completed_at": MOMENT})
    result = sample_result(done)
    store.complete(result, "one")
    return result.feedback


def test_feedback_is_replaced_where_it_is_what_it_was_taken_for(side: Side) -> None:
    store = side.ports.evaluations
    old = completed(store)
    new = old.model_copy(update={"encouragement": "You heated the oil well.", "worded_by": "a model"})
    other = old.model_copy(update={"encouragement": "Another worker's words."})
    assert store.replace_feedback(old, new)
    assert side.reopen().evaluations.feedback("ev-1") == new
    assert store.replace_feedback(old, new), "said again, it is as it should be"
    assert not store.replace_feedback(old, other)
    assert store.feedback("ev-1") == new
    assert store.replace_feedback(new, other)
    assert store.feedback("ev-1") == other


def test_feedback_of_what_is_not_complete_is_not_replaced(store: EvaluationStore) -> None:
    old = sample_result(begin(store)).feedback
    new = old.model_copy(update={"encouragement": "Well done."})
    assert not store.replace_feedback(old, new)
    assert store.feedback("ev-1") is None
    store.delete("ev-1")
    assert not store.replace_feedback(old, new)


def test_deleted_feedback_does_not_come_back(store: EvaluationStore) -> None:
    old = completed(store)
    store.delete("ev-1")
    assert not store.replace_feedback(old, old.model_copy(update={"encouragement": "Well done."}))
    assert store.feedback("ev-1") is None


def test_feedback_of_one_evaluation_never_takes_anothers_place(store: EvaluationStore) -> None:
    old = completed(store)
    with pytest.raises(StoreError, match="ev-2"):
        store.replace_feedback(old, old.model_copy(update={"evaluation_id": "ev-2"}))
