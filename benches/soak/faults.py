"""Requests whose upstream fails. Each returns what came of it, in a few words, or raises `Wrong`."""

import random

from failing import FAULTS, PART
from good import MIB, cut, get
from refused import problem
from wire import Gone, Wire, Wrong, piece, request

OUTCOMES = {"504": ["slow"]}
OUTCOMES["502"] = ["hangs_up", "resets", "half_a_head", "garbage", "noise", "two_lengths", "length_and_chunks"]
OUTCOMES["502"] += ["unasked_switch", "endless_head"]
OUTCOMES["cut"] = ["stalls", "short", "short_at_once", "reset_in_body", "no_last_chunk", "reset_in_chunks", "bad_chunk"]
OUTCOMES["fine"] = ["long", "once", "early"]
EXPECTED = {fault: outcome for outcome, faults in OUTCOMES.items() for fault in faults}
assert EXPECTED.keys() == FAULTS.keys()


async def fault(world):
    """What the upstream does wrong, the client is told, or cut off; another's answer it never gets."""
    name = next(world.faults)
    wire = await Wire.to(world.port)
    try:
        return f"{name}: {await WAYS[EXPECTED[name]](world, wire, name)}"
    finally:
        wire.leave()


async def answered(world, wire, fault, method=None, body=None):
    key, name = world.anybody()
    method = method or random.choice(["GET", "POST"])
    path = f"/fault/{fault}/{world.number()}"
    return name, await wire.ask(request(method, path, key, body=body))


async def is_502(world, wire, fault):
    name, answer = await answered(world, wire, fault)
    result = problem(answer, 502, "upstream_unreachable or upstream_bad_answer", name)
    await get(world, wire)
    return result


async def is_504(world, wire, fault):
    name, answer = await answered(world, wire, fault)
    result = problem(answer, 504, "upstream_timeout", name)
    await get(world, wire)
    return result


async def is_cut(world, wire, fault):
    """Either its part, and the connection closed; or nothing of it."""
    try:
        name, answer = await answered(world, wire, fault)
    except Gone:
        return "cut"
    if answer.status == 502:
        return problem(answer, 502, "", name)
    if answer.whole:
        raise Wrong(f"{fault}: a part was taken for the whole: {answer}")
    if not PART.startswith(answer.body):
        raise Wrong(f"{fault}: {answer}")
    return "cut"


async def is_fine(world, wire, fault):
    if fault == "early":
        return await is_early(world, wire)
    name, answer = await answered(world, wire, fault, method="GET")
    if fault == "once" and answer.status == 502 and world.is_half_dead():
        return problem(answer, 502, "upstream_unreachable", name) + ", the other was dead"
    if answer.status != 200 or not answer.whole or answer.body != PART:
        raise Wrong(f"{fault}: {answer}")
    await get(world, wire)
    return "200"


async def is_early(world, wire):
    """Answered before its body was read. The answer may be lost when the connection is reset under it."""
    try:
        name, answer = await answered(world, wire, "early", method="POST", body=piece(*cut(MIB)))
    except (Gone, ConnectionError):
        return "closed"
    if answer.status == 502:
        return problem(answer, 502, "upstream_unreachable", name)
    if answer.status != 413 or answer.headers.get("x-client-name") != name:
        raise Wrong(f"early: {answer}")
    return "413"


WAYS = {"502": is_502, "504": is_504, "cut": is_cut, "fine": is_fine}
