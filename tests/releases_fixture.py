"""A list of releases that operators signed, where the console's own installation hands it out."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

from flow.releasing import later
from predvid.core.trust import Signer
from predvid.operator.release_repository import KeySigner, Repository

VERSION = "0.1.7"


@pytest.fixture(scope="module")
def listed(console_tables: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One release, signed by an operator whom nobody knows."""
    place: Path = settings.PLACE.data / "releases"
    signer, now = Signer(os.urandom(32)), datetime.now(UTC)
    repository = Repository(place)
    repository.create(KeySigner(signer), [signer.public], KeySigner(signer), now)
    repository.publish(later(tmp_path_factory.mktemp("wheels"), VERSION), KeySigner(signer), now)
    yield
    shutil.rmtree(place)
