"""`apex mcp`: the questions of `readers.protocol` as tools of the Model Context Protocol (MCP), for agents.

    shapes    what a tool answers: fields with a schema, the same as text, safe and bounded
    answers   the shapes made of what the memory answers
    tools     the tools: name, description, arguments, and the question that each one asks
    server    the protocol on standard input and output
    stdin     standard input, as lines that a signal can interrupt
    http      the same on 127.0.0.1, with a token

The protocol itself is the work of the official SDK (extra `mcp`). It takes a second to import, so only the verb does.
"""
