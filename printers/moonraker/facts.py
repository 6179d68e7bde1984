"""What Moonraker knows beside Klipper's own objects: the current file, the last job, cameras, the
console. Used by the printer's thread; the console may be read by any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from printers.moonraker.camera import choose
from printers.moonraker.console import Console
from printers.moonraker.history import read_job
from printers.moonraker.metadata import Metadata, read_metadata
from printers.moonraker.rpc import NOT_FOUND, Answer, Then
from printers.moonraker.values import dicts, mapping

Ask = Callable[[str, Then, Mapping[str, Any] | None], None]
Learn = Callable[..., None]


class Facts:
    """``learn`` takes fields of the Picture."""

    def __init__(self, ask: Ask, learn: Learn) -> None:
        self._ask = ask
        self._learn = learn
        self._asked_file = ""
        self.console = Console()
        self.webcams: tuple[Mapping[str, Any], ...] = ()

    def forget_file(self) -> None:
        """Ask for its metadata again: it may be another file of the same name."""
        self._asked_file = ""

    def look_at_file(self, file: str, known: Metadata | None) -> None:
        """``file``: what Klipper names now. Metadata is asked for once per file and run."""
        if file == self._asked_file:
            return
        self._asked_file = file
        if known is None or known.filename != file:
            self._learn(metadata=None, plain_progress=False)
        if file:
            self._ask(
                "server.files.metadata",
                lambda answer: self._on_metadata(answer, file),
                {"filename": file},
            )

    def _on_metadata(self, answer: Answer, file: str) -> None:
        if file == self._asked_file and not answer.lost:
            found = read_metadata(mapping(answer.result), file) if answer.ok else None
            self._learn(metadata=found, plain_progress=answer.code == NOT_FOUND)

    def on_history_changed(self, params: tuple[Any, ...]) -> None:
        job = read_job(mapping(mapping(params[0] if params else None).get("job")))
        if job is not None:
            self._learn(last=job)

    def on_webcams_changed(self, params: tuple[Any, ...]) -> None:
        self.found_webcams(tuple(dicts(mapping(params[0] if params else None).get("webcams"))))

    def found_webcams(self, webcams: tuple[Mapping[str, Any], ...]) -> None:
        self.webcams = webcams
        self._learn(camera=choose(webcams) is not None)

    def on_console(self, params: tuple[Any, ...]) -> None:
        self.console.add(params[0] if params else None)
