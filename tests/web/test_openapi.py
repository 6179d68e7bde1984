"""GET /api/openapi.json: a valid document that leaves no route out and invents none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from openapi_spec_validator import validate

from web.auth import PUBLIC
from web.fleet_api import _FARM_ACTIONS
from web.openapi.document import OPERATIONS, document
from web.openapi.printers import ACTION_BODIES
from web.schemas import ACTIONS

BAD_BODY = {"bad_request", "out_of_range"}
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def routes(farm: Any) -> set[tuple[str, str]]:
    """(method, Flask's rule) of everything this farm answers to."""
    return {
        (method, rule.rule)
        for rule in farm.app.url_map.iter_rules()
        for method in (rule.methods or set()) & METHODS
    }


def rule_of(path: str) -> str:
    """ "/api/files/<file_id>" of "/api/files/{file_id}"; converters are left out on both sides."""
    return re.sub(r"\{(\w+)\}", r"<\1>", path)


def without_converters(rule: str) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"<\1>", rule)


def told() -> set[tuple[str, str]]:
    return {(op.method.upper(), op.rule or rule_of(op.path)) for op in OPERATIONS}


@pytest.fixture
def served(farm: Any) -> dict[str, Any]:
    with closing(farm.connect()) as connection:
        connection.request("GET", "/api/openapi.json")
        answer = connection.getresponse()
        assert answer.status == 200 and answer.getheader("Content-Type") == "application/json"
        return dict(json.loads(answer.read()))


def test_it_is_openapi_3_1(served: dict[str, Any]) -> None:
    validate(served)
    assert served["openapi"] == "3.1.0"
    assert served == json.loads(json.dumps(document(served["info"]["version"])))


def test_every_route_is_told_and_none_that_is_not_there(farm: Any) -> None:
    there = {(method, without_converters(rule)) for method, rule in routes(farm)}
    missing = sorted(f"{method} {rule}" for method, rule in there - told())
    assert not missing, f"web/openapi/ says nothing of: {', '.join(missing)}"
    invented = sorted(f"{method} {rule}" for method, rule in told() - there)
    assert not invented, f"web/openapi/ tells of routes that are not there: {', '.join(invented)}"


def test_every_action_of_a_printer_has_its_own_path() -> None:
    assert set(ACTION_BODIES) == set(ACTIONS) | set(_FARM_ACTIONS)
    for prefix in ("/api/printers/{printer_id}", "/api/fleet"):
        paths = {op.path for op in OPERATIONS if op.rule and op.path.startswith(prefix)}
        assert paths == {f"{prefix}/{name}" for name in ACTION_BODIES}


def operations(served: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in served["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_each_is_told_whole(served: dict[str, Any]) -> None:
    for path, method, operation in operations(served):
        where = f"{method} {path}"
        assert operation["summary"] and operation["tags"], where
        successes = [status for status in operation["responses"] if status[0] in "123"]
        assert successes and {"4XX", "5XX"} <= set(operation["responses"]), where
        in_path = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
        assert in_path == set(re.findall(r"\{(\w+)\}", path)), where
        content = operation.get("requestBody", {}).get("content", {})
        if method in ("put", "patch"):
            assert "application/json" in content, where
        for status, answer in operation["responses"].items():
            if status in ("101", "204", "302"):
                assert "content" not in answer, where
            elif status[0] in "2":
                assert answer["content"], where


def test_the_bodies_are_those_the_farm_reads(farm: Any) -> None:
    """What a schema requires is required, what it leaves out is refused by name."""
    with closing(farm.connect()) as connection:

        def code_of(path: str, body: Any) -> str:
            data = json.dumps(body)
            connection.request("POST", path, data, {"Content-Type": "application/json"})
            answer = json.loads(connection.getresponse().read())
            return str(answer.get("error", {}).get("code", ""))

        for name, body in ACTION_BODIES.items():
            path = f"/api/printers/alder/{name}"
            assert code_of(path, {"no_such_field": 1}) in BAD_BODY, name
            needs = "required" in body or "oneOf" in body or "anyOf" in body
            assert (code_of(path, {}) in BAD_BODY) == needs, name


def test_it_tells_nothing_of_this_farm(served: dict[str, Any], kit: Any) -> None:
    text = json.dumps(served)
    assert "alder" not in text.lower() and kit.canary not in text and "127.0.0.1" not in text


def test_a_password_guards_it(locked_farm: Any, kit: Any) -> None:
    with closing(locked_farm.connect()) as connection:
        connection.request("GET", "/api/openapi.json")
        answer = connection.getresponse()
        assert answer.status == 401 and b"paths" not in answer.read()
        connection.request("GET", "/api/openapi.json", headers=kit.basic())
        assert connection.getresponse().status == 200


def test_what_is_open_to_all_is_told_as_such(farm: Any, served: dict[str, Any]) -> None:
    unlocked = {path for path, _, one in operations(served) if one.get("security") == []}
    assert unlocked == PUBLIC | {"/api/defect-picture/{token}"}
