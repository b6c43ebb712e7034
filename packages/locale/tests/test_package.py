"""The package as a whole."""

import subprocess
import sys

import ostro.locale


def test_every_public_name_is_exported_and_documented() -> None:
    for name in ostro.locale.__all__:
        value = getattr(ostro.locale, name)
        assert value is ostro.locale.LOCALE_NAMES or value.__doc__, name


def test_babel_is_imported_only_when_it_is_needed() -> None:
    program = """\
import sys
from ostro import locale
locale.get().format_date(0)
locale.set_default_locale("de")
assert "babel" not in sys.modules
locale.get().format_date(0)
assert "babel" in sys.modules
"""

    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
