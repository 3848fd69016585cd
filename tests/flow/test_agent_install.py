"""A machine that has only Python gets its agent by the commands of the enrolment page, word for word."""

import hashlib
import json
import re
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from flow.browsing import Visitor
from up_process import Up, clean_environment, running, wait

CLIENT = "Pekara Šafran"
PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3.11").exists() else "python3"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A server with TLS by its own authority."""
    with running(tmp_path_factory.mktemp("giver") / "data", "--listen", "127.0.0.2") as one:
        yield one


@pytest.fixture(scope="module")
def owner(up: Up) -> Visitor:
    """The owner, who has added a client."""
    visitor = Visitor(up.ready["url"], up.data / "tls" / "ca.pem")
    link = up.ready["sign_in"].removeprefix(up.ready["url"].rstrip("/"))
    person = {"name": "Iva Ivić", "email": "iva@example.com", "language": "en"}
    visitor.send(link, link, password="dovoljno duga rečenica", **person)
    visitor.send("/clients/", "/clients/add", name=CLIENT)
    return visitor


def commands(owner: Visitor, system: str) -> dict[str, str]:
    """Return the commands of a new token's page by step."""
    site = re.search(rf'<option value="([0-9a-f-]{{36}})"[^>]*>{CLIENT}', owner.page("/enrol/"))
    assert site
    page = owner.send("/enrol/", "/enrol/", site=site.group(1), uses="1", hours="24")
    return dict(re.findall(rf'<code id="{system}-(\w+)">(.*?)</code>', page))


def test_from_a_bare_python_to_samples_on_the_page(up: Up, owner: Visitor, tmp_path: Path) -> None:
    place, state, steps = tmp_path / "opt", tmp_path / "state", commands(owner, "linux")
    assert list(steps) == ["environment", "agent", "needs", "enrol", "service"]

    def run(command: str) -> str:
        here = command.replace("/opt/predvid", str(place)).replace("python3 -m", f"{PYTHON} -m")
        env = clean_environment()
        done = subprocess.run(["sh", "-c", here], env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{here}\n{done.stdout}{done.stderr}"
        return done.stdout

    for step in ("environment", "agent", "needs"):
        run(steps[step])
    assert "django" not in run(f"{place}/bin/python -m pip list").lower()
    assert "waits for approval" in run(f"{steps['enrol']} --state {state} --name BARE-01")
    agent = subprocess.Popen(
        [str(place / "bin" / "predvid"), "agent", "run", "--state", str(state)],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        approve = re.search(r'action="(/agents/[0-9a-f-]{36}/approve)"', owner.page("/enrol/"))
        assert approve
        owner.send("/enrol/", approve.group(1))
        device = re.search(r'href="(/devices/[0-9a-f-]{36}/)"[^>]*>\s*BARE-01', owner.page("/devices/"))
        assert device
        wait(lambda: "%" in owner.page(device.group(1)), "its samples are on its page")
    finally:
        agent.terminate()
        agent.wait(20)


def test_the_package_of_the_page_is_served_to_anybody_and_only_read(up: Up, owner: Visitor) -> None:
    steps = commands(owner, "windows")
    found = re.search(r"'predvid @ (\S+)#sha256=(\w+)'", steps["agent"])
    assert found
    url, digest = found.groups()
    tls = ssl.create_default_context(cafile=str(up.data / "tls" / "ca.pem"))

    def ask(method: str, url: str, **headers: str) -> tuple[int, bytes, str | None]:
        with httpx.Client(verify=tls, trust_env=False) as client:
            answer = client.request(method, url, headers=headers)
        return answer.status_code, answer.content, answer.headers.get("etag")

    status, content, tag = ask("GET", url)
    assert (status, hashlib.sha256(content).hexdigest(), tag) == (200, digest, json.dumps(digest))
    assert ask("HEAD", url) == (200, b"", tag)
    assert ask("GET", url, **{"If-None-Match": json.dumps(digest)})[0] == 304
    assert ask("POST", url)[0] == 405
    assert ask("GET", url.replace("predvid-", "predvid-9"))[0] == 404
    assert ask("GET", url.replace("/predvid-", "/../keys/predvid-"))[0] == 404
