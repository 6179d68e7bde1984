"""Requests made from the API's own description, whatever their values: never a mistake of ours
(500), every answer one that is described, and nothing refused as malformed that fits it.

Schemathesis makes the cases, the same in every run; they go to the real server.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, Response
from schemathesis.specs.openapi import checks

from web.openapi.document import OPERATIONS, document, operation_id
from web.openapi.words import Operation

ENDLESS = "/api/camera"
DESCRIBED = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
FEW = settings(
    max_examples=3,  # ten times as many found no more
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    database=None,
)
POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE


def operations() -> list[Operation]:
    """All but WebSockets and the stream that never ends."""
    return [one for one in OPERATIONS if 101 not in one.answers and one.path != ENDLESS]


@pytest.fixture(scope="module")
def schema() -> Any:
    return schemathesis.openapi.from_dict(json.loads(json.dumps(document("1.2.3"))))


@pytest.fixture
def farm(make_farm: Callable[..., Any], kit: Any) -> Any:
    """One printer, which prints, a file and a job that waits."""
    farm = make_farm(names=("alder",))
    farm.printer().report(kit.printing("alder", 40))
    return farm


@pytest.fixture
def names(farm: Any) -> dict[str, Any]:
    """For the parameters in paths: what is there."""
    client = farm.app.test_client()
    file = (io.BytesIO(b"G28\nG1 X10 Y10 E1\nM104 S0\n"), "gear.gcode")
    stored = client.post("/api/files", data={"file": file}).get_json()
    wish = {"file_id": stored["id"], "target": {"any": True}, "held": True}
    job = client.post("/api/jobs", json=wish).get_json()
    return {
        "printer_id": "alder", "file_id": stored["id"], "job_id": job["id"], "plate": 1,
        "attempt": 1, "name": "gear.gcode",
    }  # fmt: skip


def shape_of(response: Response) -> str:
    """Why the body has the wrong shape, "" = it has not. What values mean (a line of G-code, a
    subscription) is no matter of shape, and of ranges each printer has its own."""
    if "json" not in (response.headers.get("content-type") or [""])[0]:
        return ""
    answer = response.json()
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict) or error.get("code") != "bad_request":
        return ""
    return str(error["message"]) if {"field", "unknown"} & set(error["details"]) else ""


def cases(api: Any, operation: Operation, names: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """(kind, strategy): what fits the description and what does not; of things that are there."""
    there = {name: value for name, value in names.items() if f"{{{name}}}" in operation.path}
    more = {"path_parameters": there} if there else {}
    for mode in (POSITIVE, NEGATIVE):
        yield mode, api.as_strategy(generation_mode=mode, **more)
    if there:
        yield NEGATIVE, api.as_strategy(generation_mode=POSITIVE)  # of things that are not


def test_no_request_breaks_the_farm(farm: Any, names: dict[str, Any], schema: Any) -> None:
    url, asked = farm.serve().url, 0

    def ask(operation: Operation, mode: GenerationMode, case: Case) -> None:
        nonlocal asked
        asked += 1
        response = case.call(base_url=url, session=session)
        assert response.status_code not in (500, 501), response.text
        case.validate_response(response, checks=DESCRIBED)
        if mode is POSITIVE and not operation.form:
            assert not shape_of(response), case.as_curl_command()

    with requests.Session() as session:
        for operation in operations():
            api = schema.find_operation_by_id(operation_id(operation))
            for mode, strategy in cases(api, operation, names):
                try:
                    run = partial(ask, operation, mode)
                    FEW(given(case=strategy)(lambda case: run(case)))()  # noqa: B023
                except Unsatisfiable:
                    assert mode is NEGATIVE  # there is nothing to get wrong about it
    assert asked > 4 * len(operations())


def test_a_mistake_of_ours_would_be_seen(
    farm: Any, schema: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    url = farm.serve().url
    monkeypatch.setitem(farm.app.view_functions, "forecast.forecast", broken)
    case = schema.find_operation_by_id("get_dispatch_forecast").Case()
    assert case.call(base_url=url).status_code == 500
    monkeypatch.setitem(farm.app.view_functions, "forecast.forecast", lambda: {"at": "now"})
    with pytest.raises(BaseExceptionGroup):
        case.validate_response(case.call(base_url=url), checks=DESCRIBED)
