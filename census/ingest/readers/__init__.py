"""Readers of the file formats. They turn bytes into checked rows.

`recognition` recognises the format from the beginning of a file. A format yields blocks of lines
`value,value,…,value`, in the order of the schema's columns, with `?` for a missing value, and
with the split as the last value if the file has a column of it. The columns are an argument
(`columns.Schema`): the readers do not depend on Django.
"""
