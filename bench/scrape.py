"""``python -m bench.scrape``: what a Prometheus costs the farm, through the real server.

One hundred simulated printers that report once a second; every scrape on a connection of its own,
as Prometheus 2 keeps one for minutes and then makes another.
"""

from __future__ import annotations

import argparse
import time
import urllib.request

import psutil

from bench.__main__ import free_port
from bench.mixes import MIXES, entries
from bench.processes import Farm, Simulators
from bench.rows import Row, percentile


def scrape(url: str) -> tuple[float, bytes]:
    """(milliseconds to the last byte, the page)"""
    began = time.perf_counter()
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
        page: bytes = answer.read()
    return 1000 * (time.perf_counter() - began), page


def series_of(page: bytes) -> int:
    return sum(not line.startswith(b"#") for line in page.splitlines())


def cpu_seconds(pid: int) -> float:
    spent = psutil.Process(pid).cpu_times()
    return float(spent.user + spent.system)


def measure(mix: str, count: int, scrapes: int) -> list[Row]:
    """The farm's own work for its printers is measured beside it and taken off."""
    with (
        Simulators(entries(mix, count), hertz=1.0) as simulators,
        Farm(simulators.printers, free_port()) as farm,
    ):
        _, page = scrape(farm.url)  # the first one reads the history
        before = farm.usage_during(1.0).rss_mb
        pid, began, start = farm.process.pid, time.perf_counter(), cpu_seconds(farm.process.pid)
        taken = [scrape(farm.url)[0] for _ in range(scrapes)]
        spent, lasted = cpu_seconds(pid) - start, time.perf_counter() - began
        usage = farm.usage_during(5.0)
        each = 1000 * (spent - lasted * usage.cpu_percent / 100) / scrapes
        return [
            Row("series", series_of(page), ""),
            Row("page", len(page) / 1000, "kB"),
            Row("scrape, p50", percentile(taken, 50), "ms"),
            Row("scrape, p99", percentile(taken, 99), "ms"),
            Row("CPU of the farm for one scrape", each, "ms"),
            Row("  of one core at one in 15 s", each / 150, "%"),
            Row("RSS after the first scrape", before, "MB"),
            Row("RSS after all of them", usage.rss_mb, "MB"),
        ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.scrape", description=__doc__)
    parser.add_argument("--printers", type=int, nargs="*", default=[12, 100])
    parser.add_argument("--mix", choices=MIXES, default="thirds")
    parser.add_argument("--scrapes", type=int, default=200)
    args = parser.parse_args()
    for count in args.printers:
        print(f"\n{count} printers ({args.mix}), {args.scrapes} scrapes", flush=True)
        for row in measure(args.mix, count, args.scrapes):
            print(row.text(), flush=True)


if __name__ == "__main__":
    main()
