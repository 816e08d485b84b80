//! Text that comes from a card or a reader: data, of bounded length.

use serde::{Deserialize, Serialize};

use crate::limit::TEXT_MAX;

/// At most [`TEXT_MAX`] characters; a longer text is cut and ends in `…`.
///
/// The bound is what keeps every message to the extension under the browser's
/// limit, whatever a card holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub struct Text(String);

impl Text {
    /// Cuts `text` when it is too long.
    pub fn new(text: &str) -> Self {
        if text.chars().count() <= TEXT_MAX {
            return Self(text.to_owned());
        }
        let mut cut: String = text.chars().take(TEXT_MAX - 1).collect();
        cut.push('…');
        Self(cut)
    }

    /// The text, cut or not.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_by_characters_not_bytes() {
        let exact = "鍵".repeat(TEXT_MAX);
        assert_eq!(Text::new(&exact).as_str(), exact);
        let cut = Text::new(&"鍵".repeat(TEXT_MAX + 1));
        assert_eq!(cut.as_str().chars().count(), TEXT_MAX);
        assert!(cut.as_str().ends_with("鍵…"));
    }
}
