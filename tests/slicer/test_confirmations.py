"""A yes is kept for one content on one machine, over restarts, and for nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import StorageError
from slicer import confirmations
from slicer.confirmations import Confirmations, Question

HERE = Question(sha256="a" * 64, plate=1, printer_id="oak", machine="MK3S")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "confirmations.json"


def test_a_yes_survives_a_restart(path: Path) -> None:
    clock = ManualClock()
    Confirmations(path, clock).add(HERE, {"unknown_model", "other_flavour"}, "Lena")
    found = Confirmations(path, clock).of(HERE)
    assert found.keys() == {"unknown_model", "other_flavour"}
    assert (found["unknown_model"].by, found["unknown_model"].at) == ("Lena", clock.time())


@pytest.mark.parametrize(
    "other",
    [
        replace(HERE, sha256="b" * 64),
        replace(HERE, plate=2),
        replace(HERE, printer_id="elm"),
        replace(HERE, machine=""),
    ],
)
def test_it_answers_no_other_question(path: Path, other: Question) -> None:
    kept = Confirmations(path, ManualClock())
    kept.add(HERE, {"unknown_model"}, "")
    assert kept.of(other) == {}
    assert kept.of(HERE), "nor is it lost by one"


def test_another_machine_in_its_place_forgets_for_good(path: Path) -> None:
    kept = Confirmations(path, ManualClock())
    kept.add(HERE, {"unknown_model"}, "Lena")
    kept.add(replace(HERE, printer_id="elm"), {"unknown_model"}, "Lena")
    assert kept.of(replace(HERE, machine="XL")) == {}
    for again in (kept, Confirmations(path, ManualClock())):
        assert again.of(HERE) == {}
        assert again.of(replace(HERE, printer_id="elm")), "other printers keep theirs"


def test_a_second_yes_replaces_the_first(path: Path) -> None:
    clock = ManualClock()
    kept = Confirmations(path, clock)
    kept.add(HERE, {"unknown_model"}, "Lena")
    clock.advance(60)
    kept.add(HERE, {"unknown_model"}, "Tom")
    assert kept.of(HERE)["unknown_model"].by == "Tom"
    assert path.read_text().count("unknown_model") == 1


@pytest.mark.parametrize("code", ["unknown_filament", "wrong_model", "other_bed_type", "no_model"])
def test_what_may_change_is_never_kept(path: Path, code: str) -> None:
    with pytest.raises(ValueError, match=code):
        Confirmations(path, ManualClock()).add(HERE, {"unknown_model", code}, "Lena")
    assert not path.exists()


def test_the_oldest_are_forgotten_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirmations, "MAX_KEPT", 3)
    kept = Confirmations(path, ManualClock())
    for plate in range(1, 6):
        kept.add(replace(HERE, plate=plate), {"unknown_model"}, "")
    assert [p for p in range(1, 6) if kept.of(replace(HERE, plate=p))] == [3, 4, 5]


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b'{"version": 9, "confirmed": []}', b'{"version": 1, "confirmed": [{}]}',
     b'{"version": 1, "confirmed": [{"sha256": "a", "plate": 1, "printer_id": "oak", '
     b'"machine": "", "code": "unknown_model", "by": "", "at": "now"}]}'],
)  # fmt: skip
def test_a_damaged_file_is_set_aside(path: Path, damage: bytes) -> None:
    path.write_bytes(damage)
    kept = Confirmations(path, ManualClock())
    assert kept.of(HERE) == {}
    assert path.with_name("confirmations.json.damaged").read_bytes() == damage
    kept.add(HERE, {"unknown_model"}, "Lena")
    assert kept.of(HERE)


def test_a_code_that_was_put_into_the_file_by_hand_confirms_nothing(path: Path) -> None:
    Confirmations(path, ManualClock()).add(HERE, {"unknown_model"}, "")
    path.write_text(path.read_text().replace("unknown_model", "wrong_model"))
    assert Confirmations(path, ManualClock()).of(HERE) == {}


def test_a_full_disk_keeps_no_yes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StorageError("The disk is full.")

    kept = Confirmations(path, ManualClock())
    monkeypatch.setattr(confirmations, "write_durably", full)
    with pytest.raises(StorageError):
        kept.add(HERE, {"unknown_model"}, "Lena")
    assert kept.of(HERE) == {}
