"""The contract kit: does a server keep the contract that openapi.yaml and the dialects tell?

`drift` compares documents, `fuzz` sends any request, `diff` holds what filters mean against a
dialect; `verify` is the three. Needs the extra `verify`: pip install 'mockserver[verify]'.
"""
