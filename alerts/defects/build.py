"""Builds the defect watch from the settings; DefectRoom is what the rest of the farm sees of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from alerts.defects.asking import Spawn, in_thread
from alerts.defects.budget import Budget
from alerts.defects.eye import Cameras, Eye
from alerts.defects.guard import Guard
from alerts.defects.memory import Memory, part
from alerts.defects.prints import load
from alerts.defects.providers.obico import Obico
from alerts.defects.providers.one_time import OneTimePictures
from alerts.defects.providers.openai_vision import OpenAiVision
from alerts.defects.smoothing import USUAL_THRESHOLD, Judge, Rolling, Votes
from alerts.defects.trial import Trials
from alerts.defects.verdict import Provider
from alerts.defects.watch import DefectWatch, Execute, RunOf
from alerts.defects.words import Subject
from alerts.model import Sink
from cameras.book import CameraBook, CameraInfo
from core.alert_config import DefectConfig
from core.clock import Clock
from core.config import PrinterConfig
from core.errors import Blocked, NotFound
from core.events import Bus
from printers.registry import Registry

_DICE = random.SystemRandom()
_OFF = "The defect watch is switched off: the settings name no ai.provider."


class DefectRoom:
    """Thread-safe. Without a provider in the settings it is there, does nothing and says so."""

    def __init__(
        self,
        config: DefectConfig,
        pictures: OneTimePictures,
        watch: DefectWatch | None,
        eye_of: Callable[[str], Eye],
        clock: Clock,
    ) -> None:
        self.config, self.pictures = config, pictures
        self._watch, self._eye_of = watch, eye_of
        self._trials = Trials(watch, clock, config.timeout_s) if watch else None

    def start(self) -> None:
        if self._watch is not None:
            self._watch.start()

    def stop(self) -> None:
        if self._watch is not None:
            self._watch.stop()

    def panel(self, printer_id: str) -> dict[str, Any] | None:
        """For a printer's card; None while the watch is switched off."""
        view = self._watch.view(printer_id) if self._watch else None
        return view.panel() if view else None

    def pause_text(self, printer_id: str) -> str:
        """Why the watch has paused this printer, which is still paused; "" = it has not."""
        view = self._watch.view(printer_id) if self._watch else None
        return view.text if view and view.alarm == "paused" else ""

    def overview(self, printer_ids: Sequence[str]) -> dict[str, Any]:
        """For GET /api/defect-watch."""
        config, watch = self.config, self._watch
        if watch is None:
            return {"enabled": False, "text": _OFF, "printers": []}
        trouble, total = watch.trouble, watch.budget.total
        return {
            "enabled": True, "provider": config.provider,
            "model": config.model if config.provider == "openai" else "",
            "state": ("stopped" if watch.stopped else "down") if trouble else "on",
            "text": f"{trouble}." if trouble else "", "pause": config.pause,
            "today": {
                "day": watch.budget.day, "calls": total.calls, "usd": round(total.usd, 6),
                "per_day": config.per_day, "usd_per_day": config.usd_per_day,
            },
            "printers": [self._of(watch, one) for one in printer_ids],
        }  # fmt: skip

    def _of(self, watch: DefectWatch, printer_id: str) -> dict[str, Any]:
        view, spent = watch.view(printer_id), watch.budget.of(printer_id)
        about = view.panel() if view else {"state": "idle", "text": ""}
        return {
            "printer_id": printer_id, **about, "calls": spent.calls, "usd": round(spent.usd, 6),
            "verdicts": view.verdicts if view else [],
        }  # fmt: skip

    def photo(self, printer_id: str) -> bytes:
        """The evidence while there is an alarm, else what was looked at last. Raises NotFound."""
        view = self._watch.view(printer_id) if self._watch else None
        if view is not None:
            found = self._watch.evidence(view.photo) if self._watch and view.photo else None
            if found or view.jpeg:
                return found or view.jpeg
        raise NotFound("The defect watch has no picture of this printer.", code="no_picture")

    def set_watch(self, printer_id: str, on: bool) -> str:
        """As DefectWatch.set_watch. Raises Blocked while the watch is switched off."""
        return self._on().set_watch(printer_id, on)

    def test(self, printer_id: str) -> dict[str, Any]:
        """One look now. Raises Blocked, ProviderFailed."""
        self._on()
        if self._trials is None:
            raise Blocked(_OFF, code="off")
        return asdict(self._trials.look(printer_id, self._eye_of(printer_id)))

    def _on(self) -> DefectWatch:
        if self._watch is None:
            raise Blocked(_OFF, code="off")
        return self._watch


def build_defects(
    config: DefectConfig,
    printers: Sequence[PrinterConfig],
    *,
    registry: Registry,
    bus: Bus,
    execute: Execute,
    run_of: RunOf,
    cameras: Cameras,
    book: CameraBook,
    sink: Sink,
    clock: Clock,
    folder: Path,
    own_url: Callable[[], str],
    spawn: Spawn = in_thread,
) -> DefectRoom:
    """``execute``: Fleet.execute; ``run_of``: what results name the print on a printer;
    ``folder``: the alerts' own; ``own_url``: of this server, as seen from this machine."""
    pictures = OneTimePictures(clock)

    def eye_of(printer_id: str) -> Eye:
        return Eye(cameras, lambda: main_camera(book, printer_id), clock)

    if not config.enabled:
        return DefectRoom(config, pictures, None, eye_of, clock)
    provider: Provider = (
        Obico(config, pictures, own_url) if config.provider == "obico" else OpenAiVision(config)
    )
    memory = Memory(folder)
    prints, means = part(memory.kept, "prints"), part(memory.kept, "means")
    guards = {
        one.id: Guard(
            Subject(one.id, one.name, one.group), config, judge_of(config, part(means, one.id)),
            eye_of(one.id), clock, kept=load(prints.get(one.id)), distrust=memory.damaged,
        )
        for one in printers
    }  # fmt: skip
    watch = DefectWatch(
        provider, guards, Budget(config, provider.paid, part(memory.kept, "day")), memory,
        registry=registry, bus=bus, execute=execute, run_of=run_of, sink=sink,
        photos=folder / "photos", clock=clock, timeout_s=config.timeout_s,
        chance=_DICE.random, spawn=spawn,
    )  # fmt: skip
    return DefectRoom(config, pictures, watch, eye_of, clock)


def judge_of(config: DefectConfig, kept: Any) -> Judge:
    if config.provider == "obico":
        return Rolling(USUAL_THRESHOLD / config.threshold, kept)
    return Votes(config.threshold, config.confirm_n, config.confirm_m)


def main_camera(book: CameraBook, printer_id: str) -> CameraInfo | None:
    """The one that stands for this printer. Raises NotFound."""
    looking = book.of(printer_id)
    return looking[0] if looking and looking[0].main else None
