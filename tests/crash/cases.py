"""One printer, one job, one death at a named point, one fate of its start, and what came of it."""

from __future__ import annotations

import contextlib
import random
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.audit import Archive, prints_of, unsettled, violations
from bench.people import People
from bench.records import records
from bench.workshop import NoAnswer, Printers
from job_queue.job import JobState
from tests.crash.forked import Forge, ForkedServer
from tests.crash.kills import TIMING, print_file
from tests.crash.points import AFTER_INTENT, BEFORE_START

TIME_SCALE = 800.0
FATES = ("delivered", "lost", "delayed", "no echo")
_KNOBS: dict[str, dict[str, dict[str, Any]]] = {
    "bambu": {"delayed": {"start_delay_s": 1.0}, "no echo": {"no_ack": True}},
    "octoprint": {"delayed": {"start_delay_s": 1.0}, "no echo": {"answer_lost": True}},
    "moonraker": {"delayed": {"start_delay_s": 1.0}, "no echo": {"answer_lost": True}},
    "prusalink": {"delayed": {"start_delay_s": 1.0}, "no echo": {"answer_lost": True}},
}
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Case:
    make: str
    model: str
    point: str
    fate: str

    def __str__(self) -> str:
        return f"{self.point}, {self.fate}"


def cases(make: str, model: str) -> list[Case]:
    """Every point; from the intent on with every fate of the start."""
    before = [Case(make, model, point, "delivered") for point in BEFORE_START]
    return before + [Case(make, model, point, fate) for point in AFTER_INTENT for fate in FATES]


@dataclass
class Verdict:
    case: Case
    died: bool
    end: str  # the job's last state and its reason
    prints: int
    violations: list[str]
    answers: Counter[str]


class Bench:
    """All printers of one make in one process, a forge, and a library with the file read."""

    def __init__(self, folder: Path, make: str, model: str, count: int) -> None:
        self.folder, self.make, self.model = folder, make, model
        entries = [
            {"id": f"{make}-{n}", "name": f"Number {n}", "type": make, "model": model}
            for n in range(count)
        ]
        self.printers = Printers(entries, folder / "printers", TIME_SCALE)
        self.forge = Forge(folder)
        self.file_id = ""

    def stock(self) -> None:
        """The library of all servers, made by one."""
        server = ForkedServer(self.forge, _made(self.folder / "stock"), [], timing=TIMING)
        server.start()
        name, content = print_file(self.model)
        status, answer = server.upload("/api/files", name, content)
        assert status == 201, answer
        self.file_id = answer["id"]
        end = time.monotonic() + 30
        while server.api("GET", "/api/files")[1]["files"][0]["plates"][0]["bounds_state"] != "done":
            assert time.monotonic() < end, "the file was not read"
            time.sleep(0.05)
        server.stop()

    def close(self) -> None:
        self.forge.close()
        self.printers.close()

    def run(self, number: int, case: Case, **environment: str) -> Verdict:
        return Trial(self, number, case).run(environment)


class Trial:
    """One case."""

    def __init__(self, bench: Bench, number: int, case: Case, prestage: Sequence[str] = ()) -> None:
        self.case = case
        self.printers = bench.printers
        self.name = f"{bench.make}-{number}"
        self.file_id = bench.file_id
        folder = _made(bench.folder / f"case-{number}")
        shutil.copytree(bench.folder / "stock" / "data" / "files", folder / "data" / "files")
        entry = next(one for one in bench.printers.entries if one["id"] == self.name)
        self.server = ForkedServer(
            bench.forge, folder, [entry], timing=TIMING,
            dispatch={"interval_s": 0.3 if prestage else 1, "prestage": list(prestage)},
        )  # fmt: skip
        self.people = People(Only(bench.printers, self.name), self.server, random.Random(1), (0, 0))
        self.archive = Archive()

    def run(self, environment: dict[str, str]) -> Verdict:
        knobs = _KNOBS[self.case.make].get(self.case.fate, {})
        self.server.start(CRASH_AT=self.case.point, FATE=self.case.fate, **environment)
        died = self._until_death(knobs)
        self.printers.knobs(self.name, **{key: type(value)() for key, value in knobs.items()})
        self.server.start(**environment)
        self._until_calm()
        self.server.stop()
        self.archive.take(records(self.server.data))
        return self._verdict(died)

    def _until_death(self, knobs: dict[str, Any]) -> bool:
        """Mark the bed, ask for a print, look after it, until the point is reached."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            with contextlib.suppress(NoAnswer):
                self.people.look_after()
                self._ask(knobs)
            if self.server.died(0.05):
                return True
        self.server.kill()
        return False

    def _ask(self, knobs: dict[str, Any]) -> None:
        """Once, and again when the server died before it was on record. The printer's part of
        the fate begins when the transfer is over."""
        jobs = self.server.api("GET", "/api/jobs")[1]["jobs"]
        if not jobs:
            body = {"file_id": self.file_id, "target": {"printer_id": self.name},
                    "confirm": ["all"]}  # fmt: skip
            if "answer_lost" not in knobs:
                self.printers.knobs(self.name, **knobs)
            status, answer = self.server.api("POST", "/api/jobs", body)
            assert status == 201, answer
            self.archive.wanted[answer["id"]] = 1
        elif "answer_lost" in knobs and jobs[0]["state"] in ("uploaded", "starting"):
            self.printers.knobs(self.name, **knobs)

    def _until_calm(self) -> None:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            with contextlib.suppress(NoAnswer):
                self.people.look_after()
                self._ask({})
                jobs = self.server.api("GET", "/api/jobs")[1]["jobs"]
                busy = self.printers.truth()[self.name]["busy"]
                if jobs and not busy and all(_is_over(job["state"]) for job in jobs):
                    return
            time.sleep(0.05)

    def _verdict(self, died: bool) -> Verdict:
        truth = {self.name: self.printers.truth()[self.name]}
        broken = violations(self.archive, truth, self.people.diary)
        broken += [f"unsettled: {job.state.value}" for job in unsettled(self.archive)]
        job = next(iter(self.archive.jobs.values()))
        if job.state.is_waiting:
            broken.append(f"stuck: {job.state.value} {job.error}")
        why = f" ({job.error.code})" if job.error else ""
        prints = len(prints_of(truth))
        if job.state is not JobState.FINISHED and prints == 0:
            broken.append(f"never printed: {job.state.value}{why}")
        return Verdict(
            self.case, died, f"{job.state.value}{why}", prints, broken, self.people.diary.answers
        )


class Only(Printers):
    """The people of one case see its printer only."""

    def __init__(self, printers: Printers, name: str) -> None:
        self._all = printers
        self.control = printers.control
        self.entries = [entry for entry in printers.entries if entry["id"] == name]
        self.ids = [name]


def _is_over(state: str) -> bool:
    return JobState(state).has_ended


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
