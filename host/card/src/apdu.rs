//! Command and response APDUs (ISO/IEC 7816-4, clause 5), short and extended.

use zeroize::Zeroizing;

use crate::status_word::StatusWord;

/// The largest data field of a short command, in bytes.
const SHORT_MAXIMUM: usize = 0xFF;

/// How the length fields of a command are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Lc and Le are one byte each.
    Short,
    /// Lc and Le are two bytes each, the first of them preceded by `00`.
    Extended,
}

/// A command to a card. Its data may hold a secret and is wiped from memory.
#[derive(Clone)]
pub struct Command {
    /// CLA, INS, P1, P2.
    pub header: [u8; 4],
    /// The data field; empty if there is none. At most 65,535 bytes.
    pub data: Zeroizing<Vec<u8>>,
    /// How many bytes are expected (Le); `Some(0)` asks for as many as there are.
    pub expected: Option<u16>,
}

impl Command {
    /// A command with neither data nor an expected answer (case 1).
    pub fn new(class: u8, instruction: u8, p1: u8, p2: u8) -> Self {
        Self {
            header: [class, instruction, p1, p2],
            data: Zeroizing::new(Vec::new()),
            expected: None,
        }
    }

    /// The same command with a data field.
    #[must_use]
    pub fn with_data(mut self, data: &[u8]) -> Self {
        self.data = Zeroizing::new(data.to_vec());
        self
    }

    /// The same command expecting `length` bytes; 0 asks for as many as there are.
    #[must_use]
    pub fn expecting(mut self, length: u16) -> Self {
        self.expected = Some(length);
        self
    }

    /// The shortest form that carries this command.
    pub fn form(&self) -> Form {
        if self.data.len() > SHORT_MAXIMUM || self.expected.is_some_and(|length| length > 0xFF) {
            Form::Extended
        } else {
            Form::Short
        }
    }

    /// The bytes on the wire, in the shortest form.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        encode(self.header, &self.data, self.expected, self.form())
    }
}

/// Shows header and lengths only: the data may be a secret.
impl std::fmt::Debug for Command {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Command")
            .field("header", &hex::encode(self.header))
            .field("data_length", &self.data.len())
            .field("expected", &self.expected)
            .finish()
    }
}

/// Writes a command in the given form. In the short form `data` has at most 255 bytes.
pub(crate) fn encode(
    header: [u8; 4],
    data: &[u8],
    expected: Option<u16>,
    form: Form,
) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(header.len() + data.len() + 5));
    bytes.extend_from_slice(&header);
    match form {
        Form::Short => {
            if !data.is_empty() {
                bytes.extend(u8::try_from(data.len()).ok());
                bytes.extend_from_slice(data);
            }
            bytes.extend(expected.map(|length| u8::try_from(length).unwrap_or(0)));
        }
        Form::Extended => {
            bytes.push(0);
            if !data.is_empty() {
                bytes.extend_from_slice(
                    &u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes(),
                );
                bytes.extend_from_slice(data);
            }
            if let Some(length) = expected {
                bytes.extend_from_slice(&length.to_be_bytes());
            }
        }
    }
    bytes
}

/// What a card answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The data field; may be empty.
    pub data: Vec<u8>,
    /// SW1 and SW2.
    pub status: StatusWord,
}

impl Response {
    /// Cuts the two status bytes off an answer; `None` if it has fewer than two bytes.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (data, status) = bytes.split_last_chunk::<2>()?;
        Some(Self {
            data: data.to_vec(),
            status: StatusWord::from(u16::from_be_bytes(*status)),
        })
    }
}

/// Shows the status and a length only: the data may be private.
impl std::fmt::Debug for Response {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Response")
            .field("data_length", &self.data.len())
            .field("status", &self.status)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_has_its_form() {
        let plain = || Command::new(0x00, 0xA4, 0x00, 0x0C);
        let long = vec![0xAA; 256];
        let mut long_case3 = vec![0x00, 0xA4, 0x00, 0x0C, 0x00, 0x01, 0x00];
        long_case3.extend_from_slice(&long);
        let mut long_case4 = long_case3.clone();
        long_case4.extend_from_slice(&[0x00, 0x00]);
        let cases: [(Command, Vec<u8>); 7] = [
            (plain(), vec![0x00, 0xA4, 0x00, 0x0C]),
            (plain().expecting(0), vec![0x00, 0xA4, 0x00, 0x0C, 0x00]),
            (
                plain().with_data(&[1, 2]),
                vec![0x00, 0xA4, 0x00, 0x0C, 2, 1, 2],
            ),
            (
                plain().with_data(&[1]).expecting(0xD8),
                vec![0x00, 0xA4, 0x00, 0x0C, 1, 1, 0xD8],
            ),
            (
                plain().expecting(0x0100),
                vec![0x00, 0xA4, 0x00, 0x0C, 0x00, 0x01, 0x00],
            ),
            (plain().with_data(&long), long_case3),
            (plain().with_data(&long).expecting(0), long_case4),
        ];
        for (command, bytes) in cases {
            assert_eq!(
                hex::encode(command.to_bytes()),
                hex::encode(bytes),
                "{command:?}"
            );
        }
    }

    #[test]
    fn an_answer_needs_its_status() {
        assert_eq!(Response::parse(&[]), None);
        assert_eq!(Response::parse(&[0x90]), None);
        let response = Response::parse(&[1, 2, 0x63, 0xC5]).unwrap();
        assert_eq!(
            (response.data, response.status),
            (vec![1, 2], StatusWord::TriesLeft(5))
        );
    }

    #[test]
    fn debug_keeps_data_out() {
        let shown = format!("{:?}", Command::new(0, 0x20, 0, 1).with_data(b"12345678"));
        assert!(
            !shown.contains("12345678") && !shown.contains("3132"),
            "{shown}"
        );
    }
}
