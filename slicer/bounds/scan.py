"""One pass over a plate's G-code in bounded memory and time (print-files 5 and 6)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

from core.errors import FarmError
from slicer.bounds.lines import PLAIN_COMMAND, PLAIN_COMMENT, Lines, UnsupportedMove
from slicer.bounds.result import PlateBounds
from slicer.bounds.runs import PLAIN_MOVE

PIECE_BYTES = 64 * 1024
MAX_LINE_BYTES = 1024 * 1024  # PrusaSlicer's objects_info is one line
MAX_COMMAND_BYTES = 64 * 1024
MAX_LINES = 20_000_000
TIME_LIMIT_S = 120.0
_WORTH_A_RUN = 200  # bytes below which a run's own work costs more than its lines

_SPECIAL = re.compile(
    rb"\n(?!(?:" + PLAIN_MOVE + b"|" + PLAIN_COMMENT + b"|" + PLAIN_COMMAND + rb")?(?:\n|\Z))[^\n]*"
)
_SPECIAL_OR_COMMENT = re.compile(rb"\n(?!(?:" + PLAIN_MOVE + rb")?(?:\n|\Z))[^\n]*")


_REMARK = re.compile(rb"(\n[GM][^;\n]*);[^\n]*")
_MANY_REMARKS = 50  # in a block: a slicer that explains its lines


class _Stop(Exception):
    """Breaks the scan off; its text is the reason's code."""


def scan(chunks: Iterable[bytes], *, plate: int = 1, seconds: float = TIME_LIMIT_S) -> PlateBounds:
    """The bounds of one plate. Hostile input gives an incomplete result, never an error."""
    reader = _Reader(time.monotonic() + seconds)
    reason = ""
    try:
        reader.read(chunks)
    except _Stop as stop:
        reason = str(stop)
    except UnsupportedMove:
        reason = "unsupported_move"
    except MemoryError:
        reason = "memory"
    except FarmError:
        reason = "damaged"
    return replace(
        reader.lines.result(),
        plate=plate,
        complete=not reason,
        reason=reason,
        size_bytes=reader.size,
        lines=reader.count,
    )


class _Reader:
    def __init__(self, deadline: float) -> None:
        self.lines = Lines()
        self.size = 0
        self.count = 0  # lines behind it
        self._deadline = deadline

    def read(self, chunks: Iterable[bytes]) -> None:
        for block in _blocks(self._counted(chunks)):
            self._block(block)
            if self.count > MAX_LINES:
                raise _Stop("too_many_lines")
            if not self.lines.motion.is_sane:
                raise _Stop("number")
            if time.monotonic() > self._deadline:
                raise _Stop("time")

    def _counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.size += len(chunk)
            yield chunk

    def _block(self, block: bytes) -> None:
        """Whole lines, each behind its line feed."""
        if block.count(b";") - block.count(b"\n;") > _MANY_REMARKS:
            block = _REMARK.sub(rb"\1", block)
        at = 0
        while at < len(block):
            at = self._until_mode_changes(block, at)

    def _until_mode_changes(self, block: bytes, at: int) -> int:
        """Read on from the line feed at ``at``; where it stopped, as other lines count now."""
        skips = self.lines.may_skip_comments
        for special in (_SPECIAL if skips else _SPECIAL_OR_COMMENT).finditer(block, at):
            self._run(block[at : special.start()])
            self._line(special[0][1:])
            at = special.end()
            if self.lines.may_skip_comments is not skips:
                return at
        self._run(block[at:])
        return len(block)

    def _run(self, run: bytes) -> None:
        if not run:
            return
        motion = self.lines.motion
        if len(run) >= _WORTH_A_RUN and motion.is_plain:
            try:
                if not motion.skim(run):
                    motion.moves(run)
            except ValueError:  # "1.2.3": read what can be read of each line
                self._each(run)
            else:
                self.count += run.count(b"\n")
            return
        self._each(run)

    def _each(self, run: bytes) -> None:
        for line in run[1:].split(b"\n"):
            self._line(line)

    def _line(self, line: bytes) -> None:
        self.count += 1
        if len(line) > MAX_COMMAND_BYTES and not line.startswith(b";"):
            raise _Stop("line_too_long")
        self.lines.take(line, self.count)


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces of whole lines, each line with the line feed that comes before it."""
    rest = b"\n"
    first = True
    for chunk in chunks:
        if first:
            chunk = chunk.removeprefix(b"\xef\xbb\xbf")
            first = False
        for start in range(0, len(chunk), PIECE_BYTES):
            text = _with_line_feeds(rest + chunk[start : start + PIECE_BYTES])
            end = text.rfind(b"\n")
            if end > 0:
                yield text[:end]
            rest = text[end:]
            if len(rest) > MAX_LINE_BYTES:
                raise _Stop("line_too_long")
    yield rest.replace(b"\r", b"\n")


def _with_line_feeds(text: bytes) -> bytes:
    """CR and CR LF as LF; a CR at the very end waits for what follows it."""
    if b"\r" not in text:
        return text
    open_end = text.endswith(b"\r")
    body = text[:-1] if open_end else text
    return body.replace(b"\r\n", b"\n").replace(b"\r", b"\n") + (b"\r" if open_end else b"")
