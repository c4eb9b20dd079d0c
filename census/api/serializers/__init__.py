"""The serializers of the answers, from which the OpenAPI description is made.

A view names its serializer (`serializer_class`). Answers share parts: levels (the whole selection
or a group), keys of groups, links.
"""
