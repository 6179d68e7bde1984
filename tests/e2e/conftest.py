"""Fixtures: the browser, farms, and pages that must not complain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.stage import CHROMIUM, DESK, WAIT_MS, Complaints, FarmProcess, chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("there is no Chromium on this machine (deploy/system_packages.sh installs it)")
    expect.set_options(timeout=WAIT_MS)  # many workers share the machine
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def new_farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., FarmProcess]]:
    """Starts farms and ends them, each with exit code 0."""
    farms: list[FarmProcess] = []

    def start(printers: list[dict[str, Any]], **more: Any) -> FarmProcess:
        farm = FarmProcess(tmp_path_factory.mktemp("farm"), printers, **more)
        farms.append(farm)
        farm.start()
        return farm

    yield start
    codes = [farm.stop() for farm in farms]
    assert codes == [0] * len(codes), [farm.log()[-12000:] for farm in farms]


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def new_page(browser: Browser, complaints: Complaints) -> Iterator[Callable[..., Page]]:
    """Opens pages in fresh contexts; afterwards no console may hold an unexpected error."""
    with ExitStack() as stack:

        def open_page(url: str, **options: Any) -> Page:
            context = browser.new_context(**{"viewport": DESK, **options})
            stack.callback(context.close)
            context.set_default_timeout(WAIT_MS)
            page = context.new_page()
            complaints.watch(page)
            page.goto(url)
            return page

        yield open_page
    assert complaints.unexpected() == []
