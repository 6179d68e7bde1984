"""The history over HTTP: pages, filters, statistics, and files that no spreadsheet computes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from printers.status import JobProgress, PrinterState
from simulator.plates import build_gcode_3mf
from web.history_files import safe_cell

BAD_NAME = '=HYPERLINK("http:__192.0.2.1","pay"), "ü".gcode.3mf'


def upload(farm: Any, name: str = "gear.gcode.3mf") -> str:
    content = io.BytesIO(build_gcode_3mf(model="P1S", name="gear"))
    return str(farm.services.library.add(content, name).id)


def removed(farm: Any, file_id: str, count: int = 1) -> None:
    """Jobs that were taken out of the queue again."""
    client = farm.app.test_client()
    for _ in range(count):
        body = {"file_id": file_id, "target": {"any": True}}
        job = client.post("/api/jobs", json=body).json
        assert client.delete(f"/api/jobs/{job['id']}").status_code in (200, 204)


def printed(farm: Any, kit: Any, file_id: str, end: PrinterState, printer_id: str) -> None:
    """A print that begins, and ends so."""
    client = farm.app.test_client()
    body = {"file_id": file_id, "confirm": ["all"]}
    answer = client.post(f"/api/printers/{printer_id}/start", json=body)
    assert answer.status_code == 202, answer.text
    printer = farm.printer(printer_id)
    kit.wait_for(lambda: printer.starts)
    sent = printer.starts[-1]
    token = str(sent.token)
    job = JobProgress(
        name=sent.display_name, file=sent.remote_name, task_id=token, subtask_id=token, percent=40
    )
    jobs = farm.services.jobs
    for state in (PrinterState.PRINTING, end):
        printer.report(kit.make_status(printer_id, state=state, job=job))
        kit.wait_for(
            lambda state=state: jobs.job(answer.json["job_id"]).state.has_ended
            == (state is end)
        )  # fmt: skip


def history(farm: Any, query: str = "", *, until: int = 0, kit: Any = None) -> Any:
    """The answer, once it has that many records."""
    client = farm.app.test_client()
    if until:
        kit.wait_for(lambda: len(client.get("/api/history?limit=500").json["records"]) == until)
    answer = client.get(f"/api/history{query}")
    assert answer.status_code == 200, answer.text
    return answer.json


def test_nothing_yet(farm: Any) -> None:
    assert history(farm) == {"records": [], "next": None, "problems": []}
    total = farm.app.test_client().get("/api/stats").json["total"]
    assert (total["prints"], total["success_rate"], total["hours"]) == (0, None, 0)


def test_a_print_that_ends_well_and_one_that_fails(farm: Any, kit: Any) -> None:
    file_id = upload(farm)
    printed(farm, kit, file_id, PrinterState.FINISHED, "alder")
    printed(farm, kit, file_id, PrinterState.FAILED, "birch")
    failed, finished = history(farm, until=2, kit=kit)["records"]
    assert (finished["result"], finished["printer"]) == ("finished", "Alder")
    assert (failed["result"], failed["code"], failed["printer_id"]) == (
        "failed", "ended_early", "birch",
    )  # fmt: skip
    assert finished["id"] == "j-1/1" and finished["name"] == "gear.gcode.3mf"
    assert finished["filaments"][0]["type"] == "PLA" and finished["used_grams"] > 0
    assert finished["file_here"] is True
    client = farm.app.test_client()
    assert finished["thumb"] is None or client.get(finished["thumb"]).status_code == 200
    stats = client.get("/api/stats").json
    assert stats["total"]["success_rate"] == 0.5
    assert {one["printer_id"]: one["finished"] for one in stats["printers"]} == {
        "alder": 1, "birch": 0,
    }  # fmt: skip
    assert stats["reasons"][0]["code"] == "ended_early" and stats["reasons"][0]["count"] == 1
    only = client.get("/api/stats?printer_id=alder").json
    assert only["total"]["prints"] == 1 and [p["name"] for p in only["printers"]] == ["Alder"]
    farm.services.library.delete(file_id)
    assert history(farm)["records"][0]["file_here"] is False


def test_pages_follow_each_other(farm: Any, kit: Any) -> None:
    removed(farm, upload(farm), 7)
    everything = [r["job_id"] for r in history(farm, until=7, kit=kit)["records"]]
    assert everything == [f"j-{n}" for n in range(7, 0, -1)]
    seen, query = [], "?limit=3"
    while True:
        page = history(farm, query)
        seen += [record["job_id"] for record in page["records"]]
        if page["next"] is None:
            break
        query = f"?limit=3&before={page['next']}"
    assert seen == everything


def test_filters(farm: Any, kit: Any) -> None:
    removed(farm, upload(farm, "gear.gcode.3mf"), 2)
    removed(farm, upload_other(farm), 1)
    end = history(farm, until=3, kit=kit)["records"][0]["ended_at"]
    assert len(history(farm, "?q=VASE")["records"]) == 1
    assert len(history(farm, "?result=cancelled")["records"]) == 3
    assert len(history(farm, "?result=finished")["records"]) == 0
    assert len(history(farm, "?printer_id=alder")["records"]) == 0
    assert len(history(farm, f"?to={end}")["records"]) == 2
    assert len(history(farm, f"?from={end}")["records"]) == 1
    assert len(history(farm, "?from=2020-01-01&to=2020-12-31T23:59:59Z")["records"]) == 0


def upload_other(farm: Any) -> str:
    content = io.BytesIO(build_gcode_3mf(model="P1S", name="vase"))
    return str(farm.services.library.add(content, "vase.gcode.3mf").id)


@pytest.mark.parametrize(
    "query",
    [
        "?limit=0", "?limit=501", "?limit=x", "?before=x", "?before=2026-11", "?result=lost",
        "?from=yesterday", "?from=-1", "?to=nan", "?to=inf", "?printer=alder", "?q=" + "x" * 201,
        "?limit=%D9%A3",
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(farm: Any, query: str) -> None:
    answer = farm.app.test_client().get(f"/api/history{query}")
    assert answer.status_code == 400 and answer.json["error"]["message"]


def test_csv_is_rfc_4180_and_computes_nothing(farm: Any, kit: Any) -> None:
    removed(farm, upload(farm, BAD_NAME))
    history(farm, until=1, kit=kit)
    answer = farm.app.test_client().get("/api/history.csv")
    assert answer.headers["Content-Type"].startswith("text/csv; charset=utf-8")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="print-history-')
    text = answer.get_data().decode("utf-8-sig")
    assert text.endswith("\r\n") and "\n" not in text.replace("\r\n", "")
    (row,) = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    name = history(farm)["records"][0]["name"]
    assert name.startswith("=HYPERLINK") and row["file"] == "'" + name
    assert row["result"] == "cancelled" and row["code"] == "removed" and row["started"] == ""
    assert row["ended"].endswith("Z") and row["job"] == "j-1"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"), ("\r=1", "'\r=1"), ("\n=1", "'\n=1"), (" =1", "' =1"),
        ("\ufeff=1", "'\ufeff=1"), ("\uff1d1", "'\uff1d1"), ("|cmd", "'|cmd"),
        ("gear", "gear"), ("a=1", "a=1"), ("", ""), (None, ""), (-3, "-3"), (1.5, "1.5"),
    ],
)  # fmt: skip
def test_cells(value: object, cell: str) -> None:
    assert safe_cell(value) == cell


def test_files_have_everything_oldest_first_over_a_real_connection(farm: Any, kit: Any) -> None:
    removed(farm, upload(farm), 450)
    history(farm, until=450, kit=kit)
    connection = farm.connect()
    expected = [f"j-{n}" for n in range(1, 451)]
    connection.request("GET", "/api/history.json")
    records = json.loads(connection.getresponse().read())["records"]
    assert [record["job_id"] for record in records] == expected
    connection.request("GET", "/api/history.csv?q=gear")
    text = connection.getresponse().read().decode("utf-8-sig")
    assert [row["job"] for row in csv.DictReader(io.StringIO(text, newline=""))] == expected
    connection.request("HEAD", "/api/history.csv")
    answer = connection.getresponse()
    assert answer.status == 200 and answer.read() == b""
    connection.request("GET", "/api/history.json?result=finished")
    assert json.loads(connection.getresponse().read()) == {"records": []}
    connection.close()


def test_damage_is_told_with_the_page(make_farm: Callable[..., Any], kit: Any) -> None:
    farm = make_farm()
    removed(farm, upload(farm), 3)
    history(farm, until=3, kit=kit)
    folder: Path = farm.services.config.data_dir / "history"
    (path,) = folder.glob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"j-2"', b'"j-9"', 1))
    client = farm.app.test_client()
    assert client.get("/api/stats").json["total"]["not_started"] in (2, 3)
    (problem,) = history(farm)["problems"]
    assert path.name in problem and "kept as" in problem


def test_the_history_needs_a_sign_in_where_the_farm_does(locked_farm: Any, kit: Any) -> None:
    for path in ("/api/history", "/api/history.csv", "/api/history.json", "/api/stats"):
        client = locked_farm.app.test_client()  # without the cookie of the one before
        assert client.get(path).status_code == 401
        assert client.get(path, headers=kit.basic()).status_code == 200
