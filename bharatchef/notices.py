"""What a person is told of a film, in their language: a mail, a push and a line for a topic; sends nothing.

Knows no score: a notice says what became of last time's mistakes and what to do next, never how anybody did
beside anybody else. What is not this project's own words (a dish's name, feedback, why something failed) may
hold anything, and comes out as plain text.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any, Literal

import yaml
from markupsafe import Markup
from pydantic import ValidationError

from bharatchef.errors import KnowledgeError
from bharatchef.records import Evaluation, Feedback
from bharatchef.vocabulary import Language, Record, Sha256, Slug, UserId

Kind = Literal["upload-confirmed", "evaluation-complete", "processing-failed"]
PUSH_TITLE_MOST, PUSH_BODY_MOST, SUBJECT_MOST = 60, 180, 99
_MOST_TEXT = 600
_FILE = re.compile(
    r"(['\"“‘])[^'\"”’\n]*\.[A-Za-z0-9]{2,5}\1?['\"”’]?|\S*/\S+"
    r"|[^\s'\"]+\.(?:mp4|mov|mkv|webm|avi|film|json|csv|jpg)\b",
    re.IGNORECASE,
)
# They change where other letters stand, or hide; Indic scripts need the two joiners alone.
_JOINERS = "\u200c\u200d"


class ConfirmedUpload(Record):
    """A film that has arrived whole; ``upload_id`` names it and holds no name of anybody."""

    upload_id: str
    dish_id: Slug
    user_id: UserId


class Notice(Record):
    """One message in all its forms, in one language.

    ``subject`` is one line of at most 99 characters; ``push_title`` has at most 60, ``push_body`` 180.
    ``html`` is a whole page. ``again`` is empty but where a notice is sent once more on purpose.
    """

    kind: Kind
    language: Language
    language_reviewed: bool
    words_version: str
    words_sha256: Sha256
    subject: str
    text: str
    html: str
    push_title: str
    push_body: str
    fixed: int = 0
    repeated: int = 0
    not_seen: int = 0
    again: str = ""


class _Uploaded(Record):
    subject: str
    body: str
    push: str


class _Complete(Record):
    subject: str
    did_i_fix_it: str
    fixed: str
    repeated: str
    not_seen: str
    mistakes_now: str
    no_mistakes: str
    next: str
    push_counts: str
    where: str


class _Failed(Record):
    subject: str
    body: str
    why: str
    push: str
    where: str


class _Words(Record):
    reviewed: bool
    upload_confirmed: _Uploaded
    evaluation_complete: _Complete
    processing_failed: _Failed
    not_reviewed: str


class NoticeWords(Record):
    """The words of all languages, with the hash of their file."""

    version: str
    sha256: Sha256
    languages: dict[Language, _Words]


@cache
def notice_words() -> NoticeWords:
    """The words that come with the program, read once."""
    return read_notice_words((resources.files("bharatchef") / "notices.yaml").read_bytes())


def read_notice_words(data: bytes) -> NoticeWords:
    """The words in the bytes of a file.

    Raises:
        KnowledgeError: it is no YAML, lacks a language or an entry, or an entry does not fit; says where.
    """
    try:
        raw: Any = yaml.safe_load(data)
        found = NoticeWords.model_validate({**raw, "sha256": hashlib.sha256(data).hexdigest()})
    except (yaml.YAMLError, TypeError, KeyError, AttributeError) as error:
        raise KnowledgeError(f"The words of notices cannot be read: {error}.", "Mend the file.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise KnowledgeError(f"The words of notices, {where}: {first['msg']}.", "Mend that entry.") from error
    if lacking := sorted(set(Language) - set(found.languages)):
        raise KnowledgeError(f"Expected the words of notices in every language; {lacking[0]} is lacking.")
    return found


def upload_notice(dish_name: str, language: Language) -> Notice:
    """That a film has arrived."""
    words = notice_words().languages[language].upload_confirmed
    dish = plain_line(dish_name, 60)
    page = _Page(language)
    page.say(words.body.format(dish=dish))
    return page.notice("upload-confirmed", words.subject.format(dish=dish), words.push)


def complete_notice(evaluation: Evaluation, feedback: Feedback | None, dish_name: str) -> Notice:
    """What came of an evaluation: first what became of last time's mistakes, then what to do next."""
    words = notice_words().languages[evaluation.language].evaluation_complete
    dish = plain_line(dish_name, 60)
    page = _Page(evaluation.language)
    follow_ups = feedback.follow_ups if feedback else ()
    counts = dict.fromkeys(("fixed", "repeated", "not_seen"), 0)
    for follow_up in follow_ups:
        counts[follow_up.verdict] += 1
    push: list[str] = []
    if follow_ups:
        page.say(words.did_i_fix_it.format(**counts))
        push.append(words.push_counts.format(**counts))
        for verdict, title in (
            ("fixed", words.fixed), ("repeated", words.repeated), ("not_seen", words.not_seen),
        ):  # fmt: skip
            page.list(title, [f.description for f in follow_ups if f.verdict == verdict])
    mistakes = sorted(feedback.mistakes, key=lambda m: m.priority) if feedback else []
    if mistakes:
        page.list(words.mistakes_now, [mistake.description for mistake in mistakes])
        page.say(words.next.format(correction=plain_line(mistakes[0].correction, _MOST_TEXT)))
        push.append(words.next.format(correction=plain_line(mistakes[0].correction, PUSH_BODY_MOST)))
    elif feedback is not None and evaluation.overall_score is not None:
        # Without a score too little was seen to say that nothing was wrong.
        page.say(words.no_mistakes)
        push.append(words.no_mistakes)
    if feedback is not None:
        page.say(feedback.encouragement)
    where = words.where.format(evaluation=plain_line(evaluation.evaluation_id, 100))
    page.say(where)
    return page.notice(
        "evaluation-complete", words.subject.format(dish=dish), " ".join(push) or where, **counts
    )


def failed_notice(evaluation: Evaluation, dish_name: str) -> Notice:
    """That a film could not be evaluated, and why, without the name of anybody or of any file."""
    words = notice_words().languages[evaluation.language].processing_failed
    dish = plain_line(dish_name, 60)
    page = _Page(evaluation.language)
    page.say(words.body.format(dish=dish))
    if evaluation.failure_reason:
        page.say(words.why)
        page.say(reason_without_names(evaluation.failure_reason, evaluation.user_id), english=True)
    page.say(words.where.format(evaluation=plain_line(evaluation.evaluation_id, 100)))
    return page.notice("processing-failed", words.subject.format(dish=dish), words.push)


def reason_without_names(reason: str, user_id: str) -> str:
    """Why something failed, without ``user_id`` and names of files, which people call as they like."""
    said = _FILE.sub("the film", plain_line(reason, _MOST_TEXT))
    return re.sub(re.escape(user_id), "you", said, flags=re.IGNORECASE)


def plain_line(text: str, most: int) -> str:
    """``text`` as one line of at most ``most`` characters, without control and direction characters."""
    kept = "".join(
        " " if c.isspace() else c
        for c in text
        if c.isspace() or c in _JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    line = " ".join(kept.split())
    if len(line) <= most:
        return line
    cut = line[: most - 1]
    if " " in cut[most // 2 :]:
        cut = cut[: cut.rindex(" ")]
    return cut.rstrip() + "…"


class _Page:
    """Sentences and lists, gathered as text and as HTML."""

    def __init__(self, language: Language) -> None:
        self._words = notice_words()
        self._language = language
        self._text: list[str] = []
        self._html: list[Markup] = []

    def say(self, sentence: str, english: bool = False) -> None:
        line = plain_line(sentence, _MOST_TEXT)
        self._text.append(line)
        tag = Markup(' lang="en"') if english and self._language is not Language.ENGLISH else Markup("")
        self._html.append(Markup("<p{}>{}</p>").format(tag, line))

    def list(self, title: str, rows: Sequence[str]) -> None:
        if not rows:
            return
        lines = [plain_line(row, _MOST_TEXT) for row in rows]
        self._text.append("\n".join([title, *(f"- {line}" for line in lines)]))
        items = Markup("").join(Markup("<li>{}</li>").format(line) for line in lines)
        self._html.append(Markup("<p>{}</p><ul>{}</ul>").format(title, items))

    def notice(self, kind: Kind, subject: str, push: str, **counts: int) -> Notice:
        reviewed = self._words.languages[self._language].reviewed
        if not reviewed:
            self.say(self._words.languages[self._language].not_reviewed + " Not yet reviewed by a speaker.")
        subject = plain_line(subject, SUBJECT_MOST)
        return Notice(
            kind=kind,
            language=self._language,
            language_reviewed=reviewed,
            words_version=self._words.version,
            words_sha256=self._words.sha256,
            subject=subject,
            text="\n\n".join(self._text) + "\n",
            html=_HTML.format(self._tag(), subject, Markup("").join(self._html)),
            push_title=plain_line(subject, PUSH_TITLE_MOST),
            push_body=plain_line(push, PUSH_BODY_MOST),
            **counts,
        )

    def _tag(self) -> str:
        return {Language.HINGLISH: "hi-Latn"}.get(self._language, str(self._language))


_HTML = Markup(
    '<!doctype html><html lang="{}"><head><meta charset="utf-8"><title>{}</title></head>'
    "<body>{}</body></html>"
)
