"""PrusaSlicer itself sends to the farm: its window on a virtual screen, driven by its keys.

Needs prusa-slicer, xvfb, xdotool and locales (the names of Debian's packages).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from core.config import SendKey
from core.secret import Secret
from printers.status import Machine

KEY = "the-key-of-this-test-0815"
TOOLS = ("prusa-slicer", "Xvfb", "xdotool", "localedef")
MAIN, DIALOG, ERROR = "based on Slic3r", "Send G-Code", "PrusaSlicer error"
LOCALE, LOCALE_SOURCE = "en_US.UTF-8", Path("/usr/share/i18n/locales/en_US")
_SETTINGS = """version = 2.5.0
version_system_info_sent = 99.0.0
translation_language = en_US
version_check = 0
preset_update = 0
show_splash_screen = 0
show_hints = 0
notify_release = none
background_processing = 1
[presets]
print = Rig
filament = Rig
printer = Rig
physical_printer = Farm
"""
_PRESETS = {
    "printer/Rig.ini": "printer_technology = FFF\nprinter_model = MK3S\nnozzle_diameter = 0.4\n"
    "gcode_flavor = marlin\nbed_shape = 0x0,250x0,250x210,0x210\nmax_print_height = 210\n",
    "print/Rig.ini": "layer_height = 0.2\n",
    "filament/Rig.ini": "filament_type = PLA\ntemperature = 210\n",
    "physical_printer/Farm.ini": "host_type = octoprint\npreset_name = Rig\npreset_names = Rig\n"
    "print_host = {host}\nprinter_technology = FFF\nprinthost_apikey = {key}\n"
    "printhost_authorization_type = key\n",
}


missing = [tool for tool in TOOLS if not shutil.which(tool)]
missing += [] if LOCALE_SOURCE.exists() else [str(LOCALE_SOURCE)]
pytestmark = pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")


class Slicer:
    """One PrusaSlicer window with a small tetrahedron on its bed."""

    def __init__(self, screen: str, home: Path) -> None:
        self.environ = {
            **os.environ, "DISPLAY": screen, "LC_ALL": LOCALE, "LIBGL_ALWAYS_SOFTWARE": "1",
            "HOME": str(home), "LOCPATH": str(home),
        }  # fmt: skip

    def xdotool(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words], env=self.environ, capture_output=True, text=True, timeout=20,
            check=False,  # "nothing found" is an exit code too
        )  # fmt: skip
        return done.stdout.strip()

    def window(self, title: str, timeout: float = 60.0) -> str:
        """The window of that title, once it is there and has the keyboard."""
        tick, deadline = threading.Event(), time.monotonic() + timeout
        while time.monotonic() < deadline:
            if found := self.xdotool("search", "--onlyvisible", "--name", title).split():
                self.xdotool("windowfocus", found[0])
                return found[0]
            tick.wait(0.2)
        raise AssertionError(f"no window {title!r} came")

    def upload_and_print(self) -> None:
        self.window(MAIN)
        for _ in range(30):  # the key does nothing until the model is sliced
            self.xdotool("key", "ctrl+shift+g")
            if self.xdotool("search", "--onlyvisible", "--name", DIALOG):
                break
            threading.Event().wait(1.0)
        self.window(DIALOG, 5)
        for key in ("Tab", "Tab", "space"):  # the name, Upload, Upload and Print
            self.xdotool("key", key)


def corner_stl() -> str:
    """A tetrahedron; the points of each side run so that it faces outwards."""
    o, x, y, z = (0, 0, 0), (9, 0, 0), (0, 9, 0), (0, 0, 9)
    lines = ["solid corner"]
    for side in ((o, y, x), (o, x, z), (o, z, y), (x, y, z)):
        loop = "".join("vertex {} {} {}\n".format(*point) for point in side)
        lines.append(f"facet normal 0 0 0\nouter loop\n{loop}endloop\nendfacet")
    return "\n".join([*lines, "endsolid corner", ""])


@pytest.fixture
def screen() -> Iterator[str]:
    """A virtual screen that picks its own free number."""
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1400x900x24", "-nolisten", "tcp"],
        pass_fds=(writer,), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writer)
    with os.fdopen(reader) as numbers:
        yield f":{numbers.readline().strip()}"
    server.terminate()
    server.wait(10)


@pytest.fixture
def open_slicer(screen: str, tmp_path: Path) -> Iterator[Callable[[str], Slicer]]:
    """open_slicer(address of the farm) -> a window; closed at the end."""
    with ExitStack() as stack:

        def start(host: str) -> Slicer:
            folder = tmp_path / "slicer"
            for name, text in {"PrusaSlicer.ini": _SETTINGS, **_PRESETS}.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text.format(host=host, key=KEY))
            (model := tmp_path / "corner.stl").write_text(corner_stl())
            slicer = Slicer(screen, tmp_path)
            make = ["localedef", "-i", "en_US", "-f", "UTF-8", tmp_path / LOCALE]
            subprocess.run(make, check=True)  # PrusaSlicer stops at once without its locale
            program = stack.enter_context(
                subprocess.Popen(
                    ["prusa-slicer", "--datadir", folder, model],
                    env=slicer.environ,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            stack.callback(program.kill)
            return slicer

        yield start


@pytest.fixture
def served(make_farm: Callable[..., Any], kit: Any) -> tuple[Any, str]:
    """Birch is an MK3S, Alder a P1S; the farm has a password and one key."""
    key = SendKey(name="Workshop PC", sha256=hashlib.sha256(KEY.encode()).hexdigest())
    farm = make_farm(user="owner", password=Secret(kit.password), send_keys=(key,))
    machine = Machine(file_kinds=("gcode",), name="MK3S", volume_mm=(250, 210, 210))
    farm.printer("birch").report(kit.make_status("birch", machine=machine, ams=(), external=()))
    return farm, f"http://127.0.0.1:{farm.serve().port}"


def test_upload_and_print_ends_in_the_queue(
    served: tuple[Any, str], open_slicer: Callable[[str], Slicer], kit: Any
) -> None:
    farm, address = served
    open_slicer(f"{address}/send/birch").upload_and_print()
    kit.wait_for(farm.services.jobs.jobs)
    (job,) = farm.services.jobs.jobs()
    assert (job.file_name, job.created_by) == ("corner.gcode", "Workshop PC")
    assert job.target.one_printer == "birch"
    assert farm.services.library.get(job.file_id).file.slicer == "PrusaSlicer"


def test_a_refusal_opens_prusaslicers_own_error_window(
    served: tuple[Any, str], open_slicer: Callable[[str], Slicer]
) -> None:
    farm, address = served
    slicer = open_slicer(f"{address}/send/alder")
    slicer.upload_and_print()
    assert slicer.window(ERROR, 30)
    assert farm.services.library.list() == []
    assert farm.services.jobs.jobs() == []
