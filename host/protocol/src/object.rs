//! The objects that prompts and results are made of.
//!
//! Every text that a card or a reader can influence is a [`Text`], every list
//! is cut by its constructor in the host: that is what bounds a message.

use serde::{Deserialize, Serialize, Serializer};

use crate::origin::Origin;
use crate::text::Text;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct Site {
    pub origin: String,
    pub host: String,
    pub unicode_host: Option<Text>,
    pub port: Option<u16>,
}

impl From<&Origin> for Site {
    fn from(origin: &Origin) -> Self {
        Self {
            origin: origin.as_str().to_owned(),
            host: origin.host().to_owned(),
            unicode_host: origin.unicode_host().map(Text::from),
            port: origin.port(),
        }
    }
}

/// What is in a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the values are the document's")]
pub enum ReaderState {
    Empty,
    Mute,
    Unsupported,
    Token,
}

/// A reader and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct Reader {
    pub name: Text,
    pub state: ReaderState,
}

/// What is known of a token's PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct PinStatus {
    pub tries_left: Option<u8>,
    pub maximum: Option<u8>,
    pub locked: bool,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct Token {
    pub id: Text,
    pub reader: Text,
    pub label: Text,
    pub serial: Text,
    pub manufacturer: Text,
    pub model: Text,
    pub firmware: Option<Text>,
    pub pin: PinStatus,
    pub can_unblock: bool,
    pub pin_pad: bool,
    pub layout: Text,
    pub mode: Option<SecureMessagingMode>,
    pub memory: Option<Memory>,
}

/// A certificate on one of the tokens that hold it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct Choice {
    pub certificate: String,
    pub token: Text,
}

/// How exchanges with a token are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the values are the document's")]
pub enum SecureMessagingMode {
    #[serde(rename = "AES")]
    Aes,
    #[serde(rename = "CMAC")]
    Cmac,
    #[serde(rename = "3DES")]
    TripleDes,
}

/// The memory of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct Memory {
    pub total: u64,
    pub free: u64,
}

/// Whether a certificate can be used now, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the values are the document's")]
pub enum CertificateState {
    Usable,
    Expired,
    NotYetValid,
    WrongPurpose,
    NoPrivateKey,
    UnsupportedKey,
    TokenOut,
    Authority,
    Unreadable,
}

/// A certificate as a person needs to see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct Certificate {
    pub id: String,
    pub token: Text,
    pub holder: Text,
    pub organisation: Option<Text>,
    pub certificate_id: Option<Text>,
    pub issuer: Text,
    pub serial: Text,
    pub not_before: i64,
    pub not_after: i64,
    pub state: CertificateState,
    pub can_authenticate: bool,
}

/// The hash functions that signatures are made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the field's")]
pub enum HashFunction {
    Sha256,
    Sha384,
    Sha512,
}

impl HashFunction {
    /// All of them, in the order in which they are offered.
    pub const ALL: &[Self] = &[Self::Sha256, Self::Sha384, Self::Sha512];

    /// The Web eID name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// The function of that Web eID name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|function| function.name() == name)
    }

    /// Bytes of a hash.
    pub fn size(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

impl Serialize for HashFunction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The kinds of key that sign, by their names in Web eID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the names are the field's")]
pub enum CryptoAlgorithm {
    Ecc,
    Rsa,
}

/// How a signature is padded: only those of RSA are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names are the field's")]
pub enum PaddingScheme {
    #[serde(rename = "NONE")]
    None,
    #[serde(rename = "PKCS1.5")]
    Pkcs1,
    #[serde(rename = "PSS")]
    Pss,
}

/// What a key can do, as the Web eID page protocol says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct SignatureAlgorithm {
    pub crypto_algorithm: CryptoAlgorithm,
    pub hash_function: HashFunction,
    pub padding_scheme: PaddingScheme,
}

/// A site that may ask for signatures of hashes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct Grant {
    pub origin: String,
    pub granted: i64,
}

/// A token that signs TLS handshakes without asking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct Login {
    pub token: Text,
    pub label: Text,
    pub since: i64,
    pub idle_seconds: u32,
    pub ends: i64,
}
