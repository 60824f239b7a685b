"""The headers that go out: ours, those given, the signature; and new ones as soon as one of these is another."""

from aiowattbridge.headers import USER_AGENT, RequestHeaders


def test_given_headers_win_over_ours_and_the_signature_over_both() -> None:
    """However they are spelled, there is one of each."""
    made = RequestHeaders().of({"user-agent": "plant", "authorization": "none"}, None, {"Authorization": "Basic x"})
    assert sorted((name.lower(), value) for name, value in made.items()) == [
        ("accept", "application/json"),
        ("authorization", "Basic x"),
        ("user-agent", "plant"),
    ]


def test_other_parts_make_other_headers() -> None:
    """A renewed signature, another type or other given headers are seen at once, and so is the way back."""
    headers, given, old = RequestHeaders(), {"X-Step": "1"}, {"Cookie": "a=1"}
    assert dict(headers.of(given, "text/csv", old)) == {
        "Accept": "application/json",
        "User-Agent": USER_AGENT,
        "Content-Type": "text/csv",
        "X-Step": "1",
        "Cookie": "a=1",
    }
    assert headers.of(given, "text/csv", {"Cookie": "a=2"})["Cookie"] == "a=2"
    assert headers.of(given, "text/csv", old)["Cookie"] == "a=1"
    assert headers.of({"X-Step": "2"}, "text/csv", old)["X-Step"] == "2"
    assert "X-Step" not in headers.of(None, "text/csv", old)
    assert "Content-Type" not in headers.of(None, None, old)
    assert headers.of(None, None, old) is headers.of(None, None, old)
