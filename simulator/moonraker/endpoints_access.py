"""Signing in: /access/*, and how a web socket introduces itself."""

from __future__ import annotations

from typing import Any

from simulator.moonraker.accounts import API_USER, TRUSTED_USER
from simulator.moonraker.calls import Call, Endpoint
from simulator.moonraker.errors import ServerError
from simulator.moonraker.server import Moonraker

_CLIENT_TYPES = ("web", "mobile", "desktop", "display", "bot", "agent", "other")


def access_info(server: Moonraker, _call: Call) -> Any:
    """GET /access/info, without signing in."""
    return {
        "default_source": "moonraker",
        "available_sources": ["moonraker"],
        "login_required": False,
        "trusted": server.accounts.trusting,
    }


def api_key(server: Moonraker, _call: Call) -> Any:
    """GET /access/api_key."""
    return server.printer.knobs.api_key or server.printer.spec.api_key or "0" * 32


def one_shot(server: Moonraker, _call: Call) -> Any:
    """GET /access/oneshot_token."""
    return server.accounts.one_shot()


def login(server: Moonraker, call: Call) -> Any:
    """POST /access/login."""
    return server.accounts.login(call.text("username"), call.text("password"))


def create_user(server: Moonraker, call: Call) -> Any:
    """POST /access/user."""
    return server.accounts.create(call.text("username"), call.text("password"))


def this_user(server: Moonraker, call: Call) -> Any:
    """GET /access/user."""
    created = server.accounts.created_on
    return {
        "username": call.user or TRUSTED_USER,
        "source": "moonraker",
        "created_on": created,
    }


def identify(server: Moonraker, call: Call) -> Any:
    """server.connection.identify, with api_key to sign in."""
    connection = call.connection
    if connection is None:
        raise ServerError("No connection detected")
    if "api_key" in call.args:
        if not server.accounts.key_is(call.text("api_key")):
            raise ServerError("Invalid API Key", 401)
        connection.user = API_USER
    if connection.user is None:
        raise ServerError("Unauthorized", 401)
    if connection.identity is not None:
        raise ServerError(f"Connection already identified: {connection.identity}")
    name, version = call.text("client_name"), call.text("version")
    kind, url = call.text("type").lower(), call.text("url")
    if kind not in _CLIENT_TYPES:
        raise ServerError(f"Invalid Client Type: {kind}")
    connection.identity = {"name": name, "version": version, "type": kind, "url": url}
    return {"connection_id": connection.id}


def websocket_id(_server: Moonraker, call: Call) -> Any:
    """server.websocket.id."""
    if call.connection is None:
        raise ServerError("No connection detected")
    return {"websocket_id": call.connection.id}


ENDPOINTS = (
    Endpoint("", "", "server.connection.identify", identify),
    Endpoint("GET", "/server/websocket/id", "server.websocket.id", websocket_id),
    Endpoint("GET", "/access/info", "access.info", access_info),
    Endpoint("GET", "/access/api_key", "access.get_api_key", api_key),
    Endpoint("GET", "/access/oneshot_token", "access.oneshot_token", one_shot),
    Endpoint("POST", "/access/login", "access.login", login),
    Endpoint("POST", "/access/user", "access.post_user", create_user),
    Endpoint("GET", "/access/user", "access.get_user", this_user),
)
