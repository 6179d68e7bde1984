"""The five files that must never be printed: the dispatcher refuses each with the same sentence as
the dialog and the API, and never sends it."""

from __future__ import annotations

import io
from typing import Any

import pytest

from core.errors import FarmError
from job_queue.target import Target
from simulator.plates import build_gcode_3mf
from tests.web.refused_files import REFUSED, RefusedFile


def queued(farm: Any, content: bytes) -> Any:
    library = farm.services.library
    stored = library.add(io.BytesIO(content), "gear.gcode.3mf")
    library.await_bounds(stored.id, 1, 20.0)
    return farm.services.jobs.add(stored.id, 1, Target.printer("alder"), confirm=("all",))


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.name)
def test_the_dispatcher_says_what_dialog_and_api_say(
    refused: RefusedFile, farm: Any, kit: Any
) -> None:
    printer = farm.printer()
    printer.report(kit.make_status("alder", machine=refused.machine(printer.status)))
    job = queued(farm, refused.build())
    client = farm.app.test_client()
    assert client.post("/api/dispatch/once").json["sent"] == []
    (why,) = client.get(f"/api/jobs/{job.id}").json["why"]
    assert (why["printer_id"], why["code"]) == ("alder", refused.code)
    assert why["text"] == refused.says("Alder")
    listed = client.get("/api/jobs").json["jobs"][0]
    assert listed["waits"] == refused.says("Alder"), "in the queue's own words as well"
    body = {"file_id": job.file_id, "confirm": ["all"]}
    started = client.post("/api/printers/alder/start", json=body)
    assert started.json["error"]["message"] == why["text"]
    with pytest.raises(FarmError) as claimed:
        farm.services.jobs.start_queued(job, "alder")
    assert claimed.value.message == why["text"], "also if matching had been wrong"
    assert client.get(f"/api/jobs/{job.id}").json["state"] == "queued", "and it stays, visibly"
    assert printer.uploads == [] and printer.starts == []


def test_the_file_that_fits_is_sent(farm: Any, kit: Any) -> None:
    """Else the refusals above would prove nothing."""
    job = queued(farm, build_gcode_3mf(model="P1S", name="gear"))
    sent = farm.app.test_client().post("/api/dispatch/once").json["sent"]
    assert sent == [{"job_id": job.id, "printer_id": "alder"}]
    kit.wait_for(lambda: farm.printer().starts)


def test_a_yes_that_is_missing_is_asked_for_and_given_later(farm: Any, kit: Any) -> None:
    status = farm.printer().status
    nameless = kit.make_status("alder", machine=type(status.machine)(
        file_kinds=("gcode.3mf",), volume_mm=(256, 256, 256),
        capabilities=status.machine.capabilities,
    ))  # fmt: skip
    farm.printer().report(nameless)
    library = farm.services.library
    stored = library.add(io.BytesIO(build_gcode_3mf(model="P1S")), "gear.gcode.3mf")
    library.await_bounds(stored.id, 1, 20.0)
    client = farm.app.test_client()
    body = {"file_id": stored.id, "target": {"printer_id": "alder"}}
    job = client.post("/api/jobs", json=body).json
    assert client.post("/api/dispatch/once").json["sent"] == []
    waiting = client.get(f"/api/jobs/{job['id']}").json
    assert waiting["why"][0]["code"] == "confirm_needed"
    assert waiting["waits"].startswith("Needs a yes: ")
    edit = {"rev": waiting["rev"], "confirm": ["unknown_model"]}
    assert client.patch(f"/api/jobs/{job['id']}", json=edit).json["why"] == []
    assert client.post("/api/dispatch/once").json["sent"]
