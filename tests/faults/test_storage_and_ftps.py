"""Cards and file servers with moods: a start either happens whole or says why it did not."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from core.errors import FarmError, UploadFailed
from printers.bambu import transfer
from printers.bambu.models import FtpsProfile

PRINTERS = [("P1S", "idle")] * 26 + [("A1", "idle")] * 2 + [("X1C", "idle")] * 2
TIME_SCALE = 200.0


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute's patience for 226 is right for printers and too long here."""
    real = transfer.FileStore._profile.fget
    assert real is not None

    def profile(store: transfer.FileStore) -> FtpsProfile:
        found: FtpsProfile = real(store)
        return replace(found, reply_226_timeout_s=1.0)

    monkeypatch.setattr(transfer.FileStore, "_profile", property(profile))


@pytest.mark.fault("sd_missing")
def test_no_card_from_the_first_report_on(farm: Any) -> None:
    seat = farm.take()
    seat.sim.handle.go_offline()
    seat.in_state("offline")
    seat.sim.set(sd_missing=True)
    seat.sim.handle.go_online()
    text = seat.noticed("storage_missing")
    assert "no microSD card in the printer. Insert one" in text
    code, why = seat.blocked()
    assert code == "storage"
    assert why == f"{seat.name} cannot store files. Check its memory card or USB stick."
    with pytest.raises(FarmError, match="cannot store files"):
        seat.start()
    seat.sim.set(sd_missing=False)
    assert seat.until(lambda p: p["storage"] == "ok")["gates"]["start"]["ok"]


@pytest.mark.fault("sd_missing")
def test_the_card_is_pulled_before_a_transfer(farm: Any) -> None:
    """The report needs 10 s to be believed; the file server says it at once."""
    seat = farm.take()
    seat.sim.set(sd_missing=True)
    text = seat.not_started()
    assert text == (
        f"{seat.name} cannot write to its microSD card: none is inserted, or it is "
        "write-protected. Nothing was started."
    )
    seat.until(lambda p: p["storage"] == "missing", "the missing card was never shown")
    assert seat.blocked()[0] == "storage"


@pytest.mark.fault("sd_readonly")
def test_a_write_protected_card(farm: Any) -> None:
    seat = farm.take()
    seat.sim.set(sd_readonly=True)
    text = seat.noticed("storage_read_only")
    assert "write-protected. Unlock or replace it" in text
    assert seat.blocked()[0] == "storage"
    seat.sim.set(sd_readonly=False)
    seat.until(lambda p: p["notices"] == [] and p["gates"]["start"]["ok"])


REFUSALS = [
    pytest.param(
        {"sd_full": True},
        "The microSD card of {name} is full. Delete files from it first. Nothing was started.",
        marks=pytest.mark.fault("sd_full"),
        id="full",
    ),
    pytest.param(
        {"ftps_off": True},
        "The connection to {name} broke during the upload. Check its network",
        marks=pytest.mark.fault("ftps_off"),
        id="server off",
    ),
    pytest.param(
        {"refuse_login": True},
        "{name} refuses the access code for file transfers.",
        marks=pytest.mark.fault("refuse_login"),
        id="code",
    ),
    pytest.param(
        {"ftps_truncate_at": 4096},
        "{name} shows 4096 bytes of ",
        marks=pytest.mark.fault("ftps_truncate_at"),
        id="truncated",
    ),
    pytest.param(
        {"ftps_drop_at": 4096},
        "The connection to {name} broke during the upload. Check its network",
        marks=pytest.mark.fault("ftps_drop_at"),
        id="dropped",
    ),
    pytest.param(
        {"ftps_refuse_prot_p": True},
        "{name} broke off the encrypted data connection. Restart the printer",
        marks=pytest.mark.fault("ftps_refuse_prot_p"),
        id="no encryption",
    ),
]


@pytest.mark.parametrize(("knobs", "sentence"), REFUSALS)
def test_a_transfer_that_fails_says_why_and_keeps_the_bed(
    farm: Any, knobs: dict[str, Any], sentence: str
) -> None:
    seat = farm.take()
    seat.sim.set(**knobs)
    text = seat.not_started()
    assert text.startswith(sentence.format(name=seat.name)), text
    assert text.count("Nothing was started") == 1
    assert seat.panel()["state"] == "ready"
    seat.sim.set(**{name: type(value)() for name, value in knobs.items()})
    job = seat.start()
    seat.job_until(job, "printing", "finished")


QUIRKS = [
    pytest.param(
        {"ftps_pasv_zero": True}, marks=pytest.mark.fault("ftps_pasv_zero"), id="ftps_pasv_zero"
    ),
    pytest.param(
        {"ftps_close_notify": True},
        marks=pytest.mark.fault("ftps_close_notify"),
        id="ftps_close_notify",
    ),
    pytest.param(
        {"ftps_require_session_reuse": True},
        marks=pytest.mark.fault("ftps_require_session_reuse"),
        id="ftps_require_session_reuse",
    ),
    pytest.param(
        {"ftps_426_after_data": True},
        marks=pytest.mark.fault("ftps_426_after_data"),
        id="ftps_426_after_data",
    ),
    pytest.param(
        {"ftps_226_delay_s": 0.5},
        marks=pytest.mark.fault("ftps_226_delay_s"),
        id="ftps_226_delay_s",
    ),
    pytest.param(
        {"ftps_never_226": True}, marks=pytest.mark.fault("ftps_never_226"), id="ftps_never_226"
    ),
    pytest.param(
        {"ftps_list_without_year": True},
        marks=pytest.mark.fault("ftps_list_without_year"),
        id="ftps_list_without_year",
    ),
    pytest.param(
        {"ftps_idle_drop_s": 1.0},
        marks=pytest.mark.fault("ftps_idle_drop_s"),
        id="ftps_idle_drop_s",
    ),
]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("knobs", QUIRKS)
def test_a_quirk_of_the_file_server_costs_nothing(farm: Any, knobs: dict[str, Any]) -> None:
    seat = farm.take()
    seat.sim.set(**knobs)
    job = seat.job_until(seat.start(), "printing", "finished")
    assert job.error is None
    assert (
        seat.sim.handle.file("/" + job.remote_name) == farm.library.path(job.file_id).read_bytes()
    )
    listed = [entry.name for entry in farm.fleet.list_files(seat.id)]
    assert job.remote_name in listed


def test_an_a1_that_cannot_encrypt_data_gets_its_file_in_the_clear(farm: Any) -> None:
    seat = farm.take("A1")
    seat.sim.set(ftps_refuse_prot_p=True)
    job = seat.job_until(seat.start(), "printing", "finished")
    assert job.error is None
    assert farm.fleet.diagnostics(seat.id)["ftps_data_clear"] is True


@pytest.mark.fault("ftps_bytes_per_s")
def test_a_slow_transfer_shows_its_percent_and_can_be_cancelled(farm: Any) -> None:
    seat = farm.take()
    seat.sim.set(ftps_bytes_per_s=20_000)
    job = seat.start()
    panel = seat.until(lambda p: p["state"] == "uploading" and (p["job"]["phase_pct"] or 0) >= 20)
    assert panel["job"]["name"] == "Gear wheel.gcode.3mf"
    code, why = seat.blocked("home")
    assert code == "printer_busy" and why.endswith(f"is being sent to {seat.name}.")
    farm.jobs.cancel_upload(seat.id)
    ended = seat.job_until(job, "cancelled")
    assert ended.error.text == "The transfer was cancelled. Nothing was started."
    assert seat.in_state("ready")["bed"]["clear"]
    seat.sim.set(ftps_bytes_per_s=0)


@pytest.mark.fault("ftps_single_transfer")
def test_two_transfers_at_once_wait_for_each_other(farm: Any) -> None:
    """The farm never uses two, whether the printer would allow it or not."""
    seat = farm.take()
    seat.sim.set(ftps_single_transfer=False)
    seat.sim.handle.set(ftps_bytes_per_s=3_000)
    job = seat.start()
    seat.until(lambda p: p["state"] == "uploading" and p["job"]["phase_pct"])
    with pytest.raises(FarmError) as caught:
        farm.fleet.list_files(seat.id)
    assert caught.value.message == f"Gear wheel is being sent to {seat.name}."
    with pytest.raises(FarmError) as caught:  # and should anything get past that gate
        farm.fleet.adapter(seat.id).list_files()
    assert caught.value.message == (
        f"{seat.name} is busy with another file transfer. Try again afterwards."
    )
    seat.sim.set(ftps_single_transfer=True)
    seat.sim.handle.set(ftps_bytes_per_s=0)
    seat.job_until(job, "printing", "finished")


@pytest.mark.fault("go_offline")
def test_switched_off_in_the_middle_of_a_transfer(farm: Any) -> None:
    seat = farm.take()
    seat.sim.handle.set(ftps_bytes_per_s=10_000)
    job = seat.start()
    seat.until(lambda p: p["state"] == "uploading" and (p["job"]["phase_pct"] or 0) >= 5)
    seat.sim.do("go_offline")
    ended = seat.job_until(job, "failed")
    assert seat.name in ended.error.text
    assert ended.error.text.endswith("Nothing was started.")
    seat.sim.handle.set(ftps_bytes_per_s=0)
    seat.sim.handle.go_online()
    assert seat.in_state("ready")["bed"]["clear"]
    assert seat.sim.handle.requests("project_file") == []


@pytest.mark.fault("rotate_certificate")
def test_another_certificate_gets_no_file(farm: Any) -> None:
    seat = farm.take("X1C")
    seat.sim.do("rotate_certificate")
    with pytest.raises(UploadFailed, match="Another certificate") as caught:
        farm.fleet.upload(
            seat.id,
            farm.library.path(farm.sliced("X1C")),
            "a.gcode.3mf",
            lambda *_: None,
            threading.Event(),
        )
    assert seat.name in caught.value.message
