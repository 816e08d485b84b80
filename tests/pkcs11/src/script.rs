//! What a host does, and how it is told.

use std::str::FromStr;

use anyhow::{Context, bail};
use kagibashi_protocol::ErrorCode;

/// One line to the host; each is answered by one line, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Plug that token in. Answer: `ok`.
    Insert(u8),
    /// Pull it out. Answer: `ok`.
    Remove(u8),
    /// From now on do this when asked to sign. Answer: `ok`.
    Sign(Signing),
    /// From now on do this when asked `change`. Answer: `ok`.
    Change(Changing),
    /// How many questions of each kind there were:
    /// `hello change tokens sign login logout open`, the last being the
    /// connections that are open.
    Count,
}

/// What becomes of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// It is made after so many milliseconds.
    After(u64),
    /// It fails.
    Fails(ErrorCode),
    /// The host never answers.
    Never,
    /// The host hangs up.
    HangsUp,
    /// A byte is missing.
    Short,
    /// What comes back is not JSON.
    Garbled,
}

/// What becomes of the question for changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changing {
    /// It is answered.
    Told,
    /// The host never answers.
    Never,
    /// The host hangs up.
    HangsUp,
    /// What comes back answers another question.
    Garbled,
}

impl std::fmt::Display for Order {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Insert(token) => write!(formatter, "insert {token}"),
            Self::Remove(token) => write!(formatter, "remove {token}"),
            Self::Sign(Signing::After(time)) => write!(formatter, "sign after {time}"),
            Self::Sign(Signing::Fails(code)) => write!(formatter, "sign fails {}", code.number()),
            Self::Sign(Signing::Never) => formatter.write_str("sign never"),
            Self::Sign(Signing::HangsUp) => formatter.write_str("sign hangs-up"),
            Self::Sign(Signing::Short) => formatter.write_str("sign short"),
            Self::Sign(Signing::Garbled) => formatter.write_str("sign garbled"),
            Self::Change(Changing::Told) => formatter.write_str("change told"),
            Self::Change(Changing::Never) => formatter.write_str("change never"),
            Self::Change(Changing::HangsUp) => formatter.write_str("change hangs-up"),
            Self::Change(Changing::Garbled) => formatter.write_str("change garbled"),
            Self::Count => formatter.write_str("count"),
        }
    }
}

impl FromStr for Order {
    type Err = anyhow::Error;

    fn from_str(line: &str) -> anyhow::Result<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        Ok(match words[..] {
            ["insert", token] => Self::Insert(token.parse()?),
            ["remove", token] => Self::Remove(token.parse()?),
            ["sign", "after", time] => Self::Sign(Signing::After(time.parse()?)),
            ["sign", "fails", number] => {
                let code = ErrorCode::from_number(number.parse()?);
                Self::Sign(Signing::Fails(code.context("no such code")?))
            }
            ["sign", "never"] => Self::Sign(Signing::Never),
            ["sign", "hangs-up"] => Self::Sign(Signing::HangsUp),
            ["sign", "short"] => Self::Sign(Signing::Short),
            ["sign", "garbled"] => Self::Sign(Signing::Garbled),
            ["change", "told"] => Self::Change(Changing::Told),
            ["change", "never"] => Self::Change(Changing::Never),
            ["change", "hangs-up"] => Self::Change(Changing::HangsUp),
            ["change", "garbled"] => Self::Change(Changing::Garbled),
            ["count"] => Self::Count,
            _ => bail!("no order: {line}"),
        })
    }
}
