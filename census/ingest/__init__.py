"""How people get in: find the files (`sources`), tell what they are (`inputs`), check their
rows (`readers`), sum them up (`content`), write them (`writer`).
"""


class IngestError(Exception):
    """A load that cannot be; the text is one clear sentence. Nothing was changed."""
