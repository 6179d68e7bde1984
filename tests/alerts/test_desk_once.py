"""Whatever happens in whatever order: each event is told each channel once, or it is said why not.

Events, pictures, mutes, quiet hours, digests, limits, clocks that jump, kills and deliveries in any
order; at the end time goes on until nothing waits any more.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.model import Event, Kind, Level
from alerts.rules.holder import LIVE
from alerts.rules.routing import level_of, rule_for, targets
from core.alert_config import AlertsConfig, QuietConfig, RuleConfig
from tests.alerts.desk_kit import HOOK, TELEGRAM, Office, config, event

QUIET = QuietConfig(start=22 * 60, end=7 * 60)
KINDS = (
    Kind.STARTED, Kind.PROGRESS, Kind.PHOTO, Kind.PAUSED, Kind.RESUMED, Kind.FINISHED, Kind.FAILED,
    Kind.FAULT, Kind.BED_WAITING, Kind.OFFLINE_PRINTING, Kind.ONLINE, Kind.DUE_SOON,
)  # fmt: skip
SHORT = st.floats(0.0, 40.0)
LONG = st.floats(60.0, 30_000.0)

rules = st.lists(
    st.builds(
        RuleConfig,
        name=st.sampled_from(("one", "two", "three")),
        events=st.sampled_from(((), ("now",), ("now", "soon"), ("info",), ("finished", "photo"))),
        channels=st.sampled_from(((), ("hook",), ("tele",))),
        printers=st.sampled_from(((), ("alder",))),
        level=st.sampled_from(("", "now", "info")),
        quiet=st.sampled_from((None, None, QUIET)),
        digest=st.sampled_from((None, None, 8 * 60)),
        group_s=st.sampled_from((0.0, 25.0)),
        per_hour=st.sampled_from((0, 0, 1, 5)),
        template=st.sampled_from(("", "{printer} {percent}")),
        photo=st.booleans(),
    ),
    max_size=3,
    unique_by=lambda rule: rule.name,
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("event"), st.sampled_from(KINDS), st.sampled_from(("alder", "birch"))),
        st.tuples(st.just("event"), st.sampled_from(KINDS), st.sampled_from(("alder", "birch"))),
        st.tuples(st.just("end"), st.sampled_from((Kind.FAULT, Kind.PAUSED)), st.just("alder")),
        st.tuples(st.just("run"), SHORT, st.just("")),
        st.tuples(st.just("run"), LONG, st.just("")),
        st.tuples(st.just("jump"), st.sampled_from((-7200.0, 7200.0)), st.just("")),
        st.tuples(st.just("mute"), st.sampled_from((0.0, 600.0, -1.0)), st.just("alder")),
        st.tuples(st.just("unmute"), st.just(0.0), st.just("alder")),
        st.tuples(st.just("pictures"), st.just(0.0), st.just("")),
        st.tuples(st.just("deliver"), st.just(0.0), st.sampled_from(("hook", "tele"))),
        st.tuples(st.just("kill"), st.just(0.0), st.just("")),
    ),
    max_size=40,
)


class World:
    """Knows what must become of every event it hands over."""

    def __init__(self, settings: AlertsConfig) -> None:
        self.settings = settings
        self.office = Office(settings, slow_cameras=True)
        self.expected: Counter[tuple[str, str]] = Counter()  # (identity, channel)
        self.taken_at: dict[str, float] = {}  # monotonic s
        self.events: dict[str, Event] = {}
        self.killed_at = 0.0
        self.number = 0

    def do(self, what: str, how: object, where: str) -> None:
        getattr(self, f"_{what}")(how, where)

    def _event(self, kind: Kind, printer: str) -> None:
        self.number += 1
        self._hand(event(kind, printer, key=str(self.number), at=self.office.clock.time()))

    def _end(self, kind: Kind, printer: str) -> None:
        begun = [e for e in self.events.values() if e.kind is kind and e.printer_id == printer]
        ended = {e.incident for e in begun if e.ends}
        still = [e for e in begun if e.incident not in ended]
        if still:
            last = still[-1]
            self._hand(event(kind, printer, key=last.key, ends=True))

    def _hand(self, one: Event) -> None:
        office = self.office
        office.mutes.heard(one)
        muted = office.mutes.is_muted(one.printer_id)
        told = {channel for identity, channel in self.expected if identity == one.incident + "|"}
        routes = {} if muted else targets(one, self.settings, told)
        assert office.desk.take(one) and not office.desk.take(one)
        found = office.log.taken(one.identity)
        assert found is not None and found.muted == muted and set(found.to) == set(routes)
        self.expected.update((one.identity, channel) for channel in routes)
        self.taken_at[one.identity] = office.clock.monotonic()
        self.events[one.identity] = one

    def _run(self, seconds: float, _: str) -> None:
        self.office.run(seconds)

    def _jump(self, seconds: float, _: str) -> None:
        self.office.clock.jump(seconds)

    def _mute(self, seconds: float, printer: str) -> None:
        until = self.office.clock.time() + seconds if seconds > 0 else 0.0
        self.office.mutes.mute(printer, until, print_end=seconds < 0)

    def _unmute(self, _: float, printer: str) -> None:
        self.office.mutes.unmute(printer)

    def _pictures(self, *_: object) -> None:
        for one in list(self.office.cameras.open.values())[::2]:
            del self.office.cameras.open[one.identity]
            self.office.desk._photo_taken(one, f"{one.key}.jpg")

    def _deliver(self, _: float, channel: str) -> None:
        self.office.deliver(channel)

    def _kill(self, *_: object) -> None:
        self.office.restart()
        self.killed_at = self.office.clock.monotonic()

    # -- the end -------------------------------------------------------------------------------

    def judge(self) -> None:
        office = self.office
        office.run(60.0)
        for _ in range(240):  # half an hour at a time, for five days
            office.clock.advance(1800.0)
            office.desk.step()
        assert office.log.owed() == () and office.desk.waiting() == 0
        named: Counter[tuple[str, str]] = Counter()
        passed: Counter[tuple[str, str]] = Counter()
        for _, draft in office.made:
            channel = draft.message.channel
            named.update((one.identity, channel) for one in draft.message.events)
            passed.update((identity, channel) for identity in draft.also)
        assert named + passed == self.expected, "each once: in a message, or passed by newer news"
        for identity, _ in passed:
            assert self.events[identity].kind in LIVE
        ids = [draft.message.id for _, draft in office.made]
        assert len(ids) == len(set(ids))

    def judge_haste(self) -> None:
        """Urgent: within two seconds of its being taken, or of the start after a kill."""
        for at, draft in self.office.made:
            for one in draft.message.events:
                rule = rule_for(one, draft.message.channel, self.settings)
                if (
                    level_of(one, rule) is Level.NOW
                    and self.killed_at < self.taken_at[one.identity]
                ):
                    assert at - self.taken_at[one.identity] <= 2.0, one

    def judge_limits(self) -> None:
        for rule in self.settings.rules:
            if not rule.per_hour or rule.quiet or rule.digest is not None:
                continue
            for channel in ("hook", "tele"):
                calm = [
                    at for at, draft in self.office.made
                    if draft.rule == rule.name and draft.message.channel == channel
                    and draft.message.level is not Level.NOW
                ]  # fmt: skip
                for early, late in zip(calm, calm[rule.per_hour :], strict=False):
                    assert late - early >= 3600.0 - 1e-6


@settings(max_examples=300)
@given(rules, steps)
def test_each_event_is_told_each_channel_once(
    rules: list[RuleConfig], steps: list[tuple[str, object, str]]
) -> None:
    world = World(config(*rules, channels=(HOOK, TELEGRAM)))
    for step in steps:
        world.do(*step)
    world.judge()
    world.judge_haste()
    if not any(what in ("jump", "kill") for what, _, _ in steps):
        world.judge_limits()


@settings(max_examples=100)
@given(steps)
def test_what_is_on_the_disk_is_what_a_restart_finds(steps: list[tuple[str, object, str]]) -> None:
    world = World(config(RuleConfig(name="one", quiet=QUIET), channels=(HOOK, TELEGRAM)))
    for step in steps:
        world.do(*step)
    before = world.office
    opened = {(one.id, one.repeats, one.acked_by) for one in before.book.open()}
    owed = before.log.owed()
    pending = [[m.id for m in before.log.pending(channel)] for channel in ("hook", "tele")]
    before.restart()
    assert {(one.id, one.repeats, one.acked_by) for one in before.book.open()} == opened
    assert [(o.event.identity, o.channel) for o in before.log.owed()] == [
        (o.event.identity, o.channel) for o in owed
    ]
    assert [[m.id for m in before.log.pending(channel)] for channel in ("hook", "tele")] == pending
