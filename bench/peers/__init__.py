"""Peers of apex on the same records: `python -m bench.peers`, behind `make bench-peers`.

versions   the peers, their pinned packages, and what each of them does not do
install    an environment for each peer, never apex's own
prepared   the records as peers take them: extracted by apex, with ids
adapters   one script a peer, run by the peer's interpreter
runs       one run of apex or of a peer, measured or killed
outcome    what a killed run and its rerun left, compared with a whole run
table      the Markdown table
"""
