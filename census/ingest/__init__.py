"""Loading of the dataset.

`sources` finds the files, `inputs` recognises their formats and splits, `readers` check the rows,
`content` makes CSV of them and counts them, and `writer` writes them to the database.
"""


class IngestError(Exception):
    """The files cannot be loaded. The message is for people; nothing was changed."""
