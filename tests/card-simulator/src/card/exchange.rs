//! One command and its answer, for people to read.

use std::fmt;

use crate::apdu::{Apdu, Le};

/// A command and its answer, as they crossed the wire and as they were meant.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The bytes received.
    pub command: Vec<u8>,
    /// The command without secure messaging; `None` if it could not be opened.
    pub plain_command: Option<Apdu>,
    /// The bytes answered.
    pub answer: Vec<u8>,
    /// The data field answered, without secure messaging.
    pub plain_answer: Vec<u8>,
}

impl fmt::Display for Exchange {
    /// Wire and meaning of the command, then of the answer, in upper-case hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "> {}", hex::encode_upper(&self.command))?;
        if let Some(plain) = &self.plain_command {
            write!(f, "  {}", hex::encode_upper(plain.header()))?;
            if !plain.data.is_empty() {
                write!(f, " data {}", hex::encode_upper(&plain.data))?;
            }
            match plain.le {
                Some(Le::Short(length)) => write!(f, " le {length:02X}")?,
                Some(Le::Extended(length)) => write!(f, " le {length:04X}")?,
                None => {}
            }
            writeln!(f)?;
        }
        writeln!(f, "< {}", hex::encode_upper(&self.answer))?;
        if let Some(status) = self.answer.last_chunk::<2>() {
            writeln!(
                f,
                "  {} {}",
                hex::encode_upper(&self.plain_answer),
                hex::encode_upper(status)
            )?;
        }
        Ok(())
    }
}
