"""What tasks may do on a device is what its owner's file allows: whatever is signed, never more."""

from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predvid.core.authority import TaskRefused
from predvid.core.trust import fingerprint
from predvid.edge.local_policy import BY_PIN, Policy, load
from predvid.wire.authority import LANGUAGES, ORDER_CONTEXT, PUBLICATION_CONTEXT, START_CONTEXT, Content
from predvid.wire.signing import seal
from predvid.wire.verifying import Judge, Work
from signed_world import ANA, HERE, IVO, JAN, KEYS, NOW, ORDER, PLAN, PUBLICATION, START

TONGUES = st.sampled_from(sorted(LANGUAGES))
NAMES = st.sampled_from(["Ana", "Ivo", "Jan", "Eva", fingerprint(ANA.public)])
FILES = st.fixed_dictionaries(
    {},
    optional={
        "task_classes": st.lists(st.integers(0, 3), max_size=3),
        "task_languages": st.lists(TONGUES, max_size=3),
        "operators": st.lists(NAMES, max_size=3),
        "allow_widening": st.booleans(),
        "tasks_per_hour": st.integers(0, 9),
    },
)


def written(values: dict[str, object]) -> Policy:
    """Return the policy of a file that holds `values`."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "policy.toml"
        lines = (f"{name} = {msgspec.json.encode(value).decode()}" for name, value in values.items())
        file.write_text("\n".join(lines))
        return load(file)


def works(policy: Policy, pinned: bool, language: str, widens: bool, cls: int) -> Work | None:
    """Return what would run of a task that all operators signed."""
    content = Content(language, "exit 0\n", 60)  # type: ignore[arg-type]  # one of LANGUAGES
    judge = Judge(KEYS, HERE, policy.limits(pinned), NOW)
    try:
        if cls == 2:
            order = msgspec.structs.replace(ORDER, content=content, widens=widens)
            return judge.order(seal(ORDER_CONTEXT, order, [ANA, IVO, JAN]))
        published = msgspec.structs.replace(PUBLICATION, content=content)
        signed = seal(PUBLICATION_CONTEXT, published, [ANA, IVO, JAN])
        return judge.publication(signed, seal(START_CONTEXT, START, [PLAN]))
    except TaskRefused:
        return None


@settings(max_examples=150, deadline=None)
@given(FILES, st.booleans(), TONGUES, st.booleans(), st.sampled_from([1, 2]))
def test_no_signature_reaches_beyond_the_owners_file(
    values: dict[str, list[str]], pinned: bool, language: str, widens: bool, cls: int
) -> None:
    work = works(written(dict(values)), pinned, language, widens, cls)
    if work is None:
        return
    assert pinned
    assert cls in values.get("task_classes", [0])
    assert language in values.get("task_languages", LANGUAGES)
    assert cls == 1 or not widens or values.get("allow_widening", False)
    allowed = values.get("operators")
    keys = {"Ana": fingerprint(ANA.public)}
    assert allowed is None or all(name in allowed or keys.get(name) in allowed for name in work.operators)


def test_the_pin_allows_tasks_where_the_owner_wrote_nothing() -> None:
    nothing = load(None)
    assert (nothing.classes(True), nothing.classes(False)) == (BY_PIN, {0})
    assert works(nothing, True, "sh", False, 1)
    assert works(nothing, True, "sh", False, 2)
    assert works(nothing, True, "sh", True, 2) is None
    assert works(nothing, False, "sh", False, 1) is None


@pytest.mark.parametrize("text", ["", 'checks = "all"', "tasks_per_hour = 5"])
def test_a_file_that_does_not_name_classes_allows_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(text)
    assert load(file).classes(True) == {0}
    file.write_text(f"{text}\ntask_classes = [1]")
    assert works(load(file), True, "sh", False, 1)
    assert works(load(file), True, "sh", False, 2) is None
