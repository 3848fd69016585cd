"""A program that speaks as the host script does, well or badly: the first argument says how."""

import json
import os
import sys
import time

MARK = os.environ["PREDVID_MARK"]


def put(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def say(number: str, answer: object) -> None:
    put(f"{MARK} {number} {json.dumps(answer)}")


def odd(manner: str, number: str) -> None:
    """Answer one question in a way that must do no harm."""
    match manner:
        case "hangs":
            time.sleep(3600)
        case "dies":
            sys.stderr.write("the last words: čšž\n")
            sys.exit(3)
        case "garbage":
            put(f"{MARK} {number} {{torn")
        case "other":
            say("999", {"value": "of another question"})
        case "floods":
            while True:
                sys.stdout.write(f"{MARK} {number} " + "x" * (1 << 20))
        case "nested":
            put(f"{MARK} {number} " + "[" * 100_000)


def main() -> None:
    manner = sys.argv[1]
    if manner == "forbidden":
        put("scripts are forbidden here")
        sys.exit(1)
    for line in sys.stdin:
        number, *words = line.rstrip("\n").split("\t")
        if manner in ("missing", "denied", "failed"):
            say(number, {"error": {"kind": manner, "detail": "zašto"}})
        elif manner == "well" or "Win32_Fine" in words:
            put("words that a script printed")
            say(number, {"value": {"words": words, "pid": os.getpid(), "text": "č" * 10}})
        else:
            odd(manner, number)


main()
