"""What a slicer says: read without ever blocking it, cut into lines, the end of it kept."""

from __future__ import annotations

import os
import queue
import selectors
import sys
import threading
from collections.abc import Iterator

TAIL_BYTES = 64 * 1024
MAX_LINE_BYTES = 4096  # of a longer line the rest is not looked at
MAX_SPOKEN_BYTES = 64 * 1024 * 1024  # nobody who slices has more to say

_CHUNK_BYTES = 64 * 1024
_WAITING_CHUNKS = 64  # not yet looked at; then the slicer has to wait
_TICK_S = 0.1
_MOMENT_S = 0.01


class Lines:
    """Cuts chunks into lines at line feeds and carriage returns."""

    def __init__(self) -> None:
        self._begun = b""
        self._cutting = False  # the begun line is longer than anybody reads

    def feed(self, chunk: bytes) -> Iterator[str]:
        """The lines that end in ``chunk``, without blank ones."""
        *ended, begun = chunk.replace(b"\r", b"\n").split(b"\n")
        for part in ended:
            line = self._begun if self._cutting else self._begun + part
            self._begun, self._cutting = b"", False
            if line.strip():
                yield _text(line)
        room = MAX_LINE_BYTES - len(self._begun)
        self._begun += begun[:room]
        self._cutting = self._cutting or len(begun) > room

    def rest(self) -> Iterator[str]:
        """The last line, when nothing ended it."""
        if self._begun.strip():
            yield _text(self._begun)
        self._begun = b""


def _text(line: bytes) -> str:
    return line[:MAX_LINE_BYTES].decode("utf-8", "replace").strip()


class Listener:
    """Reads a child's output, and the pipe it reports its progress through, in a thread."""

    def __init__(self, output: int, pipe: int | None) -> None:
        self._output = output
        self._pipe = pipe
        self._lines = {source: Lines() for source in (output, pipe) if source is not None}
        self._heard: queue.Queue[list[str]] = queue.Queue(_WAITING_CHUNKS)
        self._tail = bytearray()
        self._stop = threading.Event()
        self.ended = threading.Event()  # nobody has the output open any more, or we are stopped
        self.spoken = 0  # bytes
        self._thread = threading.Thread(target=self._listen, name="slicer:output", daemon=True)

    @property
    def tail(self) -> str:
        """The last 64 kB of the output; complete once ``stop`` has returned."""
        return bytes(self._tail[-TAIL_BYTES:]).decode("utf-8", "replace")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let go of the output, whoever still has it open. Blocks a tenth of a second at most
        (Windows: until the last process that has it open is gone)."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def next_lines(self) -> list[str]:
        """The next lines in their order; none when there are none for a tenth of a second, or
        all was heard and a moment has passed."""
        try:
            return self._heard.get(timeout=_MOMENT_S if self.ended.is_set() else _TICK_S)
        except queue.Empty:
            return []

    def _listen(self) -> None:
        try:
            for source in self._ready():
                if not self._hear(source):
                    break
            self._hear_rest()
        finally:
            if rest := [line for lines in self._lines.values() for line in lines.rest()]:
                self._tell(rest)
            self.ended.set()

    def _ready(self) -> Iterator[int]:
        if sys.platform == "win32":  # pipes cannot be waited for there; reading blocks
            while not self._stop.is_set():
                yield self._output
            return
        with selectors.DefaultSelector() as selector:
            for source in self._lines:
                selector.register(source, selectors.EVENT_READ)
            while not self._stop.is_set():
                for key, _events in selector.select(_TICK_S):
                    yield key.fd

    def _hear(self, source: int) -> bool:
        """One chunk; False at the output's end."""
        chunk = os.read(source, _CHUNK_BYTES)
        self.spoken += len(chunk)
        if source == self._output:
            self._tail += chunk
            del self._tail[: -2 * TAIL_BYTES]
        if lines := list(self._lines[source].feed(chunk)):
            self._tell(lines)
        return bool(chunk)

    def _hear_rest(self) -> None:
        """What lies in the pipe when the output has ended; it never ends, for it is ours too."""
        if self._pipe is None:
            return
        try:
            while not self._stop.is_set() and self._hear(self._pipe):
                pass
        except BlockingIOError:
            return

    def _tell(self, lines: list[str]) -> None:
        while not self._stop.is_set():
            try:
                self._heard.put(lines, timeout=_TICK_S)
                break
            except queue.Full:
                continue
