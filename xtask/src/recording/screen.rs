// SPDX-License-Identifier: GPL-2.0-or-later
//! A terminal of 80 columns and 24 rows: as much of one as a rescue shell's output needs.

pub const COLUMNS: usize = 80;
pub const ROWS: usize = 24;

/// What the terminal shows.
pub struct Screen {
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
    /// An escape sequence that has begun, without its ESC.
    escape: Option<String>,
    /// The bytes of a character of UTF-8 that is not complete.
    partial: Vec<u8>,
}

impl Screen {
    pub fn new() -> Self {
        Self {
            rows: vec![vec![' '; COLUMNS]; ROWS],
            row: 0,
            column: 0,
            escape: None,
            partial: Vec::new(),
        }
    }

    /// Shows these bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.partial.push(*byte);
            match std::str::from_utf8(&self.partial) {
                Ok(text) => {
                    let next = text.chars().next();
                    self.partial.clear();
                    next.into_iter().for_each(|c| self.character(c));
                }
                // The rest of the character may follow.
                Err(error) if error.error_len().is_none() => {}
                Err(_) => {
                    self.partial.clear();
                    self.character(char::REPLACEMENT_CHARACTER);
                }
            }
        }
    }

    fn character(&mut self, c: char) {
        if let Some(mut sequence) = self.escape.take() {
            let is_control = sequence.is_empty() && c == '[';
            if is_control || (sequence.starts_with('[') && !('@'..='~').contains(&c)) {
                sequence.push(c);
                self.escape = Some(sequence);
            } else if let Some(parameters) = sequence.strip_prefix('[') {
                self.control(parameters, c);
            }
            return;
        }
        match c {
            '\x1b' => self.escape = Some(String::new()),
            '\r' => self.column = 0,
            '\n' => self.line_feed(),
            '\x08' => self.column = self.column.saturating_sub(1),
            '\t' => self.column = (self.column / 8 * 8 + 8).min(COLUMNS - 1),
            c if c.is_control() => {}
            c => {
                if self.column == COLUMNS {
                    self.column = 0;
                    self.line_feed();
                }
                self.rows[self.row][self.column] = c;
                self.column += 1;
            }
        }
    }

    fn line_feed(&mut self) {
        if self.row + 1 < ROWS {
            self.row += 1;
        } else {
            self.rows.remove(0);
            self.rows.push(vec![' '; COLUMNS]);
        }
    }

    /// Obeys a control sequence; colours and questions change nothing.
    fn control(&mut self, parameters: &str, last: char) {
        let mut numbers = parameters.split(';').map(|text| text.parse().unwrap_or(0));
        let first: usize = numbers.next().unwrap_or(0);
        let second: usize = numbers.next().unwrap_or(0);
        let column = self.column.min(COLUMNS - 1);
        match (last, first) {
            ('H' | 'f', _) => {
                self.row = first.clamp(1, ROWS) - 1;
                self.column = second.clamp(1, COLUMNS) - 1;
            }
            ('A', _) => self.row = self.row.saturating_sub(first.max(1)),
            ('C', _) => self.column = (column + first.max(1)).min(COLUMNS - 1),
            ('D', _) => self.column = column.saturating_sub(first.max(1)),
            ('J', 2) => self.rows.iter_mut().for_each(|row| row.fill(' ')),
            ('J', 0) => {
                self.rows[self.row][column..].fill(' ');
                self.rows[self.row + 1..]
                    .iter_mut()
                    .for_each(|row| row.fill(' '));
            }
            ('K', 0) => self.rows[self.row][column..].fill(' '),
            ('K', 1) => self.rows[self.row][..=column].fill(' '),
            ('K', 2) => self.rows[self.row].fill(' '),
            _ => {}
        }
    }

    /// Returns the rows without the spaces at their ends.
    pub fn text(&self) -> Vec<String> {
        let line = |row: &Vec<char>| row.iter().collect::<String>().trim_end().to_owned();
        self.rows.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the rows that have a text.
    fn shown(bytes: &[u8]) -> Vec<String> {
        let mut screen = Screen::new();
        for byte in bytes {
            screen.feed(&[*byte]);
        }
        let rows = screen.text().into_iter();
        rows.filter(|row| !row.is_empty()).collect()
    }

    #[test]
    fn it_shows_what_a_terminal_shows() {
        assert_eq!(shown(b"one\r\ntwo"), ["one", "two"]);
        assert_eq!(shown(b"a longer prompt\r[3 s]\r"), ["[3 s]ger prompt"]);
        assert_eq!(shown(b"ab\x08c\x1b[6n\x1b[1;31md\x1b[0m"), ["acd"]);
        assert_eq!(shown(b"gone\x1b[H\x1b[Jhere"), ["here"]);
        assert_eq!(shown(b"abc\x1b[2D\x1b[K"), ["a"]);
        assert_eq!(shown(b"a\x1b[2Jb"), [" b"]);
        assert_eq!(shown(b"a\tb\x1b[7Cc"), ["a       b       c"]);
        assert_eq!(shown("grün\r".as_bytes()), ["grün"]);
        assert_eq!(shown(b"gr\xfcn"), ["gr\u{fffd}n"]);
        // A sequence that is no control sequence is one character long.
        assert_eq!(shown(b"\x1bcx"), ["x"]);
    }

    #[test]
    fn lines_wrap_and_the_screen_scrolls() {
        let wide = "x".repeat(81);
        assert_eq!(shown(wide.as_bytes()), ["x".repeat(80), "x".into()]);
        // A line of exactly that width leaves no empty one behind.
        let full = "x".repeat(80) + "\r\ny";
        assert_eq!(shown(full.as_bytes()), ["x".repeat(80), "y".into()]);
        let many: String = (0..30).map(|number| format!("{number}\r\n")).collect();
        let rows = shown(many.as_bytes());
        assert_eq!((rows.len(), rows[0].as_str()), (ROWS - 1, "7"));
    }
}
