"""HTTP/2 by hand, as far as it is needed: many requests at a time on a connection, all of them or none brought to their end.
(curl 7.88, which Debian 12 has, cannot use a connection for a second request without TLS.)"""

import asyncio
import hashlib
import json
import random

from good import MIB, cut
from wire import Wrong, piece

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
CANCEL = 8


def frame(kind, flags=0, stream=0, payload=b""):
    """RFC 9113, 4.1."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def word(text):
    """A string of HPACK, in clear (RFC 7541, 5.2); none here is longer than 126 bytes."""
    return bytes([len(text)]) + text.encode()


class Http2:
    """A client's connection."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.last = -1
        self.statuses, self.bodies, self.ended = {}, {}, set()

    @classmethod
    async def to(cls, port):
        client = cls(*await asyncio.open_connection("127.0.0.1", port))
        client.writer.write(PREFACE + frame(SETTINGS))
        return client

    def ask(self, path, key, body=None):
        """Begins a request, and returns its stream. Bodies are short enough for any window."""
        self.last += 2
        # Indices of the static table: :method, :scheme, and the names :authority, :path.
        head = bytes([0x83 if body else 0x82, 0x86, 0x01]) + word("soak") + b"\x04" + word(path)
        head += b"\x00" + word("authorization") + word(f"Bearer {key}")
        self.writer.write(frame(HEADERS, END_HEADERS | (0 if body else END_STREAM), self.last, head))
        if body:
            self.writer.write(frame(DATA, END_STREAM, self.last, body))
        self.bodies[self.last] = bytearray()
        return self.last

    def reset(self, stream):
        self.writer.write(frame(RST_STREAM, 0, stream, CANCEL.to_bytes(4, "big")))

    async def until(self, done):
        """Reads frames until it is so."""
        while not done():
            start = await self.reader.readexactly(9)
            kind, flags, stream = start[3], start[4], int.from_bytes(start[5:], "big")
            payload = await self.reader.readexactly(int.from_bytes(start[:3], "big"))
            if kind in (RST_STREAM, GOAWAY):
                raise Wrong(f"HTTP/2: frame {kind} for stream {stream}: {payload!r}")
            if kind in (SETTINGS, PING) and not flags & ACK:
                self.writer.write(frame(kind, ACK, 0, payload if kind == PING else b""))
            if kind == HEADERS:
                self.statuses.setdefault(stream, payload[0])
            if kind == DATA and payload:
                self.bodies[stream] += payload
                more = len(payload).to_bytes(4, "big")
                self.writer.write(frame(WINDOW_UPDATE, 0, 0, more) + frame(WINDOW_UPDATE, 0, stream, more))
            if kind in (HEADERS, DATA) and flags & END_STREAM:
                self.ended.add(stream)

    def check(self, stream, body):
        # 0x88 is the static table's `:status: 200`.
        if self.statuses[stream] != 0x88 or self.bodies[stream] != body:
            got = bytes(self.bodies[stream][:120])
            raise Wrong(f"HTTP/2, stream {stream}: {self.statuses[stream]:#x}, {len(self.bodies[stream])} bytes: {got}")


async def streams(world):
    """Thirty at once, small and large; then some more."""
    client = await Http2.to(world.port)
    for sizes in ([100] * 24 + [64 << 10] * 5 + [2 * MIB], [1_000] * 5):
        expected = {}
        for size in sizes:
            key, _ = world.anybody()
            seed, size = cut(size)
            expected[client.ask(f"/{random.choice(['bytes', 'chunks'])}/{seed}/{size}", key)] = piece(seed, size)
        await client.until(lambda: client.ended >= expected.keys())
        for stream, body in expected.items():
            client.check(stream, body)
    client.writer.close()
    return f"{len(client.ended)} times 200"


async def uploads(world):
    """Five bodies at once. Each may be lost, as in `good.post`."""
    client = await Http2.to(world.port)
    bodies = {client.ask("/digest", world.anybody()[0], body=body): body for body in (piece(*cut(8_000)) for _ in range(5))}
    await client.until(lambda: client.ended >= bodies.keys())
    client.writer.close()
    for stream, body in bodies.items():
        if b"upstream_unreachable" in client.bodies[stream]:
            return world.LOST
        told = {"length": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        client.check(stream, json.dumps(told).encode())
    return "5 times 200"


async def streams_left(world):
    """Streams that are reset before their answers, in the middle of them and in the middle of their own bodies; others of
    the same connection are not harmed. Then the connection vanishes in the middle of everything."""
    client = await Http2.to(world.port)
    key, _ = world.anybody()
    paths = ["/events/3/100/silent", "/silent", f"/bytes/0/{6 * MIB}"]
    left = [client.ask(path, key) for path in paths * 3]
    seed, size = cut(100_000)
    kept = client.ask(f"/bytes/{seed}/{size}", key)
    await client.until(lambda: kept in client.ended)
    client.check(kept, piece(seed, size))
    for stream in left:
        client.reset(stream)
    last = client.ask(f"/bytes/{seed}/{size}", key)
    await client.until(lambda: last in client.ended)
    client.check(last, piece(seed, size))
    for path in paths:
        client.ask(path, key)
    await client.writer.drain()
    await asyncio.sleep(random.uniform(0, 0.5))
    return world.left(client.writer)
