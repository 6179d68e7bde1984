"""Which slicers are on this machine: where a person said, in tools/, in PATH, where they install.

Every program found is asked for its version; one that cannot answer stays in the list with a
sentence, so that a person sees why it is not used.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from slicer.engines.base import Engine, Installation

MAX_PROGRAMS = 4  # of one engine that are asked; the first that answers is used anyway
_MAX_ENTRIES = 2_000  # of one folder
_SUFFIXES = ("", ".exe", ".AppImage", ".appimage", ".sh")
_IN_FOLDERS = ("", "bin", "usr/bin", "AppDir", "squashfs-root", "Contents/MacOS")
_USUAL: dict[str, tuple[str, ...]] = {
    "linux": (
        "/usr/bin", "/usr/local/bin", "/opt", "/snap/bin", "~/.local/bin", "~/bin",
        "~/Applications",
    ),
    "darwin": ("/Applications", "~/Applications", "/opt/homebrew/bin", "/usr/local/bin"),
    "win32": (
        r"C:\Program Files", r"C:\Program Files (x86)", r"~\AppData\Local\Programs",
        r"C:\Program Files\Prusa3D",
    ),
}  # fmt: skip


class Detector:
    """Finds installations and remembers them until asked to look again. Thread-safe."""

    def __init__(
        self,
        engines: Sequence[Engine],
        configured: Mapping[str, Sequence[str]],
        tools: Path,
        usual: Sequence[Path] | None = None,
    ) -> None:
        """``configured``: programs, or folders they lie in, by engine; they stand before all."""
        self._engines = tuple(engines)
        self._configured = configured
        self._tools = tools
        self._usual = tuple(usual_folders() if usual is None else usual)
        self._lock = threading.Lock()
        self._found: tuple[Installation, ...] | None = None

    def installations(self) -> tuple[Installation, ...]:
        """As last looked; looks when nobody has yet, which may take 10 s per program."""
        with self._lock:
            if self._found is None:
                self._found = self._look()
            return self._found

    def look(self) -> tuple[Installation, ...]:
        """Look now: one may have been installed, updated or removed."""
        with self._lock:
            self._found = self._look()
            return self._found

    def _look(self) -> tuple[Installation, ...]:
        return tuple(installation for engine in self._engines for installation in self._of(engine))

    def _of(self, engine: Engine) -> Iterator[Installation]:
        """The first program that answers, or all there are with what is wrong with them; and
        what config.json names in vain."""
        broken: list[Installation] = []
        for program in self._programs(engine)[:MAX_PROGRAMS]:
            installation = engine.version(program)
            if not installation.problem:
                broken = [installation]
                break
            broken.append(installation)
        yield from broken
        yield from self._missing(engine)

    def _missing(self, engine: Engine) -> Iterator[Installation]:
        """Configured paths that lead nowhere; a person mistyped or moved something."""
        for text in self._configured.get(engine.name, ()):
            path = Path(text).expanduser()
            if not any(_at(path, engine.programs)):
                yield Installation(
                    engine=engine.name,
                    program=path,
                    problem=f"config.json names {path} for {engine.label}, but there is no such "
                    f"program. Correct slicer.{engine.name}_paths or install it there.",
                )

    def _programs(self, engine: Engine) -> list[Path]:
        """Every program once, however many ways lead to it."""
        found: dict[Path, Path] = {}
        for program in self._candidates(engine):
            found.setdefault(program.resolve(), program)
        return list(found.values())

    def _candidates(self, engine: Engine) -> Iterator[Path]:
        for text in self._configured.get(engine.name, ()):
            yield from _at(Path(text).expanduser(), engine.programs)
        yield from _at(self._tools, engine.programs)
        for name in engine.programs:
            if program := shutil.which(name):
                yield Path(program).absolute()
        for folder in self._usual:
            yield from _at(folder, engine.programs)


def missing_sentence(engine: Engine) -> str:
    """What to install, when nothing of an engine is there."""
    return f"{engine.label} is not installed. Install {engine.package}."


def usual_folders() -> list[Path]:
    """Where slicers install themselves on this system."""
    return [Path(folder).expanduser() for folder in _USUAL.get(sys.platform, _USUAL["linux"])]


def _at(path: Path, names: Sequence[str]) -> Iterator[Path]:
    """The program at ``path``, or those of these names in the folder and one folder below it."""
    if path.is_file():
        if _can_run(path):
            yield path.absolute()
        return
    for folder in (path, *_folders_like(path, names)):
        for inner in _IN_FOLDERS:
            yield from _in(folder / inner, names)


def _in(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    """Programs by name, AppImages with a version in theirs last ("PrusaSlicer-2.8.AppImage")."""
    for name in names:
        for suffix in _SUFFIXES:
            if _can_run(program := folder / f"{name}{suffix}"):
                yield program.absolute()
    for entry in _entries(folder):
        if entry.suffix.casefold() == ".appimage" and _is_like(entry, names) and _can_run(entry):
            yield entry.absolute()


def _folders_like(path: Path, names: Sequence[str]) -> Iterator[Path]:
    """Portable folders: "PrusaSlicer-2.8.0+linux-x64", "OrcaSlicer.app"."""
    for entry in _entries(path):
        if _is_like(entry, names) and entry.is_dir():
            yield entry


def _is_like(entry: Path, names: Iterable[str]) -> bool:
    plain = _letters(entry.name)
    return any(plain.startswith(_letters(name)) for name in names)


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _entries(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as listing:
            names = [entry.name for entry, _ in zip(listing, range(_MAX_ENTRIES), strict=False)]
    except OSError:  # not there, or not ours to look into: nothing to be found in it
        return []
    return [folder / name for name in sorted(names)]


def _can_run(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def choose(
    preferred: str, installations: Iterable[Installation], target_kind: str
) -> tuple[Installation, ...]:
    """Usable installations, best first; pure.

    ``target_kind`` is the printer's kind ("bambu", "moonraker", "octoprint", "prusalink" …, "" =
    none). "auto" asks the Bambu family for Bambu printers and PrusaSlicer, then Cura, for others;
    a preferred slicer comes first, the others stay behind it for when it is missing or crashes.
    """
    order: tuple[str, ...] = _FOR_BAMBU if target_kind == "bambu" else _FOR_OTHERS
    if preferred != "auto":
        order = (preferred, *(name for name in order if name != preferred))
    usable = [item for item in installations if not item.problem and item.engine in order]
    return tuple(sorted(usable, key=lambda item: order.index(item.engine)))


_FOR_BAMBU = ("orca", "bambu", "prusa", "cura")
_FOR_OTHERS = ("prusa", "cura", "orca", "bambu")
