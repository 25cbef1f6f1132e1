"""Search: records by words, by meaning and by the things that a question names. Nothing here grows with the memory.

    question   what a question names, and what else it asks
    ranking    one ranking of what the parts found; the cut-off
    passages   the words of a question in a text that was found
    find       asks the stores

Three parts answer a question:

    keyword    PostgreSQL's full text: `stores.postgres.record_search`
    vector     the nearest chunks of each embedding model: `VectorStore.search`
    graph      the things that the question names by an id or a name, and the records that mention them
"""
