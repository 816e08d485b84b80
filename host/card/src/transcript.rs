//! Exchanges with a card written down as text, and played back.
//!
//! A transcript is made of lines `> HEX` (to the card), `< HEX` (from the card), `!` for a reset, and
//! comments after `#`. `..` in place of a byte is masked: it stands for any value.

use std::io::Write;

use crate::channel::{Channel, ChannelError};

/// A channel that writes down what it carries, except secrets.
pub struct Recording<C, W> {
    channel: C,
    transcript: W,
}

impl<C: Channel, W: Write + Send> Recording<C, W> {
    /// Writes to `transcript`. Trouble with writing is logged and does not disturb the exchange.
    pub fn new(channel: C, transcript: W) -> Self {
        Self {
            channel,
            transcript,
        }
    }

    fn note(&mut self, line: &str) {
        if let Err(error) = writeln!(self.transcript, "{line}") {
            tracing::warn!(%error, "the transcript could not be written");
        }
    }
}

impl<C: Channel, W: Write + Send> Channel for Recording<C, W> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let secret = secrecy_of(command);
        let visible = if secret.command { 4 } else { command.len() };
        self.note(&format!("> {}", masked(command, visible)));
        let answer = self.channel.transmit(command);
        match &answer {
            Ok(bytes) if secret.answer => {
                let start = bytes.len().saturating_sub(2);
                let status = hex::encode_upper(&bytes[start..]);
                self.note(&format!("< {}{status}", "..".repeat(start)));
            }
            Ok(bytes) => self.note(&format!("< {}", hex::encode_upper(bytes))),
            Err(error) => self.note(&format!("# {error}")),
        }
        answer
    }

    fn reset(&mut self) -> Result<(), ChannelError> {
        self.note("!");
        self.channel.reset()
    }

    fn reset_at_end(&mut self) {
        self.channel.reset_at_end();
    }

    fn leave_at_end(&mut self) {
        self.channel.leave_at_end();
    }

    fn pause(&mut self) {
        self.channel.pause();
    }

    fn resume(&mut self) -> Result<(), ChannelError> {
        self.channel.resume()
    }

    fn outlive_cancel(&mut self) {
        self.channel.outlive_cancel();
    }
}

struct Secrecy {
    command: bool,
    answer: bool,
}

/// Which halves of an exchange are kept out of a transcript. The keys of secure messaging are known
/// to everybody, so an encrypted PIN is no better than a plain one.
fn secrecy_of(command: &[u8]) -> Secrecy {
    let secret = |command, answer| Secrecy { command, answer };
    match command {
        // VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, and writing keys and secrets.
        // EXTERNAL AUTHENTICATE with a PIN, too; that of the handshake has P1 = 03.
        [_, 0x20 | 0x24 | 0x2C | 0xE3 | 0xE5 | 0xE7, ..] | [_, 0x82, 0x00..=0x02, ..] => {
            secret(true, false)
        }
        // What a private key makes of what it is given.
        [_, 0x2A, ..] => secret(true, true),
        _ => secret(false, false),
    }
}

fn masked(bytes: &[u8], visible: usize) -> String {
    let shown = hex::encode_upper(&bytes[..visible.min(bytes.len())]);
    shown + &"..".repeat(bytes.len().saturating_sub(visible))
}

/// A card made of a transcript. It answers only what stands there, in that order.
#[derive(Debug)]
pub struct Replay {
    steps: std::vec::IntoIter<Step>,
}

#[derive(Debug)]
struct Step {
    line: usize,
    command: Vec<Option<u8>>,
    answer: Vec<u8>,
}

/// Why a transcript cannot be played, or stopped.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the transcript: {reason}")]
pub struct TranscriptError {
    /// Counted from 1; 0 for the end.
    pub line: usize,
    /// What is wrong.
    pub reason: &'static str,
}

impl Replay {
    /// Reads a transcript. Answers must not be masked.
    pub fn new(transcript: &str) -> Result<Self, TranscriptError> {
        let mut steps: Vec<Step> = Vec::new();
        let mut open: Option<(usize, Vec<Option<u8>>)> = None;
        for (index, text) in transcript.lines().enumerate() {
            let line = index + 1;
            let error = |reason| TranscriptError { line, reason };
            let text = text.split('#').next().unwrap_or_default().trim();
            if let Some(hex) = text.strip_prefix('>') {
                let command = pattern(hex).ok_or(error("not hexadecimal"))?;
                if open.replace((line, command)).is_some() {
                    return Err(error("a command without an answer stands before it"));
                }
            } else if let Some(hex) = text.strip_prefix('<') {
                let (line, command) = open.take().ok_or(error("an answer without a command"))?;
                let answer = hex::decode(hex.trim()).map_err(|_| error("not hexadecimal"))?;
                steps.push(Step {
                    line,
                    command,
                    answer,
                });
            } else if !text.is_empty() && text != "!" {
                return Err(error("neither command nor answer"));
            }
        }
        if open.is_some() {
            return Err(TranscriptError {
                line: 0,
                reason: "the last command has no answer",
            });
        }
        Ok(Self {
            steps: steps.into_iter(),
        })
    }

    /// How many exchanges are left.
    pub fn remaining(&self) -> usize {
        self.steps.len()
    }
}

fn pattern(hex: &str) -> Option<Vec<Option<u8>>> {
    let digits = hex.trim().as_bytes();
    digits
        .chunks(2)
        .map(|pair| match pair {
            b".." => Some(None),
            [_] => None,
            pair => u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16)
                .ok()
                .map(Some),
        })
        .collect()
}

impl Channel for Replay {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let other = |error: TranscriptError| ChannelError::Other(Box::new(error));
        let step = self.steps.next().ok_or_else(|| {
            other(TranscriptError {
                line: 0,
                reason: "the transcript has ended",
            })
        })?;
        let equal = step.command.len() == command.len()
            && step
                .command
                .iter()
                .zip(command)
                .all(|(expected, byte)| expected.is_none_or(|expected| expected == *byte));
        if equal {
            Ok(step.answer)
        } else {
            Err(other(TranscriptError {
                line: step.line,
                reason: "another command was sent",
            }))
        }
    }

    fn reset(&mut self) -> Result<(), ChannelError> {
        Ok(())
    }

    fn reset_at_end(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers everything with the same bytes.
    struct Parrot(&'static [u8]);

    impl Channel for Parrot {
        fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ChannelError> {
            Ok(self.0.to_vec())
        }

        fn reset(&mut self) -> Result<(), ChannelError> {
            Ok(())
        }

        fn reset_at_end(&mut self) {}
    }

    fn recorded(command: &[u8], answer: &'static [u8]) -> String {
        let mut text = Vec::new();
        Recording::new(Parrot(answer), &mut text)
            .transmit(command)
            .unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn secrets_are_masked_on_both_sides() {
        let cases: [(&[u8], &[u8], &str); 6] = [
            (
                &[0x00, 0xA4, 0, 0, 2, 0x3F, 0],
                &[0x6F, 0x90, 0],
                "> 00A40000023F00\n< 6F9000\n",
            ),
            (
                &[0x00, 0x20, 0, 1, 2, 0x31, 0x32],
                &[0x63, 0xC2],
                "> 00200001......\n< 63C2\n",
            ),
            (
                &[0x0C, 0x82, 1, 0x81, 1, 7],
                &[0x90, 0],
                "> 0C820181....\n< 9000\n",
            ),
            (
                &[0x84, 0x82, 3, 0, 1, 7],
                &[0x90, 0],
                "> 848203000107\n< 9000\n",
            ),
            (
                &[0x8C, 0xE5, 4, 1, 1, 7],
                &[0x90, 0],
                "> 8CE50401....\n< 9000\n",
            ),
            (
                &[0x0C, 0x2A, 0x80, 0x86, 1, 7],
                &[9, 9, 0x90, 0],
                "> 0C2A8086....\n< ....9000\n",
            ),
        ];
        for (command, answer, expected) in cases {
            assert_eq!(recorded(command, answer), expected);
        }
    }

    #[test]
    fn what_was_recorded_can_be_played_back_once_and_in_order() {
        let pin = [0x00, 0x20, 0x00, 0x01, 0x01, 0x31];
        let select = [0x00, 0xA4, 0x00, 0x00];
        let text = recorded(&pin, &[0x90, 0]) + "# and then\n" + &recorded(&select, &[0x6A, 0x82]);
        let mut replay = Replay::new(&text).unwrap();
        assert!(
            replay.transmit(&pin[..5]).is_err(),
            "a masked byte must still be there"
        );
        let mut replay = Replay::new(&text).unwrap();
        let masked = [0x00, 0x20, 0x00, 0x01, 0x01, 0x39];
        assert_eq!(replay.transmit(&masked).unwrap(), [0x90, 0]);
        assert!(
            replay.transmit(&[0x00, 0xA4, 0x00, 0x01]).is_err(),
            "another command"
        );
        let mut replay = Replay::new(&text).unwrap();
        replay.transmit(&pin).unwrap();
        assert_eq!(replay.transmit(&select).unwrap(), [0x6A, 0x82]);
        assert_eq!(replay.remaining(), 0);
        assert!(replay.transmit(&select).is_err(), "the end");
    }

    #[test]
    fn a_broken_transcript_is_refused_with_its_line() {
        for (text, line) in [
            ("< 9000", 1),
            ("> 00\n> 00", 2),
            ("> 0", 1),
            ("> XX", 1),
            ("hello", 1),
            ("\n> 00", 0),
        ] {
            assert_eq!(Replay::new(text).unwrap_err().line, line, "{text:?}");
        }
    }
}
