"""Whether the lessons' numbers come out.

``rows`` is the table of the figures that their authors report, ``record`` one finished run of a
lesson, and ``page`` the table of theirs and ours as Markdown and JSON.
"""
