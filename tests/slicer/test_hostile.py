"""Every hostile or broken file is refused with its own reason, in bounded memory and time."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import FarmError, TooLarge, Unusable
from slicer.inspection import inspect_file
from tests.slicer.hostile import CASES, MEMORY_BYTES, SAME_ATTACK, Case
from tests.slicer.hostile_archives import patch_central
from tests.slicer.hostile_table import Reader, reader

Save = Callable[[bytes], Path]


@pytest.fixture(scope="module")
def worker() -> Iterator[Reader]:
    if not sys.platform.startswith("linux"):
        pytest.skip("memory is counted by Linux's own means")
    with reader() as found:
        yield found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_refused_with_its_own_reason_in_64_mb(case: Case, worker: Reader) -> None:
    """The reader may take no more address space than that, and no processor for ever."""
    found = worker.read(case)
    assert (found.code, found.error) == (case.code, case.error.__name__), found.text
    assert found.text.endswith(".")
    assert found.peak_bytes <= MEMORY_BYTES


def test_no_two_attacks_are_refused_in_the_same_words(worker: Reader) -> None:
    """But for variants of one attack, which are named."""
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    for case in CASES:
        found = worker.read(case)
        reasons[found.code, found.text].append(case.name)
    shared = {code for (code, _), names in reasons.items() if len(names) > 1}
    assert shared == set(SAME_ATTACK)
    assert len(reasons) >= 75 and len({code for code, _ in reasons}) >= 60
    assert not list(worker.folder.iterdir()), "nothing is ever unpacked to disk"


def test_declared_total_above_one_gigabyte(parts: Any, pack: Any, save: Save) -> None:
    raw = pack({**parts(), **{f"Metadata/{n:07}.bin": b"\0" * 100 for n in range(3)}})
    for number in range(3):
        member = f"Metadata/{number:07}.bin".encode()
        raw = patch_central(raw, member, 24, "<L", 500 * 1024**2)
        raw = patch_central(raw, member, 20, "<L", 5 * 1024**2)
    with pytest.raises(TooLarge) as caught:
        inspect_file(save(raw), "big")
    assert caught.value.error_code == "unpacked_too_large"


def test_entry_cut_short_by_a_lying_size(parts: Any, pack: Any, save: Save) -> None:
    """The directory promises more than the data holds."""
    size = len(parts()["Metadata/plate_1.json"])
    raw = patch_central(pack(parts()), b"Metadata/plate_1.json", 24, "<L", size + 10)
    with pytest.raises(Unusable) as caught:
        inspect_file(save(raw), "cut")
    assert caught.value.error_code in ("truncated_member", "damaged")


def test_every_byte_flipped_never_escapes_as_another_error(
    parts: Any, pack: Any, save: Save
) -> None:
    raw = pack(parts())
    for at in range(0, len(raw), 7):
        broken = bytearray(raw)
        broken[at] ^= 0xFF
        path = save(bytes(broken))
        try:
            inspect_file(path, "flipped")
        except FarmError as error:
            assert error.error_code


@pytest.mark.parametrize("length", [1, 2, 4, 30, 100, 600])
def test_cut_files_are_refused(length: int, parts: Any, pack: Any, save: Save) -> None:
    with pytest.raises(Unusable):
        inspect_file(save(pack(parts())[:length]), "cut")
