"""What all clients of a run share: the keys and what is known about them, and whether an upstream is dead just now."""

import asyncio
import csv
import itertools
import os
import random
import time

from failing import FAULTS
from wire import Gone, Wrong, leave

LONGEST = 60  # seconds that anything may take
IN_USE = 15  # seconds after which a saved keys file surely decides, for API_KEY_CACHE_DURATION=5
LIMIT = 5  # of the client Limited, in any minute


class World:
    LOST = "502, its connection was just closed"

    def __init__(self, port, keys, tally):
        self.port, self.path, self.tally = port, keys, tally
        with open(keys, newline="") as file:
            self.title, *self.rows = list(csv.reader(file))
        key_of = {row[1]: row[0] for row in self.rows}
        self.expired, self.limited, self.coming = (key_of[name] for name in ("Expired", "Limited", "Comes And Goes"))
        self.good = [(row[0], row[1]) for row in self.rows if row[1].startswith("Client ")]
        self.is_listed, self.saved = True, time.monotonic() - 60
        self.admissions = []
        self.dead_until = 0.0  # infinity while one is dead
        self.numbers = itertools.count()
        self.faults = itertools.cycle(random.sample(list(FAULTS), len(FAULTS)))

    def now(self):
        return time.monotonic()

    def anybody(self):
        """A key that is good, and its client's name."""
        return random.choice(self.good)

    def number(self):
        return next(self.numbers)

    def rewrite_keys(self):
        """Other rows in another order, at once. One key comes or goes."""
        listed = not self.is_listed
        others = [[f"sk-other-{number}", f"Other {number}", "", "", "TRUE", ""] for number in range(random.randrange(50))]
        rows = [row for row in self.rows if listed or row[0] != self.coming] + others
        random.shuffle(rows)
        with open(self.path + ".new", "w", newline="") as file:
            csv.writer(file).writerows([self.title, *rows])
        os.replace(self.path + ".new", self.path)
        self.is_listed, self.saved = listed, self.now()
        self.tally.happened("the keys file is rewritten")

    def listed(self):
        """Whether the key that comes and goes is there; nothing as long as it may be either way."""
        return self.is_listed if self.now() - self.saved > IN_USE else None

    def admitted(self, began):
        """One more of the limited client was let in. From before the first of LIMIT + 1 was sent to after the last was
        answered, there must be a minute."""
        self.admissions = [*self.admissions[-LIMIT:], began]
        if len(self.admissions) > LIMIT and self.now() - self.admissions[0] < 60:
            raise Wrong(f"{LIMIT + 1} were admitted within a minute")
        return "200"

    def is_half_dead(self):
        """Whether one of the upstreams is dead, or was a moment ago."""
        return self.now() < self.dead_until + 1

    def left(self, writer):
        """The client leaves, by FIN or RST."""
        reset = random.random() < 0.5
        leave(writer, reset)
        return "left by " + ("RST" if reset else "FIN")

    async def count(self, kind, work):
        """Does it, and counts what came of it."""
        try:
            self.tally.came(kind, await asyncio.wait_for(work, LONGEST))
        except Wrong as wrong:
            self.tally.wrong(kind, str(wrong))
        except Gone:
            self.tally.wrong(kind, "the connection was closed in place of an answer")
        except asyncio.TimeoutError:
            self.tally.wrong(kind, f"hangs for more than {LONGEST} s")
        except (OSError, asyncio.IncompleteReadError, ValueError, KeyError) as error:
            self.tally.wrong(kind, f"{type(error).__name__}: {error}")
