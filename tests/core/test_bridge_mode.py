"""--bridge: one printer of another farm, told by the environment alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.environment import arguments, load_settings
from core.errors import ConfigError

ROOT = Path("/nowhere")


def load(environ: dict[str, str], *args: str) -> object:
    return load_settings(arguments(["--bridge", *args]), environ, ROOT)


def test_the_environment_is_the_whole_configuration() -> None:
    config = load_settings(
        arguments(["--bridge", "--port", "0"]),
        {
            "WS_URL": "ws://far:8000/ws/printer/{printer_id}", "PRINTER_ID": "alder",
            "PRINTER_NAME": "Alder", "WS_USER": "me", "WS_PASS": "hunter2", "HOST": "192.0.2.1",
            "DASH_USER": "u", "DASH_PASS": "p", "FARM_CONFIG": "/not/read.json",
            "IMAGE_TIMEOUT_SECONDS": "30", "RECONNECT_MIN_SECONDS": "2",
            "RECONNECT_MAX_SECONDS": "40",
        },
        ROOT,
    )  # fmt: skip
    [printer] = config.printers
    assert (printer.id, printer.name, printer.type) == ("alder", "Alder", "feed")
    assert printer.url == "ws://far:8000/ws/printer/{printer_id}"
    assert (printer.user, printer.password.reveal()) == ("me", "hunter2")
    assert config.data_dir == ROOT / "jobs" / "bridge"
    assert (config.server.host, config.server.port, config.server.user) == ("192.0.2.1", 0, "u")
    assert not config.dispatch.enabled
    feed = config.feed
    assert (feed.image_timeout_s, feed.reconnect_min_s, feed.reconnect_max_s) == (30, 2, 40)


def test_all_that_is_missing_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load({})
    assert "WS_URL is missing" in caught.value.message
    assert "PRINTER_ID is missing" in caught.value.message


@pytest.mark.parametrize(
    ("url", "printer", "said"),
    [
        ("ftp://far", "alder", "WS_URL: must be an address"),
        ("ws://", "alder", "WS_URL: must be an address"),
        ("ws://far:99999", "alder", "WS_URL: must be an address"),
        ("ws://me:hunter2@far", "alder", "WS_USER and WS_PASS"),
        ("ws://far?key=hunter2", "alder", "WS_USER and WS_PASS"),
        ("ws://far", "../alder", "PRINTER_ID: must be"),
    ],
)
def test_a_mistake_is_named_by_its_variable_and_shows_no_password(
    url: str, printer: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        load({"WS_URL": url, "PRINTER_ID": printer})
    assert "hunter2" not in caught.value.message


def test_a_bridge_is_no_farm_besides() -> None:
    environ = {"WS_URL": "ws://far", "PRINTER_ID": "alder"}
    for more in (("--demo", "3"), ("--config", "config.json")):
        with pytest.raises(ConfigError, match="takes no --config and no --demo"):
            load(environ, *more)


def test_a_name_in_another_encoding_is_said_and_not_served() -> None:
    """As an EnvironmentFile in Latin-1 gives it; no JSON could carry it."""
    name = b"K\xfcche".decode("utf-8", "surrogateescape")
    with pytest.raises(ConfigError, match="PRINTER_NAME: is not UTF-8"):
        load({"WS_URL": "ws://far", "PRINTER_ID": "alder", "PRINTER_NAME": name})
