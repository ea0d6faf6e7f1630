//! What a run printed, as text in whole lines, up to a size.

/// A line that is longer is cut here.
const LONGEST_LINE: usize = 8 * 1024;

/// Gathers bytes into text.
#[derive(Debug)]
pub(super) struct Output {
    /// What is not a whole line yet.
    rest: Vec<u8>,
    /// Text to be kept.
    ready: String,
    /// How many bytes may still be kept.
    room: usize,
    /// How many were not.
    dropped: usize,
}

impl Output {
    pub(super) fn new(most: usize) -> Self {
        Self { rest: Vec::new(), ready: String::new(), room: most, dropped: 0 }
    }

    /// A line of the desk itself.
    pub(super) fn note(&mut self, text: &str) {
        self.ready.extend([text, "\n"]);
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        let kept = bytes.len().min(self.room);
        self.room -= kept;
        self.dropped += bytes.len() - kept;
        self.rest.extend(bytes.iter().take(kept));
        while let Some(end) = self.line() {
            let line: Vec<u8> = self.rest.drain(..end).collect();
            self.ready += &String::from_utf8_lossy(&line);
        }
    }

    /// Where the first line ends, if it does.
    fn line(&self) -> Option<usize> {
        let newline = self.rest.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
        newline.or_else(|| (self.rest.len() >= LONGEST_LINE).then(|| cut(&self.rest)))
    }

    /// The text that is ready, and takes it.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.ready)
    }

    /// Nothing more comes: the last line need not end.
    pub(super) fn close(&mut self) {
        let rest = std::mem::take(&mut self.rest);
        self.ready += &String::from_utf8_lossy(&rest);
        if self.dropped > 0 {
            let dropped = std::mem::take(&mut self.dropped).to_string();
            self.ready.extend(["\n… ", &dropped, " bytes more were not kept\n"]);
        }
    }
}

/// Where a line without end can be cut: not within a character.
fn cut(line: &[u8]) -> usize {
    let begins = |byte: &u8| byte & 0b1100_0000 != 0b1000_0000;
    let last = line.iter().rposition(begins).filter(|at| *at > 0 && line.len() - at < 4);
    last.unwrap_or(line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_in_two_pieces_is_one() {
        let mut output = Output::new(100);
        output.add(b"th\xc3");
        assert_eq!(output.take(), "");
        output.add(b"\xa9\nx");
        assert_eq!(output.take(), "thé\n");
        output.close();
        assert_eq!(output.take(), "x");
    }

    #[test]
    fn a_line_without_end_is_cut_between_characters() {
        let mut output = Output::new(1 << 20);
        output.add("é".repeat(10_000).as_bytes());
        output.close();
        assert_eq!(output.take(), "é".repeat(10_000));
    }

    #[test]
    fn what_is_too_much_is_counted() {
        let mut output = Output::new(10);
        output.add(&[b'x'; 25]);
        output.close();
        assert_eq!(output.take(), "xxxxxxxxxx\n… 15 bytes more were not kept\n");
    }
}
