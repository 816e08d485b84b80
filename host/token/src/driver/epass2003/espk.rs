//! The objects of a token in the layout of the maker's own software.

use std::collections::HashMap;

use kagibashi_card::tlv::object_length;

use super::Epass2003;
use super::files::{End, READ_LENGTH, is_missing};
use crate::certificate::{Certificate, CertificateError};
use crate::error::TokenError;
use crate::espk::attribute::{self, Attributes};
use crate::espk::container;
use crate::espk::index::{self, FileRecord, Kind};
use crate::espk::key::KeyPairs;
use crate::espk::token_info;
use crate::pkcs15::token_info::TokenDescription;
use crate::token::TokenCertificate;
use crate::verify;

pub(super) const INDEX: u16 = 0x6F01;

impl Epass2003 {
    pub(super) fn read_espk_description(&mut self) -> Result<TokenDescription, TokenError> {
        let content = self.read_only(Kind::TokenInfo)?.unwrap_or_default();
        Ok(TokenDescription {
            label: token_info::label(&content),
            ..TokenDescription::default()
        })
    }

    pub(super) fn read_espk_certificates(&mut self) -> Result<Vec<TokenCertificate>, TokenError> {
        let index = self.read_index()?;
        let keys = self.read_key_pairs(&index)?;
        let mut certificates = Vec::new();
        for file in &index {
            if let Kind::Certificate(_) = file.kind() {
                certificates.push(self.read_espk_certificate(file, &keys)?);
            }
        }
        Ok(certificates)
    }

    fn read_index(&mut self) -> Result<Vec<FileRecord>, TokenError> {
        match self.read_file(INDEX, End::AtSize) {
            Ok(content) => Ok(index::parse(&content, INDEX)),
            Err(error) if is_missing(&error) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The content of the one file of this kind.
    fn read_only(&mut self, kind: Kind) -> Result<Option<Vec<u8>>, TokenError> {
        let index = self.read_index()?;
        match index.iter().find(|file| file.kind() == kind) {
            Some(file) => self.read_listed(file, End::AtSize),
            None => Ok(None),
        }
    }

    /// A file of the index; `None` if the card does not have it, or keeps it to itself.
    fn read_listed(&mut self, file: &FileRecord, end: End) -> Result<Option<Vec<u8>>, TokenError> {
        let read = if file.used == 0 {
            self.read_file(file.id, end)
        } else {
            self.read_beginning(file.id, file.used, end)
        };
        match read {
            Ok(content) => Ok(Some(content)),
            Err(error @ TokenError::Unexpected { .. }) => {
                tracing::warn!(%error, file = file.name, "a file of the index cannot be read");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads no more files than it takes to know every key.
    fn read_key_pairs(&mut self, index: &[FileRecord]) -> Result<KeyPairs, TokenError> {
        let mut keys = KeyPairs::default();
        for file in index {
            if let Kind::PrivateKey(number) = file.kind() {
                let content = self.read_listed(file, End::AfterAttributes)?;
                let content = content.unwrap_or_default();
                keys.add_private(number, &Attributes::new(&content));
            }
        }
        for file in index {
            if let Kind::PublicKey(number) = file.kind()
                && !keys.is_complete(number)
                && let Some(content) = self.read_listed(file, End::AfterAttributes)?
            {
                keys.add_public(number, &Attributes::new(&content));
            }
        }
        if keys.lack_handles()
            && let Some(map) = self.read_only(Kind::ContainerMap)?
        {
            keys.add_containers(&container::parse(&map));
        }
        Ok(keys)
    }

    fn read_espk_certificate(
        &mut self,
        file: &FileRecord,
        keys: &KeyPairs,
    ) -> Result<TokenCertificate, TokenError> {
        let content = self.read_listed(file, End::AfterAttributes)?;
        let attributes = Attributes::new(content.as_deref().unwrap_or_default());
        let (der, parsed) = match attributes.find(attribute::VALUE) {
            Some(value) => {
                let length = object_length(value).unwrap_or(value.len());
                let der = value.get(..length).unwrap_or(value).to_vec();
                let parsed = Certificate::from_der(&der);
                (der, parsed)
            }
            None => (Vec::new(), Err(CertificateError::Missing)),
        };
        let id = attributes.find(attribute::ID).filter(|id| !id.is_empty());
        let modulus = parsed
            .as_ref()
            .ok()
            .and_then(|certificate| verify::modulus(&certificate.public_key));
        let pair = keys.of_certificate(modulus.as_deref(), id);
        let key = match (pair, &parsed) {
            (Some(pair), Ok(certificate)) => self.key_handle(pair.handle, certificate)?,
            _ => None,
        };
        let label = attributes.find(attribute::LABEL).unwrap_or_default();
        Ok(TokenCertificate {
            label: String::from_utf8_lossy(label).into_owned(),
            id: id
                .or_else(|| pair?.id.as_deref())
                .unwrap_or_default()
                .to_vec(),
            authority: parsed.as_ref().is_ok_and(|certificate| certificate.is_ca),
            has_private_key: pair.is_some(),
            der,
            key,
            parsed,
        })
    }
}

/// The beginning of a file that tells whether the token was rewritten.
pub(super) struct Beginning<'a> {
    pub file: u16,
    pub content: &'a [u8],
}

/// What to look at again on a token of which these files were read: the index up to the first
/// free record after the last, its label, and of each certificate that may have a key as much as is read
/// at once, which holds its serial number.
pub(super) fn beginnings(files: &HashMap<u16, Vec<u8>>) -> Vec<Beginning<'_>> {
    let Some(index) = files.get(&INDEX) else {
        return Vec::new();
    };
    let listed = index::parse(index, INDEX).into_iter().filter_map(|file| {
        let content = files.get(&file.id)?.as_slice();
        let content = match file.kind() {
            Kind::TokenInfo => content,
            Kind::Certificate(_) if may_have_key(content) => {
                &content[..content.len().min(READ_LENGTH.into())]
            }
            _ => return None,
        };
        Some(Beginning {
            file: file.id,
            content,
        })
    });
    let index = Beginning {
        file: INDEX,
        content: &index[..index::end(index)],
    };
    std::iter::once(index).chain(listed).collect()
}

fn may_have_key(content: &[u8]) -> bool {
    let value = Attributes::new(content).find(attribute::VALUE);
    let parsed = value.map(|value| {
        let length = object_length(value).unwrap_or(value.len());
        Certificate::from_der(value.get(..length).unwrap_or(value))
    });
    !matches!(parsed, Some(Ok(certificate)) if certificate.is_ca)
}
