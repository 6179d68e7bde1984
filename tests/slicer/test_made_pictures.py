"""Pictures are drawn one at a time; who waits for one takes a thread of the server."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import NotFound
from slicer import made_pictures
from slicer.library import FileLibrary, StoredFile
from slicer.made_pictures import MOST_WAITING, PicturesBusy
from tests.slicer.test_library_models import stl_binary

PNG = b"\x89PNG drawn"


@dataclass
class Draughtsman:
    """Draws only when told to."""

    begun: threading.Event = field(default_factory=threading.Event)
    may_end: threading.Event = field(default_factory=threading.Event)
    drawn: list[str] = field(default_factory=list)

    def render(self, path: Path, kind: str) -> bytes | None:
        self.begun.set()
        assert self.may_end.wait(20)
        self.drawn.append(kind)
        return PNG


@pytest.fixture
def draughtsman(monkeypatch: pytest.MonkeyPatch) -> Iterator[Draughtsman]:
    slow = Draughtsman()
    monkeypatch.setattr(made_pictures, "render", slow.render)
    yield slow
    slow.may_end.set()


@pytest.fixture
def library(tmp_path: Path) -> FileLibrary:
    return FileLibrary(tmp_path, ManualClock(), 10_000_000, models=True)


def add(library: FileLibrary, number: int) -> StoredFile:
    """Models that differ in the 80 bytes nobody reads."""
    content = number.to_bytes(80, "big") + stl_binary()[80:]
    return library.add(io.BytesIO(content), f"{number}.stl")


class Askers:
    """Each in a thread, as HTTP requests are."""

    def __init__(self, library: FileLibrary) -> None:
        self.answers: list[object] = []
        self.heard = threading.Event()
        self._library = library
        self._threads: list[threading.Thread] = []

    def ask(self, stored: StoredFile) -> None:
        thread = threading.Thread(target=self._ask, args=(stored,))
        thread.start()
        self._threads.append(thread)

    def _ask(self, stored: StoredFile) -> None:
        try:
            self.answers.append(self._library.thumbnail(stored.id, 1))
        except (PicturesBusy, NotFound) as error:
            self.answers.append(type(error))
        self.heard.set()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(20)


def test_only_a_few_wait_the_others_hear_that_it_is_busy(
    library: FileLibrary, draughtsman: Draughtsman
) -> None:
    models = [add(library, number) for number in range(MOST_WAITING + 3)]
    askers = Askers(library)
    for model in models:
        askers.ask(model)
    while len(askers.answers) < 3:
        assert askers.heard.wait(20)
        askers.heard.clear()
    assert askers.answers == [PicturesBusy] * 3
    draughtsman.may_end.set()
    askers.join()
    assert askers.answers.count(PNG) == MOST_WAITING
    for model in models:  # nobody is sent away for ever
        assert library.thumbnail(model.id, 1) == PNG


def test_a_picture_that_is_there_waits_for_nobodys_drawing(
    tmp_path: Path, library: FileLibrary, draughtsman: Draughtsman
) -> None:
    done, slow = add(library, 1), add(library, 2)
    (tmp_path / f"{done.id}.png").write_bytes(PNG)
    askers = Askers(library)
    askers.ask(slow)
    assert draughtsman.begun.wait(20)
    assert library.thumbnail(done.id, 1) == PNG
    assert not draughtsman.drawn
    draughtsman.may_end.set()
    askers.join()


def test_a_file_deleted_while_it_is_drawn_leaves_nothing(
    tmp_path: Path, library: FileLibrary, draughtsman: Draughtsman
) -> None:
    model = add(library, 1)
    askers = Askers(library)
    askers.ask(model)
    assert draughtsman.begun.wait(20)
    library.delete(model.id)  # does not wait for the drawing
    draughtsman.may_end.set()
    askers.join()
    assert askers.answers == [NotFound]
    assert not list(tmp_path.iterdir())
