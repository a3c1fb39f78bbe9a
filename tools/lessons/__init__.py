"""The lessons: what each asks (``texts``), and whether its numbers come out.

``rows`` is the table of all figures, ``record`` one finished run of a lesson, and ``page`` the
table as Markdown and JSON.
"""
