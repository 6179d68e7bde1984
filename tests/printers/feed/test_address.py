"""The owner's url, and how long the farm waits between attempts."""

from __future__ import annotations

import random

import pytest

from core.errors import ConfigError
from printers.feed.address import feed_address
from printers.feed.backoff import BoundedBackoff


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("ws://far:8000/ws/printer/birch", "http://far:8000", "/ws/printer/birch"),
        ("ws://far:8000/ws/printer/{printer_id}", "http://far:8000", "/ws/printer/alder"),
        ("ws://far:8000/ws/printer/", "http://far:8000", "/ws/printer/alder"),
        ("ws://far:8000", "http://far:8000", "/ws/printer/alder"),
        ("192.0.2.7:8000", "http://192.0.2.7:8000", "/ws/printer/alder"),
        ("wss://far/print/ws/printer", "https://far:443", "/print/ws/printer/alder"),
        ("http://far", "http://far:80", "/ws/printer/alder"),
        ("wss://[::1]:9/own/path", "https://[::1]:9", "/own/path"),
    ],
)
def test_an_address_in_all_its_forms(url: str, origin: str, path: str) -> None:
    address, found = feed_address(url, "alder", "Alder")
    assert (address.origin, found) == (origin, path)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://far/x", "ws:// or wss://"),
        ("ws://me:hunter2@far/x", "must hold no password"),
        ("ws://far/x?key=hunter2", "without ? and #"),
        ("ws://", "names no host"),
        ("ws://far:99999/x", "cannot be read"),
        ("ws://far/a b", "cannot be sent"),
        ("ws://far/{other}", "cannot be sent"),
    ],
)
def test_an_impossible_address_is_a_sentence_without_passwords(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said.replace("?", r"\?")) as caught:
        feed_address(url, "alder", "Alder")
    assert "hunter2" not in caught.value.message


def test_waits_grow_and_never_leave_the_owners_bounds() -> None:
    for seed in range(200):
        waits = BoundedBackoff(2.0, 30.0, random.Random(seed))
        found = [waits.next(refused=False) for _ in range(9)]
        assert all(2.0 <= wait <= 30.0 for wait in found)
        assert found[0] == 2.0
        assert all(wait >= 15.0 for wait in found[4:])
        assert 15.0 <= waits.next(refused=True) <= 30.0
        waits.reset()
        assert waits.next(refused=False) == 2.0


def test_a_shortest_wait_that_is_the_longest_too() -> None:
    waits = BoundedBackoff(5.0, 5.0)
    assert {waits.next(refused=refused) for refused in (True, False, False)} == {5.0}
