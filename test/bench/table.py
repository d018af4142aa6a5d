# SPDX-License-Identifier: Apache-2.0
"""The one table that comes out: what, measured, aim, ok or over; and notes below it."""
WIDTHS = (51, 28, 11, 4)


class Table:
    """Rows in their order. A measurement that failed is a row too."""

    def __init__(self):
        self._rows, self._notes, self.n_missing = [], [], 0

    def section(self, title):
        """A line that heads the rows after it."""
        self._rows.append((title,))

    def add(self, what, measured, aim="", is_ok=None):
        """is_ok=None: there is no aim."""
        self._rows.append((what, measured, aim, {None: "", True: "ok", False: "over"}[is_ok]))

    def at_most(self, what, value, limit, text, limit_text):
        """A number and its limit, both with their texts."""
        self.add(what, text, f"<= {limit_text}", value <= limit)

    def missing(self, what, why):
        """What could not be measured."""
        self.n_missing += 1
        self._rows.append((f"{what}: not measured: {why}",))

    def skipped(self, what, why):
        """What this machine does not have, which is no failure."""
        self._rows.append((f"{what}: skipped: {why}",))

    def note(self, text):
        """Goes below the table, once."""
        if text not in self._notes:
            self._notes.append(text)

    def __str__(self):
        lines = [_line(("what", "measured", "aim", "")), "-" * 98]
        lines += ["\n" + row[0] if len(row) == 1 else _line(row) for row in self._rows]
        return "\n".join(lines + [""] + [_wrap(note) for note in self._notes])


def _line(row):
    return "  ".join(text.ljust(width) for text, width in zip(row, WIDTHS)).rstrip()


def _wrap(note):
    lines, line = [], "-"
    for word in note.split():
        if len(line) + 1 + len(word) > 98:
            lines.append(line)
            line = " "
        line += " " + word
    return "\n".join(lines + [line])
