"""The line and its thread, against real children: order, progress, cancel, limits, the end."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import Blocked, NotFound, Unusable
from slicer.profiles.seats import Seat
from slicer.slicing.task import State
from tests.waiting import wait_for

MakeShop = Callable[..., Any]


def is_alive(pid: int) -> bool:
    """Whether it runs; one that has ended but was not reaped yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def pids_of_hanging(shop: Any, task: Any) -> list[int]:
    note = shop.folder / "slicing" / f"{task.id}-tiny" / "pids"

    def told() -> bool:
        return note.exists() and len(note.read_text().split()) == 2

    wait_for(told)
    return [int(pid) for pid in note.read_text().split()]


def test_a_model_becomes_a_print_file_of_the_library(
    make_shop: MakeShop, kit: SimpleNamespace
) -> None:
    shop = make_shop()
    task = shop.slice(file_id=shop.add(kit.box(), "Kleiner Würfel.STL"))
    assert (task.state, task.percent, task.error, task.engine) == (State.DONE, 100, None, "tiny")
    stored = shop.library.get(task.result_file_id)
    assert stored.name == "Kleiner Würfel TINY.gcode"
    assert stored.file.kind == "gcode" and stored.file.plates[0].models == ("TINY",)
    assert stored.file.plates[0].has_thumbnail  # of the model, as the slicer drew none
    assert task.warnings == ("It was small.",)
    assert list((shop.folder / "slicing").iterdir()) == []  # nothing of it stays behind


def test_the_slicer_sees_the_farms_own_names_only(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.slice(file_id=shop.add(name="--help; rm -rf ~.amf"))
    order = shop.engines[0].orders[0]
    assert order.model == order.folder / "model.amf"
    assert "help" not in str(order.folder)


def test_progress_never_falls_though_the_slicer_s_does(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.slice()
    told = [task.percent for task in shop.seen if task.percent is not None]
    assert told == sorted(told) and {10, 60, 90, 100} <= set(told)
    states = list(dict.fromkeys(task.state for task in shop.seen))
    assert states == [State.WAITING, State.SLICING, State.CHECKING, State.DONE]


def test_they_are_sliced_one_at_a_time_in_the_order_they_came(make_shop: MakeShop) -> None:
    shop = make_shop({"hang": {"do": "hang"}})
    blocker = shop.submit("hang")
    pids_of_hanging(shop, blocker)
    tasks = [shop.submit() for _ in range(3)]
    assert [shop.service.task(task.id).state for task in tasks] == [State.WAITING] * 3
    shop.service.cancel(blocker.id)
    for task in tasks:
        shop.ended(task)
    began = [task.id for task in shop.seen if task.text == "Tiny starts"]
    assert began == [blocker.id, *(task.id for task in tasks)]


def test_cancel_ends_the_slicer_and_its_children(make_shop: MakeShop) -> None:
    shop = make_shop({"hang": {"do": "hang"}})
    task = shop.submit("hang")
    pids = pids_of_hanging(shop, task)
    shop.service.cancel(task.id)
    assert shop.ended(task).state is State.CANCELLED
    wait_for(lambda: not any(is_alive(pid) for pid in pids))
    assert shop.slice().state is State.DONE  # the thread goes on


def test_cancel_of_a_waiting_one_and_of_an_ended_one(make_shop: MakeShop) -> None:
    shop = make_shop(start=False)
    task = shop.submit()
    shop.service.cancel(task.id)
    assert shop.service.task(task.id).state is State.CANCELLED
    shop.service.cancel(task.id)
    with pytest.raises(NotFound):
        shop.service.task(task.id)
    with pytest.raises(NotFound):
        shop.service.cancel(task.id)


@pytest.mark.parametrize("how", ["hang", "stubborn"])
def test_the_farm_s_end_ends_a_slicer_in_time(make_shop: MakeShop, how: str) -> None:
    """Even one that does not listen to SIGTERM: nothing of it is left when ``stop`` returns."""
    shop = make_shop({how: {"do": how}})
    task, waiting = shop.submit(how), shop.submit()
    pids = pids_of_hanging(shop, task)
    shop.service.stop()
    assert shop.service.task(task.id).state is State.CANCELLED
    assert not any(is_alive(pid) for pid in pids)
    assert shop.service.task(waiting.id).result_file_id is None


def test_a_slicer_that_takes_too_long_is_ended_with_a_sentence(make_shop: MakeShop) -> None:
    shop = make_shop({"hang": {"do": "hang"}}, timeout_s=1.0)
    task = shop.slice("hang")
    assert task.error.code == "slicing_too_long"
    assert "Tiny was not done after 1 s" in task.error.text


def test_a_slicer_that_fills_the_disk_is_ended(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slicer.slicing.work.OUTPUT_MB", 5)
    shop = make_shop({"flood": {"do": "flood"}})
    task = shop.slice("flood")
    assert task.error.code == "result_too_large"
    assert list((shop.folder / "slicing").iterdir()) == []


def test_a_crash_tries_the_next_slicer_and_progress_still_does_not_fall(
    make_shop: MakeShop, kit: SimpleNamespace
) -> None:
    engines = (kit.engine(), kit.engine(name="other", label="Other"))
    shop = make_shop({"half": {"do": "slice", "do_tiny": "crash"}}, engines=engines)
    task = shop.slice("half")
    assert (task.state, task.engine) == (State.DONE, "other")
    told = [one.percent for one in shop.seen if one.percent is not None]
    assert told == sorted(told)


def test_when_all_crash_each_is_named(make_shop: MakeShop, kit: SimpleNamespace) -> None:
    engines = (kit.engine(), kit.engine(name="other", label="Other"))
    shop = make_shop({"crash": {"do": "crash"}}, engines=engines)
    task = shop.slice("crash")
    assert task.error.code == "engine_crashed"
    assert task.error.text == "Tiny crashed. Other crashed."


def test_a_slicer_that_is_gone_is_passed_over(make_shop: MakeShop, kit: SimpleNamespace) -> None:
    gone = kit.engine(program=Path("/nowhere/slicer"))
    shop = make_shop(engines=(gone, kit.engine(name="other", label="Other")))
    assert shop.slice().engine == "other"


def test_a_refused_model_is_not_offered_to_another_slicer(
    make_shop: MakeShop, kit: SimpleNamespace
) -> None:
    engines = (kit.engine(), kit.engine(name="other", label="Other"))
    shop = make_shop({"refuse": {"do": "refuse"}}, engines=engines)
    task = shop.slice("refuse")
    assert (task.error.code, task.error.text) == ("refused", "The model is upside down.")
    assert engines[1].orders == []


def test_what_a_crash_of_the_farm_left_is_swept_at_the_start(
    make_shop: MakeShop, tmp_path: Path
) -> None:
    left = tmp_path / "slicing" / "deadbeef-tiny" / "deep"
    left.mkdir(parents=True)
    (left / "model.stl").write_bytes(b"x")
    (tmp_path / "slicing" / "link").symlink_to(tmp_path)
    shop = make_shop()
    assert list((tmp_path / "slicing").iterdir()) == []
    assert shop.slice().state is State.DONE and tmp_path.is_dir()


def test_a_model_stays_while_it_waits(make_shop: MakeShop) -> None:
    shop = make_shop(start=False)
    task = shop.submit()
    with pytest.raises(Blocked, match="waits to be sliced"):
        shop.library.delete(task.request.file_id)
    shop.service.cancel(task.id)
    shop.library.delete(task.request.file_id)


def test_the_line_has_an_end(make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slicer.slicing.service.MAX_WAITING", 2)
    shop = make_shop(start=False)
    file_id = shop.add()
    for _ in range(2):
        shop.submit(file_id=file_id)
    with pytest.raises(Blocked) as refused:
        shop.submit(file_id=file_id)
    assert refused.value.error_code == "slicing_full"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"file_id": "f" * 32}, "file_not_found"),
        ({"set": "f" * 32}, "profile_set_not_found"),
        ({"machine": "Tiny machin"}, "machine_not_found"),
        ({"process": "godo"}, "process_not_found"),
        ({"filaments": ("PLA", "PETG")}, "filament_not_found"),
        ({"plate": 2}, "plate_not_found"),
        ({"queue": {"copies": 2}}, "no_queue"),
    ],
)
def test_what_is_not_there_is_refused_at_once(
    make_shop: MakeShop, change: dict[str, Any], code: str
) -> None:
    shop = make_shop(start=False)
    with pytest.raises((NotFound, Unusable)) as refused:
        shop.submit(**{"process": "good", **change})
    assert refused.value.error_code == code


def test_a_profile_for_another_printer_is_refused_before_slicing(make_shop: MakeShop) -> None:
    shop = make_shop(start=False)
    seat = Seat(id="mk3", name="Maple", model="TINY", nozzles_mm=(0.6,))
    with pytest.raises(Unusable, match=r"0\.4 mm nozzle; Maple has 0\.6 mm") as refused:
        shop.service.submit(shop.request("good"), seat)
    assert refused.value.error_code == "wrong_machine"


def test_a_print_file_is_not_sliced_again(make_shop: MakeShop) -> None:
    shop = make_shop()
    done = shop.slice()
    with pytest.raises(Unusable, match="sliced already"):
        shop.submit(file_id=done.result_file_id)


def test_a_mistake_of_ours_does_not_end_the_thread(
    make_shop: MakeShop, kit: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_shop()
    monkeypatch.setattr(
        type(shop.engines[0]), "prepare", lambda *_: (_ for _ in ()).throw(RuntimeError("oops"))
    )
    assert shop.slice().error.code == "internal_error"
    monkeypatch.undo()
    assert shop.slice().state is State.DONE


def test_the_result_goes_into_the_queue_when_asked(make_shop: MakeShop) -> None:
    asked: list[Any] = []

    def enqueue(stored: Any, wanted: Any, by: str) -> str:
        asked.append((stored.id, dict(wanted), by))
        return "job-1"

    shop = make_shop(enqueue=enqueue)
    task = shop.service.submit(shop.request("good", queue={"copies": 3}), by="owner")
    done = shop.ended(task)
    assert done.job_id == "job-1"
    assert asked == [(done.result_file_id, {"copies": 3}, "owner")]


def test_a_queue_that_refuses_does_not_undo_the_slicing(make_shop: MakeShop) -> None:
    def enqueue(*_: Any) -> str:
        raise Blocked("The queue is closed.")

    done = make_shop(enqueue=enqueue).slice(queue={})
    assert done.state is State.DONE and done.job_id is None
    assert "The file was not put into the queue: The queue is closed." in done.warnings


def test_nothing_is_looked_for_while_slicing_is_off(make_shop: MakeShop) -> None:
    shop = make_shop(enabled=False)
    with pytest.raises(Blocked) as refused:
        shop.submit()
    assert refused.value.error_code == "slicing_off"
    assert '"enabled": true under "slicer"' in refused.value.message
    assert shop.service.slicers._found is None
    assert not any(thread.name == "slicer:work" for thread in threading.enumerate())


def test_without_a_slicer_it_says_what_to_install(make_shop: MakeShop) -> None:
    shop = make_shop(there=())
    with pytest.raises(Blocked, match=r"tiny \(apt\)") as refused:
        shop.submit()
    assert refused.value.error_code == "no_slicer"


def test_the_process_s_environment_is_not_handed_to_the_slicer(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "DASH_PASS", "canary")
    shop = make_shop({"hang": {"do": "hang"}})
    task = shop.submit("hang")
    pid = pids_of_hanging(shop, task)[0]
    assert b"canary" not in Path(f"/proc/{pid}/environ").read_bytes()
