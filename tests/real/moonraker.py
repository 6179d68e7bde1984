"""A real Moonraker with a real Klipper host, made ready by a pretend board."""

from __future__ import annotations

import json
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.real.install import KLIPPY, MOONRAKER, install
from tests.real.places import ROOT
from tests.real.process import Process, wait_until
from tests.real.pty_line import give_order
from tests.real.server import ANSWER_S, RealServer

PLAIN_PIPE = "/tmp/klipper_host_"
PRINTER = """\
[mcu]
serial: {link}
[printer]
kinematics: cartesian
max_velocity: 2000
max_accel: 100000
max_z_velocity: 500
max_z_accel: 20000
{axes}
[adc_temperature simlinear]
temperature1: 0
voltage1: 0
temperature2: 500
voltage2: 5
[extruder]
step_pin: PB1
dir_pin: PB2
enable_pin: !PB3
microsteps: 4
rotation_distance: 33.5
nozzle_diameter: 0.4
filament_diameter: 1.75
heater_pin: PB4
sensor_type: simlinear
sensor_pin: PK5
control: watermark
max_delta: 1.0
min_temp: 0
max_temp: 300
min_extrude_temp: 0
max_extrude_only_distance: 500
max_extrude_cross_section: 50
[heater_bed]
heater_pin: PH5
sensor_type: simlinear
sensor_pin: PK6
control: watermark
max_delta: 1.0
min_temp: 0
max_temp: 130
[fan]
pin: PH6
[filament_switch_sensor runout]
switch_pin: PC5
pause_on_runout: True
[output_pin caselight]
pin: PH4
pwm: True
value: 0
[virtual_sdcard]
path: {folder}/gcodes
[telemetry]
enabled: False
[pause_resume]
[display_status]
[exclude_object]
[respond]
[gcode_macro CANCEL_PRINT]
rename_existing: BASE_CANCEL_PRINT
gcode:
    TURN_OFF_HEATERS
    BASE_CANCEL_PRINT
"""
AXIS = """\
[stepper_{axis}]
step_pin: {step}
dir_pin: {way}
enable_pin: !{enable}
microsteps: 4
rotation_distance: {rotation}
endstop_pin: {stop}
position_endstop: 0
position_max: {longest}
homing_speed: {speed}
homing_retract_dist: 0
"""
AXES = "".join(
    AXIS.format(
        axis=axis, step=pins[0], way=pins[1], enable=pins[2], stop=stop, rotation=rotation,
        longest=longest, speed=speed,
    )
    for axis, pins, stop, rotation, longest, speed in (
        ("x", ("PA0", "PA1", "PA2"), "PE0", 40, 235, 100),
        ("y", ("PA3", "PA4", "PA5"), "PE1", 40, 235, 100),
        ("z", ("PA6", "PA7", "PB0"), "PE2", 8, 250, 50),
    )
)  # fmt: skip
SETTINGS = """\
[server]
host: 127.0.0.1
port: {port}
klippy_uds_address: {short}/klippy.sock
[machine]
provider: none
validate_service: False
[announcements]
dev_mode: True
[file_manager]
enable_object_processing: False
queue_gcode_uploads: False
[job_queue]
load_on_startup: False
automatic_transition: False
[history]
[octoprint_compat]
[webcam farmcam]
location: printer
service: mjpegstreamer
stream_url: {camera}/?action=stream
snapshot_url: {camera}/?action=snapshot
[authorization]
enable_api_key: True
{trusted}
"""


class Moonraker(RealServer):
    """Moonraker, Klippy and the board. ``open_door``: 127.0.0.1 needs no key."""

    kind = "moonraker"
    files_folder = "gcodes"

    def __init__(
        self, port: int = 0, *, open_door: bool = False, camera: str = "http://127.0.0.1:8099"
    ) -> None:
        super().__init__(port)
        self._open_door = open_door
        self._camera = camera
        self._link = Path(tempfile.mktemp(prefix=PLAIN_PIPE, dir="/"))
        self.orders = self.short / "board.sock"

    @property
    def board(self) -> Process:
        return self.processes[0]

    @property
    def klippy(self) -> Process:
        return self.processes[1]

    def prepare(self) -> None:
        install((MOONRAKER, KLIPPY))
        for name in ("config", "gcodes", "logs", "database"):
            (self.folder / name).mkdir()
        config = self.folder / "config"
        printer = PRINTER.format(link=self._link, axes=AXES, folder=self.folder)
        (config / "printer.cfg").write_text(printer, "utf-8")
        trusted = "trusted_clients:\n  127.0.0.1" if self._open_door else ""
        settings = SETTINGS.format(
            port=self.port, short=self.short, camera=self._camera, trusted=trusted
        )
        (config / "moonraker.conf").write_text(settings, "utf-8")
        board = [sys.executable, "-m", "tests.real.board_klipper"]
        klippy = [
            KLIPPY.program("kalico"),
            config / "printer.cfg",
            "-a",
            self.short / "klippy.sock",
        ]
        moonraker = [MOONRAKER.program("moonraker"), "-d", self.folder]
        more = ["-l", self.folder / "logs" / "moonraker.log", "-u", self.short / "moonraker.sock"]
        lines = ["-l", self.folder / "logs" / "klippy.log", "-I", self.short / "tty"]
        lines += ["-a", self.short / "klippy.sock"]
        self.processes = [
            Process("board", self.folder, [*board, "--link", self._link, "--orders", self.orders]),
            Process("klippy", self.folder, [*klippy, *lines]),
            Process("moonraker", self.folder, [*moonraker, *more]),
        ]

    def launch(self) -> None:
        if not self.board.is_running:
            self._link.unlink(missing_ok=True)
            self.board.start(cwd=ROOT)
            wait_until(self._link.is_symlink, 10.0, "the board's serial line")
        if not self.klippy.is_running:
            (self.short / "klippy.sock").unlink(missing_ok=True)
            self.klippy.start(cwd=self.folder)
        if not self.processes[2].is_running:
            # two Moonrakers with one folder for temporary files take each other's uploads
            self.processes[2].start({"TMPDIR": str(self.short)}, cwd=self.folder)

    def is_ready(self) -> bool:
        if not self.api_key:
            self.api_key = self._ask_key()
        shown = self.answers("/server/info") if self.api_key else None
        return shown is not None and shown["result"]["klippy_state"] == "ready"

    def _ask_key(self) -> str:
        """Over Moonraker's own unix socket, which trusts the user it runs as."""
        try:
            answer = self.local("access.get_api_key")
        except (OSError, ValueError):
            return ""
        return answer if isinstance(answer, str) else ""

    def local(self, method: str) -> Any:
        """One JSON-RPC call over the unix socket. Raises OSError or ValueError."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(ANSWER_S)
            line.connect(str(self.short / "moonraker.sock"))
            line.sendall(json.dumps({"jsonrpc": "2.0", "id": 7, "method": method}).encode() + b"\3")
            rest = b""
            while part := line.recv(65_536):
                *messages, rest = (rest + part).split(b"\3")
                for message in map(json.loads, messages):
                    if message.get("id") == 7:
                        return message.get("result")
        raise OSError("Moonraker closed its socket")

    def order(self, line: str) -> dict[str, Any]:
        """An order to the board, see board_klipper.py."""
        return give_order(self.orders, line)

    def stop(self) -> None:
        super().stop()
        self._link.unlink(missing_ok=True)
