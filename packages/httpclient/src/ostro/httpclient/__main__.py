"""`python -m ostro.httpclient`."""

import os
import sys

from ._program import main

try:
    status = main()
except BrokenPipeError:
    # Whoever read the output has enough of it. Python would say so when it flushes the rest.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    status = 1
except KeyboardInterrupt:
    status = 130  # as a shell has it for what SIGINT ends
sys.exit(status)
