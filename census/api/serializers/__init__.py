"""The shapes of answers, from which OpenAPI is made.

A view names its serializer (`serializer_class`). Answers share their parts: a level (of the whole
selection or a group), the key of a group, links.
"""
