"""The routes that an application has for its static files, by its settings alone."""

from __future__ import annotations

import re
from typing import Any

from ._imports import import_object
from ._static import DEFAULT_URL_PREFIX, StaticFileHandler
from ._urlspec import URLSpec

__all__ = ["static_routes"]


def static_routes(settings: dict[str, Any]) -> list[URLSpec]:  # Any: an application's settings
    """Return the routes for `static_path`: those below `static_url_prefix`, /favicon.ico and
    /robots.txt.

    A prefix that is a URL of another host, which serves the files, has no route here. The setting
    `static_handler_class` is a class afterwards, for whoever makes URLs.
    """
    given = settings.get("static_handler_class", StaticFileHandler)
    handler_class: Any = import_object(given) if isinstance(given, str) else given  # Any: a class
    settings["static_handler_class"] = handler_class
    arguments = {**settings.get("static_handler_args", {}), "path": settings["static_path"]}
    if settings.get("static_hash_at_start"):
        handler_class.hash_files(settings)
    prefix = settings.get("static_url_prefix", DEFAULT_URL_PREFIX)
    patterns = [r"/(favicon\.ico)", r"/(robots\.txt)"]
    if prefix.startswith("/") and not prefix.startswith("//"):
        patterns.insert(0, re.escape(prefix) + "(.*)")
    return [URLSpec(pattern, handler_class, arguments) for pattern in patterns]
