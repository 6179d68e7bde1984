"""A night and a day of a busy farm in a few minutes: ``python -m bench.rehearsal``.

Thirty simulated printers of all makes, three hundred jobs of one to three copies for all kinds of
targets, people who come to a bed after a random while, and faults that a share of the prints meets.
The real server runs in a process of its own. At the end every copy is accounted for and held
against what the machines really printed; the tables say how long beds waited, for whom, and what
became of each fault. Played twice: without sending files ahead, and with it on every make. Ends
with 1 when anything is amiss.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bench.audit import Archive, unsettled, violations
from bench.gaps import gaps_of
from bench.mishaps import Mishaps
from bench.people import People
from bench.records import records
from bench.rehearsal_table import Played, compared, tables
from bench.workshop import Json, NoAnswer, Printers, Server
from job_queue.job import JobState
from job_queue.starting.staging import ARRIVED
from simulator.plain_gcode import build_gcode
from simulator.plates import PlateSpec, build_gcode_3mf

FLEET = (
    ("bambu", "P1S", 5), ("bambu", "X1C", 3), ("bambu", "A1", 3), ("bambu", "A1 mini", 2),
    ("bambu", "H2D", 1), ("octoprint", "Ender 3", 3), ("octoprint", "MK3S", 2),
    ("moonraker", "Voron 2.4", 3), ("moonraker", "Voron 0.2", 2), ("prusalink", "MK4", 3),
    ("prusalink", "MINI", 1), ("prusalink", "XL", 1), ("prusalink", "MK3S", 1),
)  # fmt: skip
MINUTES = (25.0, 60.0, 140.0)
TIMING = {
    "evidence_s": 5.0, "quiet_s": 4.0, "stopping_s": 3.0, "undo_s": 1.0, "cleanup_every_s": 5.0,
    "cleanup_delay_s": 1.0, "keep_failed_s": 20.0, "stage_rest_s": 20.0,
}  # fmt: skip
HUMAN_S = (0.5, 6.0)
"""From the end of a print until somebody comes: 5 minutes to an hour at the time scale of 600."""
LOOK_S = 0.15
MAKES = ("bambu", "octoprint", "moonraker", "prusalink")
"""Simulated ones, all of them: which real makes tolerate it is told in docs/queue.md."""
WAYS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "off": {"without": ()},
    "on": {"with": MAKES},
    "both": {"without": (), "with": MAKES},
}
"""``--prestage``: by the word in the table, what dispatch.prestage is."""


def fleet(count: int) -> list[Json]:
    """So many printers, of every make among the first few."""
    rows = [(kind, model) for kind, model, most in FLEET for _ in range(most)]
    kinds = [rows[n * 7 % len(rows)] for n in range(count)]
    return [
        {
            "id": f"p{n + 1:02}", "name": f"Printer {n + 1}", "type": kind, "model": model,
            "group": f"Shelf {n % 4 + 1}",
            **({"flavour": "mk3"} if (kind, model) == ("prusalink", "MK3S") else {}),
        }
        for n, (kind, model) in enumerate(kinds)
    ]  # fmt: skip


class Rehearsal:
    """Open, play, judge, close."""

    def __init__(
        self, folder: Path, wanted: argparse.Namespace, prestage: Sequence[str] = ()
    ) -> None:
        self.rng = random.Random(wanted.seed)
        self.entries = fleet(wanted.printers)
        self.archive = Archive()
        self.scale: float = wanted.time_scale
        self.patience_s: float = wanted.patience
        self.transfer_s: float = wanted.transfer
        self.copies = [self.rng.choices((1, 2, 3), (80, 14, 6))[0] for _ in range(wanted.jobs)]
        self.printers = Printers(self.entries, folder / "printers", self.scale)
        self.server = Server(
            folder, self.printers.entries, timing=TIMING,
            dispatch={"interval_s": 1, "max_uploads": wanted.uploads, "prestage": list(prestage)},
        )  # fmt: skip
        self.people = People(self.printers, self.server, self.rng, HUMAN_S)
        self.mishaps = Mishaps(self.printers, self.rng, sum(self.copies), wanted.faults)
        self.files: dict[str, list[str]] = {}
        self.sizes: dict[str, int] = {}  # of the last file of each model, bytes

    def close(self) -> None:
        self.server.stop()
        self.printers.close()

    # -- before ----------------------------------------------------------------------------------

    def open(self) -> None:
        """All files in the library and read, all jobs in the queue."""
        self.server.start()
        for model in sorted({entry["model"] for entry in self.entries}):
            self.files[model] = [self._upload(model, minutes) for minutes in MINUTES]
        self._slow_down()
        end = time.monotonic() + 120
        while any(self._unread(row) for row in self.server.api("GET", "/api/files")[1]["files"]):
            if time.monotonic() > end:
                raise RuntimeError("the files were not read in time")
            time.sleep(0.2)
        self.server.api("POST", "/api/dispatch/pause", {})
        for copies in self.copies:
            self._add(copies)
        self.server.api("POST", "/api/dispatch/resume", {})

    def _slow_down(self) -> None:
        """Transfers take their time, as those of real printers do."""
        for entry in self.entries if self.transfer_s else ():
            key = "ftps_bytes_per_s" if entry["type"] == "bambu" else "upload_bytes_per_s"
            size = self.sizes[entry["model"]]
            self.printers.knobs(entry["id"], **{key: int(size / self.transfer_s)})

    @staticmethod
    def _unread(row: Json) -> bool:
        return any(plate["bounds_state"] == "reading" for plate in row["plates"])

    def _upload(self, model: str, minutes: float) -> str:
        layers = int(minutes * 1.5)
        if any(e["type"] == "bambu" and e["model"] == model for e in self.entries):
            plate = PlateSpec(name="gear", minutes=minutes, layers=layers)
            name, content = (
                f"Gear {model} {minutes:g}.gcode.3mf",
                build_gcode_3mf([plate], model=model),
            )
        else:
            name = f"Gear {model} {minutes:g}.gcode"
            content = build_gcode("gear", model, minutes, layers, size_bytes=400_000)
        self.sizes[model] = len(content)
        status, answer = self.server.upload("/api/files", name, content)
        if status != 201:
            raise RuntimeError(f"{name}: {answer}")
        return str(answer["id"])

    def _add(self, copies: int) -> None:
        entry = self.rng.choice(self.entries)
        body = {
            "file_id": self.rng.choice(self.files[entry["model"]]), "copies": copies,
            "target": self._target(entry), "priority": self.rng.choice((0, 0, 0, 1, 3)),
            "confirm": ["all"],
        }  # fmt: skip
        status, answer = self.server.api("POST", "/api/jobs", body)
        if status != 201:
            raise RuntimeError(f"{body}: {answer}")
        self.archive.wanted[answer["id"]] = copies

    def _target(self, entry: Json) -> Json:
        """One that at least this printer is meant by."""
        alike = [e["id"] for e in self.entries if e["model"] == entry["model"]]
        return self.rng.choices(
            (
                {"any": True}, {"model": entry["model"]}, {"tag": entry["group"]},
                {"printer_ids": alike[:3]}, {"printer_id": entry["id"]},
            ),
            (40, 20, 15, 15, 10),
        )[0]  # fmt: skip

    # -- the play --------------------------------------------------------------------------------

    def play(self) -> Played:
        began = time.time()
        last_records = 0.0
        while time.time() - began < self.patience_s:
            with contextlib.suppress(NoAnswer):
                self.people.look_after()
            self.mishaps.look(self.printers.truth())
            if time.time() - last_records >= 1.0:
                last_records = time.time()
                self.archive.take(records(self.server.data))
                if self._is_over():
                    break
            time.sleep(LOOK_S)
        took_s = time.time() - began
        self.server.stop()
        self.archive.take(records(self.server.data))
        truth = self.printers.truth()
        return Played(
            printers=len(self.entries), jobs=len(self.copies), copies=sum(self.copies),
            scale=self.scale, began=began, took_s=took_s, archive=self.archive, truth=truth,
            diary=self.people.diary, mishaps=self.mishaps.happened,
            gaps=gaps_of(truth, self.people.diary, self.archive),
            violations=[*violations(self.archive, truth, self.people.diary), *self._open_ends()],
            sent_ahead=self.server.log().count(ARRIVED),
        )  # fmt: skip

    def _is_over(self) -> bool:
        return all(job.state.has_ended for job in self.archive.jobs.values())

    def _open_ends(self) -> list[str]:
        waiting = [j for j in self.archive.jobs.values() if j.state is not JobState.FAILED
                   and j.state.is_waiting]  # fmt: skip
        return [f"not ended: {job.id} is {job.state.value}" for job in
                (*waiting, *unsettled(self.archive))]  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench.rehearsal", description=__doc__)
    parser.add_argument("--printers", type=int, default=30)
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--faults", type=float, default=0.05, help="share of prints (0.05)")
    parser.add_argument("--time-scale", type=float, default=600.0)
    parser.add_argument("--uploads", type=int, default=8, help="transfers at the same time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patience", type=float, default=1200.0, help="real seconds")
    parser.add_argument("--transfer", type=float, default=0.42, help="real seconds a file takes")
    parser.add_argument("--prestage", choices=tuple(WAYS), default="both", help="files sent ahead")
    wanted = parser.parse_args(argv)
    plays = {word: _play(wanted, makes) for word, makes in WAYS[wanted.prestage].items()}
    for word, played in plays.items():
        sys.stdout.write(f"## {word.capitalize()} sending ahead\n{tables(played)}\n\n")
    sys.stdout.write(compared(plays) + "\n")
    return 1 if any(played.violations for played in plays.values()) else 0


def _play(wanted: argparse.Namespace, prestage: Sequence[str]) -> Played:
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
        rehearsal = Rehearsal(Path(folder), wanted, prestage)
        try:
            rehearsal.open()
            played = rehearsal.play()
            log = rehearsal.server.log()
        finally:
            rehearsal.close()
    if played.violations or "Traceback" in log:
        sys.stderr.write(log[-6000:])
    return replace(played, load=(load, os.getloadavg()[0]))


if __name__ == "__main__":
    sys.exit(main())
