"""Shorthand to drive a virtual printer without the wire: for tests and experiments."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.bambu.machine import BambuMachine
from simulator.plates import PlateSpec, build_gcode_3mf
from simulator.specs import make_spec


@dataclass(slots=True)
class Rehearsal:
    """A machine, and what a client of it would do and see."""

    machine: BambuMachine
    _sequence: int = 20000
    seen: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, model: str = "P1S", *, scale: float = 60.0, index: int = 2) -> Rehearsal:
        """A fresh idle printer with index 2 (four full AMS slots)."""
        return cls(BambuMachine(make_spec("sim", "Sim", model, index), time_scale=scale))

    def ask(self, section: str, command: str, **body: Any) -> list[dict[str, Any]]:
        """Send a request; the answers."""
        self._sequence += 1
        full = {"command": command, "sequence_id": str(self._sequence), **body}
        return self.machine.handle({section: full})

    def order(self, command: str, **body: Any) -> dict[str, Any]:
        """Send a print.* request that has exactly one answer; its body."""
        (message,) = self.ask("print", command, **body)
        answer: dict[str, Any] = message["print"]
        return answer

    def status(self) -> dict[str, Any]:
        """The report of this moment."""
        return self.machine.snapshot()

    def run(self, real_seconds: float, step: float = 0.25) -> None:
        """Let time pass; pushes are collected in ``seen``."""
        for _ in range(round(real_seconds / step)):
            self.machine.tick(step)
            report = self.machine.next_report()
            if report is not None:
                self.seen.append(report["print"])

    def until(self, condition: Callable[[], bool], limit_s: float = 600.0) -> None:
        """Let time pass until something is true. Raises TimeoutError."""
        passed = 0.0
        while not condition():
            self.run(0.25)
            passed += 0.25
            if passed > limit_s:
                raise TimeoutError(f"still {self.machine.job.gcode_state}")

    def store(self, name: str = "job.gcode.3mf", **options: Any) -> bytes:
        """Put a small sliced file on the card; its bytes."""
        plates = options.pop("plates", [PlateSpec(name="gear", minutes=20, layers=30)])
        options.setdefault("model", self.machine.model.name)
        data = build_gcode_3mf(plates, **options)
        self.machine.storage.write(name, data)
        return data

    def start(self, name: str = "job.gcode.3mf", **changes: Any) -> dict[str, Any]:
        """Send a project_file as a farm does; the answer's body. None drops a key."""
        data = self.machine.storage.read(name) if self.machine.storage.exists(name) else b""
        body: dict[str, Any] = {
            "param": "Metadata/plate_1.gcode",
            "url": f"ftp://{name}",
            "file": name,
            "md5": hashlib.md5(data, usedforsecurity=False).hexdigest().upper(),
            "subtask_name": name.removesuffix(".gcode.3mf"),
            "project_id": "0",
            "profile_id": "0",
            "task_id": "4711",
            "subtask_id": "4712",
            "use_ams": True,
            "ams_mapping": [0],
            "ams_mapping2": [{"ams_id": 0, "slot_id": 0}],
            **changes,
        }
        return self.order("project_file", **{k: v for k, v in body.items() if v is not None})

    def printing(self, **changes: Any) -> None:
        """Store, start, and wait until layers are being printed."""
        self.store()
        self.start(**changes)
        self.until(lambda: self.machine.job.layer >= 3)
