"""How the memory is read: the questions, their answers from open stores, and the same from another process.

One process at a time has the embedded stores of a home open: the holder. It answers readers of other processes on a
unix socket in the home.

    protocol   the questions and the types of their answers
    opened     answers from open stores
    messages   what goes over the socket, and who may speak
    server     the socket of a holder
    client     a reader at that socket
"""
