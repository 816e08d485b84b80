//! Counts tests by the closing lines of the runners in use.

/// How many tests ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u32,
    pub failed: u32,
    /// Of those that passed, how many did so only when they ran once more.
    pub repeated: u32,
}

impl Tally {
    /// Takes a line of a runner's output into account.
    pub fn read(&mut self, line: &str) {
        let plain = without_colours(line);
        let line = plain.trim();
        if let Some(rest) = line.strip_prefix("test result: ") {
            // cargo test: "test result: ok. 12 passed; 0 failed; 1 ignored; ..."
            let counts = rest.split_once(". ").map_or("", |(_, counts)| counts);
            self.add_phrases(counts, ';');
        } else if let Some(rest) = line.strip_prefix("Tests ") {
            // vitest: "Tests  1 failed | 12 passed (13)"
            self.add_phrases(rest, '|');
        } else if let Some(rest) = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# ")) {
            // node --test: "ℹ pass 12", or "# pass 12" without a terminal
            match rest.split_once(' ') {
                Some(("pass", count)) => self.passed += count.parse().unwrap_or(0),
                Some(("fail", count)) => self.failed += count.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    fn add_phrases(&mut self, counts: &str, separator: char) {
        for phrase in counts.split(separator) {
            let mut words = phrase.split_whitespace();
            let count = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
            match words.next() {
                Some("passed") => self.passed += count,
                Some("failed") => self.failed += count,
                _ => {}
            }
        }
    }
}

/// Drops terminal escape sequences (ESC `[` ... letter).
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn reads_the_closing_lines_of_each_runner() {
        for (line, passed, failed) in [
            (
                "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
                12,
                0,
            ),
            (
                "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured",
                3,
                2,
            ),
            ("      Tests  1 failed | 12 passed (13)", 12, 1),
            (
                "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[32m12 passed\u{1b}[39m\u{1b}[22m\u{1b}[90m (12)\u{1b}[39m",
                12,
                0,
            ),
            ("ℹ pass 7", 7, 0),
            ("# fail 2", 0, 2),
            ("ℹ tests 9", 0, 0),
            ("Test Files  3 passed (3)", 0, 0),
            ("test sign::passed ... ok", 0, 0),
        ] {
            let mut tally = Tally::default();
            tally.read(line);
            assert_eq!((tally.passed, tally.failed), (passed, failed), "{line}");
        }
    }
}
