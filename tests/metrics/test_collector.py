"""The page as Prometheus reads it: every figure right, none of a printer that is silent."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.clock import ManualClock
from core.errors import StorageError
from job_queue.records import QueueState
from metrics.collector import Metrics
from metrics.printers import printer_families
from metrics.sources import AlertFigures
from printers.conditions import Conditions
from printers.display import STATES
from printers.registry import Snapshot
from printers.status import AmsUnit, PrinterState
from tests.metrics.promtool import check_metrics
from tests.metrics.scene import NAME, alder, jobs, sources

Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def parsed(page: bytes) -> Figures:
    """Read by the library's own parser of Prometheus' grammar."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def page(tmp_path: Path, clock: ManualClock) -> bytes:
    return Metrics(sources(tmp_path, clock)).page()


@pytest.fixture
def figures(page: bytes) -> Figures:
    return parsed(page)


def test_promtool_finds_nothing_to_say(page: bytes) -> None:
    check_metrics(page.decode())


@pytest.mark.parametrize(
    ("name", "labels", "figure"),
    [
        ("farm_build_info", {"version": "1.2.3"}, 1),
        ("farm_printer_up", {"printer": "alder"}, 1),
        ("farm_printer_up", {"printer": "birch"}, 0),
        ("farm_printer_temperature_celsius", {"printer": "alder", "heater": "nozzle"}, 219.5),
        ("farm_printer_target_celsius", {"printer": "alder", "heater": "nozzle"}, 220),
        ("farm_printer_fan_ratio", {"printer": "alder", "fan": "part"}, 0.8),
        ("farm_printer_wifi_dbm", {"printer": "alder"}, -61),
        ("farm_printer_faults", {"printer": "alder", "severity": "common"}, 2),
        ("farm_printer_ams_humidity_ratio", {"printer": "alder", "unit": "A"}, 0.23),
        ("farm_printer_filament_remaining_ratio", {"printer": "alder", "slot": "A1"}, 0.55),
        ("farm_job_progress_ratio", {"printer": "alder"}, 0.37),
        ("farm_job_remaining_seconds", {"printer": "alder"}, 5400),
        ("farm_job_layer", {"printer": "alder"}, 4),
        ("farm_job_layers", {"printer": "alder"}, 100),
        ("farm_queue_jobs", {"state": "queued"}, 2),
        ("farm_queue_jobs", {"state": "held"}, 1),
        ("farm_queue_jobs", {"state": "needs_human"}, 0),
        ("farm_queue_oldest_seconds", {}, 900),
        ("farm_job_claims_total", {}, 5),
        ("farm_prints_total", {"printer": "alder", "result": "finished"}, 2),
        ("farm_prints_total", {"printer": "alder", "result": "not_started"}, 1),
        ("farm_print_seconds_total", {"printer": "alder"}, 6000),
        ("farm_prints_total", {"printer": "birch", "result": "finished"}, 0),
        ("farm_filament_grams_total", {"printer": "alder"}, 50),
        ("farm_starts_total", {"printer": "alder"}, 1),
        ("farm_commands_total", {"printer": "alder", "command": "pause"}, 1),
        ("farm_refusals_total", {"printer": "alder", "code": "printer_busy"}, 1),
        ("farm_upload_seconds_bucket", {"le": "5.0"}, 0),
        ("farm_upload_seconds_bucket", {"le": "15.0"}, 1),
        ("farm_upload_seconds_bucket", {"le": "+Inf"}, 1),
        ("farm_upload_seconds_sum", {}, 7),
        ("farm_upload_seconds_count", {}, 1),
        ("farm_camera_live", {"camera": "alder", "printer": "alder"}, 1),
        ("farm_camera_frames_total", {"camera": "alder", "printer": "alder"}, 77),
        ("farm_alerts_sent_total", {"channel": "phone", "outcome": "failed"}, 1),
        ("farm_alerts_pending", {"channel": "phone"}, 2),
        ("farm_incidents_open", {"level": "now"}, 1),
        ("farm_defect_score", {"printer": "alder"}, 0.25),
        ("farm_defect_blind", {"printer": "alder"}, 0),
        ("farm_vision_cost_usd_total", {"printer": "alder"}, 0.0125),
        ("farm_mqtt_connected", {}, 1),
        ("farm_pages_open", {}, 2),
    ],
)
def test_a_figure(figures: Figures, name: str, labels: dict[str, str], figure: float) -> None:
    assert figures[name, tuple(sorted(labels.items()))] == pytest.approx(figure)


def test_what_a_silent_printer_last_said_is_not_told(figures: Figures, clock: ManualClock) -> None:
    of_birch = {name: v for (name, labels), v in figures.items() if ("printer", "birch") in labels}
    seen = of_birch["farm_printer_last_message_timestamp_seconds"]
    assert clock.time() - seen == pytest.approx(120.0)
    assert set(of_birch) == {
        "farm_printer_up", "farm_printer_info", "farm_printer_state", "farm_plate_waiting",
        "farm_printer_maintenance", "farm_printer_last_message_timestamp_seconds",
        "farm_prints_total", "farm_print_seconds_total", "farm_filament_grams_total",
    }  # fmt: skip


def test_a_printer_is_in_one_state(figures: Figures) -> None:
    for printer, expected in (("alder", "printing"), ("birch", "offline")):
        states = {
            dict(labels)["state"]: value
            for (name, labels), value in figures.items()
            if name == "farm_printer_state" and ("printer", printer) in labels
        }
        assert set(states) == set(STATES)
        assert [state for state, value in states.items() if value] == [expected]


def test_names_keep_their_quotes_and_lines(figures: Figures) -> None:
    names = [dict(labels)["name"] for name, labels in figures if name == "farm_printer_info"]
    assert sorted(names) == sorted([NAME, "Birch"])


def test_a_name_told_twice_spoils_no_page(clock: ManualClock) -> None:
    """Another farm may say anything of its printers; Prometheus takes no series twice."""
    twice = tuple(AmsUnit(id=n, label="A", kind="AMS", humidity=20 + n) for n in range(2))
    snapshot = Snapshot(status=alder(clock, ams=twice), conditions=Conditions(), revision=1)
    families = {f.name: f for f in printer_families([snapshot], clock.monotonic())}
    samples = families["farm_printer_ams_humidity_ratio"].samples
    assert [(s.labels, s.value) for s in samples] == [({"printer": "alder", "unit": "A"}, 0.21)]


def test_no_file_name_is_a_label(page: bytes) -> None:
    assert b"gear" not in page and b"secret-project" not in page and b"j-1" not in page


def test_a_finished_print_has_no_progress_and_waits_for_its_bed(
    tmp_path: Path, clock: ManualClock
) -> None:
    status = alder(clock, state=PrinterState.FINISHED, faults=())
    snapshot = Snapshot(status=status, conditions=Conditions(bed_clear=False), revision=1)
    found = parsed(Metrics(sources(tmp_path, clock, snapshots=lambda: [snapshot])).page())
    assert ("farm_job_progress_ratio", (("printer", "alder"),)) not in found
    assert found["farm_plate_waiting", (("printer", "alder"),)] == 1


def test_another_farms_bed_is_in_the_way_of_nothing_here(clock: ManualClock) -> None:
    theirs = replace(
        alder(clock, state=PrinterState.FINISHED), kind="feed", raw_state="needs_clear"
    )
    snapshot = Snapshot(status=theirs, conditions=Conditions(), revision=1)
    families = {f.name: f for f in printer_families([snapshot], clock.monotonic())}
    assert families["farm_plate_waiting"].samples == []
    states = {s.labels["state"] for s in families["farm_printer_state"].samples if s.value}
    assert states == {"needs_clear"}, "it is shown all the same"


def test_an_empty_farm_is_no_mistake(tmp_path: Path, clock: ManualClock) -> None:
    bare = replace(sources(tmp_path, clock, snapshots=list), alerts=AlertFigures, watch=dict)
    page = Metrics(replace(bare, queue=QueueState, mqtt_connected=lambda: None)).page()
    check_metrics(page.decode())
    found = parsed(page)
    assert found["farm_queue_oldest_seconds", ()] == 0
    assert ("farm_mqtt_connected", ()) not in found
    assert not any(v for (name, _), v in found.items() if name == "farm_metrics_failures_total")


def test_a_part_that_fails_is_left_out_whole_and_logged_once(
    tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    healthy = [False]

    def queue() -> object:
        if healthy[0]:
            return jobs(clock)
        raise StorageError("The disk is gone.")

    metrics = Metrics(sources(tmp_path, clock, queue=queue))
    part = ("farm_metrics_failures_total", (("part", "queue"),))
    with caplog.at_level(logging.ERROR):
        assert parsed(metrics.page())[part] == 1
        found = parsed(metrics.page())
    assert found[part] == 2 and len(caplog.records) == 1
    assert ("farm_queue_oldest_seconds", ()) not in found
    assert ("farm_printer_up", (("printer", "alder"),)) in found
    healthy[0] = True
    found = parsed(metrics.page())
    assert found[part] == 2 and found["farm_queue_oldest_seconds", ()] == 900


def test_scrapes_do_not_disturb_each_other(tmp_path: Path, clock: ManualClock) -> None:
    metrics = Metrics(sources(tmp_path, clock))
    sizes: list[int] = []

    def scrape() -> None:
        sizes.extend(len(parsed(metrics.page())) for _ in range(5))

    threads = [threading.Thread(target=scrape) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sizes) == 20 and len(set(sizes)) == 1
