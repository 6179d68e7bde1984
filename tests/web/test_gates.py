"""What must not be printed is refused with the same sentence in the dialog and by a start."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from printers.status import Tray
from simulator.plates import build_gcode_3mf
from tests.web.refused_files import REFUSED, RefusedFile, with_gcode

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def ask(farm: Any) -> Iterator[Ask]:
    """(status, JSON) of a request to the real server."""
    connection = farm.connect()

    def send(method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": kind} if body is not None else {}
        connection.request(method, path, content if body is not None else None, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    yield send
    connection.close()


def upload(ask: Ask, content: bytes, name: str = "gear.gcode.3mf") -> str:
    head = (
        f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    body = head.encode() + content + b"\r\n--x--\r\n"
    status, file = ask("POST", "/api/files", body, "multipart/form-data; boundary=x")
    assert status == 201, file
    return str(file["id"])


def row_of(ask: Ask, file_id: str, printer_id: str = "alder") -> Any:
    """The dialog's row for a printer."""
    status, fits = ask("GET", f"/api/files/{file_id}/fit")
    assert status == 200
    return next(row for row in fits["printers"] if row["printer_id"] == printer_id)


def verdicts(row: Any) -> list[Any]:
    return [*row["verdicts"], *(item["verdict"] for item in row["mapping"])]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.name)
def test_refused_in_the_dialog_and_by_a_start(
    refused: RefusedFile, farm: Any, kit: Any, ask: Ask
) -> None:
    printer = farm.printer()
    printer.report(kit.make_status("alder", machine=refused.machine(printer.status)))
    file_id = upload(ask, refused.build())
    farm.services.library.await_bounds(file_id, 1, 20.0)
    row = row_of(ask, file_id)
    said = [(item["code"], item["text"]) for item in verdicts(row) if item["level"] == "refuse"]
    assert (row["ok"], row["level"]) == (False, "refuse")
    assert said[0] == (refused.code, refused.says("Alder"))
    for confirm in ([], ["all"], [refused.code]):
        body = {"file_id": file_id, "confirm": confirm}
        status, answer = ask("POST", "/api/printers/alder/start", body)
        assert status == 422
        assert answer["error"]["code"] == refused.code
        assert answer["error"]["message"] == refused.says("Alder")
    assert printer.uploads == [] and printer.starts == []


def test_the_same_plate_made_for_this_printer_starts(farm: Any, kit: Any, ask: Ask) -> None:
    """Else the refusals above would prove nothing."""
    file_id = upload(ask, build_gcode_3mf(model="P1S", name="gear"))
    farm.services.library.await_bounds(file_id, 1, 20.0)
    row = row_of(ask, file_id)
    assert row["ok"] and row["level"] == "ok", verdicts(row)
    status, answer = ask("POST", "/api/printers/alder/start", {"file_id": file_id})
    assert status in (201, 202), answer
    kit.wait_for(lambda: farm.printer().starts)


def test_a_file_that_is_still_being_read_waits(farm: Any, ask: Ask) -> None:
    file_id = upload(ask, build_gcode_3mf(model="P1S", name="gear"))
    farm.services.library.bounds = lambda *_: None  # as while the child reads a large file
    row = row_of(ask, file_id)
    (waiting,) = [item for item in verdicts(row) if item["level"] == "refuse"]
    assert (waiting["code"], row["ok"]) == ("being_read", False)
    assert waiting["text"] == (
        "The farm is still reading where the moves of gear.gcode.3mf go. "
        "Try again in a few seconds."
    )
    status, answer = ask(
        "POST", "/api/printers/alder/start", {"file_id": file_id, "confirm": ["all"]}
    )
    assert (status, answer["error"]["code"]) == (422, "being_read")
    assert answer["error"]["message"] == waiting["text"]


def nameless(content: bytes) -> bytes:
    """The plate as OrcaSlicer's command line writes it: nobody says for which printer."""
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        gcode = archive.read("Metadata/plate_1.gcode")
        parts = {name: archive.read(name) for name in archive.namelist()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part.replace(b"Bambu Lab P1S", b"").replace(b'"C12"', b'""'))
    return with_gcode(out.getvalue(), gcode.replace(b"printer_model = Bambu Lab P1S", b""))


def test_a_yes_to_the_machine_is_asked_once(farm: Any, kit: Any, ask: Ask) -> None:
    services = farm.services
    kept = services.config.data_dir / "confirmations.json"
    file_id = upload(ask, nameless(build_gcode_3mf(model="P1S", name="gear")))
    services.library.await_bounds(file_id, 1, 20.0)
    farm.printer().report(kit.make_status("alder"))  # however long that took
    asked = {item["code"] for item in verdicts(row_of(ask, file_id)) if item["level"] == "confirm"}
    assert asked == {"unknown_model"}
    start = "/api/printers/alder/start"
    status, answer = ask("POST", start, {"file_id": file_id})
    assert status == 409 and answer["error"]["details"]["confirm"] == ["unknown_model"]
    assert not kept.exists(), "asking is no answer"
    status, answer = ask("POST", start, {"file_id": file_id, "confirm": ["unknown_model"]})
    assert status in (201, 202), answer
    kit.wait_for(lambda: farm.printer().starts)
    row = row_of(ask, file_id)
    (told,) = [item for item in row["verdicts"] if item["code"] == "unknown_model"]
    assert told["level"] == "warn" and " Confirmed" in told["text"]
    assert row_of(ask, file_id, "birch")["level"] == "confirm", "a yes is for one printer"


def test_a_yes_to_what_is_loaded_is_never_kept(farm: Any, kit: Any, ask: Ask) -> None:
    services = farm.services
    kept = services.config.data_dir / "confirmations.json"
    unknown = tuple(Tray(slot=f"A{n + 1}", index=n) for n in range(4))
    status = kit.make_status("alder")
    ams = (replace(status.ams[0], trays=unknown),)
    farm.printer().report(replace(status, ams=ams))
    file_id = upload(ask, build_gcode_3mf(model="P1S", name="gear"))
    services.library.await_bounds(file_id, 1, 20.0)
    body = {"file_id": file_id, "confirm": ["all"]}
    code, answer = ask("POST", "/api/printers/alder/start", body)
    assert code in (201, 202), answer
    kit.wait_for(lambda: farm.printer().starts)
    still = [item["code"] for item in verdicts(row_of(ask, file_id)) if item["level"] == "confirm"]
    assert still == ["unknown_filament"] and not kept.exists()


def test_a_yes_for_any_printer_is_kept_for_none(farm: Any, kit: Any, ask: Ask) -> None:
    """Whoever gave it has looked at no printer; the queue found one."""
    services = farm.services
    file_id = upload(ask, nameless(build_gcode_3mf(model="P1S", name="gear")))
    services.library.await_bounds(file_id, 1, 20.0)
    body = {"file_id": file_id, "target": {"any": True}, "confirm": ["unknown_model"]}
    assert ask("POST", "/api/jobs", body)[0] == 201
    (sent,) = ask("POST", "/api/dispatch/once", {})[1]["sent"]
    printer_id = sent["printer_id"]
    kit.wait_for(lambda: farm.printer(printer_id).starts)
    assert row_of(ask, file_id, printer_id)["level"] == "refuse", "it prints"
    asked = verdicts(row_of(ask, file_id, printer_id))
    assert [one["code"] for one in asked if one["level"] == "confirm"] == ["unknown_model"]
