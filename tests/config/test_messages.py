from config import messages


def test_everything_is_translated_and_nothing_is_left_over() -> None:
    assert messages.check() == 0
