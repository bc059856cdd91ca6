"""The person in front of these programs: a line out, a line in."""

import json
import sys
from types import SimpleNamespace

settings = json.loads(sys.argv[1], object_hook=lambda members: SimpleNamespace(**members))


def opens(address):
    return _ask(open=address)


def enters(user_code):
    _ask(enter=user_code)


def is_told(**facts):
    _say(told=facts)


def _ask(**line):
    _say(**line)
    return sys.stdin.readline().strip()


def _say(**line):
    print(json.dumps(line), flush=True)
