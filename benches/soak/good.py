"""What has to work, whatever else is going on. Each returns what came of it, in a few words, or raises `Wrong`."""

import asyncio
import hashlib
import json
import random

from wire import BLOCK, Wire, Wrong, chunked, piece, read_chunks, request

MIB = 1 << 20


def check(world, answer, client, body=None, status=200):
    """An answer of the upstream's, whole, with the client's name as the gateway and as the upstream knew it."""
    names = [answer.headers.get("x-client-name"), answer.headers.get("x-seen-name")]
    if not answer.whole or answer.status != status or names != [client, client]:
        raise Wrong(f"for {client}: {names}, {answer}")
    if body is not None and answer.body != body:
        raise Wrong(f"another body: {answer}")


def cut(size):
    """Somewhere in the block."""
    return random.randrange(len(BLOCK) - size), size


async def get(world, wire, way="bytes", size=100):
    key, name = world.anybody()
    seed, size = cut(size)
    answer = await wire.ask(request("GET", f"/{way}/{seed}/{size}", key))
    check(world, answer, name, piece(seed, size))
    return "200"


async def post(world, wire, size=100):
    """It may be lost where a kept connection was closed just then: it could have been carried out (docs/gateway.md). That
    is rare, or else it is no such accident: see the verdict."""
    key, name = world.anybody()
    body = piece(*cut(size))
    answer = await wire.ask(request("POST", "/digest", key, body=body))
    return check_digest(world, answer, name, body)


def check_digest(world, answer, name, body):
    if answer.status == 502 and answer.headers.get("x-client-name") == name:
        return world.LOST
    check(world, answer, name)
    if json.loads(answer.body) != {"length": len(body), "sha256": hashlib.sha256(body).hexdigest()}:
        raise Wrong(f"the upstream got another body: {answer}")
    return "200"


async def session(world):
    """A connection that is kept for a while. The requests count one by one."""
    wire = await Wire.to(world.port)
    for number in range(50):
        kind = random.choice(SESSION)
        await world.count(kind.__name__.strip("_") + ", kept", kind(world, wire))
        await asyncio.sleep(random.uniform(0.01, 0.08))
    wire.leave(reset=random.random() < 0.2)
    return "closed"


async def _head(world, wire):
    key, name = world.anybody()
    answer = await wire.ask(request("HEAD", f"/bytes/0/{MIB}", key), to_head=True)
    check(world, answer, name)
    if answer.headers["content-length"] != str(MIB):
        raise Wrong(f"HEAD: {answer.headers}")
    return "200"


async def _chunks(world, wire):
    return await get(world, wire, "chunks", 20_000)


async def _rest(world, wire):
    return await get(world, wire, "rest", 20_000)


async def _closing(world, wire):
    return await get(world, wire, "closing")


async def _empty(world, wire):
    key, name = world.anybody()
    status = random.choice([204, 304])
    check(world, await wire.ask(request("GET", f"/empty/{status}", key), to_head=True), name, status=status)
    return str(status)


async def _hints(world, wire):
    key, name = world.anybody()
    check(world, await wire.ask(request("GET", "/hints", key)), name, b"x" * 500)
    return "200"


SESSION = [get] * 8 + [post] * 4 + [_head, _chunks, _rest, _closing, _empty, _hints]


async def alone(world, call, *arguments):
    """One request on a connection of its own."""
    wire = await Wire.to(world.port)
    try:
        return await call(world, wire, *arguments)
    finally:
        wire.leave()


async def fresh_get(world):
    return await alone(world, get)


async def fresh_post(world):
    return await alone(world, post)


async def medium_get(world):
    return await alone(world, get, random.choice(["bytes", "chunks", "rest"]), 64 << 10)


async def medium_post(world):
    return await alone(world, post, 64 << 10)


async def large_get(world):
    return await alone(world, get, random.choice(["bytes", "chunks"]), 3 * MIB)


async def large_post(world):
    return await alone(world, post, 3 * MIB)


async def mirror(world):
    """Chunks up and the same chunks down at the same time, and trailers at the end."""
    key, name = world.anybody()
    body = piece(*cut(random.randrange(1, 200_000)))
    wire = await Wire.to(world.port)
    try:
        await wire.send(request("POST", "/mirror", key, "Transfer-Encoding: chunked"))

        async def up():
            at = 0
            while at < len(body):
                size = random.choice([1, 100, 5_000, 40_000])
                await wire.send(chunked(body[at : at + size]))
                at += size
                await asyncio.sleep(0.001)
            await wire.send(b"0\r\nX-Sum: 1\r\n\r\n")

        sending = asyncio.create_task(up())
        try:
            status, headers = await wire.head()
            if status == 502 and headers.get("x-client-name") == name:
                return world.LOST
            back, whole = await read_chunks(wire.reader)
        finally:
            sending.cancel()
        if status != 200 or not whole or back != body or headers.get("x-client-name") != name:
            raise Wrong(f"mirror: {status}, {len(back)} of {len(body)} bytes back, whole: {whole}")
        return "200"
    finally:
        wire.leave()


async def pipelined(world):
    """Three at once; the answers come in their order."""
    wire = await Wire.to(world.port)
    asked = [(world.anybody(), cut(random.choice([10, 1_000, 30_000]))) for _ in range(3)]
    await wire.send(b"".join(request("GET", f"/bytes/{seed}/{size}", key) for (key, _), (seed, size) in asked))
    for (_, name), (seed, size) in asked:
        check(world, await wire.answer(), name, piece(seed, size))
    wire.leave()
    return "200"


async def consent(world):
    """`Expect: 100-continue`."""
    key, name = world.anybody()
    body = piece(*cut(10_000))
    wire = await Wire.to(world.port)
    head = request("POST", "/digest", key, "Expect: 100-continue", f"Content-Length: {len(body)}")
    await wire.send(head)
    waiting = asyncio.create_task(wire.answer())
    await asyncio.sleep(random.uniform(0, 0.1))
    if not waiting.done():
        await wire.send(body)
    result = check_digest(world, await waiting, name, body)
    wire.leave()
    return result


async def events(world):
    """Server-sent events, to their end."""
    wire = await Wire.to(world.port)
    key, name = world.anybody()
    check(world, await wire.ask(request("GET", "/events/5/200/ends", key)), name, body=told(5))
    wire.leave()
    return "200"


async def events_left(world):
    """Server-sent events that the client leaves half-way. The upstream has to learn it soon."""
    wire = await Wire.to(world.port)
    key, _ = world.anybody()
    await wire.send(request("GET", "/events/3/100/silent", key))
    status, _ = await wire.head()
    if status != 200 or not (await wire.reader.readuntil(b"data: 1\n\n")):
        raise Wrong(f"events: {status}")
    await asyncio.sleep(random.uniform(0, 0.5))
    return world.left(wire.writer)


def told(count):
    return b"".join(b"data: %d\n\n" % number for number in range(count))


async def tunnel(world):
    """A connection that is switched to another protocol, ended by either side in any way."""
    wire = await Wire.to(world.port)
    key, name = world.anybody()
    end = random.choice(["upstream's end", "FIN", "RST", "half-closed"])
    ends_at = 30_000 if end == "upstream's end" else 0
    wants = ["Connection: Upgrade", "Upgrade: " + random.choice(["websocket", "soak"])]
    await wire.send(request("GET", f"/tunnel/{ends_at}", key, *wants))
    status, headers = await wire.head()
    if status != 101 or headers.get("x-client-name") != name:
        raise Wrong(f"tunnel: {status}, {headers}")
    for _ in range(3):
        data = piece(*cut(10_000))
        await wire.send(data)
        if await wire.reader.readexactly(len(data)) != data:
            raise Wrong("tunnel: other bytes came back")
        await asyncio.sleep(random.uniform(0, 0.5))
    if end in ("FIN", "RST"):
        wire.leave(reset=end == "RST")
        return end
    if end == "half-closed":
        wire.writer.write_eof()
    if await wire.closed():
        raise Wrong("tunnel: more came back than was sent")
    wire.leave()
    return end
