"""What a virtual printer is doing when it is born, and what it does by itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from simulator.models import model_named
from simulator.plain_gcode import build_gcode
from simulator.plates import PlateSpec, build_gcode_3mf
from simulator.state import Part

if TYPE_CHECKING:
    from simulator.machine import VirtualPrinter

# name, minutes, layers, height mm, filament
_DEMO = (
    ("planetary_gear", 52, 110, 22.0, ("PLA", "C4633F", 14.2)),
    ("shelf_bracket", 74, 160, 40.0, ("PETG", "2E7DD7", 31.0)),
    ("herb_planter", 96, 210, 52.0, ("PLA", "3BA55C", 46.5)),
    ("cable_clips_x6", 38, 80, 16.0, ("PLA", "202226", 6.8)),
    ("spiral_vase", 64, 240, 60.0, ("PLA", "E8B93C", 21.9)),
    ("tool_tray_box", 81, 130, 30.0, ("PLA", "F4F4F2", 37.3)),
    ("phone_stand", 57, 140, 38.0, ("PLA", "8B5CF6", 24.0)),
    ("drawer_knobs", 44, 95, 20.0, ("ABS", "D6336C", 11.5)),
)
SCENARIOS = (
    "idle",
    "printing",
    "preparing",
    "paused_filament",
    "finished",
    "fault_hms",
    "busy_farm",
    "offline_sometimes",
)


@lru_cache(maxsize=64)
def demo_file(number: int, model: str) -> bytes:
    """Content of one of the demo's files for a model; made once, shared by printers."""
    name, minutes, layers, height, filament = _DEMO[number]
    if model_named(model).family == "plain":
        return build_gcode(name, model, minutes, layers, height_mm=height, filament=filament)
    plate = PlateSpec(name=name, minutes=minutes, layers=layers, height_mm=height)
    return build_gcode_3mf([plate], model=model, filaments=[filament], name=name)


def stock(machine: VirtualPrinter, count: int = 3) -> list[str]:
    """Put ``count`` demo files on the storage, others for other seeds; their names."""
    names = []
    suffix = ".gcode" if machine.model.family == "plain" else ".gcode.3mf"
    for i in range(count):
        number = (machine.spec.seed + i * 3) % len(_DEMO)
        name = _DEMO[number][0] + suffix
        machine.storage.write_later(name, partial(demo_file, number, machine.model.name))
        names.append(name)
    return names


def _advance(machine: VirtualPrinter, seconds: float) -> None:
    """Let simulated time pass quickly."""
    scale, machine.time_scale = machine.time_scale, 1.0
    for _ in range(int(seconds // 20)):
        machine.tick(20.0)
    machine.time_scale = scale


def _printing(machine: VirtualPrinter) -> None:
    machine.start_local(stock(machine)[0])
    _advance(machine, 900 + 240 * (machine.spec.seed % 8))


def _preparing(machine: VirtualPrinter) -> None:
    machine.start_local(stock(machine)[0])


def _paused_filament(machine: VirtualPrinter) -> None:
    _printing(machine)
    machine.options.auto_switch_filament = False
    machine.runout()
    _advance(machine, 120)


def _finished(machine: VirtualPrinter) -> None:
    machine.start_local(stock(machine)[0])
    while machine.job.busy:
        _advance(machine, 600)


def _fault_hms(machine: VirtualPrinter) -> None:
    stock(machine)
    machine.bed_part = Part("planetary_gear", "C4633F", 0.3)
    machine.hard_fail()


def _busy_farm(machine: VirtualPrinter) -> None:
    machine.autopilot = Autopilot(machine, stock(machine))
    if machine.spec.seed % 4 != 3:
        machine.autopilot.start_next()
        _advance(machine, 200 + 611 * (machine.spec.seed % 6))


def _offline_sometimes(machine: VirtualPrinter) -> None:
    _printing(machine)
    machine.knobs.drop_every_s = 45.0


_SETUPS: dict[str, Callable[[VirtualPrinter], object]] = {
    "idle": stock,
    "printing": _printing,
    "preparing": _preparing,
    "paused_filament": _paused_filament,
    "finished": _finished,
    "fault_hms": _fault_hms,
    "busy_farm": _busy_farm,
    "offline_sometimes": _offline_sometimes,
}


def apply_scenario(machine: VirtualPrinter, name: str) -> None:
    """Bring a new printer into a scenario. Raises ValueError for an unknown name."""
    setup = _SETUPS.get(name)
    if setup is None:
        raise ValueError(f"There is no scenario {name!r}; there are {', '.join(SCENARIOS)}")
    setup(machine)


class Autopilot:
    """Somebody at the machine: starts stored files one after the other, pauses now and then.

    It leaves jobs of others alone, and waits ten times as long after one of them.
    """

    WAIT_S = 40.0  # real seconds between the end of a job and the next
    PAUSE_S = 15.0

    def __init__(self, machine: VirtualPrinter, names: list[str]) -> None:
        self._m = machine
        self._names = names
        self._next = 0
        self._idle = 0.0
        self._paused = 0.0
        self._own = ""
        self._pause_at = 101

    def start_next(self) -> None:
        """Take the part off and print the next file."""
        machine = self._m
        machine.clear_bed()
        name = self._names[self._next % len(self._names)]
        self._next += 1
        if machine.storage.exists(name):
            self._refill()
            machine.start_local(name)
            self._own = machine.job.subtask_name
        lucky = machine.random.random() < 0.4
        self._pause_at = machine.random.randrange(20, 90) if lucky else 101

    def _refill(self) -> None:
        for _, _, _, spool in self._m.ams.trays():
            if spool is not None and spool.grams < 120:
                spool.grams = spool.weight

    def step(self, real_seconds: float) -> None:
        """Called with every tick."""
        job = self._m.job
        own = self._own != "" and job.subtask_name == self._own
        if not job.busy:
            self._idle += real_seconds
            first = job.subtask_name == ""
            if self._idle >= self.WAIT_S * (1 if own or first else 10):
                self._idle = 0.0
                self.start_next()
            return
        self._idle = 0.0
        if own:
            self._mind(real_seconds)

    def _mind(self, real_seconds: float) -> None:
        job = self._m.job
        if job.gcode_state == "RUNNING" and job.percent >= self._pause_at:
            self._pause_at, self._paused = 101, self.PAUSE_S
            self._m.pause()
        elif job.gcode_state == "PAUSE" and self._paused > 0:
            self._paused -= real_seconds
            if self._paused <= 0:
                self._m.resume()
