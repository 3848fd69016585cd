"""Makes the fixtures of every `tests/*_fixture.py` known everywhere: a new one is a file, not an entry."""

from pathlib import Path

from hypothesis import settings

pytest_plugins = sorted(path.stem for path in Path(__file__).parent.glob("*_fixture.py"))
settings.register_profile("predvid", deadline=None)  # a busy machine makes no example wrong
settings.load_profile("predvid")
