"""One slicing from the library's model to the library's print file, step by step."""

from __future__ import annotations

import logging
import re
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.clock import Clock
from core.config import SlicerConfig
from core.errors import FarmError, NotFound, StorageError, Unusable
from core.files import require_space
from slicer.engines import leftovers
from slicer.engines.base import Ended, Engine, Installation, Invocation, SliceOrder, Step
from slicer.engines.launch import NOT_STARTED
from slicer.engines.runner import run
from slicer.library import FileLibrary, StoredFile
from slicer.profiles.presets import Choice
from slicer.slicing.checks import check_result
from slicer.slicing.fit import require_fit
from slicer.slicing.machine import space_of
from slicer.slicing.own_picture import insert_picture
from slicer.slicing.slicers import Found

logger = logging.getLogger(__name__)

OUTPUT_MB = 1024
ROOM_FACTOR = 4  # disk room for a slicing, in sizes of its model
PICTURE = "picture.png"  # where an engine's ``finish`` finds one
_VENDOR = re.compile(r"^(?:original prusa|bambu lab|prusa|creality)\s+(?:i3\s+)?", re.IGNORECASE)
_MORE = re.compile(r"\s+&\s+|\s*[/\\]\s*")


class Cancelled(Exception):
    """A person, or the farm's end, broke it off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Everything a slicing needs, looked up when it was asked for."""

    model: StoredFile
    choice: Choice
    slicers: Sequence[Found]  # best first
    plate: int = 0
    bed_type: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    stored: StoredFile
    engine: str
    warnings: tuple[str, ...]


class Watcher:
    """Who wants to know how far it is. The default does not."""

    def begun(self, engine: Engine) -> None:
        """A slicer starts; another one had failed when it is not the first."""

    def step(self, step: Step) -> None: ...

    def checking(self) -> None:
        """The slicer is done; now the farm looks at what it made."""


class _Broken(Exception):
    """The slicer itself failed, so another one may do better."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


class Workshop:
    """Does one order at a time in the caller's thread, each in a folder of its own."""

    def __init__(
        self, folder: Path, library: FileLibrary, config: SlicerConfig, clock: Clock
    ) -> None:
        self._folder = folder
        self._library = library
        self._config = config
        self._clock = clock

    def sweep(self) -> None:
        """Remove what a crash left. Raises StorageError."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for leftover in self._folder.iterdir():
                if leftover.is_dir() and not leftover.is_symlink():
                    leftovers.end_processes(leftover)  # its slicer may have outlived the farm
                    leftovers.remove(leftover)
                else:
                    leftover.unlink()
                logger.info("slicing: removed %s, which a crash left", leftover.name)
        except OSError as error:
            raise _storage_error(error) from error

    def make(self, task_id: str, order: Order, watcher: Watcher, cancel: threading.Event) -> Made:
        """Raises Cancelled, or a FarmError whose code and sentence say why there is no file."""
        space = space_of(order.choice.machine, order.choice.family)
        if order.model.file.shape is not None:
            require_fit(order.model.file.shape, space, order.model.name)
        broken: list[_Broken] = []
        for engine, installation in order.slicers:
            folder = self._folder / f"{task_id}-{engine.name}"
            if cancel.is_set():
                raise Cancelled
            try:
                watcher.begun(engine)
                return self._with(engine, installation, folder, order, watcher, cancel)
            except _Broken as error:
                logger.warning("slicing: %s failed: %s", engine.label, error.text)
                broken.append(error)
            except OSError as error:
                raise _storage_error(error) from error
            finally:
                leftovers.remove(folder)
        raise Unusable(" ".join(error.text for error in broken), code=broken[-1].code)

    def _with(
        self,
        engine: Engine,
        installation: Installation,
        folder: Path,
        order: Order,
        watcher: Watcher,
        cancel: threading.Event,
    ) -> Made:
        slice_order = self._prepare(installation, folder, order)
        picture = self._picture(order.model)
        if picture is not None:
            (folder / PICTURE).write_bytes(picture)
        invocation = engine.prepare(slice_order)
        warnings: list[str] = []

        def on_step(step: Step) -> None:
            if step.warning:
                warnings.append(step.warning)
            watcher.step(step)

        ended = self._run(engine, invocation, folder, on_step, cancel)
        watcher.checking()
        warnings += self._judge(engine, slice_order, ended)
        engine.finish(slice_order, ended)
        file, doubts = check_result(invocation.output, order.choice, engine.label)
        lacks = file.kind == "gcode" and not any(plate.has_thumbnail for plate in file.plates)
        if lacks and picture is not None:
            insert_picture(invocation.output, picture)
        if cancel.is_set():
            raise Cancelled
        with invocation.output.open("rb") as stream:
            stored = self._library.add(stream, result_name(order, file.kind))
        return Made(stored, engine.name, tuple(dict.fromkeys((*warnings, *doubts))))

    def _prepare(self, installation: Installation, folder: Path, order: Order) -> SliceOrder:
        kind = order.model.file.kind
        require_space(self._folder, ROOM_FACTOR * order.model.size_bytes)
        leftovers.remove(folder)
        folder.mkdir(mode=0o700)
        model = folder / f"model.{kind}"
        shutil.copyfile(self._library.path(order.model.id), model)
        return SliceOrder(
            installation=installation,
            folder=folder,
            model=model,
            kind=kind,
            choice=order.choice,
            plate=order.plate,
            bed_type=order.bed_type,
        )

    def _run(
        self,
        engine: Engine,
        invocation: Invocation,
        folder: Path,
        on_step: Callable[[Step], None],
        cancel: threading.Event,
    ) -> Ended:
        """Raises Cancelled, Unusable for a limit, _Broken when the program cannot be started."""
        ended = run(
            invocation,
            folder,
            timeout_s=self._config.timeout_s,
            memory_mb=self._config.memory_mb,
            output_mb=OUTPUT_MB,
            on_step=on_step,
            progress=engine.progress,
            cancel=cancel,
            clock=self._clock,
        )
        if ended.limit == "cancelled" or cancel.is_set():
            raise Cancelled
        if ended.limit == "time":
            raise Unusable(
                f"{engine.label} was not done after {self._config.timeout_s:g} s. Simplify the "
                "model, or raise slicer.timeout_s in config.json.",
                code="slicing_too_long",
            )
        if ended.limit == "output":
            raise Unusable(
                f"{engine.label} wrote more than {OUTPUT_MB} MB. Simplify the model.",
                code="result_too_large",
            )
        if ended.code == NOT_STARTED:
            raise _Broken("engine_missing", f"{engine.label} cannot be started any more.")
        return ended

    def _judge(self, engine: Engine, order: SliceOrder, ended: Ended) -> tuple[str, ...]:
        """The slicer's warnings. Raises Unusable or _Broken with its reason."""
        verdict = engine.judge(order, ended)
        if verdict.ok:
            return verdict.warnings
        code = verdict.code or "slicing_failed"
        text = verdict.text or f"{engine.label} could not slice the model (exit {ended.code})."
        logger.info("slicing: %s ended with %s: %s", engine.label, ended.code, ended.tail[-2000:])
        if verdict.blame == "engine":
            raise _Broken(code, text)
        raise Unusable(text, code=code)

    def _picture(self, model: StoredFile) -> bytes | None:
        """Of the model; a slicing goes on without one."""
        try:
            return self._library.thumbnail(model.id, 1)
        except NotFound:
            return None
        except FarmError as error:
            logger.warning("slicing: no picture of %s: %s", model.name, error.message)
            return None


def result_name(order: Order, kind: str) -> str:
    """ "cube.stl" -> "cube MK3S.gcode", "cube P1S 0.6.gcode.3mf"."""
    machine = order.choice.machine
    first = _MORE.split(machine.model or machine.name)[0]  # of "MK3S & MK3S+", "X1/X1C"
    short = _VENDOR.sub("", first).strip()
    if machine.nozzle_mm is not None and machine.nozzle_mm != 0.4 and machine.model:
        short += f" {machine.nozzle_mm:g}"
    plate = f" plate {order.plate}" if order.plate else ""
    stem = re.sub(rf"\.{order.model.file.kind}$", "", order.model.name, flags=re.IGNORECASE)
    return f"{stem[:120]}{plate} {short[:60]}.{kind}"


def _storage_error(error: OSError) -> StorageError:
    return StorageError(
        f"The slicing's working folder cannot be used ({error.strerror or error}). "
        "Check the data folder's disk and permissions."
    )
