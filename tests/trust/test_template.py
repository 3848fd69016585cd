"""A template in TOML becomes what it says, or one sentence that names what is wrong."""

from pathlib import Path

import pytest

from predvid.core.errors import UserError
from predvid.operator.template import DAY, read
from predvid.wire.authority import Content, Parameter, Publication, Targets

NOW = 1_790_000_000_000
RIGHT = """
id = "clean-temp"
version = 3
title = "Clean temporary files"
days = 30

[script]
language = "bash"
body = "rm -rf /tmp/old"
timeout = 60

[targets]
clients = ["4f2c"]
platforms = ["linux"]

[[parameters]]
name = "DAYS"
low = 1
high = 90
default = "30"
"""


def test_a_file_becomes_the_publication_that_it_says(tmp_path: Path) -> None:
    path = tmp_path / "clean.toml"
    path.write_text(RIGHT)
    assert read(path, NOW) == Publication(
        "clean-temp",
        3,
        "Clean temporary files",
        Content("bash", "rm -rf /tmp/old", 60),
        Targets(clients=["4f2c"], platforms=["linux"]),
        NOW,
        NOW + 30 * DAY,
        [Parameter("DAYS", low=1, high=90, default="30")],
    )


def test_a_script_may_stand_in_a_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "clean.sh").write_text("rm -rf /tmp/old\n")
    path = tmp_path / "clean.toml"
    path.write_text(RIGHT.replace('body = "rm -rf /tmp/old"', 'file = "clean.sh"'))
    assert read(path, NOW).content.body == "rm -rf /tmp/old\n"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('clients = ["4f2c"]', 'client = ["4f2c"]', "[targets] has no field 'client'"),
        ("low = 1", "lowest = 1", "[parameters] has no field 'lowest'"),
        ("days = 30", "rates = 3", "`rates`"),
        ("days = 30", "days = 0", "'days'"),
        ("days = 30", "rate = 0", "'rate'"),
        ("version = 3", 'version = "three"', "`$.version`"),
        ('clients = ["4f2c"]', "", "[targets] names nothing"),
        ('language = "bash"', 'language = "perl"', "agents would refuse it"),
        ('body = "rm -rf /tmp/old"', "", "'body' or 'file'"),
        ('body = "rm -rf /tmp/old"', 'file = "none.sh"', "none.sh"),
        ('title = "Clean temporary files"', 'title = " "', "'title'"),
        ("[script]", "[script", "line"),
    ],
    ids=lambda text: text.replace(" ", "_")[:24],
)
def test_what_is_wrong_is_named(tmp_path: Path, before: str, after: str, words: str) -> None:
    assert before in RIGHT
    path = tmp_path / "clean.toml"
    path.write_text(RIGHT.replace(before, after))
    with pytest.raises(UserError) as refused:
        read(path, NOW)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
