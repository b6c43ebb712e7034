"""What of the conformance suite libcurl cannot do, and why."""

import pytest

_MALFORMED = "test_a_malformed_response_is_an_error_and_its_connection_is_closed"

SKIPPED = {
    (_MALFORMED, "obs-fold"): "libcurl joins continued header lines before it hands them over",
    (_MALFORMED, "chunk size of 17 digits"): "libcurl reads chunks by itself, zeros in front too",
    (_MALFORMED, "LF after chunk size"): "libcurl reads chunks by itself, and takes a bare LF",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for (test, case), reason in SKIPPED.items():
            if item.name.startswith(f"{test}[") and item.name.endswith(f"-{case}]"):
                item.add_marker(pytest.mark.skip(reason=reason))
