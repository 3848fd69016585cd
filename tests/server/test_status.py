"""`predvid status`: the state of an installation as one line of JSON, also when half of it is down."""

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from predvid.server.status_texts import TEXTS
from up_process import Up, predvid, running


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A running installation."""
    with running(tmp_path_factory.mktemp("state") / "data", "--lang", "hr") as one:
        yield one


def test_while_it_runs(up: Up) -> None:
    status = up.status()
    assert status["devices"] == {"total": 1, "online": 1, "offline": 0}
    assert status["agents"] == {"approved": 1}
    assert status["alerts"].keys() == {"critical", "warning", "unknown", "acknowledged"}
    assert status["reactions"].keys() == {"pending", "failed"}
    assert status["notifications"] == {"waiting": 0, "failed": 0}
    assert isinstance(status["samples_per_s"], float)
    assert status["samples_per_s"] > 0
    assert status["running"] == ["agent", "console", "gateway", "store", "worker"]
    assert status["url"] == up.ready["url"]
    assert status["version"]


def test_a_start_in_croatian(up: Up) -> None:
    shown = up.shown.read_text()
    assert "predvid: Čekaju se prva mjerenja ovog računala …\n" in shown
    assert "Predvid radi nakon" in shown
    assert f"  Podaci    {up.data}\n" in shown
    assert "  Kraj      Ctrl-C\n" in shown
    assert set(re.findall("Waiting|Sign in|monitored", shown)) == set()


def test_for_people(up: Up) -> None:
    done = predvid("status", "--data", str(up.data))
    assert done.returncode == 0
    assert "total 1, online 1" in done.stdout
    assert "agent, console, gateway, store, worker" in done.stdout
    assert "None" not in done.stdout


def test_for_people_in_croatian(up: Up) -> None:
    done = predvid("status", "--data", str(up.data), "--lang", "hr")
    assert done.returncode == 0
    assert "ukupno 1, dostupno 1" in done.stdout
    assert "odobreno 1" in done.stdout
    for id, text in TEXTS.items():
        assert set(re.findall(r"\{(\w+)", text.en)) == set(re.findall(r"\{(\w+)", text.hr)), id
    answer = up.status()
    for name, value in answer.items():
        assert name in TEXTS
        assert not isinstance(value, dict) or all(f"{name}.{part}" in TEXTS for part in value)


def test_after_the_end(up: Up) -> None:
    up.end()
    done = predvid("status", "--json", "--data", str(up.data))
    assert (done.returncode, done.stderr) == (1, "")
    stopped = json.loads(done.stdout)
    assert (stopped["store"], stopped["samples_per_s"], stopped["running"]) == ("unreachable", None, [])
    assert stopped["devices"]["total"] == 1


@pytest.mark.parametrize(
    ("language", "said"), [("en", "is not running. Start it:"), ("hr", "ne radi. Pokrenite ga:")]
)
def test_after_the_end_people_read_one_sentence_with_the_command(up: Up, language: str, said: str) -> None:
    if up.process is not None and up.process.poll() is None:
        up.end()
    done = predvid("status", "--data", str(up.data), "--lang", language)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert f"{up.data} {said} " in done.stderr
    program, *words = shlex.split(done.stderr.partition(f"{said} ")[2])
    assert words == ["up", "--port", str(up.port), "--data", str(up.data)]
    assert shutil.which(program)


def test_a_database_that_is_gone_is_one_sentence(up: Up, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(up.data / "run", data / "run", ignore=lambda _, names: set(names) - {"place.json"})
    described = (data / "run" / "place.json").read_text().replace(str(up.data), str(data))
    (data / "run" / "place.json").write_text(described)
    done = predvid("status", "--json", "--data", str(data))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    croatian = predvid("status", "--data", str(data), "--lang", "hr").stderr
    assert f"Baza podataka instalacije {data} ne odgovara" in croatian


def test_no_installation_is_one_sentence(tmp_path: Path) -> None:
    done = predvid("status", "--data", str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "predvid up" in done.stderr
    croatian = predvid("status", "--data", str(tmp_path), "--lang", "hr")
    assert (croatian.returncode, croatian.stdout) == (2, "")
    assert f"U mapi {tmp_path} nema instalacije" in croatian.stderr
