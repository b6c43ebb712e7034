"""Points in time and spans of time, as people write them on a command line."""

from __future__ import annotations

from datetime import datetime, timedelta

DATETIME_FORMATS = ("%a %b %d %H:%M:%S %Y", "%H:%M:%S", "%H:%M")
"""What is accepted besides ISO 8601: the form of ctime(3), and a time of day alone."""

ACCEPTED_DATETIMES = (
    "2024-05-31, 2024-05-31 23:59, 2024-05-31T23:59:58.5+02:00, 20240531 23:59 (ISO 8601), "
    "Fri May 31 23:59:58 2024, 23:59 or 23:59:58 (on 1900-01-01)"
)

_UNITS = {
    "weeks": ("w", "week", "weeks"),
    "days": ("d", "day", "days"),
    "hours": ("h", "hr", "hour", "hours"),
    "minutes": ("m", "min", "mins", "minute", "minutes"),
    "seconds": ("s", "sec", "secs", "second", "seconds"),
    "milliseconds": ("ms", "millisecond", "milliseconds"),
    "microseconds": ("us", "microsecond", "microseconds"),
}

UNITS = {word: unit for unit, words in _UNITS.items() for word in words}
"""The timedelta argument that each word for a unit stands for."""

ACCEPTED_TIMEDELTAS = (
    "numbers with the units w, d, h, m (min), s (sec), ms, us or their English names, "
    "as in '1h 30m' or '-5min', or one number of seconds"
)


def parse_datetime(text: str) -> datetime:
    """Return the point in time that `text` names, with a time zone only if it names one.

    Accepted are ISO 8601 (`2024-05-31`, `2024-05-31 23:59`, `2024-05-31T23:59:58.5+02:00`,
    `20240531 23:59`), `Fri May 31 23:59:58 2024`, and a time of day, `23:59` or `23:59:58`,
    whose date is 1900-01-01. Raises ValueError with a list of these.
    """
    stripped = text.strip()
    try:
        return datetime.fromisoformat(stripped)
    except ValueError:
        pass
    for form in DATETIME_FORMATS:
        try:
            # As documented, the option has a time zone only if the text has one.
            return datetime.strptime(stripped, form)
        except ValueError:
            continue
    raise ValueError(f"expected a date and time such as {ACCEPTED_DATETIMES}")


def parse_timedelta(text: str) -> timedelta:
    """Return the span of time that `text` names, the sum of its parts.

    Each part is a number, with a sign and a fraction if need be, and a unit: `1h 30m`,
    `2 days`, `-5min`, `1.5h`. One number alone counts seconds. A sign belongs to its own
    number: `-1h 30m` is minus thirty minutes. Raises ValueError naming the units.
    """
    import re  # not at the top: importing it takes longer than importing this package

    part = re.compile(r"\s*([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?)\s*([a-z]*)\s*", re.ASCII)
    lowered = text.lower()
    total = timedelta()
    position = 0
    while match := part.match(lowered, position):
        number, word = match.groups()
        if not word and match[0] == lowered:
            word = "s"
        if word not in UNITS:
            break
        try:
            total += timedelta(**{UNITS[word]: float(number)})
        except OverflowError:
            raise ValueError(f"expected a span of no more than {timedelta.max.days} days") from None
        position = match.end()
    if not lowered or position < len(lowered):
        raise ValueError(f"expected {ACCEPTED_TIMEDELTAS}")
    return total
