"""Questions by meaning: does search find the text that answers a question asked in other words?

texts.toml      forty freight mails and documents, all invented, each with one question; some are Spanish or French
reading         the texts as the product's records; ranks by vectors alone, and by `apex search` in a memory of its own
held_out.toml   other questions, about these texts and about nothing: no limit of the search was fitted on them
cut_off         what they find

`python -m quality.meaning` measures each embedding model. The questions are never a reason to change the product.
"""
