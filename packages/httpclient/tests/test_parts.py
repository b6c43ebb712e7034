"""What is published for other clients."""

from ostro.httpclient import parts


def test_the_parts_work_together() -> None:
    url = parts.parse_url("http://localhost/")

    assert [name for name in parts.__all__ if not hasattr(parts, name)] == []
    assert isinstance(url, parts.URL)
    assert parts.Turns(1).take_now(url.host)
