"""How far a print is: every N percent, a photo every hour, and that it will be done soon."""

from __future__ import annotations

from alerts.model import Kind
from alerts.watch.memory import Run
from alerts.watch.sight import Sight
from alerts.watch.telling import Teller
from alerts.watch.words import duration, facts_of, left, name_of
from core.alert_config import AlertsConfig
from printers.status import JobProgress, PrinterState

_AT_WORK = frozenset({PrinterState.PREPARING, PrinterState.PRINTING})
"""On Bambu printers heating and levelling count, too: a short print is far when it begins."""
_PASSED = 5
"""So many percent behind a step it has not just been passed."""
_NEARLY_DONE = 90
"""Below this percentage "0 min left" means that the printer does not know yet."""


class Progress:
    """One printer's; only while its print goes on."""

    def __init__(self, teller: Teller, config: AlertsConfig) -> None:
        self._teller = teller
        self._config = config

    def see(self, sight: Sight, run: Run) -> None:
        job, state = sight.status.job, sight.status.state
        if not sight.believable or state not in _AT_WORK:
            return
        if job is not None and run.named:
            self._steps(sight, run, job)
        if state is PrinterState.PRINTING:
            if job is not None and run.named:
                self._due(sight, run, job)
            self._photo(sight, run)

    def _steps(self, sight: Sight, run: Run, job: JobProgress) -> None:
        """Only the newest step."""
        every, percent = self._config.progress_step, job.percent
        if not every or percent is None:
            return
        step = percent // every * every
        passed = self._passed(sight, run, percent, step)
        if passed is None or step <= passed or step >= 100:
            return
        run.step, run.counts["progress"] = step, 1
        seconds = None if job.remaining_min is None else job.remaining_min * 60.0
        text = f"{self._teller.name}: {name_of(run.file)} is {percent} % done{left(seconds)}."
        self._teller.tell(
            Kind.PROGRESS, text, run=run.id, key=str(step), facts=facts_of(sight, run)
        )

    def _passed(self, sight: Sight, run: Run, percent: int, step: int) -> int | None:
        """The last step that needs no telling; None while that is not known. Those that a print
        had behind it when it was first seen need none, unless its beginning was told: then a high
        first value is the former print's. A percentage that falls lowers only a first one."""
        if run.step is None:
            if run.news and percent < self._config.progress_step + _PASSED:
                run.step = 0
            elif sight.status.state is not PrinterState.PREPARING:
                run.step = step
        elif not run.counts.get("progress"):
            run.step = min(run.step, step)
        return run.step

    def _due(self, sight: Sight, run: Run, job: JobProgress) -> None:
        """Once a print, and not where it was to take no longer anyway."""
        within, minutes = self._config.due_min, job.remaining_min
        if not within or minutes is None or run.due == "told":
            return
        if minutes == 0 and (job.percent or 0) < _NEARLY_DONE:
            return
        if minutes > within:
            run.due = "armed"
        elif run.due == "armed":
            run.due = "told"
            text = f"{self._teller.name}: {name_of(run.file)} is done in {duration(minutes * 60)}."
            self._teller.tell(Kind.DUE_SOON, text, run=run.id, facts=facts_of(sight, run))

    def _photo(self, sight: Sight, run: Run) -> None:
        """By the wall clock, so that a restart does not begin the hour anew. What was missed
        meanwhile is one photo."""
        every = self._config.photo_interval_s
        if not every:
            return
        if sight.now < run.photo_at:  # the clock was set back
            run.photo_at = sight.now
        if sight.now - run.photo_at < every:
            return
        late = sight.now - run.photo_at >= 2 * every
        run.photo_at = sight.now if late else run.photo_at + every
        run.photos += 1
        text = f"{self._teller.name} prints {name_of(run.file)}."
        self._teller.tell(
            Kind.PHOTO, text, run=run.id, key=str(run.photos), facts=facts_of(sight, run)
        )
