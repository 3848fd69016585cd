"""One code given by several at once, on both databases: one of them is let in, whichever it is."""

import json
from pathlib import Path

from installation import Installation, installation

RACE = """
import json, threading
from datetime import timedelta
import pyotp
from django.db import OperationalError, connection
from django.utils import timezone
from predvid.core.errors import UserError
from predvid.modules.access import factor_actions
from predvid.modules.access.models import Person
from predvid.modules.access.proof_actions import SIGNED_IN, prove_by_code
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.queries_factors import waiting_secret

def at_once(deed, times):
    barrier, done = threading.Barrier(times), []
    def run():
        barrier.wait()
        try:
            deed()
            done.append(True)
        except (UserError, OperationalError):  # SQLite refuses the slower writer
            pass
        connection.close()
    threads = [threading.Thread(target=run) for _ in range(times)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return len(done)

person = Person(email="kodovi@example.com", name="Ana", role="technician")
person.set_unusable_password()
person.save()
begun = timezone.now() - timedelta(hours=1)
viewer = viewer_of(person)
factor_actions.begin_app(viewer, begun)
otp = pyotp.TOTP(waiting_secret(person.pk, begun))
codes = factor_actions.confirm_app(viewer, otp.at(begun), begun)
let_in = []
for turn in range(4):  # fewer failures than lock out
    now = begun + timedelta(minutes=turn + 1)
    for code in (otp.at(now), codes[turn]):
        let_in.append(at_once(lambda: prove_by_code(person, code, SIGNED_IN, f"10.0.0.{turn}", now), 3))
print(json.dumps(let_in))
"""


def race(one: Installation) -> None:
    assert json.loads(one.django(RACE).splitlines()[-1]) == [1] * 8


def test_a_code_lets_one_in_on_sqlite(tmp_path: Path) -> None:
    with installation(tmp_path / "sqlite") as one:
        race(one)


def test_a_code_lets_one_in_on_postgresql(tmp_path: Path, postgres: str) -> None:
    with installation(tmp_path / "postgres", database_url=postgres) as one:
        race(one)
