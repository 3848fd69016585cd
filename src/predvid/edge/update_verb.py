"""Fetches a signed release, verifies it, and installs it beside this one; a program of its own.

`predvid agent update` and the running agent start it as a child (`updating.in_a_child`): what verifies a
release takes a third of an agent's memory, and is needed a few times a year.
"""

import sys
from pathlib import Path

import msgspec

from predvid.core.errors import UserError
from predvid.edge import held, launch, pin, proxy
from predvid.edge.identity import Lock, StateFolder, load_membership, present
from predvid.edge.installing import home, install
from predvid.edge.link import verifying
from predvid.edge.release import Fetcher, Releases
from predvid.edge.released import ReleaseRefused
from predvid.edge.updating import Outcome


def root_of_releases(state: StateFolder) -> bytes:
    """Return the SHA-256 of the root whose releases count: today's alone, for an older key may be stolen.

    Raises UserError where no root is pinned.
    """
    pinned = pin.read(state)
    if not pinned.root:
        raise UserError(
            "this agent pins no trust root, so it believes no release: predvid agent trust FINGERPRINT",
            status=1,
        )
    return held.read(state, pinned).root


def update(state: StateFolder, version: str) -> Outcome:
    """Install release `version` for the next start; return the outcome. Raises UserError."""
    to = home()
    if to is None or not to.launcher.exists():
        raise UserError(
            "this agent is not installed as a service of its own: predvid agent service install", status=1
        )
    membership = load_membership(state)
    root = root_of_releases(state)
    server = proxy.server_address(membership.server)
    tls = verifying(state.ca if present(state.ca) else None) if server.tls else None
    fetcher = Fetcher(server, proxy.choose(server, membership.proxy), tls)
    releases = Releases(root, membership.server, fetcher, state.path / "releases")
    lock = Lock(state, "update.lock")
    if not lock.take():
        raise UserError("an update is under way already", status=1)
    try:
        release = releases.fetch(version, int(launch.read(to.path)["counter"]))
        install(release, to)
        release.wheel.unlink(missing_ok=True)
    except ReleaseRefused as refused:
        return Outcome(version, refused.code, str(refused))
    finally:
        lock.release()
    return Outcome(version)


def main(version: str, state: str) -> None:
    """Print the outcome as JSON; its code is `here` where this device installs no release at all."""
    try:
        outcome = update(StateFolder(Path(state)), version)
    except UserError as error:
        outcome = Outcome(version, "here", str(error))
    sys.stdout.write(msgspec.json.encode(outcome).decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
