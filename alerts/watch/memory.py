"""What the watch must know after a restart so as to tell nothing twice: data_dir/alerts/watch.json.

It is written before anything is told, and holds what is about to be told: a kill after that tells
it at the next start, and the desk drops what it had heard already. So an occurrence that was told
is counted, and the next one never comes out with its identity.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from alerts.codec import event_to_json, events_from_json
from alerts.model import Event
from core import jsonio
from core.clock import Clock
from core.errors import StorageError
from core.files import write_durably
from core.fs import DISK, keep_aside

logger = logging.getLogger(__name__)

VERSION = 1
CLOSED = 16
"""So many ended runs of a printer are known by name."""
RESULTS = 500
"""So many ended attempts of jobs are known by name."""
T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Run:
    """The print that runs, ours or another's."""

    id: str
    own: bool = False
    job_id: str = ""
    file: str = ""  # for people
    mark: dict[str, str] = field(default_factory=dict)  # the fields of PrintMark
    named: bool = False  # the mark is its own: a printer shows the former names for a while
    news: bool = True  # it began under our eyes or shortly before
    told: bool = False  # STARTED or FILE_CHANGED was
    since: float = 0.0  # epoch s, when it was first seen
    percent: int = 0  # the highest seen
    layer: int = 0
    step: int | None = None  # the highest percentage told or passed unseen; None: not printing yet
    photo_at: float = 0.0  # epoch s of the last photo, at first of the print's beginning
    photos: int = 0
    due: str = ""  # "", "armed" (longer than due_min was left), "told"
    counts: dict[str, int] = field(default_factory=dict)  # occurrences, by kind and code


@dataclass(slots=True, kw_only=True)
class Incident:
    """Something that was told and is not over."""

    kind: str
    run: str
    key: str
    since: float  # epoch s
    file: str = ""
    repeats: int = 0  # reminders sent


@dataclass(slots=True, kw_only=True)
class PrinterMemory:
    """One printer's; the farm's own has the id ""."""

    seen_at: float = 0.0  # epoch s of the last believable report, 0 = never
    rest_at: float = 0.0  # epoch s of the last one without a print
    state: str = ""  # display word last told or passed over
    run: Run | None = None
    closed: list[str] = field(default_factory=list)  # runs that are over, newest last
    mark: dict[str, str] = field(default_factory=dict)  # of the last print
    counts: dict[str, int] = field(default_factory=dict)  # occurrences outside of prints
    open: dict[str, Incident] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Memory:
    """All of it."""

    series: str  # unique to this file: occurrences that were counted in a lost one are not repeated
    ends_after: float  # epoch s; ends until then are past and never told
    printers: dict[str, PrinterMemory] = field(default_factory=dict)
    results: list[str] = field(default_factory=list)  # runs whose end was told, oldest first
    result_ends: list[float] = field(default_factory=list)  # when each of them ended
    owed: list[dict[str, Any]] = field(default_factory=list)  # events the desk may not have heard

    def printer(self, printer_id: str) -> PrinterMemory:
        return self.printers.setdefault(printer_id, PrinterMemory())

    def owe(self, events: Iterable[Event]) -> None:
        """They are to be told as soon as this is written."""
        self.owed = [event_to_json(event) for event in events]

    def owed_events(self) -> list[Event]:
        """Of the life before."""
        return events_from_json(self.owed)

    def note_result(self, run: str, ended_at: float) -> None:
        """Its end needs no telling any more."""
        self.results.append(run)
        self.result_ends.append(ended_at)
        while len(self.results) > RESULTS:
            self.results.pop(0)
            self.ends_after = max(self.ends_after, self.result_ends.pop(0))


class MemoryFile:
    """The file. Used by the watch's thread alone."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self.trouble = ""  # why it could not be read or written, for people

    def load(self) -> Memory:
        """A new one where there is none, and where it cannot be read: that is kept aside."""
        try:
            return memory_from(jsonio.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return self._new()
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            self._set_aside(error)
            return self._new()

    def save(self, memory: Memory) -> bool:
        """False when the disk refused; told once."""
        try:
            write_durably(self._path, _bytes({"version": VERSION, **asdict(memory)}))
        except StorageError as error:
            if not self.trouble:
                logger.error("alerts: %s", error.message)
            self.trouble = error.message
            return False
        self.trouble = ""
        return True

    def _new(self) -> Memory:
        now = self._clock.time()
        return Memory(series=f"{int(now * 1000):x}", ends_after=now)

    def _set_aside(self, error: Exception) -> None:
        try:
            kept = keep_aside(DISK, self._path, "damaged").name
        except OSError:
            kept = "nothing"
        logger.warning(
            "alerts: %s cannot be read (%s) and is begun anew; kept as %s. What is wrong now is "
            "told again.", self._path.name, type(error).__name__, kept,
        )  # fmt: skip


def _bytes(content: dict[str, Any]) -> bytes:
    """A name that is no text (half a character, from a file's name) must not keep all the rest
    from being remembered."""
    try:
        return jsonio.dumps(content)
    except TypeError:
        return jsonio.dumps(_texts(content))


def _texts(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_texts(name): _texts(one) for name, one in value.items()}
    return [_texts(one) for one in value] if isinstance(value, list) else value


def memory_from(data: Mapping[str, Any]) -> Memory:
    """Raises KeyError, TypeError, ValueError or AttributeError for what is no memory."""
    if data["version"] != VERSION:
        raise ValueError("another version")
    memory = _made(Memory, data)
    if not isinstance(memory.series, str) or not memory.series:
        raise TypeError("series")
    memory.ends_after = float(memory.ends_after)
    if not isinstance(memory.owed, list):
        raise TypeError("owed")
    memory.printers = {
        printer_id: _printer_from(entry) for printer_id, entry in memory.printers.items()
    }
    return memory


def _printer_from(data: Any) -> PrinterMemory:
    printer = _made(PrinterMemory, data)
    run: Any = printer.run
    printer.run = None if run is None else _made(Run, run)
    printer.open = {slot: _made(Incident, entry) for slot, entry in printer.open.items()}
    return printer


def _made(kind: type[T], data: Any) -> T:
    """Fields that this version does not know are left out."""
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in data.items() if name in known})
