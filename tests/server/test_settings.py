"""What the address decides in the settings: over TLS every cookie is secure and browsers keep to TLS."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ASKED = """
import json
from predvid.server import settings
print(json.dumps([settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, settings.SECURE_HSTS_SECONDS]))
"""


@pytest.mark.parametrize(
    ("address", "secure", "year"),
    [("https://monitor.example.com", True, 31536000), ("http://127.0.0.1:8700", False, 0)],
)
def test_cookies_are_as_safe_as_the_address(tmp_path: Path, address: str, secure: bool, year: int) -> None:
    environment = {**os.environ, "PREDVID_DATA": str(tmp_path), "PREDVID_ADDRESS": address}
    done = subprocess.run(
        [sys.executable, "-c", ASKED], env=environment, text=True, capture_output=True, check=True, timeout=60
    )
    assert json.loads(done.stdout) == [secure, secure, year]
