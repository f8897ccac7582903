#!/usr/bin/env python3
"""A WebSocket client before the gateway: the library websockets, as anybody would use it.

    client.py SCENARIO URL [KEY ...]

It prints what it has seen as JSON. What came back changed is an error.
"""

import asyncio
import json
import random
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

LARGEST = 4 << 20  # bytes of a message
MIB = 1 << 20


def opened(url, path, key, **more):
    """A connection that is about to be made, with a key or without."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    # No proxy of the machine's, and no ping but those that are asked for.
    return connect(
        url + path, additional_headers=headers, proxy=None, ping_interval=None, max_size=LARGEST, **more
    )


async def open_one(url, key=None):
    """Whether a connection is made, or with what it is refused."""
    try:
        async with opened(url, "/echo", key) as ws:
            return {"status": ws.response.status_code, "client": ws.response.headers["X-Client-Name"]}
    except InvalidStatus as refused:
        answer = refused.response
        return {"status": answer.status_code, "code": json.loads(answer.body)["code"]}


async def echo(url, key):
    """Everything at once, so that both directions are under way together; then one after another."""
    lengths = [0, 1, 125, 126, 65_535, 65_536, MIB]
    noise = random.Random(1)
    binary = [noise.randbytes(length) for length in lengths]
    text = [("\N{SNOWMAN}é" + "x" * 97) * (length // 100) for length in lengths] + ["\N{SNOWMAN}"]
    messages = [message for pair in zip(binary, text) for message in pair] + text[-1:]
    for compression in ("deflate", None):
        async with opened(url, "/echo", key, compression=compression) as ws:
            sending = asyncio.create_task(send_all(ws, messages))
            for message in messages:
                same(await ws.recv(), message)
            await sending
            for message in messages:
                await ws.send(message)
                same(await ws.recv(), message)
    return {"echoed": 2 * 2 * len(messages), "longest": max(map(len, messages))}


async def send_all(ws, messages):
    for message in messages:
        await ws.send(message)


async def pieces(url, key):
    """Messages in several frames come back in as many. The library ends each with an empty one."""
    text = ["first \N{SNOWMAN}", "x" * 70_000, "last"]
    binary = [bytes([number]) * 30_000 for number in range(20)]
    counts = []
    for compression in ("deflate", None):
        for message in (text, binary):
            async with opened(url, "/pieces", key, compression=compression) as ws:
                await ws.send(message)
                back = [piece async for piece in ws.recv_streaming()]
                same([piece for piece in back if piece], message)
                counts.append(len(message))
    return {"pieces": counts}


async def agree(url, key):
    """What is agreed upon in the handshake, with compression and without."""
    seen = []
    for compression in ("deflate", None):
        async with opened(url, "/echo", key, compression=compression, subprotocols=["chat.2", "chat.1"]) as ws:
            await ws.send("x" * MIB)
            same(await ws.recv(), "x" * MIB)
            extensions = [extension.name for extension in ws.protocol.extensions]
            seen.append({"extensions": extensions, "subprotocol": ws.subprotocol})
    return seen


async def ping(url, key):
    """A ping is answered from end to end, before and after a message, and so is the server's."""
    async with opened(url, "/ping", key) as ws:
        got = await ws.recv()
        for payload in (b"", b"the client's", b"x" * 125):
            pong = await ws.ping(payload)
            await pong
        await ws.send("still there")
        return {"server": got, "after": await ws.recv()}


async def close(url, key):
    """Who closes, the client or the server: the other gets its code and its reason."""
    ws = await opened(url, "/echo", key)
    await ws.close(4001, "the client's reason: \N{SNOWMAN}")
    return {"own": ws.close_code, **await ended(url, "/close", key)}


async def vanish(url, key):
    """Who hangs up without a word, the client or the server: the other learns that."""
    ws = await opened(url, "/echo", key)
    ws.transport.abort()
    return await ended(url, "/vanish", key)


async def ended(url, path, key):
    async with opened(url, path, key) as ws:
        try:
            raise AssertionError(f"a message: {await ws.recv()!r}")
        except ConnectionClosed:
            return {"code": ws.close_code, "reason": ws.close_reason}


async def together(url, *keys):
    """Fifty connections at once, the clients in turn; each gets back what it has sent."""

    async def one(number):
        async with opened(url, "/together", keys[number % len(keys)]) as ws:
            name = await ws.recv()
            for step in range(20):
                message = f"{number}/{step} " + "x" * (number * 100)
                await ws.send(message)
                same(await ws.recv(), message)
            return name

    return await asyncio.gather(*map(one, range(50)))


def same(got, sent):
    if got != sent:
        raise AssertionError(f"sent {sent[:60]!r} ({len(sent)}), got {got[:60]!r} ({len(got)})")


SCENARIOS = {scenario.__name__: scenario for scenario in (open_one, echo, pieces, agree, ping, close, vanish, together)}
scenario, *arguments = sys.argv[1:]
print(json.dumps(asyncio.run(asyncio.wait_for(SCENARIOS[scenario](*arguments), timeout=60))))
