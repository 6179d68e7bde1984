"""One farm under load whose server is killed again and again, and what became of its jobs.

Printers of all four makes live on in a process of their own. Jobs wait, files are sent, prints
begin and end, people clear beds, and at random moments (seeded) the server gets SIGKILL: while it
starts, transfers, has just written its intent, or does nothing. Then it is started again.
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.audit import Archive, pessimism, prints_of, unsettled, violations
from bench.people import People
from bench.records import records, token_of
from bench.workshop import NoAnswer, Printers, Server
from job_queue.job import JobState
from simulator.plain_gcode import build_gcode
from simulator.plates import PlateSpec, build_gcode_3mf

TIME_SCALE = 600.0
MINUTES = 16.0
"""A print of 1.6 s besides its heating."""
ENTRIES = (
    {"id": "alder", "name": "Alder", "type": "bambu", "model": "P1S"},
    {"id": "birch", "name": "Birch", "type": "bambu", "model": "P1S"},
    {"id": "cedar", "name": "Cedar", "type": "octoprint", "model": "MK3S"},
    {"id": "elm", "name": "Elm", "type": "prusalink", "model": "MK3S", "flavour": "mk3"},
    {"id": "fir", "name": "Fir", "type": "moonraker", "model": "Voron 2.4"},
    {"id": "hazel", "name": "Hazel", "type": "prusalink", "model": "MK4"},
)
MAKES = {entry["id"]: entry["type"] for entry in ENTRIES}
MODELS = ("P1S", "MK3S", "Voron 2.4", "MK4")
TIMING = {
    "evidence_s": 2.0, "quiet_s": 1.5, "stopping_s": 2.0, "undo_s": 0.5, "cleanup_every_s": 1.0,
    "cleanup_delay_s": 0.2, "keep_failed_s": 2.0, "batch_s": 0.05, "tick_s": 0.2,
    "watched_s": 3.0, "unwatched_s": 5.0, "sight_every_s": 0.3,
}  # fmt: skip
OUT_OF_SIGHT_S = TIMING["unwatched_s"] + 0.5
"""A print at the screen that the farm is to miss wholly: it lasts at least so long there. These
printers would be done sooner, and the farm's restart is not 600 times as fast."""
ENOUGH_WAITING = 5
DRAIN_S = 60.0


@dataclass
class Outcome:
    """What one farm came to."""

    seed: int
    kills: int = 0
    during_boot: int = 0
    foreign: int = 0  # prints that people began at a screen while the server was dead
    missed: Counter[str] = field(default_factory=Counter)  # of these over before it was back: make
    at: Counter[str] = field(default_factory=Counter)  # states of open jobs when it died
    prints: int = 0
    copies: int = 0
    ends: Counter[str] = field(default_factory=Counter)  # JobState.value -> copies
    answers: Counter[str] = field(default_factory=Counter)
    restarts_s: list[float] = field(default_factory=list)
    pessimism: Counter[str] = field(default_factory=Counter)  # make: why told as failed
    refused_kinds: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    took_s: float = 0.0


class KilledFarm:
    """Printers, a server that dies, people, and somebody who keeps asking for more prints."""

    def __init__(self, folder: Path, seed: int, module: str) -> None:
        self.rng = random.Random(seed)
        self.outcome = Outcome(seed)
        self.archive = Archive()
        folder.mkdir(parents=True, exist_ok=True)
        self.printers = Printers(ENTRIES, folder / "printers", TIME_SCALE)
        self.server = Server(
            folder, self.printers.entries, timing=TIMING,
            dispatch={"interval_s": 1, "max_uploads": 4}, module=module,
        )  # fmt: skip
        self.people = People(self.printers, self.server, self.rng, (0.0, 0.4), in_a_hurry=0.1)
        self.files: dict[str, str] = {}
        self._theirs: dict[str, list[str]] = {entry["id"]: [] for entry in ENTRIES}

    def close(self) -> None:
        self.server.kill()
        self.printers.close()

    # -- the load --------------------------------------------------------------------------------

    def open(self) -> None:
        """The first start, and files in the library."""
        self.server.start()
        for model in MODELS:
            name, content = print_file(model)
            status, answer = self.server.upload("/api/files", name, content)
            assert status == 201, answer
            self.files[model] = answer["id"]
        self._slow_down()

    def _slow_down(self) -> None:
        """So that transfers and starts last long enough to be hit."""
        for entry in ENTRIES:
            speed = self.rng.choice((0, 400_000, 1_000_000))
            key = "ftps_bytes_per_s" if entry["type"] == "bambu" else "upload_bytes_per_s"
            self.printers.knobs(
                entry["id"], start_delay_s=self.rng.choice((0.0, 0.0, 0.3)), **{key: speed}
            )

    def _ask_for_more(self) -> None:
        """People in front of the panel. What was not acknowledged is not counted as wanted."""
        jobs = self.server.api("GET", "/api/jobs")[1]["jobs"]
        left = sum(job["left"] for job in jobs)
        if left < ENOUGH_WAITING:
            copies = self.rng.choice((1, 1, 2, 3))
            model = self.rng.choice(MODELS)
            body = {
                "file_id": self.files[model], "copies": copies, "confirm": ["all"],
                "target": self._target(model), "priority": self.rng.choice((0, 0, 2)),
            }  # fmt: skip
            status, answer = self.server.api("POST", "/api/jobs", body)
            assert status == 201, answer
            self.archive.wanted[answer["id"]] = copies
        elif self.rng.random() < 0.1:
            self._start_directly()

    def _target(self, model: str) -> dict[str, Any]:
        meant = [entry["id"] for entry in ENTRIES if entry["model"] == model]
        return self.rng.choice(
            ({"any": True}, {"model": model}, {"printer_ids": meant}, {"printer_id": meant[0]})
        )

    def _start_directly(self) -> None:
        """Upload & Start on one printer, whatever it is doing."""
        entry = self.rng.choice(ENTRIES)
        name, content = print_file(entry["model"])
        fields = {"printer_id": entry["id"], "confirm": "all"}
        status, answer = self.server.upload("/api/upload-and-start", name, content, **fields)
        if status == 202:
            self.archive.wanted[answer["job_id"]] = 1
        else:
            self.outcome.refused_kinds[str(status)] += 1

    # -- the kills -------------------------------------------------------------------------------

    def live_and_die(self) -> None:
        """One life of the server: a random while of work, then SIGKILL, then the next start."""
        seconds = self.rng.choice((0.5, 1.5, 3.0, 5.0)) * self.rng.random()
        hand = threading.Timer(seconds, self.server.strike)
        hand.start()
        while not self.server.died(0.05):  # so that people's requests, too, are cut in the middle
            self._round(self._ask_for_more, self.people.look_after)
        hand.join()
        self._kill()
        if self.rng.random() < 0.12:
            self._somebody_prints()
        elif self.rng.random() < 0.2:
            pause(self.rng.uniform(0.2, 2.0))  # prints end while nobody watches
        began = time.monotonic()
        self.server.launch()
        if self.rng.random() < 0.1:
            pause(self.rng.uniform(0.05, 0.9))
            self._kill()
            self.outcome.during_boot += 1
            self.server.launch()
            began = time.monotonic()
        assert self.server.ready(), self.server.log()[-3000:]
        self.outcome.restarts_s.append(time.monotonic() - began)

    def _kill(self) -> None:
        self.server.kill()
        self.outcome.kills += 1
        state = records(self.server.data)
        self.archive.take(state)
        at = [job.state.value for job in state.open_jobs.values()]
        self.outcome.at.update(at or ["nothing open"])

    def _somebody_prints(self) -> None:
        """At a printer's own screen, on an empty bed, while the farm is down: on any make, and
        rather the file of last time than another. Half of them are over before the farm is back,
        and a bed that was called clear is not clear any more.
        """
        died, truth = time.monotonic(), self.printers.truth()
        free = [n for n in sorted(truth) if not truth[n]["busy"] and not truth[n]["bed"]]
        if not free:
            return
        name = self.rng.choice(free)
        own = [f for f in self.printers.files(name) if "gcode" in f and token_of(f) is None]
        own.sort(key=lambda f: f not in self._theirs[name])
        if own and self.printers.do(name, "start_local", name=own[0]):
            is_new = own[0] not in self._theirs[name] and MAKES[name] != "prusalink"
            self._theirs[name].append(own[0])
            self.outcome.foreign += 1
            if is_new and self.rng.random() < 0.5:
                pause(0.5)  # it may be over when the farm is back, and its name tells
            else:
                self._miss(name, died)

    def _miss(self, name: str, died: float) -> None:
        """The farm stays away until that print is over, and for as long as a print takes."""
        end = died + 20.0
        while self.printers.truth()[name]["busy"] and time.monotonic() < end:
            pause(0.05)
        pause(max(0.0, died + OUT_OF_SIGHT_S - time.monotonic()))
        self.outcome.missed[MAKES[name]] += 1

    def _round(self, *acts: Callable[[], None]) -> None:
        with contextlib.suppress(NoAnswer):
            for act in acts:
                act()

    # -- the end ---------------------------------------------------------------------------------

    def settle(self) -> None:
        """No new work; what is under way comes to its end, with people's help."""
        self.server.api("POST", "/api/dispatch/pause", {})
        end = time.monotonic() + DRAIN_S
        while time.monotonic() < end:
            self._round(self.people.look_after)
            busy = any(machine["busy"] for machine in self.printers.truth().values())
            if not busy and not records(self.server.data).open_jobs:
                break
            pause(0.1)
        self.server.stop()
        self.archive.take(records(self.server.data))

    def judge(self) -> Outcome:
        truth, out = self.printers.truth(), self.outcome
        out.violations = violations(self.archive, truth, self.people.diary)
        out.violations += [
            f"unsettled: {job.id} on {job.printer_id} is {job.state.value}"
            for job in unsettled(self.archive)
        ]
        out.prints = len(prints_of(truth))
        out.answers = self.people.diary.answers
        out.copies = sum(self.archive.wanted.values())
        for job in self.archive.jobs.values():
            copies = job.left if job.state.is_waiting else 1
            out.ends[job.state.value] += copies
        for job in pessimism(self.archive, truth):
            out.pessimism[f"{MAKES[job.printer_id]}: {job.error.code if job.error else ''}"] += 1
        assert out.ends[JobState.FINISHED.value], "nothing was printed: the load is no load"
        return out


def pause(seconds: float) -> None:
    time.sleep(seconds)


def print_file(model: str) -> tuple[str, bytes]:
    if model == "P1S":
        plate = PlateSpec(name="gear", minutes=MINUTES, layers=20)
        return f"Gear {model}.gcode.3mf", build_gcode_3mf([plate], model=model)
    return f"Gear {model}.gcode", build_gcode("gear", model, MINUTES, 20, size_bytes=300_000)


def killed(folder: Path, seed: int, kills: int, module: str = "bench.quick_server") -> Outcome:
    """Run one farm through so many kills. ``module``: the server's entry."""
    began = time.monotonic()
    farm = KilledFarm(folder, seed, module)
    try:
        farm.open()
        while farm.outcome.kills < kills:
            farm.live_and_die()
        farm.settle()
        outcome = farm.judge()
    finally:
        farm.close()
    outcome.took_s = time.monotonic() - began
    if outcome.violations:
        (folder / "violations.txt").write_text("\n".join(outcome.violations))
        logging.getLogger(__name__).error("seed %d: %s", seed, outcome.violations)
    return outcome
