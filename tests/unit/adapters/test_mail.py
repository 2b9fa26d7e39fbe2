"""Mails by a real SMTP server on loopback: what is in them, when they are owed, what is logged."""

from __future__ import annotations

import email
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest
from contract_sides import Side, local
from samples import MOMENT, sample_evaluation

from adapters.mail import with_mail
from bharatchef.errors import ConfigurationError, StoreError
from bharatchef.notices import Notice, upload_notice
from bharatchef.ports import Notifier
from bharatchef.records import User
from bharatchef.settings import Settings
from bharatchef.vocabulary import Language

ADDRESS = "asha@kitchen.example"


@dataclass
class Mailbox:
    """A server as RFC 5321 has it, as far as one mail needs it.

    Attributes:
        answer_rcpt: what it says to a recipient.
        offers: what it says that it can do.
        mails: what it took; lines: all that it was told.
    """

    answer_rcpt: str = "250 ok"
    offers: tuple[str, ...] = ()
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream:

            def say(*lines: str) -> None:
                for number, line in enumerate(lines):
                    code, rest = line[:3], line[4:]
                    stream.write(f"{code}{'-' if number < len(lines) - 1 else ' '}{rest}\r\n".encode())
                stream.flush()

            say("220 here")
            while line := stream.readline().decode().strip():
                self.lines.append(line)
                word = line.split(" ")[0].upper()
                if word == "EHLO":
                    say("250 here", *(f"250 {name}" for name in self.offers))
                elif word == "STARTTLS":
                    say("220 go on")
                    return
                elif word == "RCPT":
                    say(self.answer_rcpt)
                elif word == "DATA":
                    say("354 go on")
                    taken = []
                    while (row := stream.readline()) != b".\r\n":
                        taken.append(row)
                    parsed = email.message_from_bytes(b"".join(taken), policy=policy.default)
                    self.mails.append(cast(EmailMessage, parsed))
                    say("250 taken")
                elif word == "QUIT":
                    say("221 bye")
                    return
                else:
                    say("250 ok")


@contextmanager
def mailbox(host: str = "127.0.0.1", **given: object) -> Iterator[Mailbox]:
    box = Mailbox(**given)  # type: ignore[arg-type]
    with socket.create_server((host, 0)) as listening:
        box.port = listening.getsockname()[1]

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                box.serve(connection)

        serving = threading.Thread(target=accept, daemon=True)
        serving.start()
        try:
            yield box
        finally:
            # A thread that waits in accept() is woken by this alone.
            listening.shutdown(socket.SHUT_RDWR)
    serving.join(10)


@pytest.fixture
def side(tmp_path: Path) -> Side:
    made = local(tmp_path)
    made.ports.evaluations.put_user(User(user_id="asha", name="Asha", email=ADDRESS, created_at=MOMENT))
    return made


def notifier(side: Side, port: int, host: str = "127.0.0.1", **given: object) -> Notifier:
    settings = Settings(
        smtp_host=host, smtp_port=port, smtp_sender="BharatChef <coach@school.example>", **given
    )  # type: ignore[arg-type]
    return with_mail(settings, side.ports).notifier


def notice(language: Language = Language.HINDI) -> Notice:
    return upload_notice("Masala chai", language)


def test_a_person_with_an_address_is_mailed_in_their_language_and_the_rest_is_told_as_ever(side):
    with mailbox() as box:
        telling = notifier(side, box.port)
        telling.evaluation_complete(sample_evaluation("ev-1"), notice())
        telling.evaluation_complete(sample_evaluation("ev-1"), notice())
        telling.evaluation_complete(sample_evaluation("ev-2", "nobody-known"), notice())
        telling.evaluation_complete(sample_evaluation("ev-3"))
    assert [str(event["evaluationId"]) for event in side.told()] == ["ev-1", "ev-1", "ev-2", "ev-3"]
    first, again = box.mails
    assert (first["To"], first["From"]) == (ADDRESS, "BharatChef <coach@school.example>")
    assert first["Subject"] == notice().subject
    assert first["Message-ID"] == again["Message-ID"]
    assert first["Message-ID"].endswith("@school.example>")
    body, page = first.get_body(("plain",)), first.get_body(("html",))
    assert body is not None
    assert page is not None
    assert body.get_content().strip() == notice().text.strip()
    assert page.get_content().startswith("<!doctype html>")


def test_a_server_that_is_away_leaves_it_owed_and_names_no_address(side, caplog):
    with mailbox() as box:
        gone = box.port
    with pytest.raises(StoreError, match="Could not mail") as caught:
        notifier(side, gone).evaluation_complete(sample_evaluation("ev-1"), notice())
    with mailbox(answer_rcpt=f"450 {ADDRESS} is busy") as box, pytest.raises(StoreError, match="450"):
        notifier(side, box.port).evaluation_complete(sample_evaluation("ev-1"), notice())
    assert side.told() == []
    assert "asha" not in str(caught.value) + caplog.text


def test_an_address_that_is_refused_for_good_is_passed_over_and_not_logged(side, caplog):
    caplog.set_level(logging.DEBUG)
    with mailbox(answer_rcpt=f"550 no {ADDRESS} here") as box:
        notifier(side, box.port).evaluation_complete(sample_evaluation("ev-1"), notice())
    broken = User(user_id="ravi", email="ravi\r\nBcc: all@school.example", created_at=MOMENT)
    side.ports.evaluations.put_user(broken)
    with mailbox() as other:
        notifier(side, other.port).evaluation_complete(sample_evaluation("ev-2", "ravi"), notice())
    assert (box.mails, other.lines) == ([], [])
    assert [str(event["evaluationId"]) for event in side.told()] == ["ev-1", "ev-2"]
    assert "refused its recipient" in caplog.text
    assert not [word for word in ("asha@", "Bcc", "school.example") if word in caplog.text]


@pytest.mark.parametrize("offers", [(), ("STARTTLS",)])
def test_beyond_this_machine_nothing_is_sent_without_tls(side, offers):
    # 127.0.0.2 is no name of this machine to the program: as if it were another one.
    try:
        context = mailbox("127.0.0.2", offers=offers)
        with context as box, pytest.raises(StoreError, match="Could not mail"):
            notifier(
                side, box.port, "127.0.0.2", smtp_user="coach", smtp_password="word"
            ).evaluation_complete(sample_evaluation("ev-1"), notice())
    except OSError as error:
        pytest.skip(f"127.0.0.2 cannot be listened on: {error}")
    said = " ".join(box.lines)
    assert not [word for word in ("AUTH", "MAIL", "RCPT", ADDRESS) if word in said]
    assert ("STARTTLS" in said) is bool(offers)


def test_half_a_setting_is_refused(side):
    with pytest.raises(ConfigurationError, match="SMTP_SENDER"):
        with_mail(Settings(smtp_host="mail.example"), side.ports)
    with pytest.raises(ConfigurationError, match="together"):
        notifier(side, 25, smtp_user="coach")
    assert with_mail(Settings(), side.ports) is side.ports
