"""What the defect watch must not forget: what it has paused, told and spent."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core import jsonio
from core.errors import StorageError
from core.files import write_durably

logger = logging.getLogger(__name__)
FILE = "defects.json"


class Memory:
    """One file, written whole. Used by one thread."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self.damaged = False
        """It could not be read: of prints that run already nobody knows whether the watch has
        paused them, so it does not (fail closed)."""
        self.kept: Mapping[str, Any] = self._load()
        self._written = b""
        self._refused = False

    def save(self, content: Mapping[str, Any]) -> bool:
        """False when the disk refuses; that is logged once, and its end too."""
        raw = jsonio.dumps(content)
        if raw == self._written:
            return True
        try:
            write_durably(self._path, raw)
        except StorageError as error:
            if not self._refused:
                logger.warning("defect watch: %s", error.message)
            self._refused = True
            return False
        if self._refused:
            logger.info("defect watch: its file can be written again")
        self._written, self._refused = raw, False
        return True

    def _load(self) -> Mapping[str, Any]:
        try:
            value = jsonio.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, jsonio.JSONDecodeError) as error:
            self._set_aside(str(error))
            return {}
        if not isinstance(value, dict):
            self._set_aside("it holds no object")
            return {}
        return value

    def _set_aside(self, why: str) -> None:
        self.damaged = True
        logger.warning("defect watch: %s cannot be read and is set aside: %s", FILE, why)
        try:
            self._path.replace(self._path.with_suffix(".damaged"))
        except OSError as error:
            logger.warning("defect watch: %s could not be set aside: %s", FILE, error)


def part(kept: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A section of the file, {} when it is missing or of another shape."""
    value = kept.get(name)
    return value if isinstance(value, Mapping) else {}
