//! A PIN that cannot be printed; its format and its tries.

use secrecy::{ExposeSecret, SecretString};

/// A user PIN of 4 to 16 printable ASCII characters. It is wiped from memory when dropped and shows
/// nothing of itself.
#[derive(Clone, Debug)]
pub struct Pin(SecretString);

/// Why something typed cannot be a PIN. Such a PIN never reaches the card, so no try is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinFormatError {
    /// Fewer than [`Pin::SHORTEST`] characters.
    #[error("the PIN is shorter than {} characters", Pin::SHORTEST)]
    TooShort,
    /// More than [`Pin::LONGEST`] characters.
    #[error("the PIN is longer than {} characters", Pin::LONGEST)]
    TooLong,
    /// A character other than the ASCII ones from space to tilde.
    #[error("the PIN has a character that is not printable ASCII")]
    NotAscii,
}

impl Pin {
    /// The fewest characters of a PIN.
    pub const SHORTEST: usize = 4;
    /// The most characters of a PIN.
    pub const LONGEST: usize = 16;

    /// Takes a PIN as typed. A wrong character is reported before a wrong length, as full-width
    /// digits are the likelier mistake of the two.
    pub fn new(typed: impl Into<SecretString>) -> Result<Self, PinFormatError> {
        let typed = typed.into();
        let characters = typed.expose_secret();
        if !characters.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(PinFormatError::NotAscii);
        }
        match characters.len() {
            ..Self::SHORTEST => Err(PinFormatError::TooShort),
            Self::SHORTEST..=Self::LONGEST => Ok(Self(typed)),
            _ => Err(PinFormatError::TooLong),
        }
    }

    /// Stands for a PIN that the person types at the token itself, with keys of its own
    /// ([`PinStatus::pad`]). Any other token refuses it before it is asked anything.
    pub fn at_token() -> Self {
        Self(SecretString::default())
    }

    /// Whether this is such a PIN.
    pub(crate) fn is_at_token(&self) -> bool {
        self.0.expose_secret().is_empty()
    }

    pub(crate) fn expose(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

/// How it stands with the user PIN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PinStatus {
    /// Wrong attempts until the PIN locks; `None` if the card does not say.
    pub tries_left: Option<u8>,
    /// Tries after a right PIN; `None` if the card does not say.
    pub maximum: Option<u8>,
    /// No PIN is accepted any more, not even the right one.
    pub locked: bool,
    /// There is a PUK, with which a new PIN can be set.
    pub can_unblock: bool,
    /// The PIN is typed at the token itself, which has keys for it; see [`Pin::at_token`].
    pub pad: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_checked_before_the_card_sees_it() {
        let cases = [
            ("", Err(PinFormatError::TooShort)),
            ("123", Err(PinFormatError::TooShort)),
            ("1234", Ok(())),
            ("1234567890123456", Ok(())),
            ("12345678901234567", Err(PinFormatError::TooLong)),
            (
                "\u{FF11}\u{FF12}\u{FF13}\u{FF14}",
                Err(PinFormatError::NotAscii),
            ),
            ("1234\n", Err(PinFormatError::NotAscii)),
            ("1234\u{7F}", Err(PinFormatError::NotAscii)),
            ("pass word~", Ok(())),
        ];
        for (typed, expected) in cases {
            assert_eq!(Pin::new(typed).map(|_| ()), expected, "{typed:?}");
        }
    }

    #[test]
    fn a_pin_does_not_show_itself() {
        assert!(!format!("{:?}", Pin::new("12345678").unwrap()).contains("1234"));
    }
}
