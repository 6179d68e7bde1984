"""One shape for every error that leaves the farm: {"error": {"code", "message", "details"}}."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, ClassVar

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from core import jsonio
from core.errors import FarmError

logger = logging.getLogger(__name__)


class Unauthorized(FarmError):
    """No or wrong credentials."""

    code: ClassVar[str] = "unauthorized"
    status: ClassVar[int] = 401


class Forbidden(FarmError):
    """Credentials that open nothing here."""

    code: ClassVar[str] = "forbidden"
    status: ClassVar[int] = 403


class ForeignOrigin(FarmError):
    """The request was made by a page of another site."""

    code: ClassVar[str] = "origin"
    status: ClassVar[int] = 403


class WrongHost(FarmError):
    """The Host header names something this server is not known as."""

    code: ClassVar[str] = "host"
    status: ClassVar[int] = 421


class WrongMediaType(FarmError):
    """The body is not of the type the route reads."""

    code: ClassVar[str] = "unsupported_media_type"
    status: ClassVar[int] = 415


class TooManyRequests(FarmError):
    """Too many wrong passwords."""

    code: ClassVar[str] = "too_many_requests"
    status: ClassVar[int] = 429


class Unavailable(FarmError):
    """The server cannot serve this now: too much at once, or nothing there yet."""

    code: ClassVar[str] = "unavailable"
    status: ClassVar[int] = 503
    retry_after_s: int | None = None  # when asking again makes sense


_NAMES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "too_large",
    415: "unsupported_media_type",
    431: "headers_too_large",
}


def json_response(value: Any, status: int = 200) -> Response:
    """``value`` as compact JSON."""
    return Response(jsonio.dumps(value), status, mimetype="application/json")


def error_response(
    status: int,
    code: str,
    message: str,
    details: Mapping[str, Any] | None = None,
    **beside: Any,
) -> Response:
    """The one shape of errors; ``beside`` are further fields next to "error"."""
    body = {"error": {"code": code, "message": message, "details": dict(details or {})}}
    return json_response({**beside, **body}, status)


def farm_error(error: FarmError, **beside: Any) -> Response:
    """A FarmError as its answer."""
    if error.status >= 500 and error.status not in (502, 503, 504):
        logger.error("%s %s: %s", request.method, request.path, error.message)
    response = error_response(
        error.status, error.error_code, error.message, error.details, **beside
    )
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="Print farm", charset="UTF-8"'
    if error.status == 429:
        response.headers["Retry-After"] = "60"
    if isinstance(error, Unavailable) and error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if 300 <= status < 400:
        return Response(status=status, headers=error.get_headers(request.environ))
    response = error_response(
        status, _NAMES.get(status, f"http_{status}"), error.description or error.name
    )
    for name, value in error.get_headers():
        if name.lower() == "allow":
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> Response:
    logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return error_response(
        500, "internal_error", "The farm server made a mistake; its log has the details."
    )


def install(app: Flask) -> None:
    """Register the handlers. No traceback and no HTML page ever leaves the server."""
    app.register_error_handler(FarmError, lambda error: farm_error(error))
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)
