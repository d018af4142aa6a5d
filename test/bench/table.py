# SPDX-License-Identifier: Apache-2.0
"""The one table that comes out: what, measured, aim, ok or over; and notes below it."""
import textwrap

WIDTHS = (51, 28, 11, 4)


class Table:
    """Rows in their order. A measurement that failed is a row too."""

    def __init__(self):
        self._lines, self._notes, self.n_missing = [], [], 0

    def section(self, title):
        """A line that heads the rows after it."""
        self._lines += ["", title]

    def add(self, what, measured, aim="", is_ok=None):
        """is_ok=None: there is no aim."""
        self._lines.append(_row(what, measured, aim, {None: "", True: "ok", False: "over"}[is_ok]))

    def at_most(self, what, value, limit, text, limit_text):
        """A number and its limit, both with their texts."""
        self.add(what, text, f"<= {limit_text}", value <= limit)

    def missing(self, what, why):
        """What could not be measured."""
        self.n_missing += 1
        self._lines.append(_wrap(f"{what}: not measured: {why}", ""))

    def skipped(self, what, why):
        """What this machine does not have, which is no failure."""
        self._lines.append(_wrap(f"{what}: skipped: {why}", ""))

    def note(self, text):
        """Goes below the table, once."""
        if text not in self._notes:
            self._notes.append(text)

    def __str__(self):
        lines = [_row("what", "measured", "aim", ""), "-" * 98] + self._lines + [""]
        return "\n".join(lines + [_wrap(note, "- ") for note in self._notes])


def _row(*texts):
    return "  ".join(text.ljust(width) for text, width in zip(texts, WIDTHS)).rstrip()


def _wrap(text, bullet):
    return textwrap.fill(text, 98, initial_indent=bullet, subsequent_indent="  ",
                         break_on_hyphens=False)
