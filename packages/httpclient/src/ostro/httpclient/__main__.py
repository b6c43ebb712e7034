"""`python -m ostro.httpclient`."""

import sys

from ._program import main

sys.exit(main())
