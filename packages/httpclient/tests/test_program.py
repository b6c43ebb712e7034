"""`python -m ostro.httpclient`."""

from __future__ import annotations

import os
import runpy
import signal
import socket
import subprocess
import sys
import threading

import pytest

from ostro.httpclient import main

from .test_blocking import url

__all__ = ["url"]


def run(*args: str) -> int:
    return main(["httpclient", *args])


def test_the_body_is_printed(url: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(url) == 0

    assert capfdbinary.readouterr() == (b"python", b"")


def test_the_headers_are_printed_on_demand(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("--print_headers", "--print_body=false", url) == 0

    out, err = capfd.readouterr()
    assert out.startswith("HTTP/1.1 200 OK\nServer: ")
    assert "Content-Length: 6\n" in out
    assert "python" not in out.splitlines()
    assert err == ""


def test_what_is_no_success_is_said(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(f"{url}/missing", "http://localhost:1/", "nonsense") == 1

    out, err = capfd.readouterr()
    assert out == "python"
    first, second, third = err.splitlines()
    assert first == "HTTP 404: Not Found"
    assert second.startswith("http://localhost:1/: HTTP 599: ")
    assert "nonsense" in third


@pytest.mark.parametrize("args", [[], ["--unknown"]])
def test_a_mistake_in_the_arguments_is_said(
    args: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(*args) == 2

    assert capfd.readouterr().err


def test_the_package_is_a_program(url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "ostro.httpclient", url],
        capture_output=True,
        check=True,
        timeout=50,
    )

    assert (done.stdout, done.stderr) == (b"python", b"")


def test_the_program_ends_with_its_status(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["httpclient"])

    with pytest.raises(SystemExit) as ended:
        runpy.run_module("ostro.httpclient", run_name="__main__")

    assert ended.value.code == 2
    assert "usage" in capfd.readouterr().err


def test_a_file_of_authorities_that_is_not_there_is_said(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert run("--ca_certs=/no/such/file.pem", "https://localhost:1/") == 1

    assert "/no/such/file.pem" in capfd.readouterr().err


def test_a_password_is_not_shown_with_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("http://user:secret@localhost:1/") == 1

    assert "secret" not in capfd.readouterr().err


def program_status(monkeypatch: pytest.MonkeyPatch, url: str) -> object:
    """Run the package as a program in this process."""
    monkeypatch.setattr(sys, "argv", ["httpclient", url])
    with pytest.raises(SystemExit) as exited:
        runpy.run_module("ostro.httpclient", run_name="__main__")
    return exited.value.code


def test_the_program_ends_quietly_when_nobody_reads_on(
    url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        assert program_status(monkeypatch, url) == 1

    assert capfd.readouterr().err == ""


def test_the_program_ends_quietly_when_it_is_interrupted(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    def interrupt_when_asked() -> None:
        connection, _ = server.accept()
        with connection:
            signal.pthread_kill(main_thread, signal.SIGUSR1)
            connection.recv(65536)

    main_thread = threading.get_ident()
    before = signal.signal(signal.SIGUSR1, interrupt)
    with socket.create_server(("127.0.0.1", 0)) as server:
        asked = threading.Thread(target=interrupt_when_asked)
        asked.start()
        try:
            url = f"http://127.0.0.1:{server.getsockname()[1]}/"
            assert program_status(monkeypatch, url) == 130
        finally:
            asked.join()
            signal.signal(signal.SIGUSR1, before)

    assert capfd.readouterr().err == ""
