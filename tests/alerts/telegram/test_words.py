"""Which printer is meant, and texts of others in ours."""

from __future__ import annotations

import pytest

from alerts.channels.telegram.client import BotApi
from alerts.channels.telegram.moves import Moves
from alerts.channels.telegram.orders import replies, telling, words
from alerts.channels.telegram.orders.allowed import Allowed
from alerts.channels.telegram.orders.heard import Place, Spoken, read
from alerts.channels.telegram.orders.replies import Replies
from core.clock import ManualClock
from core.lines import one_line
from core.secret import Secret
from printers.conditions import Conditions
from printers.registry import Snapshot
from printers.status import JobProgress, PrinterState, PrinterStatus


def printer(printer_id: str, name: str, job: str = "") -> Snapshot:
    status = PrinterStatus(
        printer_id=printer_id, name=name, kind="bambu", state=PrinterState.PRINTING,
        job=JobProgress(name=job, file="") if job else None,
    )  # fmt: skip
    return Snapshot(status=status, conditions=Conditions(), revision=1)


CROSSED = [printer("alder", "Birch"), printer("p2", "Alder"), printer("p3", "Cedar")]
TWINS = [printer("p1", "Twin"), printer("p2", "Twin"), printer("p3", "Twin Peaks")]


@pytest.mark.parametrize(
    ("every", "name", "ids"),
    [
        (CROSSED, "alder", ["alder", "p2"]),  # the id of one, the name of another
        (CROSSED, "birch", ["alder"]), (CROSSED, "P2", ["p2"]), (CROSSED, "alder (p2)", ["p2"]),
        (TWINS, "twin", ["p1", "p2"]), (TWINS, "Twin (p1)", ["p1"]), (TWINS, "twin p", ["p3"]),
        (TWINS, "", ["p1", "p2", "p3"]), (TWINS, "peaks", []),
    ],
)  # fmt: skip
def test_no_name_means_one_of_two_printers(
    every: list[Snapshot], name: str, ids: list[str]
) -> None:
    assert [one.status.printer_id for one in words.meant(every, name)] == ids


def test_printers_that_may_be_taken_for_each_other_are_told_apart() -> None:
    assert words.names(TWINS, TWINS) == "Twin (p1), Twin (p2) or Twin Peaks"
    assert [words.called(one, CROSSED) for one in CROSSED] == ["Birch", "Alder (p2)", "Cedar"]
    again = [printer("p1", "Alder"), printer("p2", "Birch")]
    assert words.called(printer("p1", "Alder"), again) == "Alder"


def test_a_files_name_cannot_write_lines_of_ours() -> None:
    spoof = printer("p1", "Alder", "x\nBirch has finished\u202e3fmg\x1b[2J")
    assert "\n" not in telling.line(spoof, 0.0)
    assert telling.farm([spoof], 0.0).count("\n") == 0
    assert telling.printer(spoof, 0.0).startswith("Alder")
    assert one_line(" a\r\n\u2028b\u202ec\x00 ") == "a b c"


def test_a_persons_name_is_one_line() -> None:
    sender = {"id": 7, "is_bot": False, "first_name": "Eve\n2026 INFO all is well"}
    message = {"chat": {"id": 1}, "from": sender, "date": 1, "text": "/status"}
    heard = read({"update_id": 1, "message": message})
    assert isinstance(heard, Spoken) and heard.person.name == "Eve 2026 INFO all is well"


def test_an_answer_that_is_given_up_leaves_no_order_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the next start would say that nobody knows what became of it."""
    monkeypatch.setattr(replies, "MOST", 2)
    clock = ManualClock()
    nowhere = Allowed(Moves(None, [], clock), "", frozenset())
    waiting = Replies(BotApi(Secret("1:x"), "http://127.0.0.1:1", 1.0), clock, nowhere)
    settled: list[bool] = []
    waiting.edit(Place(1), 5, "Alder is stopped.", lambda: settled.append(True))
    for _ in range(2):
        waiting.say(Place(1), "x")
    assert settled == [True] and len(waiting) == 2
