//! The objects of a token in the PKCS#15 layout.

use kagibashi_card::tlv::object_length;

use super::Epass2003;
use super::files::{End, is_missing};
use crate::certificate::{Certificate, CertificateError};
use crate::error::TokenError;
use crate::layout::Layout;
use crate::pkcs15::cdf::{self, CertificateObject};
use crate::pkcs15::odf::{self, Directory};
use crate::pkcs15::path::Path;
use crate::pkcs15::prkdf::{self, PrivateKeyObject};
use crate::pkcs15::token_info::TokenDescription;
use crate::token::TokenCertificate;

const OBJECT_DIRECTORY: u16 = 0x5031;
pub(super) const TOKEN_INFO: u16 = 0x5032;

/// Tries of a PIN and a PUK that were not used up; `None` where there is none, or nobody noted it.
#[derive(Default)]
pub(super) struct MaximumTries {
    pub pin: Option<u8>,
    pub puk: Option<u8>,
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
                Err(error) if is_missing(&error) => {}
                read => return read.map(Some),
            }
        }
        Ok(None)
    }

    pub(super) fn read_pkcs15_description(&mut self) -> Result<TokenDescription, TokenError> {
        match self.read_file(TOKEN_INFO, End::AfterObject) {
            Ok(bytes) => Ok(TokenDescription::parse(&bytes).unwrap_or_default()),
            Err(error) if is_missing(&error) => Ok(TokenDescription::default()),
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
                Err(error) if is_missing(&error) => {}
                read => files.push(read?),
            }
        }
        Ok(files)
    }

    pub(super) fn read_pkcs15_certificates(&mut self) -> Result<Vec<TokenCertificate>, TokenError> {
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
            (Some(private_key), Ok(certificate)) => {
                self.key_handle(key_file(private_key), certificate)?
            }
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

    /// How many tries a right PIN or PUK restores, by the file where the tools that set tokens up note
    /// it. Anybody can write there, so it is a hint.
    pub(super) fn maximum_tries(&mut self) -> Result<MaximumTries, TokenError> {
        const MAXIMUM_TRIES: u16 = 0x9F00;
        if self.find_layout()? != Layout::Pkcs15 {
            return Ok(MaximumTries::default());
        }
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
}
