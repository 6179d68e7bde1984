"""The defect watch of the farm: one thread that follows the printers, looks when a picture is due
and hands questions, pauses and alerts to those who may wait for them."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from alerts.codec import event_to_json, events_from_json, storable
from alerts.defects import words
from alerts.defects.asking import Answer, Asking, Spawn, in_thread
from alerts.defects.blindness import Blindness
from alerts.defects.budget import Budget
from alerts.defects.eye import WARM_S, Sight
from alerts.defects.guard import Guard
from alerts.defects.health import Health
from alerts.defects.letters import Tested, Wish
from alerts.defects.memory import Memory, part
from alerts.defects.prints import Print, dump, stake
from alerts.defects.verdict import OF_ONE_PICTURE, Provider, Trouble, Verdict
from alerts.defects.view import View, view_of
from alerts.defects.words import Subject
from alerts.model import Event, Sink
from core.clock import Clock
from core.errors import Blocked, FarmError, NotFound, StorageError
from core.events import Bus
from core.files import write_durably
from printers.commands import Pause
from printers.registry import Registry, Snapshot

logger = logging.getLogger(__name__)

TICK_S = 1.0
REST_S = 0.2
"""Reports that come meanwhile are one turn's work, however many printers there are."""
_ANSWER_S = 5.0
_ANSWERS, _WISHES, _PAUSES, _TESTS = "defect-answer", "defect-wish", "defect-pause", "defect-test"
_SAVE_S = 60.0
"""How often counts of calls that cost nothing are written."""
_FARM = Subject("", "The farm")

Execute = Callable[[str, Pause], Any]
"""Fleet.execute. Raises FarmError."""
RunOf = Callable[[str], str]
"""printer_id -> what results name the print there, "" = not known."""


class DefectWatch:
    """``start`` and ``stop`` once each; the other public methods from any thread."""

    def __init__(
        self, provider: Provider, guards: Mapping[str, Guard], budget: Budget, memory: Memory,
        *, registry: Registry, bus: Bus, execute: Execute, run_of: RunOf, sink: Sink,
        photos: Path, clock: Clock, timeout_s: float, chance: Callable[[], float],
        spawn: Spawn = in_thread,
    ) -> None:  # fmt: skip
        """``photos``: the alerts' photo folder; ``timeout_s``: of one question."""
        self._provider, self._guards, self._memory = provider, guards, memory
        self.budget = budget
        self._registry, self._bus, self._clock = registry, bus, clock
        self._execute, self._run_of, self._sink = execute, run_of, sink
        self._photos, self._spawn = photos, spawn
        self._health = Health(chance)
        self._farm = Blindness.of_farm(part(memory.kept, "farm"), clock.time())
        self._owed = events_from_json(memory.kept.get("owed"))  # not yet with the desk
        self._box = bus.subscribe("printer", _ANSWERS, _WISHES, _PAUSES, _TESTS)
        self.asking = Asking(provider, clock, timeout_s, self._deliver, spawn)
        self._proven = False
        """It has answered since it was last in trouble, or since the start."""
        self._money = threading.Lock()
        self._save_at = 0.0
        self._stakes: list[Print | None] = []
        self._views: Mapping[str, View] = MappingProxyType({})
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts:defects", daemon=True)

    # --- any thread --------------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 3.0) -> None:
        """A question under way ends with the process; its answer is dropped."""
        self._stopping.set()
        self._bus.unsubscribe(self._box)
        if self._thread.is_alive():
            self._thread.join(timeout)
        for guard in self._guards.values():
            guard.eye.close()
        self._provider.close()

    def view(self, printer_id: str) -> View | None:
        return self._views.get(printer_id)

    @property
    def trouble(self) -> str:
        """Why nothing is judged at all, "" = it is. No full stop."""
        return self._trouble()

    @property
    def stopped(self) -> bool:
        return self._health.stopped

    def set_watch(self, printer_id: str, on: bool) -> str:
        """Of the print that runs now; a sentence. Raises NotFound, Blocked, FarmError."""
        wish = Wish(printer_id, on)
        self._box.put((_WISHES, secrets.token_hex(8)), wish)
        try:
            return wish.answer.result(_ANSWER_S)
        except TimeoutError as error:
            raise FarmError("The defect watch does not answer; see the server's log.") from error

    def evidence(self, name: str) -> bytes | None:
        """A file of the alerts' photo folder, by the name in a view."""
        try:
            return (self._photos / name).read_bytes()
        except OSError:
            return None

    def spend(self, printer_id: str) -> str:
        """Count a question that is about to be asked; else why it may not be."""
        with self._money:
            why = self.budget.why_not(self._clock.time())
            if not why:
                self.budget.ask(printer_id, self._clock.time())
        return why

    def tested(self, printer_id: str, verdict: Verdict | None, trouble: Trouble | None) -> None:
        """What a person's test gave: one that worked wakes a watch that had stopped."""
        value = Tested(printer_id, verdict, trouble)
        self._box.put((_TESTS, secrets.token_hex(8)), value)

    def _deliver(self, answer: Answer) -> None:
        self._box.put((_ANSWERS, str(answer.number)), answer)

    # --- the thread --------------------------------------------------------------------------

    def _run(self) -> None:
        for snapshot in self._registry.all():
            self._safely(partial(self._report, snapshot))
        while not self._stopping.is_set():
            self.turn(TICK_S)
            self._stopping.wait(REST_S)
        self._save()

    def turn(self, timeout: float) -> None:
        """What has come in within ``timeout`` seconds, and what is due."""
        handle: Mapping[str, Callable[[Any], None]] = {
            "printer": self._report, _ANSWERS: self._answered, _WISHES: self._wished,
            _PAUSES: self._pause_answered, _TESTS: self._test_answered,
        }  # fmt: skip
        for (topic, _), value in self._box.take(timeout).items():
            self._safely(partial(handle[topic], value))
        for work in (self._tick, self._look_around, self._farm_blindness, self._flush):
            self._safely(work)

    def _safely(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:
            # The barrier of this thread: one odd report must not end the watch of all printers.
            logger.exception("the defect watch stumbled")

    def _report(self, snapshot: Snapshot) -> None:
        guard = self._guards.get(snapshot.status.printer_id)
        if guard is not None:
            guard.report(snapshot.status, self._run_of(guard.subject.id))

    def _answered(self, answer: Answer) -> None:
        if not self.asking.take(answer):  # too late to count, but not to be paid
            told = answer.verdict or answer.trouble
            self._pay(answer.printer_id, told.usd if told else None)
            return
        guard = self._guards[answer.printer_id]
        if answer.verdict is not None:
            self._worked()
            self._pay(answer.printer_id, answer.verdict.usd)
            guard.answered(answer.run, answer.verdict, answer.sight)
        elif answer.trouble is not None:
            self._troubled(guard, answer, answer.trouble)

    def _worked(self) -> None:
        self._health.worked()
        self._proven = True

    def _troubled(self, guard: Guard, answer: Answer, trouble: Trouble) -> None:
        self._pay(answer.printer_id, trouble.usd)
        self._health.failed(trouble, self._clock.monotonic())
        guard.failed(trouble, answer.sight, its_own=trouble.code in OF_ONE_PICTURE)

    def _test_answered(self, tested: Tested) -> None:
        if tested.verdict is not None:
            self._worked()
            self._pay(tested.printer_id, tested.verdict.usd)
        elif tested.trouble is not None:
            self._pay(tested.printer_id, tested.trouble.usd)

    def _pay(self, printer_id: str, usd: float | None) -> None:
        with self._money:
            self.budget.pay(printer_id, usd)

    def _wished(self, wish: Wish) -> None:
        guard = self._guards.get(wish.printer_id)
        if guard is None:
            wish.answer.set_exception(
                NotFound(f"There is no printer with the id {wish.printer_id!r}.")
            )
        elif guard.print is None or not guard.print.open:
            text = f"{guard.subject.name} is not printing."
            wish.answer.set_exception(Blocked(text, code="not_printing"))
        else:
            guard.wish(wish.on)
            self._flush()
            off = f"This print of {guard.subject.name} is not watched any more"
            on = f"This print of {guard.subject.name} is watched"
            wish.answer.set_result(on if wish.on else off)

    def _tick(self) -> None:
        for answer in self.asking.overdue():
            if answer.trouble is not None:
                self._troubled(self._guards[answer.printer_id], answer, answer.trouble)
        for guard in self._guards.values():
            guard.tick()

    # --- looking -----------------------------------------------------------------------------

    def _look_around(self) -> None:
        now = self._clock.monotonic()
        due = [(at, guard) for guard in self._guards.values() if (at := guard.due()) is not None]
        for at, guard in sorted(due, key=lambda one: one[0]):
            if at <= now:  # one odd picture must not end the others' turn
                self._safely(partial(self._look, guard, now))
        waiting = {guard.subject.id: at for at, guard in due}
        for guard in self._guards.values():
            wait_s = waiting.get(guard.subject.id, float("inf")) - now
            if not guard.asking and wait_s > WARM_S:
                guard.eye.close()

    def _look(self, guard: Guard, now: float) -> None:
        """Where a question is possible now: else no camera is kept busy for it."""
        if self._trouble() and not self._may_probe(now):
            guard.eye.close()
            return
        if not self.asking.reserve():
            return
        sight = self._sight(guard)
        if sight is None or sight.picture is None or self.spend(guard.subject.id):
            self.asking.release()
            if sight is not None and sight.picture is None:
                guard.saw(sight)
            return
        run = guard.asked()
        self._save_if(self._provider.paid)  # before the question: a crash makes none free
        self.asking.ask(guard.subject.id, run, sight, sight.picture.jpeg)

    def _sight(self, guard: Guard) -> Sight | None:
        """Never raises: a picture that no library expects is one that cannot be judged, and the
        provider's place goes back."""
        try:
            return guard.eye.look()
        except Exception:
            logger.exception("%s: the picture cannot be read", guard.subject.id)
            guard.eye.close()
            return Sight(problem="The camera's picture cannot be read")

    def _may_probe(self, now: float) -> bool:
        with self._money:
            spent = self.budget.why_not(self._clock.time())
        return not spent and self._health.may_ask(now, self.asking.under_way)

    def _trouble(self) -> str:
        with self._money:
            return self._health.text or self.budget.why_not(self._clock.time())

    # --- telling -----------------------------------------------------------------------------

    def _farm_blindness(self) -> None:
        """One incident for all printers: the provider is down, or the day's money is spent."""
        reason, now, at = self._trouble(), self._clock.monotonic(), self._clock.time()
        self._proven = self._proven and not reason
        if not reason:
            if not self._proven:
                self._farm.rest()  # nobody knows yet: what was told before a restart stays
            elif key := self._farm.sees(now):
                self._tell(words.sees(_FARM, "", key, at))
        elif not any(guard.active for guard in self._guards.values()):
            self._farm.rest()
        else:
            self._farm.blind(reason, now)
            if self._farm.tell(now):
                self._tell(words.blind(_FARM, "", self._farm.key, at, reason))

    def _flush(self) -> None:
        """Evidence, then the memory of it and of what is owed, then the events, then a pause: in
        this order nothing is told without its picture, taken for what was told before, or done
        twice, wherever the server is killed."""
        pauses = []
        for guard in self._guards.values():
            if (evidence := guard.take_evidence()) is not None:
                self._keep(*evidence)
            for event in guard.take_events():
                self._tell(event)
            if guard.take_pause():
                pauses.append(guard)
        stakes = [stake(guard.print) for guard in self._guards.values()]
        saved = self._save_and_tell(stakes != self._stakes)
        self._stakes = stakes if saved else []
        for guard in pauses:
            self._pause(guard, saved)
        trouble = self._trouble()
        self._views = MappingProxyType(
            {name: view_of(guard, trouble) for name, guard in self._guards.items()}
        )

    def _keep(self, name: str, jpeg: bytes) -> None:
        try:
            write_durably(self._photos / name, jpeg)
        except StorageError as error:
            logger.warning("defect watch: %s", error.message)  # the alert goes without a picture

    def _tell(self, event: Event) -> None:
        """At the end of this turn, once it is on the disk that it is owed."""
        self._owed.append(storable(event))

    def _save_and_tell(self, at_once: bool) -> bool:
        """Whether it was saved; what is owed is told all the same."""
        owed = self._owed
        try:
            saved = self._save_if(at_once or bool(owed))
        finally:
            self._owed = []
            for event in owed:
                self._safely(partial(self._sink.take, event))
        return saved and self._save_if(bool(owed))

    def _save_if(self, at_once: bool) -> bool:
        """Prints change seldom and are written at once; free calls are counted every minute."""
        now = self._clock.monotonic()
        if not at_once and now < self._save_at:
            return True
        self._save_at = now + _SAVE_S
        return self._save()

    def _save(self) -> bool:
        guards = self._guards.values()
        with self._money:
            day = self.budget.dump()
        return self._memory.save(
            {
                "version": 1,
                "day": day,
                "farm": self._farm.dump(),
                "owed": [event_to_json(event) for event in self._owed],
                "prints": {g.subject.id: dump(g.print) for g in guards if g.print is not None},
                "means": {g.subject.id: g.judge.dump() for g in guards},
            }
        )

    # --- pausing -----------------------------------------------------------------------------

    def _pause(self, guard: Guard, saved: bool) -> None:
        if not saved:
            guard.pause_failed("the farm's disk does not take the note that it was paused.")
            return
        printer_id = guard.subject.id

        def work() -> None:
            why = ""
            try:
                self._execute(printer_id, Pause())
            except FarmError as error:
                why = error.message
            except Exception:
                # The barrier of this thread.
                logger.exception("%s: the defect watch could not pause it", printer_id)
                why = "The farm made a mistake; see the server's log."
            self._box.put((_PAUSES, printer_id), (printer_id, why))

        logger.warning("%s: paused by %s", printer_id, words.WHO)
        self._spawn(work, f"defects:pause:{printer_id}")

    def _pause_answered(self, answer: tuple[str, str]) -> None:
        printer_id, why = answer
        if why:
            self._guards[printer_id].pause_failed(why)
