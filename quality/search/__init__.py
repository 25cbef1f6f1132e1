"""Does `apex search` find what a person asks for: by an id, a name, a misspelt name, a time, or by meaning?

questions.toml    fifty questions about the fixtures, with what answers each; half of them held out
measuring         asks them in a memory of the fixtures among generated records
"""
