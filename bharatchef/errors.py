"""What can go wrong, one exception a way to fail, each with words for the person who reads it."""


class BharatChefError(Exception):
    """A failure with a reason and a remedy that a person can act on.

    Args:
        message: what was expected and what came, in one sentence.
        remedy: what the person can do about it; empty where nothing can be done.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def __reduce__(self) -> tuple[type["BharatChefError"], tuple[str, str]]:
        return type(self), (self.message, self.remedy)


class ConfigurationError(BharatChefError):
    """The settings, or what is installed, do not allow what was asked."""

    exit_code = 3


class InputError(BharatChefError):
    """A file or an argument that a person gave cannot be used as it is."""

    exit_code = 4


class MediaError(InputError):
    """A film cannot be used: not a film, broken, too long, too large, or unsafe to open.

    ``kind`` is a stable word for the class of failure (``empty``, ``truncated``, ``no_video`` …).
    """

    def __init__(self, message: str, remedy: str = "", kind: str = "unreadable") -> None:
        super().__init__(message, remedy)
        self.kind = kind

    def __reduce__(self) -> tuple[type["MediaError"], tuple[str, str, str]]:  # type: ignore[override]
        return type(self), (self.message, self.remedy, self.kind)


class KnowledgeError(InputError):
    """A dish, tip, rubric or other reviewed data file is wrong."""


class StoreError(BharatChefError):
    """What should be kept could not be kept or read back: disk full, locked, or damaged."""

    exit_code = 5


class LeaseLost(StoreError):
    """Another worker has taken this evaluation over; this one must stop and write nothing."""


class WorkInProgress(BharatChefError):
    """The same work is being done by somebody else, who is alive."""

    exit_code = 6


class HeldForPerson(BharatChefError):
    """What was seen in a film has to be looked at by a person before anything of it is shown."""

    exit_code = 9


class EndpointError(BharatChefError):
    """A model did not answer as its contract asks.

    ``retryable`` is true where the same call may succeed later (throttled, timed out, restarted).
    """

    exit_code = 7

    def __init__(self, message: str, remedy: str = "", retryable: bool = False) -> None:
        super().__init__(message, remedy)
        self.retryable = retryable

    def __reduce__(self) -> tuple[type["EndpointError"], tuple[str, str, bool]]:  # type: ignore[override]
        return type(self), (self.message, self.remedy, self.retryable)


class CoachingError(BharatChefError):
    """The coach's words could not be made or did not pass the verifier."""

    exit_code = 8


def was_interrupted(error: BaseException) -> bool:
    """Whether it was Ctrl-C that led to this error: what was interrupted may fail while it unwinds."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        if isinstance(found, KeyboardInterrupt):
            return True
        seen.add(id(found))
        found = found.__cause__ or found.__context__
    return False
