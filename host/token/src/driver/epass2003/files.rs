//! Selecting and reading files, and the PKCS#15 objects in them.

use std::collections::HashMap;

use kagibashi_card::apdu::Command;
use kagibashi_card::status_word::StatusWord;
use kagibashi_card::tlv::{DataObjects, object_length, split_object};

use super::Epass2003;
use crate::certificate::{Certificate, CertificateError, KeyAlgorithm};
use crate::error::{Operation, TokenError};
use crate::layout::Layout;
use crate::pkcs15::cdf::{self, CertificateObject};
use crate::pkcs15::odf::{self, Directory};
use crate::pkcs15::path::Path;
use crate::pkcs15::prkdf::{self, PrivateKeyObject};
use crate::pkcs15::token_info::TokenDescription;
use crate::token::{KeyHandle, TokenCertificate};

const MASTER_FILE: u16 = 0x3F00;
const APPLICATION: u16 = 0x5015;
const OBJECT_DIRECTORY: u16 = 0x5031;
const TOKEN_INFO: u16 = 0x5032;

/// The most bytes that are known to be read at once.
const READ_LENGTH: u16 = 0xD8;

/// Offsets of READ BINARY have 15 bits.
const LARGEST_FILE: usize = 0x7FFF;

/// What has been read and what is selected.
#[derive(Default)]
pub(super) struct Files {
    contents: HashMap<u16, Vec<u8>>,
    layout: Option<Layout>,
    in_application: bool,
}

impl Files {
    pub(super) fn forget_selection(&mut self) {
        self.in_application = false;
    }

    /// Known once the application was entered.
    pub(super) fn layout(&self) -> Option<Layout> {
        self.layout
    }
}

/// Tries of a PIN and a PUK that were not used up; `None` where there is none, or nobody noted it.
#[derive(Default)]
pub(super) struct MaximumTries {
    pub pin: Option<u8>,
    pub puk: Option<u8>,
}

/// Where a file can end before its size.
#[derive(Clone, Copy)]
enum End {
    /// At the `00` that follows the last record of a directory. Some directory files are thousands
    /// of bytes of nothing.
    AfterRecords,
    /// Where the one object in it ends.
    AfterObject,
    /// At its size.
    AtSize,
}

impl End {
    fn reached(self, bytes: &[u8]) -> bool {
        match self {
            Self::AtSize => false,
            Self::AfterObject => object_length(bytes).is_none_or(|length| bytes.len() >= length),
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

/// What OpenSC calls 3101 is file 3120 on the card: numbered objects are spaced by 32.
fn file_id_on_card(logical: u16) -> u16 {
    let [kind, number] = logical.to_be_bytes();
    match kind {
        0x29 | 0x30..=0x34 => u16::from_be_bytes([kind, number.wrapping_mul(0x20)]),
        _ => logical,
    }
}

impl Epass2003 {
    /// Makes the PKCS#15 application the current directory, unless it is.
    pub(super) fn enter_application(&mut self) -> Result<(), TokenError> {
        if self.files.in_application {
            return Ok(());
        }
        for file in [MASTER_FILE, APPLICATION] {
            match self.select(file) {
                Err(TokenError::Unexpected {
                    status_word: StatusWord::FileNotFound,
                    ..
                }) => {
                    return Err(TokenError::NotInitialised);
                }
                selected => selected?,
            };
        }
        self.files.layout = Some(Layout::Pkcs15);
        self.files.in_application = true;
        Ok(())
    }

    /// Returns the file's size in bytes, if the card tells it. Without expecting an answer the card
    /// refuses the command.
    fn select(&mut self, file: u16) -> Result<Option<usize>, TokenError> {
        let command = Command::new(0x00, 0xA4, 0x00, 0x00)
            .with_data(&file.to_be_bytes())
            .expecting(0);
        let control = self.request(Operation::Select, &command)?;
        let size = DataObjects::new(&control)
            .find(0x6F)
            .and_then(|template| DataObjects::new(template).find(0x80))
            .map(|size| {
                size.iter()
                    .fold(0, |size, &byte| size << 8 | usize::from(byte))
            });
        Ok(size)
    }

    /// The contents of a file of the application; from memory the second time.
    fn read_file(&mut self, file: u16, end: End) -> Result<Vec<u8>, TokenError> {
        if let Some(contents) = self.files.contents.get(&file) {
            return Ok(contents.clone());
        }
        let contents = self.repeatable(|token| {
            token.enter_application()?;
            let size = token
                .select(file)?
                .unwrap_or(LARGEST_FILE)
                .min(LARGEST_FILE);
            token.read_selected(size, end)
        })?;
        self.files.contents.insert(file, contents.clone());
        Ok(contents)
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

    /// The file an object points to: where the card's numbering puts it, or else exactly where the
    /// path says. `None` if there is neither.
    fn read_object(&mut self, path: &Path) -> Result<Option<Vec<u8>>, TokenError> {
        let Some(logical) = path.file_id() else {
            return Ok(None);
        };
        let mut places = vec![file_id_on_card(logical), logical];
        places.dedup();
        for file in places {
            match self.read_file(file, End::AfterObject) {
                Err(TokenError::Unexpected {
                    status_word: StatusWord::FileNotFound,
                    ..
                }) => {}
                read => return read.map(Some),
            }
        }
        Ok(None)
    }

    pub(super) fn token_info(&mut self) -> Result<TokenDescription, TokenError> {
        match self.read_file(TOKEN_INFO, End::AfterObject) {
            Ok(bytes) => Ok(TokenDescription::parse(&bytes).unwrap_or_default()),
            Err(TokenError::Unexpected {
                status_word: StatusWord::FileNotFound,
                ..
            }) => Ok(TokenDescription::default()),
            Err(error) => Err(error),
        }
    }

    /// The records of all directory files of one kind.
    pub(super) fn directory(&mut self, kind: Directory) -> Result<Vec<Vec<u8>>, TokenError> {
        let index = self.read_file(OBJECT_DIRECTORY, End::AfterRecords)?;
        let mut files = Vec::new();
        for path in odf::parse(&index, kind) {
            let Some(file) = path.file_id() else { continue };
            match self.read_file(file, End::AfterRecords) {
                Err(TokenError::Unexpected {
                    status_word: StatusWord::FileNotFound,
                    ..
                }) => {}
                read => files.push(read?),
            }
        }
        Ok(files)
    }

    pub(super) fn read_certificates(&mut self) -> Result<Vec<TokenCertificate>, TokenError> {
        let keys: Vec<PrivateKeyObject> = self
            .directory(Directory::PrivateKeys)?
            .iter()
            .flat_map(|file| prkdf::parse(file))
            .collect();
        let objects: Vec<CertificateObject> = self
            .directory(Directory::Certificates)?
            .iter()
            .flat_map(|file| cdf::parse(file))
            .collect();
        objects
            .into_iter()
            .map(|object| self.read_certificate(object, &keys))
            .collect()
    }

    fn read_certificate(
        &mut self,
        object: CertificateObject,
        keys: &[PrivateKeyObject],
    ) -> Result<TokenCertificate, TokenError> {
        let (der, parsed) = match self.read_object(&object.path)? {
            Some(mut der) => {
                // The file may be longer than the certificate.
                der.truncate(object_length(&der).unwrap_or(der.len()));
                let parsed = Certificate::from_der(&der);
                (der, parsed)
            }
            None => (Vec::new(), Err(CertificateError::Missing)),
        };
        let private_key = keys.iter().find(|key| key.id == object.id);
        let key = match (private_key, &parsed) {
            (Some(private_key), Ok(certificate)) => self.key_handle(private_key, certificate)?,
            _ => None,
        };
        Ok(TokenCertificate {
            der,
            label: object.label,
            authority: object.authority,
            has_private_key: private_key.is_some(),
            id: object.id,
            key,
            parsed,
        })
    }

    fn key_handle(
        &mut self,
        key: &PrivateKeyObject,
        certificate: &Certificate,
    ) -> Result<Option<KeyHandle>, TokenError> {
        let KeyAlgorithm::Rsa { bits } = certificate.key_algorithm else {
            return Ok(None);
        };
        let Some(reference) = key_file(key) else {
            return Ok(None);
        };
        Ok(Some(KeyHandle {
            reader: self.reader.clone(),
            serial: self.serial()?,
            reference,
            modulus_bits: bits,
            public_key: certificate.public_key.clone(),
        }))
    }

    /// How many tries a right PIN or PUK restores, by the file where the tools that set tokens up note
    /// it. Anybody can write there, so it is a hint.
    pub(super) fn maximum_tries(&mut self) -> Result<MaximumTries, TokenError> {
        const MAXIMUM_TRIES: u16 = 0x9F00;
        match self.read_file(MAXIMUM_TRIES, End::AtSize) {
            Ok(contents) => {
                let noted = |index| {
                    let tries = contents.get(index).copied();
                    tries.filter(|tries| (1..=15).contains(tries))
                };
                Ok(MaximumTries {
                    pin: noted(0),
                    puk: noted(1),
                })
            }
            Err(TokenError::Unexpected { .. }) => Ok(MaximumTries::default()),
            Err(error) => Err(error),
        }
    }
}

/// The file of a private key: by its number, or else by its path.
fn key_file(key: &PrivateKeyObject) -> Option<u16> {
    const FIRST_PRIVATE_KEY: u16 = 0x2900;
    match key.reference {
        Some(reference @ 0..=7) => Some(FIRST_PRIVATE_KEY + 0x20 * u16::from(reference)),
        _ => key.path.file_id().map(file_id_on_card),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_objects_are_spaced_on_the_card() {
        let cases = [
            (0x2900, 0x2900),
            (0x2901, 0x2920),
            (0x3107, 0x31E0),
            (0x3108, 0x3100),
        ];
        for (logical, on_card) in cases
            .into_iter()
            .chain([(0x4404, 0x4404), (0x3501, 0x3501)])
        {
            assert_eq!(file_id_on_card(logical), on_card, "{logical:04X}");
        }
    }

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
