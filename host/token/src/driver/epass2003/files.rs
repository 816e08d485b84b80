//! Finding the application, selecting and reading its files.

use std::collections::HashMap;

use kagibashi_card::apdu::Command;
use kagibashi_card::status_word::StatusWord;
use kagibashi_card::tlv::{DataObjects, object_length, split_object};

use super::Epass2003;
use crate::error::{Operation, TokenError};
use crate::espk::attribute::Attributes;
use crate::layout::Layout;

const MASTER_FILE: u16 = 0x3F00;
/// The applications that are known: directory, arrangement, and how its name begins where the
/// directory alone says too little.
const APPLICATIONS: [(u16, Layout, &[u8]); 2] = [
    (0x5015, Layout::Pkcs15, b""),
    (0x2003, Layout::Espk, b"ENTERSAFE-ESPK"),
];

/// The most bytes that are known to be read at once.
pub(super) const READ_LENGTH: u16 = 0xD8;

/// Offsets of READ BINARY have 15 bits.
const LARGEST_FILE: usize = 0x7FFF;

/// What has been read and what is selected.
pub(super) struct Files {
    contents: HashMap<u16, Vec<u8>>,
    /// Looked for first.
    likely: Layout,
    layout: Option<Layout>,
    in_application: bool,
    /// The application may lie right below the current directory.
    at_top: bool,
}

impl Files {
    pub(super) fn new(likely: Layout) -> Self {
        Self {
            contents: HashMap::new(),
            likely,
            layout: None,
            in_application: false,
            at_top: false,
        }
    }

    /// A token that was just plugged in is at its master file, which then need not be selected. One
    /// that is not answers no.
    pub(super) fn expect_at_top(&mut self, likely: Layout) {
        self.likely = likely;
        self.at_top = !self.in_application;
    }

    /// Known once the application was entered.
    pub(super) fn layout(&self) -> Option<Layout> {
        self.layout
    }

    /// Everything that was read, by file.
    pub(super) fn contents(&self) -> &HashMap<u16, Vec<u8>> {
        &self.contents
    }

    /// The content of a file, if it was read.
    pub(super) fn content(&self, file: u16) -> Option<&Vec<u8>> {
        self.contents.get(&file)
    }

    /// Takes these for read.
    pub(super) fn put_contents(&mut self, contents: HashMap<u16, Vec<u8>>) {
        self.contents.extend(contents);
    }

    pub(super) fn forget_selection(&mut self) {
        self.in_application = false;
    }
}

/// Where a file can end before its size.
#[derive(Clone, Copy)]
pub(super) enum End {
    /// At the `00` that follows the last record of a directory. Some directory files are thousands
    /// of bytes of nothing.
    AfterRecords,
    /// Where the one object in it ends.
    AfterObject,
    /// At the zeros that follow the last attribute.
    AfterAttributes,
    /// At its size.
    AtSize,
}

impl End {
    fn reached(self, bytes: &[u8]) -> bool {
        match self {
            Self::AtSize => false,
            Self::AfterObject => object_length(bytes).is_none_or(|length| bytes.len() >= length),
            Self::AfterAttributes => Attributes::new(bytes).ended(),
            Self::AfterRecords => {
                let mut rest = bytes;
                while let Some((_, after)) = split_object(rest) {
                    rest = after;
                }
                rest.first() == Some(&0)
            }
        }
    }
}

impl Epass2003 {
    /// Makes the application the current directory, unless it is.
    pub(super) fn enter_application(&mut self) -> Result<(), TokenError> {
        if self.files.in_application {
            return Ok(());
        }
        let mut applications = APPLICATIONS;
        let likely = self.files.layout.unwrap_or(self.files.likely);
        applications.sort_by_key(|&(_, layout, _)| layout != likely);
        let mut at_top = false;
        if std::mem::take(&mut self.files.at_top) {
            let (directory, layout, name) = applications[0];
            match self.select(directory) {
                Ok(control) if control.name.starts_with(name) => {
                    self.files.layout = Some(layout);
                    self.files.in_application = true;
                    return Ok(());
                }
                Ok(_) | Err(TokenError::Unexpected { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        for (directory, layout, name) in applications {
            if !at_top {
                self.select(MASTER_FILE).map_err(|error| match error {
                    error if is_missing(&error) => TokenError::NotInitialised,
                    error => error,
                })?;
            }
            let control = match self.select(directory) {
                Err(error) if is_missing(&error) => {
                    at_top = true;
                    continue;
                }
                selected => selected?,
            };
            if control.name.starts_with(name) {
                self.files.layout = Some(layout);
                self.files.in_application = true;
                return Ok(());
            }
            at_top = false;
        }
        Err(TokenError::NotInitialised)
    }

    pub(super) fn find_layout(&mut self) -> Result<Layout, TokenError> {
        if let Some(layout) = self.files.layout {
            return Ok(layout);
        }
        self.repeatable(Self::enter_application)?;
        self.files.layout.ok_or(TokenError::NotInitialised)
    }

    /// Without expecting an answer the card refuses the command.
    fn select(&mut self, file: u16) -> Result<Control, TokenError> {
        let command = Command::new(0x00, 0xA4, 0x00, 0x00)
            .with_data(&file.to_be_bytes())
            .expecting(0);
        let answer = self.request(Operation::Select, &command)?;
        Ok(Control::parse(&answer))
    }

    /// The contents of a file of the application; from memory the second time.
    pub(super) fn read_file(&mut self, file: u16, end: End) -> Result<Vec<u8>, TokenError> {
        self.read_beginning(file, LARGEST_FILE, end)
    }

    /// The same for a file of which no more than `length` bytes are in use.
    pub(super) fn read_beginning(
        &mut self,
        file: u16,
        length: usize,
        end: End,
    ) -> Result<Vec<u8>, TokenError> {
        if let Some(contents) = self.files.contents.get(&file) {
            return Ok(contents.clone());
        }
        let contents = self.repeatable(|token| {
            token.enter_application()?;
            let size = token.select(file)?.size.unwrap_or(LARGEST_FILE);
            token.read_selected(size.min(length).min(LARGEST_FILE), end)
        })?;
        self.files.contents.insert(file, contents.clone());
        Ok(contents)
    }

    /// The first bytes of a file as they are on the token now, whatever was read before.
    pub(super) fn read_now(&mut self, file: u16, length: usize) -> Result<Vec<u8>, TokenError> {
        self.repeatable(|token| {
            token.enter_application()?;
            let size = token.select(file)?.size.unwrap_or(LARGEST_FILE);
            token.read_selected(size.min(length).min(LARGEST_FILE), End::AtSize)
        })
    }

    fn read_selected(&mut self, size: usize, end: End) -> Result<Vec<u8>, TokenError> {
        let mut contents = Vec::new();
        while contents.len() < size && (contents.is_empty() || !end.reached(&contents)) {
            let [high, low] = u16::try_from(contents.len())
                .unwrap_or(u16::MAX)
                .to_be_bytes();
            let left = u16::try_from(size - contents.len()).unwrap_or(READ_LENGTH);
            let command = Command::new(0x00, 0xB0, high, low);
            let mut answer = self.transmit(
                Operation::ReadBinary,
                &command.clone().expecting(left.min(READ_LENGTH)),
            )?;
            if let StatusWord::WrongExpectedLength(available @ 1..) = answer.status {
                answer = self.transmit(
                    Operation::ReadBinary,
                    &command.expecting(u16::from(available)),
                )?;
            }
            match answer.status {
                StatusWord::Success if !answer.data.is_empty() => {
                    contents.extend_from_slice(&answer.data);
                }
                StatusWord::Success | StatusWord::EndOfFile | StatusWord::WrongParameters => {
                    contents.extend_from_slice(&answer.data);
                    break;
                }
                status_word => {
                    return Err(TokenError::Unexpected {
                        operation: Operation::ReadBinary,
                        status_word,
                    });
                }
            }
        }
        Ok(contents)
    }
}

/// What the card tells of a file when it is selected (ISO/IEC 7816-4, clause 5.3.3).
struct Control {
    /// In bytes, if it tells.
    size: Option<usize>,
    /// Of a directory; may be empty.
    name: Vec<u8>,
}

impl Control {
    fn parse(answer: &[u8]) -> Self {
        let template = DataObjects::new(answer).find(0x6F).unwrap_or_default();
        let find = |tag| DataObjects::new(template).find(tag);
        Self {
            size: find(0x80).map(|size| {
                size.iter()
                    .fold(0, |size, &byte| size << 8 | usize::from(byte))
            }),
            name: find(0x84).unwrap_or_default().to_vec(),
        }
    }
}

/// Whether the card has no such file.
pub(super) fn is_missing(error: &TokenError) -> bool {
    matches!(
        error,
        TokenError::Unexpected {
            status_word: StatusWord::FileNotFound,
            ..
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_ends_with_its_records() {
        let records = [0x30, 0x01, 0xAA, 0x30, 0x00];
        assert!(!End::AfterRecords.reached(&records));
        assert!(End::AfterRecords.reached(&[&records[..], &[0]].concat()));
        assert!(!End::AfterRecords.reached(&[&records[..], &[0x30, 0x05, 0x00]].concat()));
        assert!(!End::AfterObject.reached(&[0x30, 0x82, 0x01, 0x00, 0x55]));
        assert!(End::AfterObject.reached(&[0x30, 0x01, 0x55]));
        assert!(
            End::AfterObject.reached(&[0x00, 0x01, 0x55]),
            "nothing to wait for"
        );
    }
}
