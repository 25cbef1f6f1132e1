"""A TEST DOUBLE of OpenAI's HTTP API. There is no model in it; nothing it answers is evidence of quality.

It speaks the real protocol over real HTTP, so that the real clients (`openai`, Graphiti's) can be driven through their
retries, limits and errors, and so that tests can count what was asked. In place of a model it has a small reader of
plain English sentences: capitalised names, identifiers, e-mail addresses, places as "City, ST", and the relations of a
dozen verbs. It answers from the request's own text and JSON schema; nothing is canned for a fixture, and the same
request always gets the same answer.

    with OpenAIServer() as server:
        client = AsyncOpenAI(api_key=server.api_key, base_url=server.url)
        server.switches.add(Switch("status", route="/v1/embeddings", nth=2, status=429, retry_after=0.2))
        ...
        assert server.ledger.counts().requests["/v1/responses"] == 3

or, for the tests of subprocesses, `python -m tests.openai_server --port 0`, which prints its URL, and `/control/…`.

server     starts, stops          handler    HTTP: routing, keys, headers      control    what tests read and set
service    one model call         completions, embeddings, files, batches      the routes
answer     text and schema → JSON filling, listing, judging                     its parts
reading    names in a text        relations  facts in a text                   prompt    what is asked about
ledger     what was asked         switches   what shall go wrong               limits    requests and tokens a minute
"""

from tests.openai_server.server import OpenAIServer
from tests.openai_server.switches import Switch

__all__ = ["OpenAIServer", "Switch"]
