//! Which private key belongs to a certificate.

use std::collections::BTreeMap;

use super::attribute::{self, Attributes};
use super::container::{Container, private_handle, public_handle};

/// A key pair, put together from its two files and the container map. Some versions of the maker's
/// software tell everything in both files, others each thing in one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyPair {
    /// By which the card signs.
    pub handle: Option<u16>,
    /// `CKA_ID`; some keys have none.
    pub id: Option<Vec<u8>>,
    /// Big-endian, without leading zeros.
    pub modulus: Option<Vec<u8>>,
    /// There is a private half, by one file or the other.
    is_private: bool,
    public_handle: Option<u16>,
}

/// The key pairs of a token.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyPairs(BTreeMap<u16, KeyPair>);

impl KeyPairs {
    /// Adds what the file `prvkNNNN` tells.
    pub(crate) fn add_private(&mut self, number: u16, attributes: &Attributes) {
        let pair = self.0.entry(number).or_default();
        pair.is_private = true;
        pair.handle = attributes
            .number(attribute::HANDLE)
            .and_then(private_handle);
        pair.complete(attributes);
    }

    /// Adds what the file `pubkNNNN` tells.
    pub(crate) fn add_public(&mut self, number: u16, attributes: &Attributes) {
        let pair = self.0.entry(number).or_default();
        pair.public_handle = attributes.number(attribute::HANDLE).and_then(public_handle);
        pair.complete(attributes);
    }

    /// Adds what the container map tells.
    pub(crate) fn add_containers(&mut self, containers: &[Container]) {
        for pair in self.0.values_mut().filter(|pair| pair.handle.is_none()) {
            let container = containers
                .iter()
                .find(|container| Some(container.public) == pair.public_handle);
            if let Some(container) = container {
                pair.is_private = true;
                pair.handle = Some(container.private);
            }
        }
    }

    /// Whether this one is told in full by what was added.
    pub(crate) fn is_complete(&self, number: u16) -> bool {
        let pair = self.0.get(&number);
        pair.is_some_and(|pair| pair.handle.is_some() && pair.modulus.is_some())
    }

    /// Whether the container map may tell more.
    pub(crate) fn lack_handles(&self) -> bool {
        self.0.values().any(|pair| pair.handle.is_none())
    }

    /// The private key of a certificate with this modulus and `CKA_ID`. The modulus decides
    /// wherever a key tells its own.
    pub(crate) fn of_certificate(
        &self,
        modulus: Option<&[u8]>,
        id: Option<&[u8]>,
    ) -> Option<&KeyPair> {
        let mut pairs = self.0.values().filter(|pair| pair.is_private);
        let by_modulus = pairs
            .clone()
            .filter(|pair| modulus.is_some() && pair.modulus.as_deref() == modulus)
            .max_by_key(|pair| pair.handle.is_some());
        by_modulus.or_else(|| {
            let id = id?;
            pairs.find(|pair| pair.modulus.is_none() && pair.id.as_deref() == Some(id))
        })
    }
}

impl KeyPair {
    fn complete(&mut self, attributes: &Attributes) {
        let filled = |kind| attributes.find(kind).filter(|value| !value.is_empty());
        if self.id.is_none() {
            self.id = filled(attribute::ID).map(<[u8]>::to_vec);
        }
        if self.modulus.is_none() {
            self.modulus =
                filled(attribute::MODULUS).map(|modulus| without_zeros(modulus).to_vec());
        }
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    &number[zeros..]
}
