"""A fake OpenAI server. There is no model in it: its answers are no evidence of quality.

It implements the real protocol over real HTTP. So tests drive the real clients (`openai`, Graphiti's) through their
retries, limits and errors, and count the requests. In place of a model it has a small reader of plain English
sentences: capitalised names, identifiers, e-mail addresses, places as "City, ST", and the relations of a dozen verbs.
It answers from the request's own text and JSON schema. No answer is prepared for a fixture, and the same request always
gets the same answer.

    with OpenAIServer() as server:
        client = AsyncOpenAI(api_key=server.api_key, base_url=server.url)
        server.switches.add(Switch("status", route="/v1/embeddings", nth=2, status=429, retry_after=0.2))
        ...
        assert server.ledger.counts().requests["/v1/responses"] == 3

Tests of other processes start `python -m tests.openai_server --port 0`, which prints its URL, and use `/control/…`.

server       starts and stops it        handler     HTTP: routes, keys, headers, `/control/…`
service      one call of a model        completions, embeddings, batches   the routes
prompt       a request taken apart      filling, listing, judging          the parts of an answer
reading      names in a text            relations   facts in a text
ledger       the requests that came     switches    faults to simulate     limits   tokens, and limits a minute
"""

from tests.openai_server.server import OpenAIServer
from tests.openai_server.switches import Switch

__all__ = ["OpenAIServer", "Switch"]
