"""The picture of a print that somebody started at the printer."""

from __future__ import annotations

from typing import Any

from core.errors import PrinterOffline
from printers.status import JobProgress, PrinterState

PNG = b"\x89PNG\r\n\x1a\nrest"


def foreign(kit: Any, **changes: Any) -> Any:
    job = JobProgress(name="lamp", file="a b/lamp #1.gcode", percent=3, **changes)
    return kit.make_status("alder", state=PrinterState.PRINTING, job=job)


def test_a_foreign_job_shows_the_printers_picture_asked_for_once(farm: Any, kit: Any) -> None:
    asked: list[str] = []

    def thumbnail(path: str) -> bytes:
        asked.append(path)
        return PNG

    farm.printer().thumbnail = thumbnail
    farm.printer().report(foreign(kit, picture=True))
    kit.wait_for(lambda: farm.doc()["job"] and farm.doc()["job"]["thumb"])
    url = farm.doc()["job"]["thumb"]
    assert url == "/api/printers/alder/job/thumbnail?file=a%20b%2Flamp%20%231.gcode"
    client = farm.app.test_client()
    for _ in range(3):
        answer = client.get(url)
        assert (answer.status_code, answer.data, answer.mimetype) == (200, PNG, "image/png")
    assert asked == ["/a b/lamp #1.gcode"]
    assert client.get("/api/printers/alder/job/thumbnail?file=other.gcode").status_code == 404


def test_no_picture_is_claimed_or_served_where_there_is_none(farm: Any, kit: Any) -> None:
    farm.printer().thumbnail = lambda _path: b"<html>not a picture"
    farm.printer().report(foreign(kit))
    kit.wait_for(lambda: farm.doc()["job"])
    assert farm.doc()["job"]["thumb"] is None
    assert farm.app.test_client().get("/api/printers/alder/job/thumbnail").status_code == 404


def test_a_printer_that_is_away_is_a_sentence(farm: Any, kit: Any) -> None:
    def thumbnail(_path: str) -> bytes:
        raise PrinterOffline("Alder is offline.")

    farm.printer().thumbnail = thumbnail
    job = JobProgress(name="x", file="away.gcode", picture=True)
    farm.printer().report(kit.make_status("alder", state=PrinterState.PRINTING, job=job))
    kit.wait_for(lambda: farm.doc()["job"] and farm.doc()["job"]["thumb"])
    answer = farm.app.test_client().get(farm.doc()["job"]["thumb"])
    assert (answer.status_code, answer.json["error"]["message"]) == (503, "Alder is offline.")
