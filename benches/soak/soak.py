#!/usr/bin/env python3
"""Loads a gateway for MINUTES with requests that must work and with faults of every kind, and watches its memory and its
descriptors. benches/soak.sh starts it, and says what for."""

import argparse
import asyncio
import json
import logging
import math
import random
import sys
import time

import faults
import gone
import good
import http2
import refused
from failing import FAULTS
from tally import Sample, Table, Tally, quarters
from upstream import Upstream
from wire import Wire, Wrong, request
from world import World

# How many of each begin in a second. A session is fifty requests.
RATES = {
    good.session: 4,
    good.fresh_get: 40,
    good.fresh_post: 20,
    good.medium_get: 10,
    good.medium_post: 5,
    good.large_get: 1,
    good.large_post: 0.5,
    good.mirror: 4,
    good.pipelined: 4,
    good.consent: 2,
    good.events: 1,
    good.events_left: 2,
    good.tunnel: 3,
    refused.stranger: 8,
    refused.limited: 1,
    refused.comes_and_goes: 2,
    refused.misframed: 8,
    refused.too_long: 1,
    gone.gone_in_head: 2,
    gone.gone_in_body: 3,
    gone.gone_before_answer: 3,
    gone.gone_in_answer: 2,
    gone.never_reads: 1,
    gone.dawdles: 1,
    gone.half_closes: 2,
    faults.fault: 8,
    http2.streams: 0.5,
    http2.uploads: 0.5,
    http2.streams_left: 0.5,
}

TURN = 0.05  # seconds between two looks at what is due, on the average
EVERY = 10  # seconds between two samples
DRAINED = 90  # seconds in which the last connection has to be closed: time-outs, and 30 s for kept ones of the upstream

# How much more there may be in the last quarter than in the first: a share, and so much besides.
GROWTH = {"rss": (0.10, 2 << 10), "pss": (0.10, 2 << 10), "descriptors": (0.20, 30)}

LOST = 0.02  # the share of POSTs that may be lost to connections that were just closed
TIMES = 4  # how often a request may be sent: to each of two upstreams, over a kept connection and a new one
POSTS = ("mirror", "consent", "uploads")  # and whatever is called so


class Soak:
    def __init__(self, options):
        self.options = options
        self.tally = Tally()
        self.world = World(options.port, options.keys, self.tally)
        self.upstreams = [Upstream(port, self.tally) for port in options.upstreams]
        self.tasks, self.samples = set(), []
        self.late = 0.0

    async def run(self):
        for upstream in self.upstreams:
            await upstream.live()
        # Nobody is connected yet. The least of a few: a health check may be under way.
        baseline = await self.settled(0, 3)
        await self.probe()
        self.table = Table(self.tally)
        self.table.line("before", baseline, 0)
        others = [asyncio.create_task(work) for work in (self.rewrite(), self.kill(), self.watch())]
        await self.load(self.options.minutes * 60, others)
        for task in others:
            task.cancel()
        ended = await asyncio.gather(*others, return_exceptions=True)
        await asyncio.gather(*self.tasks)
        after = await self.settled(baseline.descriptors, DRAINED)
        self.table.line("after", after, self.late)
        for upstream in self.upstreams:
            await upstream.end()
        self.tally.show()
        return self.verdict(baseline, after) + [repr(error) for error in ended if isinstance(error, Exception)]

    async def load(self, seconds, others):
        """Begins what is due, whatever came of what was begun before. What the machine cannot do in time is left out. Ends
        early if one of the others does, which means that the server is gone."""
        end = time.monotonic() + seconds
        last = time.monotonic()
        due = dict.fromkeys(RATES, 1.0)
        while (now := time.monotonic()) < end and not any(task.done() for task in others):
            self.late = max(self.late, now - last - 2 * TURN)
            passed, last = min(now - last, 10 * TURN), now
            for kind, rate in RATES.items():
                due[kind] += rate * self.options.rate * passed
                while due[kind] >= 1:
                    due[kind] -= 1
                    self.begin(kind)
            await asyncio.sleep(random.uniform(0, 2 * TURN))

    def begin(self, kind):
        name = kind.__name__.replace("_", " ")
        task = asyncio.create_task(self.world.count(name, kind(self.world)))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def rewrite(self):
        while True:
            await asyncio.sleep(30)
            self.world.rewrite_keys()

    async def kill(self):
        """One of the upstreams is dead for a while, in turn; never both."""
        while True:
            for upstream in self.upstreams:
                await asyncio.sleep(random.uniform(8, 16))
                self.world.dead_until = math.inf
                self.tally.happened("an upstream is dead")
                await upstream.die()
                await asyncio.sleep(random.uniform(3, 8))
                await upstream.live()
                self.world.dead_until = self.world.now()

    async def watch(self):
        """Samples, and probes; a line a minute."""
        began = time.monotonic()
        while True:
            # A little early: the last one is of a minute that is still full of load.
            await asyncio.sleep(began + EVERY * (len(self.samples) + 1) - 0.5 - time.monotonic())
            self.samples.append(Sample(self.options.pid))
            await self.world.count("probe", self.probe())
            minute, rest = divmod(len(self.samples) * EVERY, 60)
            if rest == 0:
                self.table.line(f"minute {minute}", self.samples[-1], self.late)
                self.late = 0

    async def probe(self):
        """`/auth/status` and a good request."""
        wire = await Wire.to(self.options.port)
        answer = await wire.ask(request("GET", "/auth/status"))
        status = json.loads(answer.body)
        if answer.status != 200 or status["mode"] != "enabled" or status["cache"]["stale"]:
            raise Wrong(f"/auth/status: {answer}")
        await good.get(self.world, wire)
        wire.leave()
        return "200"

    async def settled(self, most, seconds):
        """The process once it holds no more descriptors than `most`, or as it is after so many seconds."""
        samples = []
        for _ in range(seconds):
            samples.append(Sample(self.options.pid))
            if samples[-1].descriptors <= most:
                break
            await asyncio.sleep(1)
        return min(samples[-3:], key=lambda sample: sample.descriptors)

    def verdict(self, baseline, after):
        """What is not as it should be."""
        failed = []
        for name, (share, more) in GROWTH.items():
            first, last = quarters(self.samples, lambda sample: getattr(sample, name))
            allowed = first * (1 + share) + more
            print(f"{name}: median {first:.0f} in the first quarter, {last:.0f} in the last; at most {allowed:.0f}")
            if last > allowed:
                failed.append(f"{name} grows: from {first:.0f} to {last:.0f}")
        print(f"descriptors: {baseline.descriptors} before the load, {after.descriptors} after it")
        if after.descriptors > baseline.descriptors:
            failed.append(f"{after.descriptors - baseline.descriptors} descriptors are left open")
        if self.tally.wrongs:
            failed.append(f"{self.tally.wrongs} wrong outcomes")
        return failed + self.doubts()

    def doubts(self):
        """A run that has not tried everything must not look like a good one; nor one that has lost too many POSTs."""
        tried = {kind for kind, _ in self.tally.outcomes}
        kinds = {kind.__name__.replace("_", " ") for kind in RATES}
        found = [f"never tried: {kind}" for kind in sorted(kinds - tried)]
        found += [f"never happened: {fault}" for fault in FAULTS if not self.tally.faults["upstream: " + fault]]
        posts = sum(count for (kind, _), count in self.tally.outcomes.items() if "post" in kind or kind in POSTS)
        lost = sum(count for (_, outcome), count in self.tally.outcomes.items() if outcome == World.LOST)
        print(f"POSTs lost to connections that were just closed: {lost} of {posts}")
        most = max(Upstream.asked.values(), default=0)
        print(f"a request whose upstream fails was sent {most} times at the most")
        found += [f"a request was sent {most} times"] if most > TIMES else []
        return found + ([f"{lost} of {posts} POSTs were lost"] if lost > LOST * posts + 2 else [])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pid", type=int, required=True, help="the gateway's process")
    parser.add_argument("--port", type=int, required=True, help="where it listens")
    parser.add_argument("--upstreams", type=int, nargs=2, required=True, help="ports where it looks for its upstreams")
    parser.add_argument("--keys", required=True, help="its keys file, which is rewritten now and then")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=1, help="1 is about 330 requests a second")
    options = parser.parse_args()
    if options.minutes * 60 < 2 * EVERY:
        parser.error("too short for two samples")
    if not 0 < options.rate <= 3:
        parser.error("a rate is at most 3: this is no benchmark")
    # Or it tells of each write to somebody who has gone.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    soak = Soak(options)
    try:
        failed = asyncio.run(soak.run())
    except FileNotFoundError:
        soak.tally.show()
        failed = ["the server has ended"]
    print("\nVERDICT: " + ("; ".join(failed) if failed else "all is well"))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
