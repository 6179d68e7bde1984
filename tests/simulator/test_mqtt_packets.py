"""Packets and payloads, whole and cut anywhere."""

from __future__ import annotations

import json
import time

from hypothesis import given
from hypothesis import strategies as st

from simulator.bambu import mqtt_packets
from simulator.bambu.mqtt_packets import MalformedPacket, PacketReader
from simulator.bambu.report_json import ReportForm, encode


@given(st.binary(max_size=200), st.integers(1, 40))
def test_the_packet_reader_raises_nothing_but_malformed_packet(data, step):
    reader = PacketReader()
    try:
        for start in range(0, len(data), step):
            for packet in reader.feed(data[start : start + step]):
                mqtt_packets.read_publish(packet)
                mqtt_packets.read_connect(packet.body)
                mqtt_packets.read_subscribe(packet)
                mqtt_packets.read_unsubscribe(packet)
    except MalformedPacket:
        return


@given(st.binary(max_size=20_000), st.integers(1, 5000))
def test_a_published_packet_reads_back_from_any_cut(payload, step):
    raw = mqtt_packets.publish("device/X/report", payload)
    reader = PacketReader()
    packets = [p for i in range(0, len(raw), step) for p in reader.feed(raw[i : i + step])]
    (packet,) = packets
    message = mqtt_packets.read_publish(packet)
    assert (message.topic, message.payload, message.qos) == ("device/X/report", payload, 0)


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text('ab "\\ü\n{}[]: ,'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("a b"), inner, max_size=3),
)


@given(st.dictionaries(st.text("ab "), _json, max_size=4))
def test_the_fast_indentation_equals_the_standard_library(message):
    assert encode(message) == json.dumps(message, indent=4, ensure_ascii=False).encode()


def test_benchmark_reports_have_size_rate_and_stamp(simulated_farm, probe):
    form = ReportForm(pad_bytes=9000, stamp=True)
    farm = simulated_farm("P1S", report_hz=20, form=form)
    client = probe(farm.endpoints["p0"]).online()
    payloads = [client.next() for _ in range(11)]
    begin = time.monotonic()
    payloads += [client.next() for _ in range(10)]
    assert 0.3 < time.monotonic() - begin < 1.5
    assert all(9000 <= len(payload) < 12_000 for payload in payloads)
    body = json.loads(payloads[-1])["print"]
    assert 0 <= time.time_ns() - body["t_stamp"] < 5_000_000_000
    assert body["layer_num"] == body["t_stamp"] // 1_000_000 % 20_000
    assert body["mc_percent"] == body["t_stamp"] // 10_000 % 100
