//! Answers on standard output.

use std::io::{self, Write};

use serde::Serialize;

/// Text from a card with everything made visible that could play tricks on a
/// terminal: control characters and those that turn the writing direction.
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                '\u{fffd}'
            }
            control if control.is_control() => '\u{fffd}',
            other => other,
        })
        .collect()
}

/// Prints lines.
pub fn lines<T: AsRef<str>>(lines: impl IntoIterator<Item = T>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in lines {
        writeln!(out, "{}", line.as_ref())?;
    }
    out.flush()
}

/// Prints a value as JSON.
pub fn json(value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    lines([text])
}

/// `Label: value`, with the value made harmless.
pub fn row(label: &str, value: &str) -> String {
    format!("  {label}: {}", plain(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_on_a_card_moves_the_cursor() {
        assert_eq!(
            plain("山田\u{1b}[2J\u{202e}txt\n"),
            "山田\u{fffd}[2J\u{fffd}txt\u{fffd}"
        );
    }
}
