//! SW1 SW2: how a card says what came of a command (ISO/IEC 7816-4, clause 5.6).

use std::fmt;

/// A status word. Words without a name here are kept as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatusWord {
    /// 9000
    Success,
    /// 6282: the file ended before Le bytes were read.
    EndOfFile,
    /// 6300
    AuthenticationFailed,
    /// 63Cx: a wrong PIN, or an answer to the question; so many tries are left.
    TriesLeft(u8),
    /// 6700
    WrongLength,
    /// 6982: a PIN is missing.
    SecurityStatusNotSatisfied,
    /// 6983: the PIN is locked.
    AuthenticationBlocked,
    /// 6984
    ReferenceDataNotUsable,
    /// 6985: also what a card says to a plain command where it wants secure messaging.
    ConditionsNotSatisfied,
    /// 6986
    NoCurrentFile,
    /// 6987
    SecureMessagingObjectsMissing,
    /// 6988
    SecureMessagingObjectsIncorrect,
    /// 6A80
    IncorrectData,
    /// 6A82
    FileNotFound,
    /// 6A83
    RecordNotFound,
    /// 6A88
    ReferenceNotFound,
    /// 6B00: the offset is beyond the end.
    WrongParameters,
    /// 6Cxx: ask again for exactly so many bytes (0 means 256).
    WrongExpectedLength(u8),
    /// 6D00
    InstructionNotSupported,
    /// 6E00
    ClassNotSupported,
    /// 9403: the card finds no such key in its current directory.
    KeyNotFound,
    /// Any other word.
    Other(u16),
}

impl From<u16> for StatusWord {
    fn from(word: u16) -> Self {
        let [_, low] = word.to_be_bytes();
        match word {
            0x9000 => Self::Success,
            0x6282 => Self::EndOfFile,
            0x6300 => Self::AuthenticationFailed,
            0x63C0..=0x63CF => Self::TriesLeft(low & 0x0F),
            0x6700 => Self::WrongLength,
            0x6982 => Self::SecurityStatusNotSatisfied,
            0x6983 => Self::AuthenticationBlocked,
            0x6984 => Self::ReferenceDataNotUsable,
            0x6985 => Self::ConditionsNotSatisfied,
            0x6986 => Self::NoCurrentFile,
            0x6987 => Self::SecureMessagingObjectsMissing,
            0x6988 => Self::SecureMessagingObjectsIncorrect,
            0x6A80 => Self::IncorrectData,
            0x6A82 => Self::FileNotFound,
            0x6A83 => Self::RecordNotFound,
            0x6A88 => Self::ReferenceNotFound,
            0x6B00 => Self::WrongParameters,
            0x6C00..=0x6CFF => Self::WrongExpectedLength(low),
            0x6D00 => Self::InstructionNotSupported,
            0x6E00 => Self::ClassNotSupported,
            0x9403 => Self::KeyNotFound,
            other => Self::Other(other),
        }
    }
}

impl From<StatusWord> for u16 {
    fn from(status: StatusWord) -> Self {
        match status {
            StatusWord::Success => 0x9000,
            StatusWord::EndOfFile => 0x6282,
            StatusWord::AuthenticationFailed => 0x6300,
            StatusWord::TriesLeft(tries) => 0x63C0 | Self::from(tries & 0x0F),
            StatusWord::WrongLength => 0x6700,
            StatusWord::SecurityStatusNotSatisfied => 0x6982,
            StatusWord::AuthenticationBlocked => 0x6983,
            StatusWord::ReferenceDataNotUsable => 0x6984,
            StatusWord::ConditionsNotSatisfied => 0x6985,
            StatusWord::NoCurrentFile => 0x6986,
            StatusWord::SecureMessagingObjectsMissing => 0x6987,
            StatusWord::SecureMessagingObjectsIncorrect => 0x6988,
            StatusWord::IncorrectData => 0x6A80,
            StatusWord::FileNotFound => 0x6A82,
            StatusWord::RecordNotFound => 0x6A83,
            StatusWord::ReferenceNotFound => 0x6A88,
            StatusWord::WrongParameters => 0x6B00,
            StatusWord::WrongExpectedLength(length) => 0x6C00 | Self::from(length),
            StatusWord::InstructionNotSupported => 0x6D00,
            StatusWord::ClassNotSupported => 0x6E00,
            StatusWord::KeyNotFound => 0x9403,
            StatusWord::Other(word) => word,
        }
    }
}

/// Four hexadecimal digits.
impl fmt::Display for StatusWord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04X}", u16::from(*self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_survives_the_round_trip() {
        for word in 0..=u16::MAX {
            assert_eq!(u16::from(StatusWord::from(word)), word);
        }
    }

    #[test]
    fn retries_carry_their_count() {
        assert_eq!(StatusWord::from(0x63CE), StatusWord::TriesLeft(14));
        assert_eq!(StatusWord::from(0x63C0), StatusWord::TriesLeft(0));
        assert_eq!(
            StatusWord::from(0x6CCD),
            StatusWord::WrongExpectedLength(0xCD)
        );
        assert_eq!(StatusWord::from(0x6F83).to_string(), "6F83");
    }
}
