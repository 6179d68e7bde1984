"""The list by which conftest.py orders the files is true."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LISTED = (ROOT / "tests" / "longest_files.txt").read_text().split()


@pytest.mark.parametrize("path", LISTED)
def test_a_long_file_is_where_the_list_says(path: str) -> None:
    assert (ROOT / path).is_file(), "moved or renamed: tests/longest_files.txt"


def test_every_file_is_listed_once() -> None:
    assert len(LISTED) == len(set(LISTED)) > 0


def test_the_longest_come_first_and_browsers_last(request: pytest.FixtureRequest) -> None:
    """As collected in this very run."""
    files = [item.nodeid.split("::")[0] for item in request.session.items]
    browsers = [path.startswith("tests/e2e/") for path in files]
    assert browsers == sorted(browsers)
    for some in (True, False):
        own = [path for path, one in zip(files, browsers, strict=True) if one is some]
        places = [LISTED.index(path) if path in LISTED else len(LISTED) for path in own]
        assert places == sorted(places)
