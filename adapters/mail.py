"""Mails people what they are told, by SMTP, beside what the side's own notifier tells; logs no address."""

from __future__ import annotations

import hashlib
import logging
import smtplib
import ssl
from dataclasses import replace
from email.message import EmailMessage
from email.utils import format_datetime

from adapters.notifying import Event, evaluation_event, upload_event
from bharatchef.errors import ConfigurationError, StoreError
from bharatchef.notices import ConfirmedUpload, Notice
from bharatchef.ports import EvaluationStore, Notifier, Ports
from bharatchef.records import Evaluation
from bharatchef.settings import Settings

_log = logging.getLogger(__name__)
_TIMEOUT_S = 20.0
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_FIRST_PERMANENT = 500


def with_mail(settings: Settings, ports: Ports) -> Ports:
    """The ports, with mails beside their notifier where the settings name a server.

    Raises:
        ConfigurationError: a server is named and no sender, or a user without a password.
    """
    if not settings.smtp_host:
        return ports
    if not settings.smtp_sender:
        raise ConfigurationError(
            "Mails need BHARATCHEF_SMTP_SENDER beside BHARATCHEF_SMTP_HOST.", "Set it, or unset the host."
        )
    if bool(settings.smtp_user) != bool(settings.smtp_password):
        raise ConfigurationError(
            "Expected BHARATCHEF_SMTP_USER and _SMTP_PASSWORD together, got one of them.", "Set both or none."
        )
    return replace(ports, notifier=MailNotifier(settings, ports))


class MailNotifier:
    """The notifier port by mail: to who has an address in Users, in the words of the notice.

    **The mail goes first, then the side's own notifier**: where the server is away the announcement stays
    owed and comes again whole; a mail that comes twice bears one ``Message-ID``. An address that the server
    refuses for good is passed over, or that person's announcements would be owed for ever. What has no words
    is not mailed.

    But for a server of this machine nothing is sent before STARTTLS, with a certificate that is checked.
    """

    def __init__(self, settings: Settings, ports: Ports) -> None:
        self._settings = settings
        self._users: EvaluationStore = ports.evaluations
        self._told: Notifier = ports.notifier
        self._clock = ports.clock

    def upload_confirmed(self, upload: ConfirmedUpload, notice: Notice | None = None) -> None:
        self._mail(upload_event(upload, notice, self._clock.now()), upload.user_id, notice)
        self._told.upload_confirmed(upload, notice)

    def evaluation_complete(self, evaluation: Evaluation, notice: Notice | None = None) -> None:
        event = evaluation_event("evaluation-complete", evaluation, notice, self._clock.now())
        self._mail(event, evaluation.user_id, notice)
        self._told.evaluation_complete(evaluation, notice)

    def processing_failed(self, evaluation: Evaluation, notice: Notice | None = None) -> None:
        event = evaluation_event("processing-failed", evaluation, notice, self._clock.now())
        self._mail(event, evaluation.user_id, notice)
        self._told.processing_failed(evaluation, notice)

    def _mail(self, event: Event, user_id: str, notice: Notice | None) -> None:
        user = self._users.user(user_id)
        if notice is None or user is None or not user.email:
            return
        try:
            message = self._message(event, user.email, notice)
        except ValueError:
            _log.warning("The event %s was not mailed: its person's address is none", event["eventId"])
            return
        try:
            self._send(message)
        except smtplib.SMTPRecipientsRefused as error:
            (code, _) = next(iter(error.recipients.values()))
            if code < _FIRST_PERMANENT:
                raise _unsent(event, f"the server put the recipient off with {code}") from None
            _log.warning("The event %s was not mailed: the server refused its recipient", event["eventId"])
        except smtplib.SMTPResponseException as error:
            # Without the server's words: they may quote an address.
            raise _unsent(event, f"the server answered {error.smtp_code}") from None
        except (smtplib.SMTPException, ssl.SSLError, OSError) as error:
            raise _unsent(event, type(error).__name__) from None

    def _message(self, event: Event, address: str, notice: Notice) -> EmailMessage:
        sender = self._settings.smtp_sender
        message = EmailMessage()
        message["Subject"] = notice.subject
        message["From"] = sender
        message["To"] = address
        message["Date"] = format_datetime(self._clock.now())
        named = hashlib.sha256(event["eventId"].encode()).hexdigest()[:32]
        message["Message-ID"] = f"<{named}@{sender.rpartition('@')[2].rstrip('>')}>"
        message["Content-Language"] = str(notice.language)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(notice.text)
        message.add_alternative(notice.html, subtype="html")
        return message

    def _send(self, message: EmailMessage) -> None:
        settings = self._settings
        with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=_TIMEOUT_S) as server:
            if settings.smtp_host not in _LOOPBACK:
                # Raises where the server does not offer it, or shows a certificate that is not its own.
                server.starttls(context=ssl.create_default_context())
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            server.send_message(message)


def _unsent(event: Event, why: str) -> StoreError:
    return StoreError(
        f"Could not mail the event {event['eventId']}: {why}.",
        "Check BHARATCHEF_SMTP_HOST, _SMTP_PORT and what the server asks for; it is told again later.",
    )
