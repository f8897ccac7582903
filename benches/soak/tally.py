"""What came of the requests, how often each fault happened, and how the server's process was meanwhile."""

import collections
import math
import os
import re
import statistics
import time

SHOWN = 20  # wrong outcomes that are told in full

TITLES = ["", "requests", "a second", "wrong", "RSS MiB", "PSS MiB", "descriptors", "threads", "CPU %", "late ms"]


class Tally:
    def __init__(self):
        self.outcomes = collections.Counter()
        self.faults = collections.Counter()
        self.wrongs = 0
        self.began = time.monotonic()

    def came(self, kind, outcome):
        self.outcomes[kind, outcome] += 1

    def happened(self, fault):
        self.faults[fault] += 1

    def wrong(self, kind, what):
        self.came(kind, "WRONG")
        self.wrongs += 1
        if self.wrongs <= SHOWN:
            print(f"WRONG after {time.monotonic() - self.began:.0f} s, {kind}: {what}", flush=True)

    def of(self, kind):
        return sum(count for (found, _), count in self.outcomes.items() if found == kind)

    def requests(self):
        return sum(self.outcomes.values()) - self.of("session")

    def show(self):
        print("\nWhat came of it")
        for (kind, outcome), count in sorted(self.outcomes.items()):
            print(f"{count:9}  {kind}: {outcome}")
        print("\nHow often each fault happened")
        for fault, count in sorted(self.faults.items()):
            print(f"{count:9}  {fault}")


class Sample:
    """A process at one moment: KiB, numbers, and seconds of processor time so far."""

    def __init__(self, pid):
        self.rss, self.threads = field(pid, "status", "VmRSS"), field(pid, "status", "Threads")
        self.pss = field(pid, "smaps_rollup", "Pss")
        self.descriptors = len(os.listdir(f"/proc/{pid}/fd"))
        with open(f"/proc/{pid}/stat") as text:
            ticks = text.read().rsplit(") ", 1)[1].split()[11:13]
        self.cpu = sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def field(pid, file, name):
    with open(f"/proc/{pid}/{file}") as text:
        return int(re.search(rf"^{name}:\s+(\d+)", text.read(), re.MULTILINE)[1])


class Table:
    """A line for each minute."""

    def __init__(self, tally):
        self.tally, self.last = tally, (time.monotonic(), 0, None)
        print("".join(f"{title:>12}" for title in TITLES))

    def line(self, name, sample, late):
        """`late` is how long the load's own loop has kept somebody waiting at the most, in seconds."""
        now, requests = time.monotonic(), self.tally.requests()
        since, before, cpu = self.last
        seconds = max(now - since, 0.001)
        cells = [name, requests, f"{(requests - before) / seconds:.0f}", self.tally.wrongs]
        cells += [f"{sample.rss / 1024:.1f}", f"{sample.pss / 1024:.1f}", sample.descriptors, sample.threads]
        cells += ["-" if cpu is None else f"{100 * (sample.cpu - cpu) / seconds:.1f}", f"{1000 * late:.0f}"]
        print("".join(f"{cell:>12}" for cell in cells), flush=True)
        self.last = now, requests, sample.cpu


def quarters(samples, of):
    """The medians of the first quarter, after a tenth for warming up, and of the last."""
    counted = [of(sample) for sample in samples[math.ceil(len(samples) / 10) :]]
    quarter = max(1, len(counted) // 4)
    return statistics.median(counted[:quarter]), statistics.median(counted[-quarter:])
