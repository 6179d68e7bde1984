"""The printers' FTPS servers, with Python's ftplib (bambu-lan A11, B4, B5)."""

from __future__ import annotations

import contextlib
import ftplib
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from simulator.farm import Endpoint

BLOB = bytes(range(256)) * 2000  # 512,000 bytes


class ImplicitFtps(ftplib.FTP_TLS):
    """Implicit TLS, with or without the reuse of the session that printers demand."""

    def __init__(self, context: ssl.SSLContext, *, reuse: bool) -> None:
        super().__init__(context=context, timeout=30)
        self._reuse = reuse

    def begin(self, endpoint: Endpoint) -> None:
        self.host = endpoint.host
        raw = socket.create_connection((endpoint.host, endpoint.ftps_port), 10)
        self.af = raw.family
        self.sock = self.context.wrap_socket(raw)
        self.file = self.sock.makefile("r", encoding="utf-8")
        self.welcome = self.getresp()

    def ntransfercmd(self, cmd, rest=None):
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if self._prot_p:
            session = self.sock.session if self._reuse else None
            try:
                conn = self.context.wrap_socket(conn, session=session)
            except OSError:
                conn.close()
                raise
        return conn, size

    def store(self, path: str, data: bytes) -> str:
        """Upload without unwrap(), because a printer never answers close_notify."""
        self.voidcmd("TYPE I")
        with self.transfercmd(f"STOR {path}") as conn:
            conn.sendall(data)
            conn.shutdown(socket.SHUT_WR)
        return self.voidresp()

    def fetch(self, command: str) -> bytes:
        self.voidcmd("TYPE I")
        with self.transfercmd(command) as conn:
            parts = list(iter(lambda: conn.recv(65536), b""))
        self.voidresp()
        return b"".join(parts)

    def lines(self, command: str) -> list[str]:
        return self.fetch(command).decode().splitlines()


@pytest.fixture
def ftps(trusting: ssl.SSLContext) -> Iterator[Callable[..., ImplicitFtps]]:
    """ftps(endpoint, reuse=True, code=, protect=True): logged in; closed at the end."""
    trusting.maximum_version = ssl.TLSVersion.TLSv1_2
    with contextlib.ExitStack() as stack:

        def connect(
            endpoint: Endpoint,
            *,
            reuse: bool = True,
            code: str = "",
            protect: bool = True,
            context: ssl.SSLContext | None = None,
        ) -> ImplicitFtps:
            client = ImplicitFtps(context or trusting, reuse=reuse)
            stack.callback(client.close)
            client.begin(endpoint)
            client.login("bblp", code or endpoint.access_code, secure=False)
            if protect:
                client.prot_p()
            return client

        yield connect


def test_upload_size_list_download_delete(simulated_farm, ftps):
    farm = simulated_farm("P1S")
    client = ftps(farm.endpoints["p0"])
    assert client.store("part.gcode.3mf", BLOB).startswith("226")
    assert client.size("part.gcode.3mf") == len(BLOB)
    assert farm.printer("p0").file("/part.gcode.3mf") == BLOB
    row = next(line for line in client.lines("LIST /") if line.endswith("part.gcode.3mf"))
    assert row.startswith("-rw") and f" {len(BLOB)} " in row
    assert client.fetch("RETR part.gcode.3mf") == BLOB
    client.delete("part.gcode.3mf")
    with pytest.raises(ftplib.error_perm, match="550"):
        client.size("part.gcode.3mf")


def test_folders_and_renaming(simulated_farm, ftps):
    client = ftps(simulated_farm("P1S").endpoints["p0"])
    assert client.mkd("/model/new") == "/model/new"
    client.cwd("/model/new")
    client.store("a.3mf", b"abc")
    client.rename("a.3mf", "/cache/b.3mf")
    assert client.pwd() == "/model/new"
    client.cwd("..")
    assert client.pwd() == "/model"
    client.rmd("new")
    assert client.size("/cache/b.3mf") == 3
    with pytest.raises(ftplib.error_perm, match="550"):
        client.cwd("/nowhere")
    with pytest.raises(ftplib.error_perm, match="550"):
        client.rename("missing", "x")
    assert client.sendcmd("AVBL").startswith("213 ")


def test_paths_never_leave_the_card(simulated_farm, ftps):
    farm = simulated_farm("P1S")
    client = ftps(farm.endpoints["p0"])
    client.store("../../../x.3mf", b"abc")
    assert farm.printer("p0").file("/x.3mf") == b"abc"


@pytest.mark.parametrize("command", ["MLSD", "REST 10", "APPE x", "MDTM x", "SITE HELP"])
def test_what_printers_do_not_know(simulated_farm, ftps, command):
    client = ftps(simulated_farm("P1S").endpoints["p0"])
    with pytest.raises(ftplib.error_perm, match="502"):
        client.sendcmd(command)


def test_a_wrong_code_is_530_and_nothing_works_before_the_login(simulated_farm, ftps, trusting):
    farm = simulated_farm("P1S")
    with pytest.raises(ftplib.error_perm, match="530"):
        ftps(farm.endpoints["p0"], code="wrong")
    client = ImplicitFtps(trusting, reuse=True)
    client.begin(farm.endpoints["p0"])
    with contextlib.closing(client), pytest.raises(ftplib.error_perm, match="530"):
        client.sendcmd("PWD")


def test_the_names_of_nlst_differ_between_families(simulated_farm, ftps):
    farm = simulated_farm("X1C", "P1S")
    names = {}
    for printer_id in ("p0", "p1"):
        client = ftps(farm.endpoints[printer_id])
        client.store("/cache/a.3mf", b"abc")
        names[printer_id] = client.lines("NLST /cache")
    assert names == {"p0": ["/cache/a.3mf"], "p1": ["a.3mf"]}


def test_listing_with_and_without_a_year(simulated_farm, ftps):
    farm = simulated_farm("P1S")
    client = ftps(farm.endpoints["p0"])
    client.store("a.3mf", b"abc")
    year = time.strftime("%Y", time.gmtime())
    assert client.lines("LIST")[-1].split()[-2] == year
    farm.printer("p0").set(ftps_list_without_year=True)
    assert client.lines("LIST -la /")[-1].split()[-2].count(":") == 1


# TLS on data connections


@pytest.mark.parametrize("model", ["X1C", "P1S"])
def test_a_data_connection_without_session_reuse_gets_522(simulated_farm, ftps, model):
    farm = simulated_farm(model)
    with pytest.raises(ftplib.error_perm, match="522"):
        ftps(farm.endpoints["p0"], reuse=False).lines("LIST")
    farm.printer("p0").set(ftps_require_session_reuse=False)
    assert ftps(farm.endpoints["p0"], reuse=False).lines("LIST")


def test_no_close_notify_on_data_connections(simulated_farm, ftps, trusting):
    farm = simulated_farm("P1S")
    client = ftps(farm.endpoints["p0"])

    def ends_properly() -> bool:
        raw, _size = ftplib.FTP.ntransfercmd(client, "LIST")
        with trusting.wrap_socket(
            raw, session=client.sock.session, suppress_ragged_eofs=False
        ) as conn:
            try:
                while conn.recv(65536):
                    continue
            except ssl.SSLEOFError:
                return False
            finally:
                client.voidresp()
        return True

    assert not ends_properly()
    farm.printer("p0").set(ftps_close_notify=True)
    assert ends_properly()


def test_prot_p_refused_leaves_prot_c(simulated_farm, ftps):
    farm = simulated_farm("A1")
    farm.printer("p0").set(ftps_refuse_prot_p=True)
    client = ftps(farm.endpoints["p0"])
    with pytest.raises((ftplib.Error, OSError)):
        client.store("a.3mf", b"abc")
    clear = ftps(farm.endpoints["p0"], protect=False)
    clear.prot_c()
    assert clear.store("a.3mf", b"abc").startswith("226")
    assert farm.printer("p0").file("/a.3mf") == b"abc"


def test_pasv_may_answer_0_0_0_0(simulated_farm, ftps):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(ftps_pasv_zero=True)
    client = ftps(farm.endpoints["p0"])
    assert "(0,0,0,0," in client.sendcmd("PASV")
    assert client.store("a.3mf", b"abc").startswith("226")  # ftplib takes the control host


# storage


@pytest.mark.parametrize("knob", ["sd_missing", "sd_readonly"])
def test_no_writable_card_is_553(simulated_farm, ftps, knob):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(**{knob: True})
    client = ftps(farm.endpoints["p0"])
    with pytest.raises(ftplib.error_perm, match="553"):
        client.store("a.3mf", b"abc")
    if knob == "sd_missing":
        with pytest.raises(ftplib.error_perm, match="550"):
            client.lines("LIST")


def test_a_full_card_is_552(simulated_farm, ftps):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(sd_full=True)
    client = ftps(farm.endpoints["p0"])
    with pytest.raises(ftplib.error_perm, match="552"):
        client.store("a.3mf", BLOB)
    assert client.sendcmd("AVBL") == "213 0"
    with pytest.raises(ftplib.error_perm, match="550"):
        client.size("a.3mf")


def test_an_unknown_folder_is_553(simulated_farm, ftps):
    client = ftps(simulated_farm("P1S").endpoints["p0"])
    with pytest.raises(ftplib.error_perm, match="553"):
        client.store("/nowhere/a.3mf", b"abc")


# ends of transfers


def test_226_can_be_late(simulated_farm, ftps):
    farm = simulated_farm("H2D")
    farm.printer("p0").set(ftps_226_delay_s=0.3)
    client = ftps(farm.endpoints["p0"])
    begin = time.monotonic()
    assert client.store("a.3mf", b"abc").startswith("226")
    assert time.monotonic() - begin >= 0.3


def test_226_can_stay_away_although_the_file_is_there(simulated_farm, ftps):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(ftps_never_226=True)
    client = ftps(farm.endpoints["p0"])
    client.sock.settimeout(0.5)
    with pytest.raises(TimeoutError):
        client.store("a.3mf", b"abc")
    assert farm.printer("p0").file("/a.3mf") == b"abc"


def test_426_although_every_byte_arrived(simulated_farm, ftps):
    farm = simulated_farm("P2S")
    farm.printer("p0").set(ftps_426_after_data=True)
    client = ftps(farm.endpoints["p0"])
    with pytest.raises(ftplib.error_temp, match="426"):
        client.store("a.3mf", BLOB)
    assert client.size("a.3mf") == len(BLOB)


def test_truncation_at_seven_blocks_spares_tls_1_2(simulated_farm, ftps):
    farm = simulated_farm("P2S")
    farm.printer("p0").set(tls13=True, ftps_truncate_at=7 * 65536, ftps_require_session_reuse=False)
    modern = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    modern.check_hostname = False
    modern.verify_mode = ssl.CERT_NONE
    client = ftps(farm.endpoints["p0"], context=modern, reuse=False)
    assert client.sock.version() == "TLSv1.3"
    assert client.store("a.3mf", BLOB).startswith("226")
    assert client.size("a.3mf") == 7 * 65536
    capped = ftps(farm.endpoints["p0"])
    assert capped.sock.version() == "TLSv1.2"
    capped.store("b.3mf", BLOB)
    assert capped.size("b.3mf") == len(BLOB)


def test_truncation_without_tls_1_3_cuts_every_upload(simulated_farm, ftps):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(ftps_truncate_at=1000)
    client = ftps(farm.endpoints["p0"])
    client.store("a.3mf", BLOB)
    assert client.size("a.3mf") == 1000


def test_a_cut_in_the_middle_ends_both_connections(simulated_farm, ftps):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(ftps_drop_at=100_000)
    client = ftps(farm.endpoints["p0"])
    with pytest.raises((OSError, EOFError)):
        client.store("a.3mf", BLOB)
    again = ftps(farm.endpoints["p0"])
    with pytest.raises(ftplib.error_perm, match="550"):
        again.size("a.3mf")


def test_the_throughput_can_be_limited(simulated_farm, ftps):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(ftps_bytes_per_s=1_000_000)
    client = ftps(farm.endpoints["p0"])
    begin = time.monotonic()
    client.store("a.3mf", BLOB)
    assert 0.4 < time.monotonic() - begin < 3


def test_one_transfer_at_a_time(simulated_farm, ftps, eventually):
    farm = simulated_farm("P1S")
    handle = farm.printer("p0")
    first, second = ftps(farm.endpoints["p0"]), ftps(farm.endpoints["p0"])
    first.voidcmd("TYPE I")
    running = first.transfercmd("STOR a.3mf")
    with running, pytest.raises(ftplib.error_temp, match="425"):
        second.lines("LIST")
    first.voidresp()
    assert second.lines("LIST")
    handle.set(ftps_single_transfer=False)
    with first.transfercmd("STOR b.3mf"):
        assert second.lines("LIST")
    first.voidresp()


def test_an_idle_session_is_dropped(simulated_farm, ftps):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(ftps_idle_drop_s=0.2)
    client = ftps(farm.endpoints["p0"])
    assert client.getresp.__self__ is client
    with pytest.raises(ftplib.error_temp, match="421"):
        client.getresp()


def test_a_switched_off_server_closes_at_once(simulated_farm, ftps):
    farm = simulated_farm("P2S")
    farm.printer("p0").set(ftps_off=True)
    with pytest.raises((EOFError, OSError)):
        ftps(farm.endpoints["p0"])


def test_an_upload_in_progress_is_cut_by_a_dropped_network(simulated_farm, ftps):
    farm = simulated_farm("P1S")
    client = ftps(farm.endpoints["p0"])
    client.voidcmd("TYPE I")
    conn = client.transfercmd("STOR a.3mf")
    cutter = threading.Timer(0.1, farm.printer("p0").drop_tcp)
    cutter.start()
    with conn, pytest.raises((OSError, EOFError)):
        while True:
            conn.sendall(b"x" * 65536)
            time.sleep(0.005)
    cutter.join()
    again = ftps(farm.endpoints["p0"])
    assert again.store("b.3mf", io.BytesIO(b"abc").getvalue()).startswith("226")
