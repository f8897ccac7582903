#!/usr/bin/env python3
"""A WebSocket server behind the gateway: the library websockets, as anybody would use it. It prints its port, and then a
line of JSON for each connection that has begun, and for each that has ended, as it has seen it. The path says what it does.
"""

import asyncio
import json

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

LARGEST = 4 << 20  # bytes of a message
TOGETHER = 50  # connections that wait for each other at /together


async def main():
    async with serve(
        serve_one, "127.0.0.1", 0, max_size=LARGEST, select_subprotocol=choose, ping_interval=None
    ) as server:
        say(server.sockets[0].getsockname()[1])
        await server.serve_forever()


def choose(ws, offered):
    """The client's first; without any, none."""
    return offered[0] if offered else None


async def serve_one(ws):
    headers = list(ws.request.headers.raw_items())
    extensions = [extension.name for extension in ws.protocol.extensions]
    path = ws.request.path
    say({"path": path, "headers": headers, "extensions": extensions, "subprotocol": ws.subprotocol})
    try:
        await WAYS[path](ws)
    except ConnectionClosed:
        pass  # How, is said below.
    await ws.wait_closed()
    say({"path": path, "code": ws.close_code, "reason": ws.close_reason})


async def echo(ws):
    async for message in ws:
        await ws.send(message)


async def pieces(ws):
    """Answers a message in the frames in which it has come."""
    await ws.send([piece async for piece in ws.recv_streaming()])
    await echo(ws)


async def ping(ws):
    """Says what it got for a ping of its own."""
    pong = await ws.ping(b"the server's")
    await pong
    await ws.send("pong")
    await echo(ws)


async def close(ws):
    await ws.close(4002, "the server's reason: \N{SNOWMAN}")


async def vanish(ws):
    ws.transport.abort()


here = 0
all_here = asyncio.Event()


async def together(ws):
    """Echoes once so many connections are open."""
    global here
    here += 1
    if here == TOGETHER:
        all_here.set()
    await all_here.wait()
    await ws.send(ws.request.headers["X-Client-Name"])
    await echo(ws)


WAYS = {f"/{way.__name__}": way for way in (echo, pieces, ping, close, vanish, together)}


def say(what):
    print(json.dumps(what), flush=True)


asyncio.run(main())
