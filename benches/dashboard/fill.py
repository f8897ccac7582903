"""Adds counts to a ledger: for each client hours and minutes of the last days, as many rows in all as are asked for."""

import random
import sqlite3
import sys
import time

path, clients, rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(1)
db = sqlite3.connect(path)
now = int(time.time())
db.executemany("INSERT OR IGNORE INTO names (name) VALUES (?)", [(f"Client {n}",) for n in range(1, clients + 1)])
db.executemany("INSERT OR IGNORE INTO names (name) VALUES (?)", [("/auth/verify",), ("bench",)])
ids = dict(db.execute("SELECT name, id FROM names"))
endpoint, instance = ids["/auth/verify"], ids["bench"]


def counts(at, client):
    admitted = int(random.paretovariate(1.1))
    return (at, ids[f"Client {client}"], client, endpoint, instance, admitted, admitted // 20, 0, 0, 0, 0, 0, at + 59)


def fill(table, length, number, share):
    """So many stretches back from now, with `share` of all rows."""
    each = max(1, round(rows * share / number))
    for back in range(number):
        at = now - now % length - back * length
        some = random.sample(range(1, clients + 1), min(each, clients))
        db.executemany(
            f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * 13)})", [counts(at, client) for client in some]
        )


# The hours of a day and the days of a month are full; the rest is minutes.
fill("days", 86_400, 30, 0.3)
fill("hours", 3_600, 24, 0.24)
fill("minutes", 60, 60, 0.46)
db.commit()
total = sum(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("days", "hours", "minutes"))
print(f"{total:,} rows of {clients:,} clients")
