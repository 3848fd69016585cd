"""What cannot be kept as a setting is refused with its field named, for checks to come too."""

import pytest

from predvid.modules.monitoring.unfit import Unfit, fit


@pytest.mark.parametrize("check", ["disk_space", "of_tomorrow"])
def test_null_is_no_value(check: str) -> None:
    with pytest.raises(Unfit) as caught:
        fit(check, "used", None)
    assert caught.value.field == "used"
    assert "null" in caught.value.why


def test_of_a_check_that_is_not_there_any_other_value_waits() -> None:
    for value in (0, "", [], {}, False, {"warning": 1}):
        fit("of_tomorrow", "depth", value)
