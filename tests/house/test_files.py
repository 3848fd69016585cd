"""Every file keeps the rules of the house, and every rule catches the file that breaks it."""

import pytest

from house import file_rules
from house.tree import Source, sources

EVERYWHERE = ("src", "tests", "bench")
LONG = '"""Long."""\n\n\ndef long() -> None:\n    """Do much."""\n' + "    print()\n" * 49
CHECK = "src/predvid/checks/builtin/bad.py"
CORE = "src/predvid/core/bad.py"

# rule, where it is in force, then files that break it: (path, text)
RULES: list[tuple[file_rules.Rule, tuple[str, ...], list[tuple[str, str]]]] = [
    (file_rules.short_file, EVERYWHERE, [(CORE, "\n" * 401)]),
    (file_rules.short_functions, EVERYWHERE, [(CORE, LONG)]),
    (file_rules.telling_names, EVERYWHERE, [("src/predvid/utils/a.py", ""), ("tests/helpers.py", "")]),
    (file_rules.imports_on_top, EVERYWHERE, [(CORE, "def f():\n    from os import path\n")]),
    (file_rules.module_docstring, EVERYWHERE, [(CORE, "x = 1\n"), (CORE, '"""TODO"""\n')]),
    (
        file_rules.docstrings,
        ("src",),
        [
            (CORE, "def f(): ...\n"),
            (CORE, "class A: ...\n"),
            (CORE, 'class A:\n    """A."""\n\n    def f(self): ...\n'),
            (CHECK, "def other(): ...\n"),
        ],
    ),
    (
        file_rules.no_hidden_calls,
        EVERYWHERE,
        [
            (CORE, "from django.db.models.signals import post_save\n"),
            (CORE, "from django.dispatch import receiver\n"),
            ("src/predvid/modules/access/models.py", "class A:\n    def save(self): ...\n"),
        ],
    ),
    (
        file_rules.check_imports,
        ("src",),
        [(CHECK, "import psutil\n"), (CHECK, "from predvid.core.model import Sample\n")],
    ),
    (
        file_rules.no_clock,
        ("src",),
        [
            (CORE, "import time\n"),
            (CORE, "from time import monotonic\n"),
            (CHECK, "at = datetime.now(UTC)\n"),
            ("src/predvid/wire/bad.py", "day = datetime.date.today()\n"),
            ("src/predvid/modules/monitoring/rules.py", "at = datetime.datetime.utcnow()\n"),
        ],
    ),
    (
        file_rules.no_banned_calls,
        EVERYWHERE,
        [
            (CORE, "import pickle\n"),
            (CORE, "eval('1')\n"),
            (CORE, "os.system('ls')\n"),
            (CORE, "yaml.load(text)\n"),
            (CORE, "subprocess.run(command, shell=True)\n"),
            (CORE, "subprocess.run(command, shell=wanted)\n"),
        ],
    ),
    (file_rules.one_door_to_chdb, ("src",), [("src/predvid/server/bad.py", "from chdb import session\n")]),
]


@pytest.mark.parametrize(("rule", "tops"), [pytest.param(r, t, id=r.__name__) for r, t, _ in RULES])
def test_every_file_keeps_the_rule(rule: file_rules.Rule, tops: tuple[str, ...]) -> None:
    broken = [f"{source.path}: {found}" for source in sources(*tops) for found in rule(source)]
    assert not broken, f"{rule.__doc__}\n" + "\n".join(broken)


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        pytest.param(r, path, text, id=f"{r.__name__}-{n}")
        for r, _, bad in RULES
        for n, (path, text) in enumerate(bad)
    ],
)
def test_the_rule_catches_what_breaks_it(rule: file_rules.Rule, path: str, text: str) -> None:
    assert list(rule(Source(path, text)))


@pytest.mark.parametrize("rule", [pytest.param(r, id=r.__name__) for r, _, _ in RULES])
def test_the_rule_lets_a_good_check_pass(rule: file_rules.Rule) -> None:
    good = (
        '"""A good check."""\n\nimport json\n\nfrom predvid.checks.v1 import Check\n\n\n'
        "def collect(source):\n    at = source.now()\n    run(at, shell=False)\n"
    )
    assert not list(rule(Source("src/predvid/checks/builtin/good.py", good)))
