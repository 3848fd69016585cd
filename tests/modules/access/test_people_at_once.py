"""Two people at once, on both databases: an owner remains, a link is used once, sessions follow."""

import json
from pathlib import Path

from installation import Installation, installation

# Two owners deactivate each other in the same moment, again and again; two browsers use one link at once.
RACE = """
import json, threading
from django.db import OperationalError, connection
from django.utils import timezone
from predvid.core.errors import UserError
from predvid.modules.access import link_actions, mail_actions, people_actions
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.models import Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.queries_people import active_owners
from predvid.modules.access.rules import PLATFORM

def at_once(*deeds):
    barrier, done = threading.Barrier(len(deeds)), []
    def run(deed):
        barrier.wait()
        try:
            deed()
            done.append(True)
        except (UserError, NotVisible, OperationalError):  # SQLite refuses the slower writer
            pass
        connection.close()
    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return len(done)

def owner(email):
    person = Person(email=email, name=email, role="owner", all_clients=True)
    person.set_unusable_password()
    person.save()
    return person

now, left, used = timezone.now(), [], []
ana, iva = owner("ana@example.com"), owner("iva@example.com")
for turn in range(8):
    def against(one, other):
        viewer = viewer_of(one)
        return lambda: people_actions.deactivate(viewer, other.pk, timezone.now())
    at_once(against(ana, iva), against(iva, ana))
    left.append(active_owners().count())
    Person.objects.update(is_active=True)
    person, secret = people_actions.invite(PLATFORM, name="X", email=f"{turn}@example.com", role="auditor",
        all_clients=True, clients=[], language="hr", now=now)
    words = {"name": "X", "password": "dovoljno duga rečenica", "language": "hr"}
    join = lambda: link_actions.accept_invitation(secret, now=timezone.now(), **words)
    used.append(at_once(join, join))
link_actions.ask_new_password("ANA@example.com", "10.0.0.1", "hr", now)
people_actions.invite(viewer_of(ana), name="Y", email="y@example.com", role="technician", all_clients=False,
    clients=[], language="en", now=now)
letters = [mail_actions.take_letter("https://x", timezone.now()) for _ in range(3)]
print(json.dumps([left, used, [letter and letter.recipient for letter in letters]]))
"""


def race(one: Installation) -> None:
    left, used, letters = json.loads(one.django(RACE).splitlines()[-1])
    assert all(owners >= 1 for owners in left), "somebody must remain who can let the others in"
    assert used == [1] * 8, "a link lets one person in once"
    assert letters == ["ana@example.com", "y@example.com", None]


def test_an_owner_remains_and_a_link_works_once_on_sqlite(tmp_path: Path) -> None:
    with installation(tmp_path / "i") as one:
        race(one)


def test_an_owner_remains_and_a_link_works_once_on_postgresql(tmp_path: Path, postgres: str) -> None:
    with installation(tmp_path / "i", database_url=postgres) as one:
        race(one)
