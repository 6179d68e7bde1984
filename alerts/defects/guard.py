"""One printer's part of the defect watch: what has been seen, told and done. It does nothing
itself: events and a wished pause are taken from it. Used by one thread.

The rules (alerts 3.4): one alert per incident, at most one automatic pause per print, none in
the first layers, none in the grace time after a person let the print go on, and never because
of a picture or an answer that cannot be used.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from math import inf

from alerts.defects import policy, rhythm, words
from alerts.defects.blindness import Blindness
from alerts.defects.eye import Eye, Sight
from alerts.defects.prints import Print, follow
from alerts.defects.smoothing import Judge, Judgement
from alerts.defects.verdict import Trouble, Verdict
from alerts.defects.words import Subject
from alerts.model import Event
from cameras.timelapse.prints import is_believable
from core.alert_config import DefectConfig
from core.clock import Clock
from printers.status import PrinterState, PrinterStatus

PROOF_S = 30.0
"""So long after a pause was sent the printer may take to show it."""
ODD_ANSWERS = 3
"""So many in a row that cannot be used are blindness."""
NO_CAMERA_S = 30.0
"""Until it is asked again whether there is a camera."""
_LOST = "The farm cannot know whether it has paused this print before: its file was damaged."


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The last picture that was judged, for people."""

    at: float  # epoch s when it was taken
    score: float = 0.0  # 0–1
    kind: str = ""
    said: str = ""
    problem: str = ""
    jpeg: bytes = b""


class Guard:
    """``eye`` and ``judge`` are the room's to use."""

    def __init__(
        self,
        subject: Subject,
        config: DefectConfig,
        judge: Judge,
        eye: Eye,
        clock: Clock,
        *,
        kept: Print | None = None,
        distrust: bool = False,
    ) -> None:
        """``kept``: its print before a restart; ``distrust``: that was lost."""
        self.subject, self.eye, self.judge = subject, eye, judge
        self._config, self._clock, self._distrust = config, clock, distrust
        self.chosen = not config.printers or subject.id in config.printers
        self.print = kept
        self.status: PrinterStatus | None = None
        self.blindness = Blindness(kept.blind_told, kept.blind_key) if kept else Blindness()
        self.judgement = Judgement()
        self.look: Look | None = None
        self.looks: deque[Look] = deque(maxlen=20)
        self.asking = False
        self.no_camera = False
        self._tries = self._odd = 0
        self._retry_mono: float | None = None
        self._rested_mono = -inf
        self._proof_by: float | None = None
        self._events: list[Event] = []
        self._evidence: tuple[str, bytes] | None = None
        self._pause_wanted = False

    # --- what the room takes from it ---------------------------------------------------------

    def take_events(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def take_evidence(self) -> tuple[str, bytes] | None:
        """(file name, picture) that the events speak of."""
        evidence, self._evidence = self._evidence, None
        return evidence

    def take_pause(self) -> bool:
        """Whether a pause is to be sent now: once only, after the print is on the disk."""
        wanted, self._pause_wanted = self._pause_wanted, False
        return wanted

    # --- questions ---------------------------------------------------------------------------

    @property
    def active(self) -> bool:
        """It prints, is heard, and is to be watched."""
        one = self.print
        if one is None or not one.open or one.wish is False:
            return False
        return (self.chosen or one.wish is True) and self._at_work() is not None

    def _at_work(self) -> PrinterStatus | None:
        """Its report, where that says now that it prints."""
        status = self.status
        if status is None or status.state is not PrinterState.PRINTING:
            return None
        return status if is_believable(status, self._clock.monotonic()) else None

    def gap_s(self) -> float:
        """Seconds between two looks, now."""
        if self.print is None or self.status is None:
            return self._config.interval_s
        at, soon = self._clock.time(), self.judgement.suspected
        return rhythm.gap_s(self._config, self.status, self.print, at, soon)

    def due(self) -> float | None:
        """Monotonic seconds of the next look, None = none is wanted now."""
        one = self.print
        if one is None or not self.active or self.asking:
            return None
        if self._retry_mono is not None:
            return self._retry_mono
        at, gap = self._clock.time(), self.gap_s()
        found_at_work = one.wish is not None or one.percent > 5
        since = max(one.looked_at, one.resumed_at) or (0.0 if found_at_work else one.printing_at)
        return max(self._rested_mono, self._clock.monotonic() + min(gap, since + gap - at))

    # --- the printer's reports ---------------------------------------------------------------

    def report(self, status: PrinterStatus, job: str) -> None:
        """``job``: what results name the print there, "" = not known."""
        self.status = status
        if not is_believable(status, self._clock.monotonic()):
            return
        before, at = self.print, self._clock.time()
        now = follow(before, status, job, at)
        if now is None:
            return
        if before is None or before.run != now.run:
            now = self._begin(before, now)
        elif before.open and not now.open:
            self._end(now, "the print has ended.")
            return
        self.print = self._with_state(now, status.state, at) if now.open else now

    def _begin(self, before: Print | None, now: Print) -> Print:
        if before is not None and before.open:
            self._end(before, "another print runs now.")
        if self._distrust and now.percent > 0:
            now = replace(now, pause="lost", pause_text=_LOST)
        self._distrust = False
        self.blindness, self.look = Blindness(), None
        self._reset()
        return now

    def _reset(self) -> None:
        self.judge.reset()
        self.judgement = Judgement()
        self._tries = self._odd = 0
        self._retry_mono = None

    def _with_state(self, one: Print, state: PrinterState, at: float) -> Print:
        if state is PrinterState.PAUSED:
            return replace(self._proved(one, at), held=True)
        if state is not PrinterState.PRINTING:
            return one
        if one.held:
            one = self._resumed(one, at)
        elif one.pause == "asked" and self._proof_by is None:  # asked before a restart
            self._proof_by = self._clock.monotonic() + PROOF_S
        return one if one.printing_at else replace(one, printing_at=at)

    def _proved(self, one: Print, at: float) -> Print:
        """It is paused; by the watch, if that had asked for it."""
        if one.pause not in ("asked", "late"):
            return one
        if one.pause == "late":
            self._events.append(words.not_paused_over(self.subject, one, at))
        self._proof_by = None
        text = f"Paused by {words.WHO}: {words.looks(one)}."
        return replace(one, pause="done", pause_text=text)

    def _resumed(self, one: Print, at: float) -> Print:
        """A person let it go on: nothing of before counts any more."""
        self._reset()
        one = self._without_alarm(one, "a person let the print go on.")
        return replace(one, held=False, resumed_at=at)

    # --- looks and answers -------------------------------------------------------------------

    def saw(self, sight: Sight) -> None:
        """A look that gave nothing to judge: a problem, no camera, or the picture of before."""
        now = self._clock.monotonic()
        self.no_camera = sight.blank
        wait_s = NO_CAMERA_S if sight.blank else rhythm.retry_s(self._tries)
        self._retry_mono = now + wait_s
        self._tries += 1
        if sight.blank:
            self.blindness.rest()
        elif sight.problem:
            self.blindness.blind(sight.problem, now)

    def asked(self) -> str:
        """Its picture is being judged; which print that is."""
        self.asking, self.no_camera, self._retry_mono = True, False, None
        self._rested_mono = self._clock.monotonic() + rhythm.least_s(self._config)
        if self.print is None:
            return ""
        self.print = replace(self.print, looked_at=self._clock.time())
        return self.print.run

    def failed(self, trouble: Trouble, sight: Sight, *, its_own: bool) -> None:
        """``its_own``: the trouble is of this picture, not of the provider."""
        self.asking = False
        now = self._clock.monotonic()
        self._retry_mono = now + rhythm.retry_s(2 + self._odd)
        if not its_own or not self.active:
            return
        self._odd += 1
        self._note(Look(at=sight.taken_at, problem=trouble.text, jpeg=_jpeg(sight)))
        if self._odd >= ODD_ANSWERS:
            self.blindness.blind(trouble.text, now)

    def answered(self, run: str, verdict: Verdict, sight: Sight) -> None:
        """``run``: of the print that was asked about."""
        self.asking = False
        one = self.print
        late = self._clock.monotonic() - sight.taken_mono > self._config.timeout_s + 30.0
        if one is None or one.run != run or not self.active or late:
            return
        if sight.taken_at < one.resumed_at:
            return  # a person has looked since
        self._tries = self._odd = 0
        one = self._seeing(one)
        self.judgement = judged = self.judge.add(verdict.score)
        self._note(
            Look(at=sight.taken_at, score=judged.score, kind=verdict.kind, said=verdict.said,
                 jpeg=_jpeg(sight))
        )  # fmt: skip
        self.print = self._decided(one, judged, verdict, _jpeg(sight))

    def _note(self, look: Look) -> None:
        self.look = look
        self.looks.append(replace(look, jpeg=b""))

    def _decided(self, one: Print, judged: Judgement, verdict: Verdict, jpeg: bytes) -> Print:
        at = self._clock.time()
        if not one.alarm:
            quiet = bool(one.told) and policy.in_grace(self._config, one, at)
            return self._alarmed(one, judged, verdict, jpeg) if judged.defect and not quiet else one
        if judged.clean:
            return self._without_alarm(one, "the latest pictures look good again.")
        if judged.pause and self._config.pause and not self._why_no_pause(one):
            return self._asking_for_pause(one)
        return one

    def _alarmed(self, one: Print, judged: Judgement, verdict: Verdict, jpeg: bytes) -> Print:
        count = one.told + 1
        kind = verdict.kind if verdict.kind != "none" else one.kind or "other"
        photo = policy.evidence_name(self.subject.id, one, count)
        one = replace(
            one, told=count, alarm=str(count), kind=kind, seen=judged.seen, score=judged.score,
            photo=photo,
        )  # fmt: skip
        self._evidence = (photo, jpeg)
        after = ""
        if self._config.pause and judged.pause:
            if why := self._why_no_pause(one):
                after = f"The farm does not pause it: {why}."
            else:
                one, after = self._asking_for_pause(one), "The farm pauses it."
        self._events.append(words.defect(self.subject, one, self._clock.time(), after))
        return one

    def _why_no_pause(self, one: Print) -> str:
        return policy.why_no_pause(self._config, one, self._at_work(), self._clock.time())

    def _asking_for_pause(self, one: Print) -> Print:
        self._pause_wanted = True
        self._proof_by = self._clock.monotonic() + PROOF_S
        return replace(one, pause="asked")

    def pause_failed(self, why: str, state: str = "failed") -> None:
        """The gate, the printer or the disk said no, or nothing ("late"). ``why``: a sentence."""
        one = self.print
        self._proof_by = None
        if one is None or one.pause != "asked":
            return
        self.print = one = replace(one, pause=state, pause_text=f"Not paused: {why}")
        self._events.append(words.not_paused(self.subject, one, self._clock.time(), why))

    # --- time, and people --------------------------------------------------------------------

    def tick(self) -> None:
        """What time alone changes; called about once a second."""
        now, at = self._clock.monotonic(), self._clock.time()
        if self._proof_by is not None and now >= self._proof_by:
            self.pause_failed(f"the printer did not pause within {PROOF_S:.0f} s.", "late")
        one = self.print
        if one is None or not self.active:
            self.blindness.rest()
            self._retry_mono = None
        elif self.blindness.tell(now):
            self.print = one = self._with_blindness(one)
            reason = self.blindness.reason
            self._events.append(words.blind(self.subject, one.run, one.blind_key, at, reason))

    def wish(self, on: bool) -> None:
        """A person wants the present print watched, or not."""
        one = self.print
        if one is None or not one.open:
            return
        if not on:
            one = self._without_alarm(one, "a person has switched the watch off for this print.")
            one = self._seeing(one, "is off for this print")
        self._reset()
        self.print = replace(one, wish=on, looked_at=0.0)

    def _seeing(self, one: Print, why: str = "sees again") -> Print:
        key = self.blindness.sees(self._clock.monotonic())
        if key:
            self._events.append(words.sees(self.subject, one.run, key, self._clock.time(), why))
        return self._with_blindness(one)

    def _with_blindness(self, one: Print) -> Print:
        return replace(one, blind_told=self.blindness.told, blind_key=self.blindness.key)

    def _without_alarm(self, one: Print, why: str) -> Print:
        at = self._clock.time()
        if one.alarm:
            self._events.append(words.defect_over(self.subject, one, at, why))
        if one.pause in ("failed", "late"):
            self._events.append(words.not_paused_over(self.subject, one, at))
            one = replace(one, pause="over")
        return replace(one, alarm="")

    def _end(self, one: Print, why: str) -> None:
        one = self._without_alarm(one, why)
        self.print = self._seeing(one, "looks no more: the print has ended")
        self._proof_by = None
        self._reset()


def _jpeg(sight: Sight) -> bytes:
    return sight.picture.jpeg if sight.picture else b""
