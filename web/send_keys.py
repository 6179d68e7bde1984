"""The keys with which slicers send files: kept as hashes, shown once, upload-only."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

from flask import current_app

from core import jsonio
from core.clock import Clock
from core.config import SendKey
from core.errors import Blocked, NotFound, StorageError
from core.files import write_durably

logger = logging.getLogger(__name__)

EXTENSION = "send_keys"
BLUEPRINT = "send"
"""The name of the routes a key opens. It opens no other."""
FILE = "send_keys.json"
MAX_KEYS = 100
_KEY_BYTES = 32
_WRITE_EVERY_S = 60.0
_PANEL, _CONFIG = "panel", "config"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInfo:
    """A key without the key: ``sha256`` is of the key's bytes, times are epoch seconds."""

    id: str
    name: str
    sha256: str
    created_at: float | None = None  # None: it stands in config.json
    last_used_at: float | None = None
    source: str = _PANEL


class SendKeys:
    """Thread-safe. What cannot be read opens nothing."""

    def __init__(self, folder: Path, configured: Iterable[SendKey], clock: Clock) -> None:
        self._path = folder / FILE
        self._clock = clock
        self._lock = threading.Lock()
        stored, self._used = self._read()
        self._keys = {key.id: key for key in (*map(_from_config, configured), *stored)}
        self._written = dict(self._used)  # per key: the last use that is on disk

    def all(self) -> list[KeyInfo]:
        """Those of config.json first, then the panel's, oldest first."""
        with self._lock:
            return [self._with_use(key) for key in self._keys.values()]

    def create(self, name: str) -> tuple[KeyInfo, str]:
        """A new key and its text, which exists nowhere else from then on.

        Raises Blocked (the name is taken, too many keys) or StorageError.
        """
        text = secrets.token_urlsafe(_KEY_BYTES)
        key = KeyInfo(
            id=secrets.token_hex(8),
            name=name,
            sha256=_digest(text.encode()),
            created_at=self._clock.time(),
        )
        with self._lock:
            if any(other.name.casefold() == name.casefold() for other in self._keys.values()):
                raise Blocked(f'There is a key "{name}" already.', code="name_taken")
            if len(self._keys) >= MAX_KEYS:
                raise Blocked(f"The farm keeps at most {MAX_KEYS} keys. Delete one first.")
            self._replace({**self._keys, key.id: key})
        return key, text

    def delete(self, key_id: str) -> None:
        """From now on it opens nothing. Raises NotFound, Blocked (config.json) or StorageError."""
        with self._lock:
            key = self._keys.get(key_id)
            if key is None:
                raise NotFound("There is no such key; it may have been deleted.", code="no_key")
            if key.source == _CONFIG:
                raise Blocked(
                    f'The key "{key.name}" stands in config.json (server.send_keys). '
                    "Remove it there and restart the farm.",
                    code="key_in_config",
                )
            self._replace({i: other for i, other in self._keys.items() if i != key_id})

    def find(self, candidate: bytes) -> KeyInfo | None:
        """Whose key this is; compares with every key in constant time, and notes the use."""
        digest, found = _digest(candidate), None
        with self._lock:
            for key in self._keys.values():
                if hmac.compare_digest(key.sha256, digest):
                    found = key
            if found is not None:
                self._note_use(found.id)
        return found

    # -- with the lock held --------------------------------------------------------------------

    def _with_use(self, key: KeyInfo) -> KeyInfo:
        return replace(key, last_used_at=self._used.get(key.id))

    def _note_use(self, key_id: str) -> None:
        now = self._clock.time()
        self._used[key_id] = now
        if abs(now - self._written.get(key_id, 0.0)) < _WRITE_EVERY_S:
            return
        self._written[key_id] = now
        try:
            self._write(self._keys)
        except StorageError as error:
            logger.warning("The last use of a send key was not kept: %s", error.message)

    def _replace(self, keys: dict[str, KeyInfo]) -> None:
        self._write(keys)
        self._keys = keys

    def _write(self, keys: dict[str, KeyInfo]) -> None:
        content = {
            "version": 1,
            "keys": [
                {name: value for name, value in asdict(key).items() if name in _STORED}
                for key in keys.values()
                if key.source == _PANEL
            ],
            "last_used": {i: at for i, at in self._used.items() if i in keys},
        }
        write_durably(self._path, jsonio.dumps_pretty(content))

    # -- reading -------------------------------------------------------------------------------

    def _read(self) -> tuple[list[KeyInfo], dict[str, float]]:
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return [], {}
        except OSError as error:
            raise StorageError(f"{FILE} cannot be read ({error.strerror or error}).") from error
        try:
            content = jsonio.loads(raw)
            keys = [_stored(entry) for entry in content["keys"]]
            used = {str(i): float(at) for i, at in content["last_used"].items()}
        except (ValueError, TypeError, KeyError, AttributeError):
            self._set_aside()
            return [], {}
        return sorted(keys, key=lambda key: key.created_at or 0.0), used

    def _set_aside(self) -> None:
        damaged = self._path.with_name(FILE + ".damaged")
        self._path.replace(damaged)
        logger.error("%s is damaged and was set aside as %s; make new keys.", FILE, damaged.name)


_STORED = frozenset({"id", "name", "sha256", "created_at"})


def send_keys() -> SendKeys:
    """The keys of the app that handles this request."""
    return cast(SendKeys, current_app.extensions[EXTENSION])


def _digest(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()


def _from_config(key: SendKey) -> KeyInfo:
    """Its id comes from its hash, so that the last use survives a restart, and tells nothing."""
    identity = _digest(f"send key {key.sha256}".encode())[:16]
    return KeyInfo(id=identity, name=key.name, sha256=key.sha256, source=_CONFIG)


def _stored(entry: dict[str, Any]) -> KeyInfo:
    """Raises ValueError, TypeError or KeyError for what this program has not written."""
    texts = {name: entry[name] for name in ("id", "name", "sha256")}
    if not all(isinstance(value, str) for value in texts.values()) or len(texts["sha256"]) != 64:
        raise ValueError("not a key")
    return KeyInfo(created_at=float(entry["created_at"]), **texts)
