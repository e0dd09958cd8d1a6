"""programs.py - the names of the programs, from the one list of them."""
from pathlib import Path

LIST = Path(__file__).resolve().parents[2] / "tools" / "programs"


def names(kind):
    """Of the handlers, the consumers or the tools, in the order of the list."""
    rows = (line.split() for line in LIST.read_text().splitlines() if not line.startswith("#"))
    return tuple(name for of, name in rows if of == kind)
