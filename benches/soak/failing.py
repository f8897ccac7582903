"""What an upstream can do wrong, by name. Each takes the call that it fails, and says whether its connection can be kept."""

import asyncio
import contextlib

from wire import chunked, leave, piece

PART = b"x" * 500  # of a body of 1,000 bytes


async def slow(call):
    """Answers when nobody waits any more."""
    await asyncio.sleep(4)
    return await call.send("200 OK", body=PART)


async def stalls(call):
    await call.send("200 OK", "Content-Length: 1000")
    call.writer.write(PART)
    await call.let_go("a body that stands still", call.departure())
    return False


async def once(call):
    """Hangs up on a request that it sees for the first time."""
    return call.upstream.asked[call.arguments[1]] > 1 and await call.send("200 OK", body=PART)


def hangs_up(reset):
    async def fault(call):
        leave(call.writer, reset)
        return False

    return fault


def says(*pieces, pause=0.05, reset=False):
    """Sends these, with a pause after each, and closes."""

    async def fault(call):
        for data in pieces:
            call.writer.write(data)
            with contextlib.suppress(ConnectionError):
                await call.writer.drain()
            await asyncio.sleep(pause)
        leave(call.writer, reset)
        return False

    return fault


def ok(headers):
    return b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n\r\n"


FAULTS = {
    # 504
    "slow": slow,
    # 502: nothing that is an answer
    "hangs_up": hangs_up(reset=False),
    "resets": hangs_up(reset=True),
    "half_a_head": says(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "garbage": says(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "noise": says(piece(4711, 3_000)),
    "two_lengths": says(ok(b"Content-Length: 2\r\nContent-Length: 3") + b"abc"),
    "length_and_chunks": says(ok(b"Content-Length: 2\r\nTransfer-Encoding: chunked") + b"0\r\n\r\n"),
    "unasked_switch": says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    "endless_head": says(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000),
    # A body that never comes to its end
    "stalls": stalls,
    "short": says(ok(b"Content-Length: 1000"), PART),
    "short_at_once": says(ok(b"Content-Length: 1000") + PART),
    "reset_in_body": says(ok(b"Content-Length: 1000"), PART, reset=True),
    "no_last_chunk": says(ok(b"Transfer-Encoding: chunked"), chunked(PART)),
    "reset_in_chunks": says(ok(b"Transfer-Encoding: chunked"), chunked(PART), reset=True),
    "bad_chunk": says(ok(b"Transfer-Encoding: chunked"), chunked(PART) + b"zz\r\n"),
    # Fine for the client
    "long": says(ok(b"Content-Length: 500") + PART + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"),
    "once": once,
    "early": says(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno", pause=0.5),
}
