"""Other services through Apprise, against a strict ntfy server and a real mail server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from alerts.channels.apprise import AppriseChannel, fitted, tamed
from alerts.model import ChannelError, Kind, Level, Refused
from core.clock import SystemClock
from core.secret import Secret
from tests.alerts.channels.conftest import message_of
from tests.alerts.servers import ntfy as ntfy_server
from tests.alerts.servers.ntfy import NtfyServer
from tests.alerts.servers.smtp import RECIPIENT, SmtpServer
from tests.alerts.servers.web import Answer
from tests.waiting import free_port


def channel(url: str, timeout_s: float = 5.0) -> AppriseChannel:
    return AppriseChannel("out", Secret(url), timeout_s, SystemClock())


def test_text_goes_to_ntfy(ntfy: NtfyServer) -> None:
    channel(ntfy.url).send(message_of(), None, {})
    (call,) = ntfy.taken
    assert ntfy.text_of(call) == ("Alder", "Finished vase.3mf after 3 h 5 min.")


def test_a_picture_goes_with_its_text_in_one_call(ntfy: NtfyServer, photo: Path) -> None:
    channel(ntfy.url).send(message_of(), photo, {})
    (call,) = ntfy.taken
    assert call.body == photo.read_bytes()
    assert ntfy.text_of(call) == ("Alder", "Finished vase.3mf after 3 h 5 min.")


@pytest.mark.parametrize("name", ["@everyone", "@here now", "(@channel)", "@**all**", "<@1234>"])
@pytest.mark.parametrize("service", ["Discord", "Mattermost", "Rocket.Chat", "ntfy"])
def test_a_name_of_a_file_calls_nobody(name: str, service: str) -> None:
    said = tamed(message_of(title=name, text=f"Finished {name}.3mf for me@example.org"), service)
    for text in (said.title, said.text):
        assert "@\u200b" in text and name not in text
    assert "me@example.org" in said.text


def test_a_name_that_reads_as_markup_is_shown_as_it_is() -> None:
    text = r"[a](http://b) *c* g_e_ar~~ ||x|| `y` \z <#1>"
    said = tamed(message_of(text=text), "Discord").text
    assert said == r"\[a\](http://b) \*c\* g\_e\_ar\~\~ \|\|x\|\| \`y\` \\z \<#1\>"
    assert tamed(message_of(text=text), "ntfy").text == text


def test_what_arrives_calls_nobody(ntfy: NtfyServer) -> None:
    channel(ntfy.url).send(message_of(text="Finished @everyone."), None, {})
    assert ntfy.text_of(ntfy.calls[0])[1] == "Finished @\u200beveryone."


@pytest.mark.parametrize(
    ("more", "priority"),
    [
        ({"silent": True, "level": Level.INFO}, "low"),
        ({"level": Level.SOON}, None),
        ({"level": Level.NOW}, "high"),
        ({"level": Level.NOW, "silent": True}, "low"),
    ],
)
def test_levels_become_the_service_s_priorities(
    ntfy: NtfyServer, more: dict[str, object], priority: str | None
) -> None:
    channel(ntfy.url).send(message_of(**more), None, {})
    assert ntfy.calls[0].headers.get("x-priority") == priority


def test_a_priority_of_the_url_stays(ntfy: NtfyServer) -> None:
    channel(ntfy.url + "?priority=max").send(message_of(level=Level.INFO, silent=True), None, {})
    assert ntfy.calls[0].headers["x-priority"] == "max"


def test_a_server_without_attachments_gets_the_text(ntfy: NtfyServer, photo: Path) -> None:
    ntfy.answer_with(ntfy_server.NO_ATTACHMENTS)
    sent = channel(ntfy.url).send(message_of(), photo, {})
    assert "without its picture" in sent.text and "attachments not allowed" in sent.text
    (call,) = ntfy.taken
    assert call.path == "/"


def test_a_refusal_is_one_call_and_says_why(ntfy: NtfyServer) -> None:
    ntfy.answer_with(ntfy_server.FORBIDDEN)
    with pytest.raises(Refused, match="forbidden"):
        channel(ntfy.url).send(message_of(), None, {})
    assert len(ntfy.calls) == 1


@pytest.mark.parametrize("answer", [ntfy_server.TOO_MANY, Answer(500, {}), Answer(how="drop")])
def test_what_may_pass_is_one_call_and_no_refusal(ntfy: NtfyServer, answer: Answer) -> None:
    ntfy.answer_with(answer)
    with pytest.raises(ChannelError) as raised:
        channel(ntfy.url).send(message_of(), None, {})
    assert not isinstance(raised.value, Refused)
    assert len(ntfy.calls) == 1


def test_a_service_that_hangs_is_left_in_time(ntfy: NtfyServer) -> None:
    ntfy.answer_with(Answer(how="hang"))
    with pytest.raises(ChannelError):
        channel(ntfy.url, timeout_s=0.3).send(message_of(), None, {})


def test_mail_with_a_picture(smtp: SmtpServer, photo: Path) -> None:
    channel(smtp.url).send(message_of(), photo, {})
    (mail,) = smtp.calls
    assert mail.subject == "Alder" and mail.recipients == (RECIPIENT,)
    assert "Finished vase.3mf after 3 h 5 min." in mail.text
    assert mail.pictures == [photo.read_bytes()]


def test_a_mail_server_that_says_later(smtp: SmtpServer) -> None:
    smtp.script.append("451 try again later")
    with pytest.raises(ChannelError) as raised:
        channel(smtp.url).send(message_of(), None, {})
    assert not isinstance(raised.value, Refused) and smtp.tries == 1


def test_of_two_recipients_one_that_got_it_is_not_told_again(ntfy: NtfyServer) -> None:
    """Another try would tell the first one twice."""
    other = ntfy.topic + "-other"
    ntfy.answer_with(200, Answer(507, {"error": "full"}))
    url = ntfy.url.replace(f"/{ntfy.topic}", f"/{other}/{ntfy.topic}")
    sent = channel(url).send(message_of(), None, {})
    assert sent.text.startswith("Only a part of it went out")
    assert len(ntfy.calls) == 2
    assert ntfy.violations == ["another topic"]
    ntfy.violations.clear()


def test_long_texts_are_cut_and_never_split(ntfy: NtfyServer) -> None:
    channel(ntfy.url).send(message_of(text="é" * 20_000, title="T" * 400), None, {})
    (call,) = ntfy.calls
    title, text = ntfy.text_of(call)
    assert len(title) == 200 and text.endswith("The rest is on the farm's page.")


def test_a_service_without_titles_has_it_as_its_first_line() -> None:
    title, text = fitted(message_of(text="x" * 2000), 0, 1000)
    assert title == "Alder" and len(title) + len(text) <= 900


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("tgram://123456:ABC-DEF/42", '"type": "telegram"'),
        ("nope://x", "cannot use its url"),
        ("discord://x", "cannot use its url"),
        ("mailto://", "cannot use its url"),
    ],
)
def test_urls_that_cannot_be_used(url: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        channel(url).send(message_of(), None, {})


def test_nobody_there_is_said_without_the_topic(ntfy: NtfyServer) -> None:
    url = ntfy.url.replace(str(ntfy.port), str(free_port()))
    with pytest.raises(ChannelError) as raised:
        channel(url).send(message_of(), None, {})
    assert not isinstance(raised.value, Refused)
    assert ntfy.topic not in raised.value.text


def test_the_test_button_sends_the_real_thing(ntfy: NtfyServer) -> None:
    out = channel(ntfy.url)
    assert out.test() == f"ntfy at 127.0.0.1:{ntfy.port} has taken it"
    assert ntfy.taken[0].body[:3] == b"\xff\xd8\xff"


def test_the_kind_of_news_has_a_colour() -> None:
    from alerts.channels.apprise import _color

    assert _color(message_of(level=Level.NOW)) == "failure"
    assert _color(message_of(Kind.FINISHED)) == "success"
    assert _color(message_of(Kind.STARTED)) == "info"


def test_the_library_is_not_loaded_before_the_first_message() -> None:
    program = (
        "import sys\n"
        "from alerts.channels import make\n"
        "from alerts.channels.apprise import AppriseChannel\n"
        "from core.clock import SystemClock\n"
        "from core.secret import Secret\n"
        "AppriseChannel('a', Secret('ntfy://x.example.org/t'), 5.0, SystemClock()).describe()\n"
        "heavy = {'apprise', 'requests', 'pywebpush', 'PIL'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy - {'requests'} else 0)\n"
    )
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, timeout=60).returncode == 0
