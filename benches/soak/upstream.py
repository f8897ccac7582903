"""The API behind the gateway: it answers well, or badly in the way that the path asks for. And now and then it is dead."""

import asyncio
import collections
import contextlib
import fcntl
import hashlib
import json
import random
import sys
import termios

from failing import FAULTS, PART
from wire import LONGEST_HEAD, Wrong, chunked, leave, piece, read_body, read_chunks, read_head

PATIENCE = 10  # seconds in which the gateway has to let go of a request that nobody waits for


def has_arrived(writer):
    """Whether the other side has all that was written: a reset would throw the rest of an answer away."""
    unsent = fcntl.ioctl(writer.get_extra_info("socket"), termios.TIOCOUTQ, bytes(4))
    return not writer.transport.get_write_buffer_size() and not int.from_bytes(unsent, sys.byteorder)


class Upstream:
    """One of two, on a port of its own. What it finds wrong it tells the tally."""

    asked = collections.Counter()  # how often for each request that fails, by its number, both of them together

    def __init__(self, port, tally):
        self.port, self.tally = port, tally
        self.idle, self.open = set(), {}
        self.server = None

    async def live(self):
        """Listens, as soon as it can: a connection from this machine may have got the port while nobody listened."""
        while self.server is None:
            try:
                self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port, limit=LONGEST_HEAD)
            except OSError:
                await asyncio.sleep(0.1)

    async def die(self):
        """Nobody listens any more, and what was kept is closed. Requests that it is in are answered, so that one that may
        not be sent twice is lost only if it comes in this very moment."""
        self.server.close()
        self.server = None
        for writer in list(self.idle):
            leave(writer, reset=has_arrived(writer) and random.random() < 0.5)

    async def end(self):
        """Dies, and hangs up on everybody."""
        if self.server:
            await self.die()
        for writer in self.open:
            leave(writer, reset=True)
        await asyncio.gather(*self.open.values())

    async def serve(self, reader, writer):
        self.open[writer] = asyncio.current_task()
        try:
            while True:
                self.idle.add(writer)
                head = await read_head(reader)
                self.idle.discard(writer)
                if head is None or not await self.answer(head, reader, writer):
                    break
                if self.server is None:
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except Wrong as wrong:
            self.tally.wrong("upstream", str(wrong))
        finally:
            self.idle.discard(writer)
            del self.open[writer]
            leave(writer)

    async def answer(self, head, reader, writer):
        """Whether the connection is good for another request."""
        first, lines = head
        method, path, _ = first.split(" ")
        headers = dict(lines)
        names = [value for name, value in lines if name == "x-client-name"]
        if path == "/well":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            return True
        if "authorization" in headers or len(names) != 1:
            raise Wrong(f"{path}: it was told a key, or not by whom it is asked: {lines}")
        way, *arguments = path.strip("/").split("/")
        call = Call(self, method, headers, names[0], reader, writer, arguments)
        return await getattr(call, way)()


class Call:
    """One request and its answer. The methods are the first words of paths."""

    def __init__(self, upstream, method, headers, name, reader, writer, arguments):
        self.upstream, self.method, self.headers, self.name = upstream, method, headers, name
        self.reader, self.writer, self.arguments = reader, writer, arguments

    async def send(self, status, *headers, body=None):
        lines = [f"HTTP/1.1 {status}", f"X-Seen-Name: {self.name}", *headers]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        if self.method != "HEAD":
            self.writer.write(body or b"")
        await self.writer.drain()
        return True

    async def take(self):
        body, whole = await read_body(self.reader, self.headers)
        if not whole:
            raise ConnectionError
        return body

    async def bytes(self):
        seed, size = map(int, self.arguments)
        return await self.send("200 OK", body=piece(seed, size))

    async def chunks(self):
        seed, size = map(int, self.arguments)
        data = piece(seed, size)
        await self.send("200 OK", "Transfer-Encoding: chunked")
        for at in range(0, size, 8_000):
            self.writer.write(chunked(data[at : at + 8_000]))
            await self.writer.drain()
        self.writer.write(b"0\r\n\r\n")
        return True

    async def rest(self):
        """A body that ends with its connection."""
        await self.send("200 OK")
        self.writer.write(piece(*map(int, self.arguments)))
        return False

    async def closing(self):
        """Closes, a moment later and without a word, a connection that could have been kept."""
        await self.bytes()
        self.upstream.tally.happened("upstream: closes a kept connection")
        await asyncio.sleep(random.uniform(0, 0.01))
        return False

    async def empty(self):
        return await self.send(self.arguments[0] + " Fine")

    async def hints(self):
        self.writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        return await self.send("200 OK", body=PART)

    async def digest(self):
        if self.headers.get("expect") == "100-continue":
            self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await self.take()
        told = {"length": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        return await self.send("200 OK", body=json.dumps(told).encode())

    async def mirror(self):
        """Sends each piece back when it comes."""
        await self.send("200 OK", "Transfer-Encoding: chunked")

        async def back(data):
            self.writer.write(chunked(data))
            await self.writer.drain()

        _, whole = await read_chunks(self.reader, back)
        if not whole:
            return False
        self.writer.write(b"0\r\n\r\n")
        return True

    async def events(self):
        """So many, and so far apart; then the end, or silence until the client is gone."""
        count, milliseconds, ends = int(self.arguments[0]), int(self.arguments[1]), self.arguments[2] == "ends"
        await self.send("200 OK", "Content-Type: text/event-stream")
        gone = self.departure()
        for number in range(count):
            self.writer.write(b"data: %d\n\n" % number)
            await self.writer.drain()
            await asyncio.wait([gone], timeout=milliseconds / 1000)
            if gone.done():
                return False
        if not ends:
            await self.let_go("a client that has left an event stream", gone)
        gone.cancel()
        return False

    def departure(self):
        """Done when the connection is closed, in whichever way."""

        async def read():
            with contextlib.suppress(ConnectionError):
                await self.reader.read(1)

        return asyncio.create_task(read())

    async def tunnel(self):
        await self.send("101 Switching Protocols", "Connection: Upgrade", f"Upgrade: {self.headers['upgrade']}")
        ends_at = int(self.arguments[0])  # bytes; 0 is never
        echoed = 0
        while data := await self.reader.read(1 << 16):
            self.writer.write(data)
            await self.writer.drain()
            echoed += len(data)
            if ends_at and echoed >= ends_at:
                break
        return False

    async def broken(self):
        """Takes a body that must not come to its end."""
        body, whole = await read_body(self.reader, self.headers)
        if whole:
            raise Wrong(f"a body that its client has not finished came whole, {len(body)} bytes")
        return False

    async def silent(self):
        """Never answers, and sees to it that the gateway does not wait for ever."""
        await self.let_go("a client that has gone before its answer", self.departure())
        return False

    async def let_go(self, what, gone):
        await asyncio.wait([gone], timeout=PATIENCE)
        if not gone.done():
            gone.cancel()
            raise Wrong(f"{what}: still waited for after {PATIENCE} s")

    async def fault(self):
        """What this fault is; the number tells requests apart."""
        fault, number = self.arguments
        self.upstream.tally.happened(f"upstream: {fault}")
        Upstream.asked[number] += 1
        if fault != "early":
            await self.take()
        return await FAULTS[fault](self)
