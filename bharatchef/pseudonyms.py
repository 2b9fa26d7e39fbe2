"""Names that stand for a person where the person must not be named: logs, review trails, labels, receipts.

The same person has the same pseudonym for as long as the key is the same; without the key nobody can tell
whose it is, nor try out who it might be. Knows nothing of what is kept about anybody.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from bharatchef.errors import ConfigurationError, StoreError
from bharatchef.settings import Settings

PREFIX = "p-"
_HEX_DIGITS = 16
_KEY_BYTES = 32


def pseudonym(user_id: str, key: bytes) -> str:
    """The pseudonym of a user id: ``p-`` and 16 hexadecimal digits of its HMAC-SHA256 (RFC 2104)."""
    return PREFIX + hmac.new(key, user_id.encode(), hashlib.sha256).hexdigest()[:_HEX_DIGITS]


def pseudonym_key(settings: Settings) -> bytes:
    """The key of all pseudonyms: the setting ``pseudonym_key``, on this machine else a file in the home.

    Raises:
        ConfigurationError: on AWS, where a home does not last, no key is set.
        StoreError: the file cannot be made or read, or holds no key.
    """
    return _key(settings, settings.pseudonym_key.get_secret_value(), "pseudonym")


def receipt_key(settings: Settings) -> bytes:
    """The key that receipts of an erasure are signed with; found as ``pseudonym_key`` is, named apart.

    Raises:
        ConfigurationError: on AWS no key is set.
        StoreError: the file cannot be made or read, or holds no key.
    """
    return _key(settings, settings.receipt_key.get_secret_value(), "receipt")


def missing_keys(settings: Settings) -> list[str]:
    """The settings of keys that AWS needs and that are not set."""
    return [name for name in ("pseudonym_key", "receipt_key") if not getattr(settings, name)]


def _key(settings: Settings, given: str, name: str) -> bytes:
    if given:
        return given.encode()
    if settings.ports == "aws":
        raise ConfigurationError(
            f"Expected BHARATCHEF_{name.upper()}_KEY to be set on AWS; it is not.",
            "Set it to at least 32 random characters that stay the same, for example from Secrets Manager.",
        )
    return _key_of_file(settings.home / f"{name}.key")


def _key_of_file(path: Path) -> bytes:
    try:
        if not path.exists():
            _make_key_file(path)
        key = path.read_bytes()
    except OSError as error:
        raise StoreError(
            f"Could not make or read the key in {path}: {error.strerror}.",
            "Let this account write there, or set another home by BHARATCHEF_HOME.",
        ) from error
    if len(key) != _KEY_BYTES:
        raise StoreError(
            f"Expected {_KEY_BYTES} bytes of a key in {path}, found {len(key)}.",
            "Bring the file back from a backup: with another key a person gets another pseudonym.",
        )
    return key


def _make_key_file(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    whole = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            os.write(descriptor, secrets.token_bytes(_KEY_BYTES))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            # Two programs may make it at once: the link fails for the second, which then reads the first's.
            os.link(whole, path)
        except FileExistsError:
            return
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        whole.unlink(missing_ok=True)
