"""One module a rule: its docstring is the rule's document, `find(scene)` gives its findings."""
