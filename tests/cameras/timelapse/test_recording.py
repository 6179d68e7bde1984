"""Which reports of a printer ask for frames, and which end the recording."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from cameras.timelapse.manifest import Manifest, PrintMark, State
from cameras.timelapse.prints import is_same
from cameras.timelapse.recording import Recording, keeps_warm
from cameras.timelapse.shooter import End, Shooter, Shot
from core.camera_config import TimelapseConfig
from core.clock import ManualClock
from printers.status import Fault, PrinterState, Severity

P = PrinterState


class Hand:
    """Stands for the shooter's thread: notes what it is asked for."""

    def __init__(self) -> None:
        self.shots: list[Shot] = []
        self.ends: list[End] = []
        self.resting = False

    def request(self, shot: Shot) -> None:
        assert not self.ends, "a shot after the end"
        self.shots.append(shot)

    def rest(self, resting: bool) -> None:
        self.resting = resting

    def end(self, end: End) -> None:
        assert not self.ends, "ended twice"
        self.ends.append(end)


class Case:
    def __init__(self, clock: ManualClock, kit: SimpleNamespace, **config: Any) -> None:
        self.clock, self.kit, self.hand = clock, kit, Hand()
        began = Manifest(
            id="20270115-080000-0a0b0c", printer_id="alder", printer="Alder",
            state=State.RECORDING, started_at=clock.time(), camera_id="cam",
            mark=config.pop("mark", PrintMark(name="gear", file="gear.gcode")),
            layer=config.pop("layer", 0), percent=config.pop("percent", 0),
        )  # fmt: skip
        self.recording = Recording(
            began, cast(Shooter, self.hand), TimelapseConfig(**config), clock
        )

    def see(self, state: PrinterState = P.PRINTING, after: float = 1.0, **more: Any) -> None:
        self.clock.advance(after)
        self.recording.see(self.kit.status(self.clock, state, **more))

    def tick(self, after: float) -> None:
        self.clock.advance(after)
        self.recording.tick()

    @property
    def layers(self) -> list[int]:
        return [shot.changes["layer"] for shot in self.hand.shots]

    @property
    def result(self) -> str:
        return self.hand.ends[0].result if self.hand.ends else ""


@pytest.fixture
def case(clock: ManualClock, kit: SimpleNamespace) -> Case:
    return Case(clock, kit)


def test_a_frame_per_layer(case: Case) -> None:
    for layer in (0, 1, 1, 2, 0, 2, 3):
        case.see(layer=layer)
    assert case.layers == [1, 2, 3]


def test_a_frame_is_due_when_the_head_is_parked(clock: ManualClock, kit: SimpleNamespace) -> None:
    case = Case(clock, kit, delay_s=2.5)
    case.see(layer=1)
    assert case.hand.shots[0].due == clock.monotonic() + 2.5


def test_nothing_while_paused_or_preparing(case: Case) -> None:
    case.see(P.PREPARING, layer=1)
    case.see(P.PRINTING, layer=1)
    case.see(P.PAUSED, layer=2)
    assert case.hand.resting
    case.see(P.FAULT, layer=2)
    case.see(P.PRINTING, layer=2)
    assert case.layers == [1, 2] and not case.hand.resting


def test_by_time_where_no_layers_are_told(case: Case) -> None:
    case.see(percent=1)
    for _ in range(7):
        case.tick(10)
        case.see(after=0, percent=2)
    assert len(case.hand.shots) == 3  # at 0, 30 and 60 s


def test_by_time_only_while_the_printer_is_heard(case: Case) -> None:
    case.see()
    case.tick(40)  # its last word is 40 s old: it may have paused long since
    assert len(case.hand.shots) == 1
    case.see()
    assert len(case.hand.shots) == 2


def test_no_layers_told_and_none_but_layers_wanted(
    clock: ManualClock, kit: SimpleNamespace
) -> None:
    case = Case(clock, kit, mode="layer")
    case.see()
    case.tick(9)
    assert case.hand.shots == []


def test_by_time_though_layers_are_told(clock: ManualClock, kit: SimpleNamespace) -> None:
    case = Case(clock, kit, mode="interval", every_s=5)
    for layer in range(10):
        case.see(layer=layer)
    assert len(case.hand.shots) == 2


@pytest.mark.parametrize(
    ("state", "more", "result", "settle"),
    [
        (P.FINISHED, {}, "finished", 0),
        (P.FAILED, {}, "failed", 5),
        (P.IDLE, {}, "unknown", 11),
        (P.IDLE, {"name": ""}, "unknown", 11),
        (P.IDLE, {"ended": "cancelled"}, "cancelled", 0),
        (P.IDLE, {"ended": "finished"}, "finished", 0),
        (P.FINISHED, {"name": "other"}, "unknown", 11),
        (P.PREPARING, {"name": "other"}, "unknown", 0),
        (P.PRINTING, {"name": "other"}, "unknown", 0),
    ],
)
def test_how_it_ended(
    case: Case, state: PrinterState, more: dict[str, Any], result: str, settle: int
) -> None:
    case.see(layer=1)
    case.see(state, **more)
    seen_at = case.clock.time()
    if settle:
        assert not case.result, "its end may still turn out to be another"
        case.tick(settle)
    assert case.result == result and case.recording.over
    assert case.hand.ends[0].at == seen_at


@pytest.mark.parametrize("state", [P.OFFLINE, P.CONNECTING, P.UNKNOWN, P.AUTH, P.BUSY, P.FAULT])
def test_what_proves_no_end(case: Case, state: PrinterState) -> None:
    case.see(layer=1)
    for _ in range(40):
        case.see(state, after=5)
        case.tick(5)
    assert not case.result
    case.see(layer=9)
    assert case.layers == [1, 9]


def test_a_cancellation_shown_for_a_moment(case: Case) -> None:
    """A Bambu printer shows its code before it says FAILED (bambu-lan A5.1)."""
    fault = Fault(code="0300-400C", text="Cancelled", severity=Severity.SERIOUS)
    case.see(layer=1)
    case.see(layer=1, faults=(fault,))
    case.see(P.FAILED)
    case.tick(5)
    assert case.result == "cancelled"


def test_a_p1s_forgets_its_progress_before_it_says_that_it_was_stopped(case: Case) -> None:
    fault = Fault(code="0300-400C", text="Cancelled", severity=Severity.SERIOUS)
    case.see(layer=60, percent=60)
    case.see(layer=60, percent=60, faults=(fault,))
    case.see(layer=None, percent=0)
    case.tick(31)
    case.see(layer=None, percent=0, after=0)
    assert case.layers == [60] and not case.result
    case.see(P.FAILED, percent=0)
    case.tick(5)
    assert case.result == "failed", "that stop is too long ago to have caused this"


def test_the_effect_of_a_stop_may_take_some_seconds(case: Case) -> None:
    case.see(layer=60, percent=60)
    case.see(layer=60, percent=60, cancelled=True)
    case.see(percent=0, after=3)
    case.see(P.FAILED, percent=0, after=3)
    case.tick(5)
    assert case.result == "cancelled"


def test_an_idle_moment_is_no_end(case: Case) -> None:
    case.see(layer=1)
    case.see(P.IDLE)
    case.see(layer=2)
    case.tick(10)
    assert not case.result and case.layers == [1, 2]


def test_ids_that_come_late_make_no_new_print(case: Case) -> None:
    case.see(layer=1)
    case.see(layer=2, task_id="77", subtask_id="0")
    case.see(layer=3, task_id="77", subtask_id="9")
    assert case.recording.manifest.mark.task_id == "77"
    assert not case.result
    case.see(layer=1, task_id="78", subtask_id="9")
    assert case.result == "unknown"


def test_the_same_file_again_though_nobody_saw_it_prepare(case: Case) -> None:
    case.see(layer=80, percent=80)
    case.see(layer=1, percent=1)
    assert case.result == "unknown"


def test_it_looks_once_a_second_where_no_time_is_due(case: Case) -> None:
    assert case.recording.left() == 1.0
    case.see(P.PAUSED)
    assert case.recording.left() == 1.0
    case.see()
    assert case.recording.left() == 1.0  # the next one is due in 30 s
    case.clock.advance(29.5)
    assert case.recording.left() == 1.0  # its last word is too old
    case.see(after=0)
    assert case.recording.left() == 0.5
    case.see(layer=3)
    case.clock.advance(40)
    case.see(layer=3, after=0)
    assert case.recording.left() == 1.0  # layers come when they come


def test_the_same_file_again_is_another_print(case: Case) -> None:
    case.see(layer=80, percent=80)
    case.see(P.PREPARING, layer=0, percent=0)
    assert case.result == "unknown"


@pytest.mark.parametrize(("percent", "layer", "result"), [(61, 61, ""), (3, 2, "unknown")])
def test_after_a_restart(
    clock: ManualClock, kit: SimpleNamespace, percent: int, layer: int, result: str
) -> None:
    """Identity is name and progress where the printer gives no ids."""
    case = Case(clock, kit, layer=60, percent=60)
    case.see(layer=layer, percent=percent)
    assert case.result == result
    assert case.layers == ([] if result else [61])


def test_after_a_restart_no_layer_twice(clock: ManualClock, kit: SimpleNamespace) -> None:
    case = Case(clock, kit, layer=60)
    case.see(layer=60)
    case.see(layer=61)
    assert case.layers == [61]


def test_layers_that_are_told_no_more_give_way_to_the_time(
    clock: ManualClock, kit: SimpleNamespace
) -> None:
    case = Case(clock, kit, every_s=20)
    case.see(layer=1)
    case.see(layer=2)
    for _ in range(5):  # one silence may be a hiccup, and a layer takes its time
        case.see(layer=None, after=10)
    assert case.layers == [1, 2]
    for _ in range(6):
        case.see(layer=None, after=10)
    frames = len(case.hand.shots)
    assert frames >= 4
    case.see(layer=3)
    case.see(layer=4)
    assert [shot.changes["layer"] for shot in case.hand.shots[frames:]] == [3, 4]


def test_mode_layer_never_goes_by_time(clock: ManualClock, kit: SimpleNamespace) -> None:
    case = Case(clock, kit, mode="layer", every_s=20)
    case.see(layer=1)
    for _ in range(12):
        case.see(layer=None, after=10)
    assert case.layers == [1]


def test_it_ended_while_the_farm_was_away(clock: ManualClock, kit: SimpleNamespace) -> None:
    case = Case(clock, kit, layer=60, percent=60)
    case.see(P.FINISHED, layer=100, percent=100)
    assert case.result == "finished"


def test_a_person_ends_it(case: Case) -> None:
    case.see(layer=1)
    case.recording.stop()
    case.see(layer=2)
    assert case.result == "stopped" and case.layers == [1]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (PrintMark("a", "a.g"), PrintMark("a", "a.g"), True),
        (PrintMark("a", "a.g"), PrintMark("b", "b.g"), False),
        (PrintMark("a", "a.g"), PrintMark("", "a.g"), True),
        (PrintMark("a", "", "7"), PrintMark("b", "", "7"), True),
        (PrintMark("a", "", "7"), PrintMark("a", "", "8"), False),
        (PrintMark("a"), PrintMark("a", "x.g", "7"), True),
    ],
)
def test_one_print_or_two(one: PrintMark, other: PrintMark, same: bool) -> None:
    assert is_same(one, other) is same


def test_the_camera_is_let_go_between_rare_frames() -> None:
    assert keeps_warm(TimelapseConfig(mode="layer"))
    assert keeps_warm(TimelapseConfig(mode="interval", every_s=10))
    assert not keeps_warm(TimelapseConfig(mode="interval", every_s=600))
