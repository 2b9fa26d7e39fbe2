"""What an event says of a film or of an evaluation, the same for every side; knows no topic and no file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bharatchef.notices import ConfirmedUpload, Kind, Notice
from bharatchef.records import Evaluation

Event = dict[str, Any]


def upload_event(upload: ConfirmedUpload, notice: Notice | None, at: datetime) -> Event:
    """That a film has arrived; names the upload and the dish, never a person."""
    return {
        "eventId": _event_id(upload.upload_id, "upload-confirmed", notice),
        "topic": "upload-confirmed",
        "uploadId": upload.upload_id,
        "dishId": upload.dish_id,
        "status": "UPLOADED",
        "at": at.isoformat(),
        **_words(notice),
    }


def evaluation_event(kind: Kind, evaluation: Evaluation, notice: Notice | None, at: datetime) -> Event:
    """That an evaluation ended; names the evaluation and the dish, never a person."""
    return {
        "eventId": _event_id(evaluation.evaluation_id, kind, notice),
        "topic": kind,
        "evaluationId": evaluation.evaluation_id,
        "dishId": evaluation.dish_id,
        "status": evaluation.status,
        "overallScore": evaluation.overall_score,
        "at": at.isoformat(),
        **_words(notice),
    }


def _event_id(of: str, kind: Kind, notice: Notice | None) -> str:
    again = f":again-{notice.again}" if notice is not None and notice.again else ""
    return f"{of}:{kind}{again}"


def _words(notice: Notice | None) -> Event:
    if notice is None:
        return {}
    return {
        "language": str(notice.language),
        "languageReviewed": notice.language_reviewed,
        "wordsVersion": notice.words_version,
        "subject": notice.subject,
        "message": notice.text,
        "html": notice.html,
        "push": {"title": notice.push_title, "body": notice.push_body},
        "lastMistakes": {
            "fixed": notice.fixed,
            "repeated": notice.repeated,
            "notSeen": notice.not_seen,
        },
    }
