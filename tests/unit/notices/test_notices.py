"""What people are told of their films: the words, the forms, and nothing hostile or private in them."""

from __future__ import annotations

import string
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import sample_evaluation, sample_result

from bharatchef.errors import KnowledgeError
from bharatchef.notices import (
    PUSH_BODY_MOST,
    PUSH_TITLE_MOST,
    SUBJECT_MOST,
    Notice,
    complete_notice,
    failed_notice,
    notice_words,
    plain_line,
    read_notice_words,
    reason_without_names,
    upload_notice,
)
from bharatchef.records import Feedback, FollowUp
from bharatchef.vocabulary import DeviationKind, Language, Status

HOSTILE = '<script>alert("x")</script>\r\nBcc: all@example.org \u202egnp.exe'
ALLOWED = {"html", "head", "meta", "title", "body", "p", "ul", "li"}


class Tags(HTMLParser):
    """Which tags and attributes a page has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[str, ...]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, tuple(name for name, _ in attrs)))


def follow_up(verdict: str, description: str) -> FollowUp:
    return FollowUp(
        description=description, kind=DeviationKind.MISSING, step_id=None, verdict=verdict, evidence="seen"
    )


def feedback(**changes: object) -> Feedback:
    told = {
        "follow_ups": (
            follow_up("not_seen", "You left out the salt."),
            follow_up("repeated", "You left out the onion."),
            follow_up("fixed", "You left out the egg."),
        ),
        **changes,
    }
    return sample_result().feedback.model_copy(update=told)


def test_a_complete_evaluation_is_told_with_what_was_fixed_first():
    evaluation = sample_result().evaluation
    notice = complete_notice(evaluation, feedback(), "Egg bhurji")
    lines = notice.text.splitlines()
    assert lines[0] == "Did you fix it? Of last time's mistakes: 1 fixed, 1 made again, 1 not seen."
    order = ["You left out the egg.", "You left out the onion.", "You left out the salt."]
    places = [notice.text.index(said) for said in order]
    assert places == sorted(places)
    mistake = min(feedback().mistakes, key=lambda m: m.priority)
    assert mistake.description in notice.text
    assert plain_line(mistake.correction, 600) in notice.text
    assert notice.push_body.startswith("Fixed 1, again 1, not seen 1.")
    assert (notice.fixed, notice.repeated, notice.not_seen) == (1, 1, 1)
    assert evaluation.evaluation_id in notice.text


def test_a_first_attempt_is_not_asked_whether_it_was_fixed():
    notice = complete_notice(sample_result().evaluation, feedback(follow_ups=()), "Egg bhurji")
    assert "fix" not in notice.text
    assert notice.push_body.startswith("Next time: ")


def test_no_mistake_is_claimed_only_where_something_could_be_scored():
    evaluation = sample_result().evaluation.model_copy(update={"overall_score": 93.0})
    clean = feedback(follow_ups=(), mistakes=())
    assert "No mistake was found" in complete_notice(evaluation, clean, "Egg bhurji").text
    unscored = evaluation.model_copy(update={"overall_score": None})
    assert "No mistake" not in complete_notice(unscored, clean, "Egg bhurji").text


def test_no_message_holds_a_score():
    evaluation = sample_result().evaluation.model_copy(update={"overall_score": 61.37})
    notice = complete_notice(evaluation, feedback(), "Egg bhurji")
    assert "61" not in notice.text + notice.html + notice.push_body + notice.subject


@pytest.mark.parametrize("language", list(Language))
def test_every_language_fills_the_same_places_and_says_whether_it_was_reviewed(language):
    def places(record: object) -> dict[str, list[str]]:
        return {
            f"{name}.{key}": sorted(field for _, field, _, _ in string.Formatter().parse(value) if field)
            for name, part in record.model_dump().items()
            if isinstance(part, dict)
            for key, value in part.items()
        }

    words = notice_words().languages
    assert places(words[language]) == places(words[Language.ENGLISH])
    assert words[language].reviewed is (language is Language.ENGLISH)
    evaluation = sample_result().evaluation.model_copy(update={"language": language})
    for notice in (
        upload_notice("Poha", language),
        complete_notice(evaluation, feedback(), "Poha"),
        failed_notice(evaluation.model_copy(update={"failure_reason": "Too dark."}), "Poha"),
    ):
        check_forms(notice)
        assert ("Not yet reviewed by a speaker." in notice.text) is not notice.language_reviewed


def check_forms(notice: Notice) -> None:
    assert len(notice.subject) <= SUBJECT_MOST
    assert len(notice.push_title) <= PUSH_TITLE_MOST
    assert 0 < len(notice.push_body) <= PUSH_BODY_MOST
    for line in (notice.subject, notice.push_title, notice.push_body):
        assert line == plain_line(line, 1000)
    tags = Tags(notice.html).seen
    assert {tag for tag, _ in tags} <= ALLOWED
    assert {name for _, names in tags for name in names} <= {"lang", "charset"}


@given(st.text(max_size=300) | st.just(HOSTILE), st.sampled_from(list(Language)))
def test_hostile_names_and_words_are_inert_in_every_form(text, language):
    evaluation = sample_result().evaluation.model_copy(update={"language": language})
    failed = evaluation.model_copy(update={"failure_reason": text, "status": Status.FAILED})
    told = feedback(follow_ups=(follow_up("fixed", text),), encouragement=text)
    check_forms(upload_notice(text, language))
    check_forms(complete_notice(evaluation, told, text))
    check_forms(failed_notice(failed, text))


def test_markup_is_shown_as_it_was_written():
    page = upload_notice(HOSTILE, Language.ENGLISH).html
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page


@pytest.mark.parametrize(
    "reason",
    [
        "'Asha kitchen.mp4' is empty.",
        "/home/asha/films/one.mp4 cannot be read",
        "asha_kitchen.MOV is empty",
        "trainee/asha/poha/1/front.mp4 holds no picture",
        "The side film 'asha.mp4': it is too dark",
        "ASHA is unknown",
    ],
)
def test_a_failure_is_explained_without_names(reason):
    failed = sample_evaluation("ev-1").model_copy(update={"user_id": "asha", "failure_reason": reason})
    notice = failed_notice(failed, "Poha")
    assert "asha" not in (notice.text + notice.html + notice.push_body).lower()
    rest = [word for word in ("empty", "read", "picture", "dark", "unknown") if word in reason]
    assert all(word in notice.text for word in rest)


@given(st.text(" .,:;'\"/-_()", max_size=40), st.from_regex(r"[A-Za-z0-9]{4,12}", fullmatch=True))
def test_a_reason_never_holds_the_persons_id(around, user_id):
    said = reason_without_names(f"{around} {user_id}{around}", user_id)
    assert user_id.lower() not in said.lower().replace("the film", "")


@given(st.text(), st.integers(10, 200))
def test_a_plain_line_is_one_line_of_at_most_so_many_characters(text, most):
    line = plain_line(text, most)
    assert len(line) <= most
    assert line.splitlines() in ([line], [])
    assert plain_line(line, most) == line


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("  ta:", "  xx:"), "ta"),
        (('push: "It is', 'pusch: "It is'), "push"),
        (("languages:", "langages:"), "languages"),
        (('version: "1.0"', 'version: "1.0'), "cannot be read"),
    ],
)
def test_wrong_words_are_refused_with_the_place(change, said):
    from importlib import resources

    text = (resources.files("bharatchef") / "notices.yaml").read_text()
    with pytest.raises(KnowledgeError, match=said):
        read_notice_words(text.replace(*change).encode())
