"""The queues on SQS: one message at a time, kept hidden while somebody works on it; reads no message."""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from adapters.aws.clients import SOON, aws_client, check_installed
from bharatchef.errors import BharatChefError, ConfigurationError, EndpointError
from bharatchef.settings import Settings

_ATTRIBUTE_CHARS = 2_000
_LONGEST_POLL_S = 20


@dataclass(frozen=True)
class Received:
    """One message: its words, how often it was received (from 1), and what was written on it."""

    body: str
    receives: int
    handle: str
    message_id: str
    attributes: dict[str, str] = field(default_factory=dict)


def sqs_client(settings: Settings) -> Any:
    """A client of SQS; a long poll needs a read timeout above its length."""
    check_installed()
    return aws_client("sqs", settings, read_s=_LONGEST_POLL_S + 10.0, attempts=4)


class SqsQueue:
    """One queue.

    Args:
        client: of SQS; clients may be shared between threads.
        name: the queue's name or its address.
        visibility_s: how long a received message stays hidden unless it is kept longer, whole seconds.

    Raises:
        ConfigurationError: there is no such queue.
        EndpointError: SQS does not answer; ``retryable`` where it may soon.
    """

    def __init__(self, client: Any, name: str, visibility_s: int) -> None:
        self._client = client
        self._visibility_s = visibility_s
        self.name = name.rsplit("/", 1)[-1]
        self._url = name if "://" in name else self._address(name)

    def receive(self, wait_s: int) -> Received | None:
        """The next message, hidden from others from now; ``None`` where none came within ``wait_s``."""
        answer = self._ask(
            "receive_message",
            MaxNumberOfMessages=1,
            WaitTimeSeconds=min(wait_s, _LONGEST_POLL_S),
            VisibilityTimeout=self._visibility_s,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
            MessageAttributeNames=["All"],
        )
        for message in answer.get("Messages", []):
            return Received(
                body=message["Body"],
                receives=int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
                handle=message["ReceiptHandle"],
                message_id=message["MessageId"],
                attributes={
                    name: value.get("StringValue", "")
                    for name, value in message.get("MessageAttributes", {}).items()
                },
            )
        return None

    def delete(self, message: Received) -> None:
        """Remove a message for good: the last thing that is done about it."""
        self._ask("delete_message", ReceiptHandle=message.handle)

    def hide(self, message: Received, seconds: int) -> None:
        """Keep a message hidden for so long from now; 0 gives it back at once."""
        self._ask("change_message_visibility", ReceiptHandle=message.handle, VisibilityTimeout=seconds)

    def send(self, body: str, attributes: dict[str, str] | None = None, delay_s: int = 0) -> None:
        """Put a message on the queue; whoever receives it sees it after ``delay_s`` (at most 900).

        A FIFO queue hands out the messages of a group one after another and knows no delay of a single one:
        there each text is a group of its own, since no order among evaluations is asked for.
        """
        written = {
            name: {"DataType": "String", "StringValue": value[:_ATTRIBUTE_CHARS] or "-"}
            for name, value in (attributes or {}).items()
        }
        if self.name.endswith(".fifo"):
            group = hashlib.sha256(body.encode()).hexdigest()
            more: dict[str, Any] = {"MessageGroupId": group, "MessageDeduplicationId": uuid.uuid4().hex}
        else:
            more = {"DelaySeconds": delay_s}
        self._ask("send_message", MessageBody=body, MessageAttributes=written, **more)

    def waiting(self) -> int:
        """About how many messages can be received now."""
        answer = self._ask("get_queue_attributes", AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    @contextmanager
    def kept_hidden(self, message: Received, failed: Callable[[BharatChefError], None]) -> Iterator[None]:
        """Extend the message's hiding three times in its length for as long as the context lasts.

        ``failed`` hears of an extension that did not succeed: another consumer may then receive the message,
        which the idempotency key makes harmless.
        """
        done = threading.Event()

        def keep() -> None:
            while not done.wait(self._visibility_s / 3):
                try:
                    self.hide(message, self._visibility_s)
                except BharatChefError as error:
                    failed(error)

        keeper = threading.Thread(target=keep, name=f"hide {self.name}", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            done.set()
            keeper.join(timeout=5)

    def _address(self, name: str) -> str:
        return str(self._call("get_queue_url", QueueName=name)["QueueUrl"])

    def _ask(self, action: str, **words: Any) -> dict[str, Any]:
        return self._call(action, QueueUrl=self._url, **words)

    def _call(self, action: str, **words: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        try:
            answer: dict[str, Any] = getattr(self._client, action)(**words)
            return answer
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if code.rsplit(".", 1)[-1] in ("NonExistentQueue", "QueueDoesNotExist"):
                raise ConfigurationError(
                    f"Expected a queue {self.name} in this account and region; SQS knows none.",
                    "Make it (Terraform's module queues does), or correct the setting that names it.",
                ) from error
            raise EndpointError(
                f"SQS refused to {action.replace('_', ' ')} on {self.name} with {code}.",
                "Check the role's rights on the queue." if status in (401, 403) else "",
                retryable=status >= 500 or code in SOON,
            ) from error
        except NoCredentialsError as error:
            raise ConfigurationError(
                "No AWS credentials were found.", "Log in to AWS, or give the task a role."
            ) from error
        except BotoCoreError as error:
            raise EndpointError(
                f"SQS was not reached for {self.name} ({type(error).__name__}).",
                "Check the network and the address.",
                retryable=True,
            ) from error
