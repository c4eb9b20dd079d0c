"""The formats of tables of people: any bytes to checked rows.

`recognition` tells the format by the beginning of a file. A format yields blocks of lines,
`value,value,…,value` and a line end, in the order of the schema's columns, with `?` where a
value is missing, and with the split as the last value if the file has a column of it. What
the columns are is handed in (`columns.Schema`): nothing here knows Django.
"""
