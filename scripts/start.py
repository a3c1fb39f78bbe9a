"""Sets up the lab in ``.venv`` and runs it, or its tests: ``start.py`` or ``start.py test``.

Needs nothing but Python 3.11, 3.12 or 3.13 and a package registry. It is written so that older
and newer Pythons can at least read it and say that they will not do.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
# The whole suite in two processes; what shares a server or an engine stays in one, and what needs a
# browser comes last, in one (tests/conftest.py).
TESTS = ("pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")


def main(arguments):
    """Set up, then run what was asked for; returns its exit status."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        sys.exit(
            "Digit Lab needs Python 3.11, 3.12 or 3.13: TensorFlow 2.21 has no build for "
            "{}.{}.".format(*sys.version_info[:2])
        )
    testing = arguments[:1] == ["test"]
    install("requirements-dev.txt" if testing else "requirements.txt")
    if testing:
        return run("-m", *TESTS, *arguments[1:])
    return run("-m", "streamlit", "run", "streamlit_app.py", *arguments)


def install(requirements):
    """Make the virtual environment if there is none, and install what is missing in it."""
    if not PYTHON.exists():
        try:
            venv.create(VENV, with_pip=True)
        except (subprocess.CalledProcessError, OSError) as error:
            sys.exit(
                f"No virtual environment could be made in {VENV} ({error}). On Debian and Ubuntu, "
                "python3-venv has to be installed first."
            )
    if run("-m", "pip", "install", "--quiet", "--requirement", requirements):
        sys.exit(f"The packages in {requirements} could not be installed.")


def run(*arguments):
    """Run the environment's Python from the lab's folder; returns the exit status."""
    try:
        return subprocess.call([str(PYTHON), *arguments], cwd=ROOT)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
