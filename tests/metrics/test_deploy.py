"""What deploy/ offers for Prometheus and Grafana fits what /metrics gives."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.clock import ManualClock
from metrics.collector import Metrics
from printers.display import STATES
from tests.metrics.promtool import ROOT, promtool
from tests.metrics.scene import sources

PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "print-farm.json").read_text("utf-8"))
NAMES = re.compile(r"\b(?:farm|process)_[a-z_]+\b")


def samples(folder: Path) -> dict[str, set[str]]:
    """Series' name -> its labels, of a farm that has everything."""
    found: dict[str, set[str]] = {}
    page = Metrics(sources(folder, ManualClock())).page().decode()
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[str]:
    for panel in panels():
        yield from (target["expr"] for target in panel["targets"])
    yield from (variable.get("definition", "") for variable in DASHBOARD["templating"]["list"])
    text = (PROMETHEUS / "rules.yml").read_text("utf-8")
    yield from re.findall(r"expr: (?:\|\n)?(.*?)\n +(?:for|labels):", text, re.DOTALL)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    return samples(tmp_path_factory.mktemp("farm"))


@pytest.mark.parametrize("expression", sorted(filter(None, expressions())))
def test_every_figure_that_is_asked_for_exists(expression: str, known: dict[str, set[str]]) -> None:
    names = set(NAMES.findall(expression))
    assert names or expression.startswith("up{"), expression
    assert not names - set(known)
    for name, selector in re.findall(r"\b((?:farm|process)_[a-z_]+)\{([^}]*)\}", expression):
        labels = set(re.findall(r"(\w+)(?:=~|!~|!=|=)", selector))
        assert labels <= known[name], f"{name} has no {labels - known[name]}"


def test_the_states_are_those_of_the_panel() -> None:
    (timeline,) = (p for p in panels() if p["type"] == "state-timeline")
    asked = re.findall(r'state="(\w+)"', timeline["targets"][0]["expr"])
    assert asked == list(STATES)


def test_the_dashboard_fits_any_grafana() -> None:
    assert DASHBOARD["id"] is None and 8 <= len(DASHBOARD["uid"]) <= 40
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    for panel in panels():
        for holder in (panel, *panel["targets"]):
            assert holder["datasource"] == {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    assert variables["DS_PROMETHEUS"]["type"] == "datasource"
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(DASHBOARD)))
    assert used - set(variables) == {"__rate_interval"}


def test_no_panel_lies_upon_another() -> None:
    def cells(panel: dict[str, Any]) -> set[tuple[int, int]]:
        at = panel["gridPos"]
        assert at["x"] >= 0 and at["x"] + at["w"] <= 24
        return {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }

    for one, other in combinations(DASHBOARD["panels"], 2):
        assert not cells(one) & cells(other), f"{one['title']} and {other['title']}"


def test_the_rules_do_what_they_say() -> None:
    assert "SUCCESS" in promtool("test", "rules", "rules_test.yml", folder=PROMETHEUS)


def test_every_rule_is_tested() -> None:
    rules = set(re.findall(r"- alert: (\w+)", (PROMETHEUS / "rules.yml").read_text("utf-8")))
    tested = re.findall(r"alertname: (\w+)", (PROMETHEUS / "rules_test.yml").read_text("utf-8"))
    assert rules and set(tested) == rules


def test_prometheus_takes_the_configuration(tmp_path: Path) -> None:
    for name in ("prometheus.yml", "rules.yml"):
        shutil.copy(PROMETHEUS / name, tmp_path)
    (tmp_path / "farm.token").write_text("a-token-of-a-test")
    said = promtool("check", "config", "prometheus.yml", folder=tmp_path)
    assert "is valid prometheus config" in said and "rules found" in said


def test_the_docs_name_every_figure_of_the_farm(known: dict[str, set[str]]) -> None:
    told = set(NAMES.findall((ROOT / "docs" / "metrics.md").read_text("utf-8")))
    series = {re.sub(r"_(bucket|sum|count)$", "", n) for n in known if n.startswith("farm_")}
    assert not series - told
    assert not {name for name in told if name.startswith("farm_")} - series
