"""Reports as printers send them, simulated printers and adapters connected to them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.config import PrinterConfig
from core.secret import Secret
from printers.bambu.adapter import BambuPrinter
from printers.bambu.watchdog import Timing
from printers.base import AdapterContext
from printers.status import PrinterState, PrinterStatus
from simulator.farm import PrinterHandle, SimulatedFarm
from simulator.specs import make_spec
from tests.printers.follow import seen

REPORTS = Path(__file__).parents[2] / "data" / "bambu"


@pytest.fixture
def bambu_report() -> Callable[..., dict[str, Any]]:
    """The ``print`` object of tests/data/bambu/<name>.json, with ``changes`` laid over it."""

    def load(name: str, **changes: Any) -> dict[str, Any]:
        body: dict[str, Any] = json.loads((REPORTS / f"{name}.json").read_text())["print"]
        body.update(changes)
        return body

    return load


FAST = Timing(
    tick=0.05,
    publish=0.2,
    connack=2.0,
    probe=0.4,
    first_again=0.3,
    first_report=1.2,
    active=(0.5, 1.0, 1.6),
    idle=(0.5, 1.0, 1.6),
    offline=1.0,
    dead=1.6,
    pushall_gap=0.5,
    hold=2.0,
    retry=(0.05, 0.2),
    auth_retry=0.3,
    proof=0.3,
)


class Rig:
    """One adapter and the simulated printer it talks to."""

    def __init__(self, farm: SimulatedFarm, handle: PrinterHandle, data_dir: Path) -> None:
        self.farm = farm
        self.sim = handle
        self.data_dir = data_dir
        self.published: list[PrinterStatus] = []
        self.printer: BambuPrinter

    def build(self, config: PrinterConfig, timing: Timing) -> None:
        context = AdapterContext(
            publish=self.published.append, clock=SystemClock(), data_dir=self.data_dir
        )
        self.printer = BambuPrinter(config, context, timing)

    @property
    def status(self) -> PrinterStatus:
        return self.printer.status

    def until(
        self, holds: Callable[[PrinterStatus], object], what: str = "it did not come about"
    ) -> PrinterStatus:
        """Wait for a status that ``holds``; fails with the last one."""
        return seen(self.printer, holds, what)

    def online(self) -> PrinterStatus:
        return self.until(lambda status: status.state.is_connected, "never online")

    def in_state(self, state: PrinterState) -> PrinterStatus:
        return self.until(lambda status: status.state is state, f"never {state}")


@pytest.fixture
def bambu_rig(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    """bambu_rig("P1S", knobs={...}, serial="...", start=False): a printer and its adapter.

    Other keywords change the adapter's configuration. Everything is stopped at the end.
    """
    with contextlib.ExitStack() as stack:

        def make(
            model: str = "P1S",
            *,
            scenario: str = "idle",
            knobs: dict[str, Any] | None = None,
            timing: Timing = FAST,
            time_scale: float = 30.0,
            start: bool = True,
            **changes: Any,
        ) -> Rig:
            spec = make_spec("cedar", "Cedar", model, 1, scenario)
            farm = SimulatedFarm([spec], time_scale=time_scale, tick_s=0.05)
            stack.enter_context(farm)
            handle = farm.printer("cedar")
            handle.set(**{"push_interval_s": 0.1, **(knobs or {})})
            endpoint = farm.endpoints["cedar"]
            config = PrinterConfig(
                simulate=True,
                id="cedar",
                name="Cedar",
                type="bambu",
                model=model,
                host=endpoint.host,
                serial=endpoint.serial,
                access_code=Secret(endpoint.access_code),
                mqtt_port=endpoint.mqtt_port,
                ftps_port=endpoint.ftps_port,
                camera_port=endpoint.camera_port,
                rtsp_port=endpoint.rtsp_port or 322,
            )
            rig = Rig(farm, handle, tmp_path)
            rig.build(replace(config, **changes), timing)
            stack.callback(lambda: rig.printer.stop())
            if start:
                rig.printer.start()
            return rig

        yield make
