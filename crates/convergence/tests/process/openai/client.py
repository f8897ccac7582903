"""What OpenAI's own client makes of a server, as one JSON object.

usage: client.py URL KEY SCENARIO
"""

import asyncio
import hashlib
import json
import sys
import tempfile
import wave

import openai

TEXT = "Your key has expired. Ask for a new one."


def client(url, key):
    # Nothing is tried twice: a test wants to see the first answer.
    return openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)


def shape(file):
    with wave.open(file) as sound:
        return {"rate": sound.getframerate(), "channels": sound.getnchannels(), "frames": sound.getnframes()}


def digest(data):
    return hashlib.sha256(data).hexdigest()


def speech(url, key):
    """A text in each way in which the client can take it."""
    audio = client(url, key).audio.speech
    asked = {"model": "tts-1", "voice": "alloy", "input": TEXT}
    whole = audio.create(**asked)
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        whole.write_to_file(file.name)
        told = {"wav": shape(file.name), "type": whole.response.headers["content-type"]}
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        with audio.with_streaming_response.create(**asked, response_format="wav") as answer:
            answer.stream_to_file(file.name)
            told["client"] = answer.headers["x-client-name"]
        told["streamed"] = shape(file.name)
    pcm = audio.create(**asked, response_format="pcm", instructions="Speak calmly.", speed=1.0).read()
    told["pcm_frames"] = len(pcm) // 2
    opus = audio.create(model="flite", voice="onyx", input=TEXT, response_format="opus").read()
    told["opus"] = opus[:4].decode()
    told["async_is_the_same"] = digest(asyncio.run(in_turn(url, key, asked))) == digest(whole.read())
    return told


async def in_turn(url, key, asked):
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as remote:
        return (await remote.audio.speech.create(**asked)).read()


def models(url, key):
    models = client(url, key).models
    return {
        "list": [model.id for model in models.list()],
        "one": models.retrieve("flite").model_dump(exclude_none=True),
    }


def errors(url, key):
    """The client's own exceptions, by what is done wrong."""
    audio, asked = client(url, key).audio.speech, {"model": "tts-1", "voice": "alloy", "input": TEXT}
    return {
        "format": failure(lambda: audio.create(**asked, response_format="flac")),
        "voice": failure(lambda: audio.create(**{**asked, "voice": "nobody"})),
        "model": failure(lambda: audio.create(**{**asked, "model": "whisper-1"})),
        "retrieve": failure(lambda: client(url, key).models.retrieve("gpt-5")),
        "key": failure(lambda: client(url, "sk-convergence-wrong").audio.speech.create(**asked)),
    }


def refused(url, key):
    """One request that is refused."""
    audio = client(url, key).audio.speech
    return failure(lambda: audio.create(model="tts-1", voice="alloy", input=TEXT))


def failure(request):
    try:
        request()
    except openai.APIStatusError as error:
        headers = error.response.headers
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "code": error.code,
            "param": error.param,
            "body": error.body,
            "client": headers.get("x-client-name"),
            "retry_after": headers.get("retry-after"),
        }
    return None


SCENARIOS = {"speech": speech, "models": models, "errors": errors, "refused": refused}

if __name__ == "__main__":
    _, url, key, scenario = sys.argv
    print(json.dumps(SCENARIOS[scenario](url, key)))
