"""GET /metrics over real sockets: who may read it, and that Prometheus can."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from alerts.model import Event, Kind
from core.alert_config import AlertsConfig, ChannelConfig, MetricsConfig
from core.errors import StorageError
from core.secret import Secret
from tests.metrics.promtool import check_metrics
from web.attempts import _PER_IP

TOKEN = "canary-token-of-prometheus-4711"


def fetch(
    farm: Any, path: str = "/metrics", **headers: str
) -> tuple[http.client.HTTPResponse, str]:
    connection = farm.connect()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


def bearer(token: str) -> str:
    return f"Bearer {token}"


def figures(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def scraped(make_farm: Callable[..., Any], kit: SimpleNamespace) -> Any:
    """A farm with a password and a token for the scraper."""
    metrics = MetricsConfig(token=Secret(TOKEN))
    return make_farm(user="owner", password=Secret(kit.password), sections={"metrics": metrics})


def test_the_page_is_what_promtool_accepts(farm: Any, kit: SimpleNamespace) -> None:
    farm.printer().report(kit.printing("alder", 40))
    answer, text = fetch(farm)
    assert answer.status == 200
    assert answer.getheader("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    check_metrics(text)
    parts = [n for (name, _), n in figures(text).items() if name == "farm_metrics_failures_total"]
    assert len(parts) == 8 and not any(parts)


def test_it_tells_of_the_printers_and_of_what_was_asked(farm: Any, kit: SimpleNamespace) -> None:
    farm.printer().report(kit.printing("alder", 40))
    connection = farm.connect()
    connection.request("POST", "/api/printers/alder/pause")
    assert connection.getresponse().read()
    connection.request("POST", "/api/printers/alder/home")
    assert connection.getresponse().read()
    connection.close()
    found = figures(fetch(farm)[1])

    def of(name: str, **labels: str) -> float:
        return found[name, frozenset(labels.items())]

    assert of("farm_printer_up", printer="alder") == 1
    assert of("farm_printer_state", printer="alder", state="printing") == 1
    assert of("farm_job_progress_ratio", printer="alder") == pytest.approx(0.4)
    assert of("farm_commands_total", printer="alder", command="pause") == 1
    refused = {key: n for key, n in found.items() if key[0] == "farm_refusals_total"}
    assert len(refused) == 1 and set(refused.values()) == {1.0}
    assert ("farm_job_progress_ratio", frozenset({("printer", "birch")})) not in found
    assert of("farm_build_info", version="0.0.1") == 1
    assert of("farm_queue_jobs", state="queued") == 0


def test_a_password_guards_it(locked_farm: Any, kit: SimpleNamespace) -> None:
    answer, text = fetch(locked_farm)
    assert answer.status == 401 and "farm_" not in text
    assert fetch(locked_farm, Authorization=bearer(kit.password))[0].status == 401
    assert fetch(locked_farm, **kit.basic())[0].status == 200


def test_the_token_opens_this_page_and_nothing_else(scraped: Any, kit: SimpleNamespace) -> None:
    answer, text = fetch(scraped, Authorization=bearer(TOKEN))
    assert answer.status == 200 and "farm_printer_up" in text
    assert answer.getheader("Set-Cookie") is None
    for path in ("/api/status", "/", "/api/history"):
        assert fetch(scraped, path, Authorization=bearer(TOKEN))[0].status == 401
    assert fetch(scraped, **kit.basic())[0].status == 200


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", TOKEN[:-1], "\xe4\xf6\xfc"])
def test_another_token_is_refused(scraped: Any, token: str) -> None:
    assert fetch(scraped, Authorization=bearer(token))[0].status == 401


def test_a_wrong_token_is_refused_where_no_password_is_set(make_farm: Callable[..., Any]) -> None:
    farm = make_farm(sections={"metrics": MetricsConfig(token=Secret(TOKEN))})
    assert fetch(farm, Authorization=bearer("wrong"))[0].status == 401
    assert fetch(farm)[0].status == 200


def test_an_old_token_locks_nobody_else_out(scraped: Any, kit: SimpleNamespace) -> None:
    for _ in range(_PER_IP):
        assert fetch(scraped, Authorization=bearer("old"))[0].status == 401
    assert fetch(scraped, Authorization=bearer(TOKEN))[0].status == 429
    assert fetch(scraped, **kit.basic())[0].status == 200
    assert fetch(scraped, "/api/status", **kit.basic())[0].status == 200


def test_it_can_be_switched_off(make_farm: Callable[..., Any]) -> None:
    answer, text = fetch(make_farm(sections={"metrics": MetricsConfig(enabled=False)}))
    assert answer.status == 404 and "switched off" in text


def test_a_history_that_cannot_be_read_takes_only_its_own_part_away(
    farm: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(wanted: object) -> None:
        raise StorageError("The disk is gone.")

    monkeypatch.setattr(farm.services.archive._sums, "of", refuse)
    first, second = figures(fetch(farm)[1]), figures(fetch(farm)[1])
    part = ("farm_metrics_failures_total", frozenset({("part", "history")}))
    assert (first[part], second[part]) == (1, 2)
    assert ("farm_printer_up", frozenset({("printer", "alder")})) in second
    assert not [key for key in second if key[0].startswith("farm_prints")]


def test_it_tells_of_alerts_and_what_is_open(make_farm: Callable[..., Any]) -> None:
    channel = ChannelConfig(name="phone", type="webhook", url=Secret("http://127.0.0.1:9/hook"))
    config = AlertsConfig(channels=(channel,), offline_after_s=15.0)
    farm = make_farm(sections={"alerts": config})
    found = figures(fetch(farm)[1])
    for outcome in ("sent", "failed", "expired", "unclear"):
        labels = frozenset({("channel", "phone"), ("outcome", outcome)})
        assert found["farm_alerts_sent_total", labels] == 0
    assert found["farm_alerts_pending", frozenset({("channel", "phone")})] == 0
    room = farm.services.alerts
    event = Event(kind=Kind.DISK_LOW, at=farm.services.clock.time(), text="The disk is full.")
    room.log.add_event(event)
    room.incidents.note(event)
    found = figures(fetch(farm)[1])
    assert found["farm_incidents_open", frozenset({("level", "now")})] == 1
    assert found["farm_incidents_open", frozenset({("level", "soon")})] == 0
