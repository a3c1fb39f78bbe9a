"""Numbers become pictures for people here: arrays in, one Plotly figure out.

No chart knows where its numbers come from. Each kind of picture has its own file and returns a
``frame.Chart``; what they share (colours, axes, the figure itself) is in ``frame``. Rows of small
pictures and tables of numbers are HTML: ``picture_rows`` and ``number_tables``. Everywhere ``t`` is
the reader's language, and titles, captions and names that are handed over are in it already.
"""
