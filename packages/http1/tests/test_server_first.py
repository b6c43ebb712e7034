from ostro.http1 import END_OF_MESSAGE, PAUSED, Data, RequestHead, ServerCodec
from ostro.httputil import HTTPHeaders


def test_two_exchanges_on_one_connection() -> None:
    codec = ServerCodec()
    for _ in range(2):
        codec.receive(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        head = codec.next_event()
        assert isinstance(head, RequestHead)
        assert (head.method, head.target, head.host) == ("POST", "/x", "a")
        data = codec.next_event()
        assert isinstance(data, Data)
        assert data.data == b"abc"
        assert codec.next_event() is END_OF_MESSAGE
        assert codec.next_event() is PAUSED
        assert codec.send_head(200, "OK", HTTPHeaders(), b"hi", end=True) == (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
        )
        codec.start_next_cycle()
