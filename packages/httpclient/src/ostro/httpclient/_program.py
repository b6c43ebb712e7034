"""The program: `python -m ostro.httpclient [OPTIONS] URL ...`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ._blocking import HTTPClient
from ._response import HTTPResponse
from ._url import shown
from .errors import HTTPClientError

__all__ = ["main"]


def main(args: Sequence[str] | None = None) -> int:
    """Fetch URLs and print what comes: `python -m ostro.httpclient URL`.

    Options: `--print_headers`, `--print_body=false`, `--follow_redirects=false`,
    `--validate_cert=false`, `--ca_certs`, `--timeout` (seconds), `--proxy_host`, `--proxy_port`,
    `--max_bytes`.

    Args:
        args: The name of the program, options and URLs; None means `sys.argv`.

    Returns 0, 1 where a fetch was not successful, 2 for a mistake in `args`.

    Raises BrokenPipeError where nobody reads the output; the program itself ends with 1 then, and
    with 130 when it is interrupted.
    """
    from ostro.options import Error, OptionParser  # a program that is no command line needs none

    options = OptionParser()
    options.define("print_headers", default=False, help="print the status line and the headers")
    options.define("print_body", default=True, help="print the body")
    options.define("follow_redirects", default=True, help="fetch what redirects lead to")
    options.define("validate_cert", default=True, help="verify the certificate of the server")
    options.define("ca_certs", type=str, help="PEM file with the authorities to trust")
    options.define("timeout", default=20.0, help="seconds for each URL, 0 for no limit")
    options.define("proxy_host", type=str, help="proxy to send the requests through")
    options.define("proxy_port", type=int, help="port of the proxy")
    options.define("max_bytes", default=104857600, help="bytes of a body at most")
    try:
        urls = options.parse_command_line(args)
    except Error as error:
        print(error, file=sys.stderr)
        return 2
    if not urls:
        print("usage: python -m ostro.httpclient [OPTIONS] URL ...", file=sys.stderr)
        return 2
    status = 0
    with HTTPClient() as client:
        for url in urls:
            try:
                response = client.fetch(
                    url,
                    raise_error=False,
                    follow_redirects=options.follow_redirects,
                    validate_cert=options.validate_cert,
                    ca_certs=options.ca_certs,
                    request_timeout=options.timeout,
                    proxy_host=options.proxy_host,
                    proxy_port=options.proxy_port,
                    max_body_size=options.max_bytes,
                )
            except (HTTPClientError, ValueError, OSError) as error:
                print(f"{shown(url)[1:-1]}: {error}", file=sys.stderr)
                status = 1
                continue
            _print(response, headers=options.print_headers, body=options.print_body)
            if response.error is not None:
                print(response.error, file=sys.stderr)
                status = 1
    return status


def _print(response: HTTPResponse, *, headers: bool, body: bool) -> None:
    if headers:
        print(f"{response.http_version} {response.code} {response.reason}")
        print(response.headers, flush=True)
    if body:
        sys.stdout.flush()
        sys.stdout.buffer.write(response.body)
        sys.stdout.buffer.flush()
