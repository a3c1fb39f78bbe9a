"""Digit Lab: opens the shell."""

from digitlab.ui import home, shell

if __name__ == "__main__":  # a worker process runs this file again, under another name
    with shell.page("home") as visit:
        home.show(visit)
