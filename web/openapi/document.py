"""The document itself, out of the tables of operations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from web.idempotency import HEADER
from web.openapi import house, others, printers, work
from web.openapi.shapes import COMPONENTS
from web.openapi.words import JSON, Answer, Operation, Schema, ref

OPERATIONS: tuple[Operation, ...] = (
    *house.OPERATIONS,
    *printers.OPERATIONS,
    *work.OPERATIONS,
    *others.OPERATIONS,
)
_NAMES = re.compile(r"\{(\w+)\}")
_NUMBERS = frozenset({"plate", "attempt"})
_OPEN = frozenset({"/healthz", "/api/defect-picture/{token}"})
_DESCRIPTION = """\
Commands are accepted with 202 and proved by the next snapshots; what a printer's state forbids is \
409 with a sentence. Unknown fields are refused by name. Times are epoch seconds. A POST may carry \
an Idempotency-Key of up to 100 characters: sent twice, it acts once."""


@cache
def document(version: str) -> Mapping[str, Any]:
    """OpenAPI 3.1. It tells nothing of this farm: no printer, no address, no setting."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Print farm", "version": version, "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"password": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": COMPONENTS,
            "responses": {
                "Refused": _error("The request cannot be carried out; the message says why."),
                "Failed": _error("The printer, the disk or the farm failed; the message says how."),
            },
            "securitySchemes": {
                "password": {"type": "http", "scheme": "basic"},
                "token": {"type": "http", "scheme": "bearer"},
                "send_key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation_id(operation),
        "summary": operation.summary,
        "tags": [operation.tag],
        "responses": {
            **{str(status): _answer(answer) for status, answer in operation.answers.items()},
            "4XX": {"$ref": "#/components/responses/Refused"},
            "5XX": {"$ref": "#/components/responses/Failed"},
        },
    }
    if parameters := [*_in_path(operation), *_in_query(operation), *_in_header(operation)]:
        described["parameters"] = parameters
    if content := _content(operation):
        described["requestBody"] = {"content": content, "required": operation.must}
    if security := _security(operation):
        described["security"] = security
    elif operation.path in _OPEN:
        described["security"] = []
    return described


def operation_id(operation: Operation) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "_", operation.path.removeprefix("/api")).strip("_")
    return f"{operation.method}_{words or ('page' if operation.path == '/' else 'api')}"


def _in_path(operation: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 0} if name in _NUMBERS else {"type": "string"},
        }
        for name in _NAMES.findall(operation.path)
    ]


def _in_query(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in operation.query.items()
    ]


def _in_header(operation: Operation) -> list[dict[str, Any]]:
    if operation.method != "post":
        return []
    schema = {"type": "string", "pattern": "^[!-~]{1,100}$"}
    return [{"name": HEADER, "in": "header", "required": False, "schema": schema}]


def _content(operation: Operation) -> dict[str, Any]:
    content = {JSON: operation.body, "multipart/form-data": operation.form}
    return {media: {"schema": schema} for media, schema in content.items() if schema is not None}


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    """Who else may come in than people with the password."""
    if operation.path == "/metrics":
        return [{"password": []}, {"token": []}]
    if operation.path == "/ws/rig/{rig_id}":
        return [{"token": []}]
    return [{"password": []}, {"send_key": []}] if operation.tag == "slicers" else []


def _answer(answer: Answer) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.text}
    if answer.schema is not None or answer.media != JSON:
        schema: Schema = answer.schema if answer.schema is not None else {}
        described["content"] = {answer.media: {"schema": schema}}
    return described


def _error(text: str) -> dict[str, Any]:
    """Slicers get the sentence alone (web/send_api.py)."""
    plain = {"type": "object", "properties": {"error": {"type": "string"}}}
    return {
        "description": text,
        "content": {
            JSON: {"schema": {"anyOf": [ref("Error"), plain]}},
            "text/plain": {"schema": {"type": "string"}},
        },
    }
