"""Clients that are refused: by their key, or because what they send is not HTTP. Each returns what came of it, in a few
words, or raises `Wrong`."""

import json
import random

from good import check, cut
from wire import Wire, Wrong, piece, request


def problem(answer, status, code, name=None):
    """A refusal of the gateway's own, with the client's name where it is known."""
    said = answer.headers.get("content-type"), answer.headers.get("x-client-name")
    if not answer.whole or answer.status != status or said != ("application/problem+json", name):
        raise Wrong(f"not {status} for {name}: {said}, {answer}")
    found = json.loads(answer.body)["code"]
    if code and found not in code.split(" or "):
        raise Wrong(f"not {code}: {answer}")
    return f"{status} {found}"


async def stranger(world):
    """No key, an unknown or an expired one."""
    key, code = random.choice(
        [(None, "authentication_required"), ("sk-nobody", "unknown_api_key"), (world.expired, "expired_api_key")]
    )
    wire = await Wire.to(world.port)
    body = random.choice([None, b"x" * 1000])
    result = problem(await wire.ask(request("POST", "/bytes/0/1", key, body=body)), 401, code, name_of(key, world))
    wire.leave()
    return result


def name_of(key, world):
    return "Expired" if key == world.expired else None


async def limited(world):
    """More requests than the limit allows in any minute."""
    wire = await Wire.to(world.port)
    began = world.now()
    answer = await wire.ask(request("GET", "/bytes/0/100", world.limited))
    wire.leave()
    if answer.status == 429:
        return problem(answer, 429, "rate_limit_exceeded", "Limited")
    check(world, answer, "Limited", piece(0, 100))
    return world.admitted(began)


async def comes_and_goes(world):
    """A key that each rewriting of the file takes away or brings back: in between, either is right."""
    wire = await Wire.to(world.port)
    before = world.listed()
    answer = await wire.ask(request("GET", "/bytes/0/100", world.coming))
    wire.leave()
    after = world.listed()
    if answer.status == 401:
        result, right = problem(answer, 401, "unknown_api_key"), False
    else:
        check(world, answer, "Comes And Goes", piece(0, 100))
        result, right = "200", True
    if before == after and before not in (None, right):
        raise Wrong(f"a key that is {'' if before else 'not '}in the file: {result}")
    return result


def malformed(key):
    """Heads, and what is wrong with them."""
    auth = f"Authorization: Bearer {key}\r\n".encode()
    start = b"POST /broken HTTP/1.1\r\nHost: soak\r\n" + auth
    return {
        "two lengths": start + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "length and chunks": start + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "no number": start + b"Content-Length: five\r\n\r\nhello",
        "unknown coding": start + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "bare LF": b"GET /broken HTTP/1.1\nHost: soak\n" + auth + b"\n\n",
        "two hosts": start + b"Host: other\r\n\r\n",
        "no host": b"GET /broken HTTP/1.1\r\n" + auth + b"\r\n",
        "blank in a name": start + b"Content-Length : 5\r\n\r\nhello",
        "folded line": start + b"X: 1\r\n 2\r\n\r\n",
        "a NUL": start + b"X: \x00\r\n\r\n",
        "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + piece(1, 300),
        "noise": b"\x80" + piece(*cut(300)) + b"\r\n\r\n",
        "no length of a chunk": start + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
    }


async def misframed(world):
    """What two readers could take for different things: 400, and closed."""
    name, data = random.choice(list(malformed(world.anybody()[0]).items()))
    wire = await Wire.to(world.port)
    answer = await wire.ask(data)
    if answer.status != 400 or not answer.whole:
        raise Wrong(f"{name}: {answer}")
    if more := await wire.closed():
        raise Wrong(f"{name}: after the 400 came {more[:100]!r}")
    wire.leave()
    return "400 " + name


async def too_long(world):
    """A head of more than MAX_HEADER_BYTES."""
    wire = await Wire.to(world.port)
    answer = await wire.ask(request("GET", "/bytes/0/1", world.anybody()[0], "X: " + "x" * 20_000))
    if answer.status != 431:
        raise Wrong(f"a long head: {answer}")
    wire.leave()
    return "431"
