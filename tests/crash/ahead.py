"""Two jobs of one file on one printer: the second one's file is sent ahead while the first prints,
and the server dies somewhere on that way. Beside the promises of cases.py: no file stays behind.
"""

from __future__ import annotations

import contextlib
import random
import time
from typing import Any

from bench.audit import prints_of, unsettled, violations
from bench.people import People
from bench.records import token_of
from bench.workshop import NoAnswer
from job_queue.job import JobState
from tests.crash.cases import FATES, PATIENCE_S, Bench, Case, Only, Trial, Verdict

SENDING = (
    "before reserved", "after reserved", "mid ahead", "after ahead", "before ready", "after ready",
    "before taken", "after taken", "after proof", "before intent ahead",
)  # fmt: skip
"""No start has been asked for: nothing is uncertain."""
STARTING = ("after intent ahead", "after publish ahead")
CLEARS_S = (1.5, 2.0)
"""People leave the part lying so long: the next file gets there before the bed is clear."""


def cases(make: str, model: str) -> list[Case]:
    """Every point; with every fate from the intent on."""
    before = [Case(make, model, point, "delivered") for point in SENDING]
    return before + [Case(make, model, point, fate) for point in STARTING for fate in FATES]


class AheadTrial(Trial):
    """One case."""

    def __init__(
        self, bench: Bench, number: int, case: Case, patience_s: float = PATIENCE_S
    ) -> None:
        super().__init__(bench, number, case, prestage=[case.make])
        self._patience_s = patience_s
        self.people = People(Only(bench.printers, self.name), self.server, random.Random(1),
                             CLEARS_S)  # fmt: skip

    def run(self, environment: dict[str, str]) -> Verdict:
        return super().run(environment | {"AHEAD": "yes"})

    def _ask(self, knobs: dict[str, Any]) -> None:
        """Twice; the fate is the second start's."""
        jobs = self.server.api("GET", "/api/jobs")[1]["jobs"]
        for _ in range(2 - len(jobs)):
            body = {"file_id": self.file_id, "target": {"printer_id": self.name},
                    "confirm": ["all"]}  # fmt: skip
            status, answer = self.server.api("POST", "/api/jobs", body)
            assert status == 201, answer
            self.archive.wanted[answer["id"]] = 1
        if knobs and len(jobs) == 2 and jobs[1]["staged_on"]:
            self.printers.knobs(self.name, **knobs)

    def _until_calm(self) -> None:
        end = time.monotonic() + self._patience_s
        while time.monotonic() < end:
            with contextlib.suppress(NoAnswer):
                self.people.look_after()
                self._ask({})
                jobs = self.server.api("GET", "/api/jobs")[1]["jobs"]
                over = len(jobs) == 2 and all(JobState(j["state"]).has_ended for j in jobs)
                if over and not self.printers.truth()[self.name]["busy"] and not self._left():
                    return
            time.sleep(0.05)

    def _left(self) -> list[str]:
        """Files of the farm that still lie on the printer."""
        return [path for path in self.printers.files(self.name) if token_of(path) is not None]

    def _verdict(self, died: bool) -> Verdict:
        truth = {self.name: self.printers.truth()[self.name]}
        broken = violations(self.archive, truth, self.people.diary)
        broken += [f"unsettled: {job.state.value}" for job in unsettled(self.archive)]
        broken += [f"left behind: {path}" for path in self._left()]
        ends = sorted({job.state.value for job in self.archive.jobs.values()})
        prints = len(prints_of(truth))
        return Verdict(self.case, died, ", ".join(ends), prints, broken, self.people.diary.answers)
