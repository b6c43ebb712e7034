"""Test cases for asynchronous code, with a loop, a server and a client of their own."""

from ._case import AsyncTestCase
from ._certificate import ThrowawayCertificate
from ._context_managers import setup_with_context_manager
from ._gen_test import gen_test
from ._http_case import AsyncHTTPSTestCase, AsyncHTTPTestCase
from ._leaks import LeakCheck
from ._log_trap import ExpectLog, LogTrapTestCase
from ._main import main
from ._memory_answer import AnswerPhase
from ._memory_client import MemoryClient
from ._memory_connection import MemoryConnection
from ._memory_response import MemoryResponse
from ._memory_stream import MemoryStream
from ._ports import bind_unused_port, get_unused_port
from ._request_bodies import Upload
from ._timeouts import get_async_test_timeout
from .errors import (
    AsyncTestTimeoutError,
    BlockingCallError,
    ForgottenAwaitError,
    LeakError,
    LoopNotMadeError,
    MissingExtraError,
    ReturnValueError,
    TestingError,
    UnmatchedLogError,
)

__all__ = [
    "AnswerPhase",
    "AsyncHTTPSTestCase",
    "AsyncHTTPTestCase",
    "AsyncTestCase",
    "AsyncTestTimeoutError",
    "BlockingCallError",
    "ExpectLog",
    "ForgottenAwaitError",
    "LeakCheck",
    "LeakError",
    "LogTrapTestCase",
    "LoopNotMadeError",
    "MemoryClient",
    "MemoryConnection",
    "MemoryResponse",
    "MemoryStream",
    "MissingExtraError",
    "ReturnValueError",
    "TestingError",
    "ThrowawayCertificate",
    "UnmatchedLogError",
    "Upload",
    "bind_unused_port",
    "gen_test",
    "get_async_test_timeout",
    "get_unused_port",
    "main",
    "setup_with_context_manager",
]
