"""Where slicers are found, and what a person is told about those that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from slicer.engines import detect
from slicer.engines.all_engines import all_engines
from slicer.engines.base import Installation
from slicer.engines.detect import Detector, choose, missing_sentence
from slicer.engines.prusa.adapter import PrusaSlicer
from tests.slicer.engines.prusa_bench import PROGRAM


class Machine:
    """A machine with nothing on it but what a test installs."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.tools = root / "tools"
        self.path = root / "bin"
        self.usual = root / "opt"
        for folder in (self.tools, self.path, self.usual):
            folder.mkdir()
        monkeypatch.setenv("PATH", f"{self.path}:/usr/bin:/bin")
        monkeypatch.setattr(detect.shutil, "which", self.which)

    def which(self, name: str) -> str | None:
        """PATH without the slicers of the machine the tests run on."""
        program = self.path / name
        return str(program) if program.exists() else None

    def install(self, place: Path, version: str = "2.7.4", executable: bool = True) -> Path:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(
            f'#!/bin/sh\necho asked >> {self.root}/asked\necho "PrusaSlicer-{version}"\n'
        )
        place.chmod(0o755 if executable else 0o644)
        return place

    def asked(self) -> int:
        note = self.root / "asked"
        return len(note.read_text().splitlines()) if note.exists() else 0

    def detector(self, *configured: object) -> Detector:
        return Detector(
            [PrusaSlicer()],
            {"prusa": [str(path) for path in configured]},
            self.tools,
            usual=[self.usual],
        )


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_nothing_installed_is_nothing_found(machine: Machine) -> None:
    assert machine.detector().installations() == ()
    assert missing_sentence(PrusaSlicer()) == (
        "PrusaSlicer is not installed. Install prusa-slicer (apt), or an AppImage of PrusaSlicer "
        "in tools/."
    )


@pytest.mark.parametrize(
    "place",
    [
        "tools/prusa-slicer",
        "tools/PrusaSlicer.AppImage",
        "tools/PrusaSlicer-2.7.4+linux-x64-GTK3.AppImage",
        "tools/PrusaSlicer-2.7.4+linux-x64/prusa-slicer",
        "tools/PrusaSlicer-2.7.4+linux-x64/bin/prusa-slicer",
        "tools/PrusaSlicer.app/Contents/MacOS/PrusaSlicer",
        "tools/bin/prusa-slicer",
        "bin/prusa-slicer",
        "opt/prusa-slicer",
        "opt/PrusaSlicer/usr/bin/prusa-slicer",
    ],
)
def test_places_it_is_found_in(machine: Machine, place: str) -> None:
    program = machine.install(machine.root / place)
    assert machine.detector().installations() == (
        Installation(engine="prusa", program=program, version="2.7.4"),
    )


@pytest.mark.parametrize(
    "place",
    [
        "tools/OrcaSlicer.AppImage",
        "tools/readme.txt",
        "tools/PrusaSlicer-sources.tar.gz",
        "tools/deep/er/and/deeper/prusa-slicer",
    ],
)
def test_what_is_not_it_is_not_even_started(machine: Machine, place: str) -> None:
    machine.install(machine.root / place)
    assert machine.detector().installations() == ()
    assert machine.asked() == 0


def test_a_file_that_may_not_be_run_is_not_it(machine: Machine) -> None:
    machine.install(machine.tools / "prusa-slicer", executable=False)
    assert machine.detector().installations() == ()


def test_config_stands_before_tools_before_path_before_usual(machine: Machine) -> None:
    places = [
        machine.root / "mine" / "special-build",
        machine.tools / "prusa-slicer",
        machine.path / "prusa-slicer",
        machine.usual / "prusa-slicer",
    ]
    for place in places:
        machine.install(place)
    for place in places:
        configured = [places[0]] if place == places[0] else []
        (found,) = machine.detector(*configured).installations()
        assert found.program == place
        place.unlink()


def test_a_configured_folder_is_looked_into(machine: Machine) -> None:
    program = machine.install(machine.root / "slicers" / "prusa-slicer")
    (found,) = machine.detector(machine.root / "slicers").installations()
    assert found.program == program


def test_a_configured_path_that_leads_nowhere_is_told(machine: Machine) -> None:
    machine.install(machine.tools / "prusa-slicer")
    found, missing = machine.detector("/no/such/slicer").installations()
    assert (found.problem, missing.version) == ("", "")
    assert missing.problem == (
        "config.json names /no/such/slicer for PrusaSlicer, but there is no such program. "
        "Correct slicer.prusa_paths or install it there."
    )


def test_the_next_is_taken_when_one_does_not_answer(machine: Machine) -> None:
    machine.install(machine.tools / "prusa-slicer").write_text("#!/bin/sh\nexit 3\n")
    good = machine.install(machine.path / "prusa-slicer")
    (found,) = machine.detector().installations()
    assert (found.program, found.problem) == (good, "")


def test_one_that_cannot_be_used_stays_with_its_reason(machine: Machine) -> None:
    machine.install(machine.tools / "prusa-slicer", version="2.2.0")
    (found,) = machine.detector().installations()
    assert found.problem == "PrusaSlicer 2.2.0 is too old. Install 2.4 or later."


def test_one_program_by_two_ways_is_asked_once(machine: Machine) -> None:
    program = machine.install(machine.tools / "prusa-slicer", version="2.2.0")
    (machine.path / "prusa-slicer").symlink_to(program)
    (machine.tools / "PrusaSlicer").symlink_to(program)
    assert len(machine.detector(program).installations()) == 1
    assert machine.asked() == 1


def test_it_is_asked_again_only_when_told_to(machine: Machine) -> None:
    program = machine.install(machine.tools / "prusa-slicer")
    detector = machine.detector()
    assert detector.installations() == detector.installations()
    assert machine.asked() == 1
    machine.install(program, version="2.9.0")
    assert detector.installations()[0].version == "2.7.4"
    assert detector.look()[0].version == "2.9.0"
    assert detector.installations()[0].version == "2.9.0"
    program.unlink()
    assert detector.look() == ()


def test_a_folder_with_very_many_files_is_not_read_to_its_end(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detect, "_MAX_ENTRIES", 3)
    for number in range(20):
        (machine.tools / f"file{number}").touch()
    program = machine.install(machine.tools / "prusa-slicer")
    assert machine.detector().installations()[0].program == program  # by its name


@pytest.mark.skipif(PROGRAM is None, reason="prusa-slicer is not installed (make test installs it)")
def test_the_real_one_is_found_where_it_is(tmp_path: Path) -> None:
    found = Detector(list(all_engines().values()), {}, tmp_path).installations()
    real = [item for item in found if item.engine == "prusa"]
    assert [(str(item.program), item.problem) for item in real] == [(PROGRAM, "")]


# -- whom to ask


def installed(*engines: str) -> list[Installation]:
    return [Installation(engine=engine, program=Path("/x") / engine) for engine in engines]


ALL = installed("cura", "prusa", "bambu", "orca")


@pytest.mark.parametrize(
    ("preferred", "kind", "order"),
    [
        ("auto", "bambu", ["orca", "bambu", "prusa", "cura"]),
        ("auto", "moonraker", ["prusa", "cura", "orca", "bambu"]),
        ("auto", "octoprint", ["prusa", "cura", "orca", "bambu"]),
        ("auto", "prusalink", ["prusa", "cura", "orca", "bambu"]),
        ("auto", "", ["prusa", "cura", "orca", "bambu"]),
        ("cura", "moonraker", ["cura", "prusa", "orca", "bambu"]),
        ("bambu", "bambu", ["bambu", "orca", "prusa", "cura"]),
    ],
)
def test_whom_to_ask_first(preferred: str, kind: str, order: list[str]) -> None:
    assert [item.engine for item in choose(preferred, ALL, kind)] == order


def test_one_with_a_problem_or_of_no_known_name_is_never_asked() -> None:
    broken = [Installation(engine="prusa", program=Path("/x"), problem="It is too old.")]
    assert choose("prusa", [*broken, *installed("slic3r", "cura")], "moonraker") == tuple(
        installed("cura")
    )
    assert choose("auto", [], "bambu") == ()
