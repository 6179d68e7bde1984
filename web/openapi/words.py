"""Words for schemas (JSON Schema 2020-12, as OpenAPI 3.1 has them) and for operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Schema = Mapping[str, Any]
JSON = "application/json"
JPEG, PNG, TEXT = "image/jpeg", "image/png", "text/plain"
BINARY = "application/octet-stream"


def text(longest: int | None = 200, **more: Any) -> Schema:
    """One line without control characters. ``longest`` None: as the farm sends it."""
    limits = (
        {} if longest is None else {"maxLength": longest, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f]*$"}
    )
    return {"type": "string", **limits, **more}


def word(*allowed: str) -> Schema:
    return {"type": "string", "enum": list(allowed)}


def whole(low: int | None = None, high: int | None = None) -> Schema:
    return {"type": "integer"} | _range(low, high)


def number(low: float | None = None, high: float | None = None) -> Schema:
    return {"type": "number"} | _range(low, high)


def _range(low: float | None, high: float | None) -> dict[str, Any]:
    limits = {"minimum": low, "maximum": high}
    return {name: value for name, value in limits.items() if value is not None}


def flag() -> Schema:
    return {"type": "boolean"}


def listed(items: Schema, least: int = 0, most: int | None = None) -> Schema:
    limits: dict[str, Any] = {"minItems": least} if least else {}
    return {"type": "array", "items": items, **limits, **({"maxItems": most} if most else {})}


def or_null(schema: Schema) -> Schema:
    """JSON's null besides."""
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def one_of(*schemas: Schema) -> Schema:
    return {"oneOf": list(schemas)}


def by_name(values: Schema) -> Schema:
    """An object whose keys are ids or names."""
    return {"type": "object", "additionalProperties": values}


def gives(optional: Mapping[str, Schema] | None = None, /, **required: Schema) -> Schema:
    """An object that the farm sends; later versions may add to it."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        **({"required": list(required)} if required else {}),
    }


def takes(optional: Mapping[str, Schema] | None = None, /, **required: Schema) -> Schema:
    """An object that the farm reads: what it does not know is refused by name."""
    return {**gives(optional, **required), "additionalProperties": False}


def some_of(fields: Mapping[str, Schema]) -> Schema:
    """At least one of these, each optional."""
    return {**takes(fields), "anyOf": [{"required": [name]} for name in fields]}


ANYTHING: Schema = {}
NOTHING: Schema = takes()
"""No body, or {}."""
FILE: Schema = {"type": "string", "format": "binary"}
MOMENT: Schema = {"anyOf": [number(0, 253_370_764_800), {"type": "string", "format": "date"}]}
"""Epoch seconds, or ISO 8601."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A success. ``schema`` None: no body, or bytes of that ``media`` type."""

    text: str
    schema: Schema | None = None
    media: str = JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path. ``path`` as in OpenAPI: "/api/files/{file_id}"."""

    method: str  # "get", …
    path: str
    summary: str
    tag: str
    query: Mapping[str, Schema] = field(default_factory=dict)  # none of them is required
    body: Schema | None = None  # JSON
    must: bool = False  # have a body
    form: Schema | None = None  # multipart/form-data, or besides the JSON
    answers: Mapping[int, Answer] = field(default_factory=dict)
    rule: str = ""  # Flask's rule that serves it, where the path names one case of many


@dataclass(frozen=True, slots=True)
class Area:
    """Makes the operations of one tag."""

    tag: str

    def get(self, path: str, summary: str, answer: Answer, **query: Schema) -> Operation:
        return self.make("get", path, summary, {200: answer}, query=query)

    def post(
        self, path: str, summary: str, answer: Answer, body: Schema | None = NOTHING, **more: Any
    ) -> Operation:
        """``more``: status (200), must, form, query, rule."""
        status = more.pop("status", 200)
        return self.make("post", path, summary, {status: answer}, body=body, **more)

    def delete(self, path: str, summary: str, **query: Schema) -> Operation:
        return self.make("delete", path, summary, {204: GONE}, query=query)

    def make(
        self, method: str, path: str, summary: str, answers: Mapping[int, Answer], **more: Any
    ) -> Operation:
        return Operation(
            method=method, path=path, summary=summary, tag=self.tag, answers=answers, **more
        )


GONE = Answer(text="It is gone.")
Operations = Sequence[Operation]


def ok(schema: Schema | None = None, text: str = "As asked.", media: str = JSON) -> Answer:
    return Answer(text=text, schema=schema, media=media)
