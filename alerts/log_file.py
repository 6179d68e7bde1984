"""alerts.log on the disk: checksummed lines, added one by one, written anew now and then."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from alerts.log_state import VERSION
from core import crc_lines
from core.clock import Clock
from core.fs import FULL, TEMPORARY, FileSystem, keep_aside, opened, replace_durably

logger = logging.getLogger(__name__)

NAME = "alerts.log"
REWRITE_BYTES = 4_000_000
"""It is written anew when it has this size and twice that of the last time; and at the start."""
RETRY_S = 15.0
"""After a write that the disk refused."""
Line = Mapping[str, Any]


class LogFile:
    """Not thread-safe. A disk that refuses is told in ``refused``, and tried again later."""

    def __init__(self, folder: Path, clock: Clock, fs: FileSystem) -> None:
        self._folder, self._path = folder, folder / NAME
        self._clock, self._fs = clock, fs
        self.damage = ""  # for the operator: what was found at the start
        self.refused = ""  # likewise: what the disk does not take at present
        self._frozen = False  # a file that could not be read nor set aside: it is left alone
        self._unsure = True  # the file's end is not known: it is to be written anew
        self._size = self._whole_size = 0
        self._retry_at = 0.0

    @property
    def trouble(self) -> str:
        return " ".join(text for text in (self.damage, self.refused) if text)

    @property
    def wants_rewrite(self) -> bool:
        """Too long, or its end is not known; and not refused just now."""
        is_long = self._size > max(REWRITE_BYTES, 2 * self._whole_size)
        is_time = self._clock.monotonic() >= self._retry_at
        return (self._unsure or is_long) and is_time and not self._frozen

    def read(self, apply: Callable[[Line], None]) -> None:
        """Hand over every line that is whole; a damaged file is set aside, too."""
        raw = b""
        try:
            self._fs.make_folder(self._folder)
            names = self._fs.names(self._folder)
            for name in names:
                if name.startswith(f".{NAME}.") and name.endswith(TEMPORARY):
                    self._fs.unlink(self._folder / name)
            if NAME in names:
                raw = self._fs.read(self._path)
        except OSError as error:
            self._set_aside(f"could not be read ({error.strerror or error})")
        wrong = _apply_all(raw, apply)
        if wrong:
            self._set_aside(wrong)

    def append(self, lines: Iterable[Line]) -> None:
        """After a refusal nothing of the file counts: it is written anew then."""
        content = b"".join(crc_lines.line(line) for line in lines)
        if self._unsure or not content:
            return
        try:
            with opened(self._fs, self._fs.append_to(self._path)) as descriptor:
                self._unsure = True
                self._fs.write(descriptor, content)
                self._fs.fsync(descriptor)
                self._unsure = False
                self._size += len(content)
        except OSError as error:
            self._unsure = True
            self._refuse(error)

    def rewrite(self, lines: Sequence[Line]) -> bool:
        """The file holds these and nothing else; False when the disk refuses."""
        if self._frozen:
            return False
        content = b"".join(crc_lines.line(line) for line in lines)
        try:
            replace_durably(self._fs, self._path, content)
        except OSError as error:
            self._unsure = True
            self._refuse(error)
            return False
        self._unsure, self._size, self._whole_size = False, len(content), len(content)
        if self.refused:
            logger.info("alerts: the disk takes %s again", NAME)
            self.refused = ""
        return True

    def _refuse(self, error: OSError) -> None:
        self._retry_at = self._clock.monotonic() + RETRY_S
        todo = "Free space on it." if error.errno in FULL else "Check the disk."
        text = (
            f"The farm's disk refuses to keep {NAME} ({error.strerror or error}). {todo} "
            "Alerts are still sent, but after a restart some may be missing or told twice."
        )
        if text != self.refused:
            logger.error("alerts: %s", text)
        self.refused = text

    def _set_aside(self, wrong: str) -> None:
        kept = ""
        try:
            kept = keep_aside(self._fs, self._path, "damaged").name
        except FileNotFoundError:
            logger.error("alerts: %s %s", NAME, wrong)  # and there is nothing to keep
        except OSError as error:
            self._frozen = True  # the only copy of what may still be wanted
            logger.error("alerts: %s cannot be set aside: %s", NAME, error)
        where = f"It is kept as {kept}" if kept else "There was none to keep"
        if self._frozen:
            where = "It is left as it is, nothing is added to it"
        self.damage = (
            f"{NAME} {wrong}. {where}; alerts go on, but some may be missing or told twice."
        )
        logger.error("alerts: %s", self.damage)


def _apply_all(raw: bytes, apply: Callable[[Line], None]) -> str:
    """Every line that is whole; what is wrong with the others, "" = nothing."""
    bad = 0
    for line in crc_lines.lines(raw):
        if line is None:
            bad += 1
            continue
        if line.get("t") == "head" and line.get("v") != VERSION:
            return "was written by another version of the farm"
        try:
            apply(line)
        except (KeyError, TypeError, ValueError):
            bad += 1
    return f"has {bad} damaged lines" if bad else ""
