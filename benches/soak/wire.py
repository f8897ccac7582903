"""HTTP/1.1 by hand: a client that knows when an answer is whole, and that can leave in the middle of anything."""

import asyncio
import contextlib
import random
import socket
import struct

# What bodies are cut from: nothing in it repeats, so that a piece that is lost or moved is seen.
BLOCK = random.Random(1).randbytes(8 << 20)

LONGEST_HEAD = 1 << 16  # bytes


class Wrong(Exception):
    """The server has done what it must not."""


class Gone(Exception):
    """The connection was closed where an answer should have begun."""


def piece(seed, size):
    return BLOCK[seed : seed + size]


async def read_head(reader):
    """The first line and the headers, names in lower case; nothing at the end of the connection."""
    try:
        text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = text.split("\r\n")[:-2]
    return first, [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]


async def read_body(reader, headers, to_the_end=False):
    """Its bytes, and whether it came whole."""
    if "chunked" in headers.get("transfer-encoding", ""):
        return await read_chunks(reader)
    if "content-length" in headers:
        try:
            return await reader.readexactly(int(headers["content-length"])), True
        except asyncio.IncompleteReadError as error:
            return error.partial, False
        except ConnectionError:
            return b"", False
    if not to_the_end:
        return b"", True
    try:
        return await reader.read(-1), True
    except ConnectionError:
        return b"", False


async def read_chunks(reader, each=None):
    """As `read_body`; `each` is told of every chunk when it is there."""
    chunks = []
    try:
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            chunk = (await reader.readexactly(size + 2))[:-2]
            chunks.append(chunk)
            if each:
                await each(chunk)
        while (await reader.readuntil(b"\r\n")) != b"\r\n":
            pass
    except (asyncio.IncompleteReadError, ConnectionError):
        return b"".join(chunks), False
    return b"".join(chunks), True


class Answer:
    def __init__(self, status, headers, body, whole):
        self.status, self.headers, self.body, self.whole = status, headers, body, whole

    def __str__(self):
        rest = "" if self.whole else ", broken off"
        return f"{self.status}, {len(self.body)} bytes{rest}: {self.body[:120]!r}"


class Wire:
    """A client's connection."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, port):
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=LONGEST_HEAD))

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def head(self):
        """The status and the headers of the next answer that is final."""
        while True:
            head = await read_head(self.reader)
            if head is None:
                raise Gone
            status = int(head[0].split(" ")[1])
            if status >= 200 or status == 101:
                return status, dict(head[1])

    async def answer(self, to_head=False):
        status, headers = await self.head()
        if to_head or status in (204, 304):
            return Answer(status, headers, b"", True)
        return Answer(status, headers, *await read_body(self.reader, headers, to_the_end=True))

    async def ask(self, request, to_head=False):
        await self.send(request)
        return await self.answer(to_head)

    async def closed(self):
        """Waits until the server has closed it; returns what came before that."""
        try:
            return await self.reader.read(-1)
        except ConnectionError:
            return b""

    def read_nothing(self):
        self.writer.transport.pause_reading()

    def leave(self, reset=False):
        leave(self.writer, reset)


def leave(writer, reset=False):
    """Closes a connection: by FIN, or by RST and without what is not sent yet."""
    if reset:
        with contextlib.suppress(OSError):
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()
    else:
        writer.close()


def chunked(*pieces):
    return b"".join(b"%x\r\n%b\r\n" % (len(data), data) for data in pieces)


def request(method, path, key=None, *headers, body=None):
    """A request's bytes. With a body, its length is said."""
    lines = [f"{method} {path} HTTP/1.1", "Host: soak", *headers]
    if key:
        lines.append(f"Authorization: Bearer {key}")
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")
