"""One script a peer, `load FILE FOLDER` or `count FOLDER`, run by the interpreter of the peer's own environment.

`load` prints a line when the loading begins and one at its end, `count` one line: see `shared.Held`.
"""
