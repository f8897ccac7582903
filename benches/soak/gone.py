"""Clients that vanish in the middle of something, by FIN or by RST, or stay and do nothing. Each returns what came of it, in
a few words, or raises `Wrong`."""

import asyncio
import random

from good import MIB, check, cut
from refused import problem
from wire import Gone, Wire, chunked, piece, request


async def gone_in_head(world):
    wire = await Wire.to(world.port)
    await wire.send(request("GET", "/bytes/0/100", world.anybody()[0])[: random.randrange(1, 60)])
    await asyncio.sleep(random.uniform(0, 1))
    return world.left(wire.writer)


async def gone_in_body(world):
    """The upstream must not take its part for the whole."""
    wire = await Wire.to(world.port)
    key, _ = world.anybody()
    if random.random() < 0.5:
        await wire.send(request("POST", "/broken", key, "Content-Length: 100000") + piece(0, 50_000))
    else:
        await wire.send(request("POST", "/broken", key, "Transfer-Encoding: chunked") + chunked(piece(0, 50_000)))
    await asyncio.sleep(random.uniform(0, 1))
    return world.left(wire.writer)


async def gone_before_answer(world):
    wire = await Wire.to(world.port)
    await wire.send(request(random.choice(["GET", "POST"]), "/silent", world.anybody()[0]))
    await asyncio.sleep(random.uniform(0, 1))
    return world.left(wire.writer)


async def gone_in_answer(world):
    wire = await Wire.to(world.port)
    seed, size = cut(3 * MIB)
    await wire.send(request("GET", f"/{random.choice(['bytes', 'chunks'])}/{seed}/{size}", world.anybody()[0]))
    await wire.reader.readexactly(random.choice([1, 1_000, 100_000]))
    return world.left(wire.writer)


async def never_reads(world):
    """Asks for much, takes none of it, and vanishes: before the server has lost its patience, or after."""
    wire = await Wire.to(world.port)
    wire.read_nothing()
    seed, size = cut(6 * MIB)
    await wire.send(request("GET", f"/{random.choice(['bytes', 'chunks'])}/{seed}/{size}", world.anybody()[0]))
    await asyncio.sleep(random.choice([0.5, 2, 8]))
    return world.left(wire.writer)


async def half_closes(world):
    """Says that no more will come, as `nc -N` does, and waits: it may get its answer, or be taken for gone."""
    wire = await Wire.to(world.port)
    seed, size = cut(1_000)
    key, name = world.anybody()
    await wire.send(request("GET", f"/bytes/{seed}/{size}", key))
    wire.writer.write_eof()
    try:
        check(world, await wire.answer(), name, piece(seed, size))
        return "200"
    except Gone:
        return "closed"
    finally:
        wire.leave()


async def dawdles(world):
    """Stops in the middle of its head or its body, or says nothing at all, and stays: the server has to end it."""
    wire = await Wire.to(world.port)
    way = random.choice(["silent", "in its head", "in its body"])
    if way == "in its head":
        await wire.send(b"GET /bytes/0/1 HTTP/1.1\r\nHost:")
    if way == "in its body":
        key, name = world.anybody()
        answer = await wire.ask(request("POST", "/broken", key, "Content-Length: 1000") + b"x")
        problem(answer, 408, "body_timeout", name)
    await wire.closed()
    wire.leave()
    return f"{way}: closed"
