"""The options that say what is logged and where to."""

from __future__ import annotations

TYPE_CHECKING = False  # as in __init__.py
if TYPE_CHECKING:
    from ._parser import OptionParser

GROUP = "logging"


def define_logging_options(options: OptionParser) -> None:
    """Define the logging options on an OptionParser of your own; the global one has them.

    When the parsing of `options` is done, pretty logging is turned on accordingly (see
    `enable_pretty_logging`). Raises RedefinedOptionError where they are defined already.
    """
    options.define(
        "logging",
        default="info",
        help="Log messages of this level and above. 'none' leaves the logging configuration alone.",
        metavar="debug|info|warning|error|none",
        group=GROUP,
    )
    options.define(
        "log_to_stderr",
        type=bool,
        help="Log to stderr, in colour if it is a terminal. By default so if there is no"
        " --log_file_prefix and no other logging is configured.",
        group=GROUP,
    )
    options.define(
        "log_file_prefix",
        type=str,
        help="Path of the log file; rotated files add to it. Processes that run at the same time"
        " need different ones (with the port number, say).",
        metavar="PATH",
        group=GROUP,
    )
    options.define(
        "log_file_max_size",
        default=100_000_000,
        help="Bytes of a log file before the next one is begun; 0: no limit",
        metavar="BYTES",
        group=GROUP,
    )
    options.define(
        "log_file_num_backups",
        default=10,
        help="Number of rotated log files to keep; with 0 there is no rotation by size",
        group=GROUP,
    )
    options.define(
        "log_rotate_mode",
        default="size",
        help="What log files are rotated by",
        metavar="size|time",
        group=GROUP,
    )
    options.define(
        "log_rotate_when",
        default="midnight",
        help="Unit of --log_rotate_interval: seconds, minutes, hours, days, weekday (Monday is"
        " W0), or midnight",
        metavar="S|M|H|D|W0-W6|midnight",
        group=GROUP,
    )
    options.define(
        "log_rotate_interval",
        default=1,
        help="Units of --log_rotate_when between rotations by time",
        group=GROUP,
    )

    def enable() -> None:
        from ._pretty_logging import enable  # not at the top: it imports logging

        enable(options)

    options.add_parse_callback(enable)
