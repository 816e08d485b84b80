//! The file system: a tree of directories, elementary files, keys and secrets.

use rsa::BigUint;
use serde::{Deserialize, Serialize};

use crate::access::AccessBytes;
use crate::secret::Secret;
use crate::status_word::StatusWord;

/// File identifier of the master file.
pub const MASTER_FILE: u16 = 0x3F00;

/// One file of any type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// File identifier, unique within its directory.
    pub id: u16,
    /// Who may do what with it.
    pub access: AccessBytes,
    /// What it is.
    pub body: Body,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Body {
    /// A directory (DF).
    Directory(Directory),
    /// A transparent file: bytes.
    Transparent(#[serde(with = "hex::serde")] Vec<u8>),
    /// A linear file of variable records.
    Records(Records),
    /// A secret-key file.
    Secrets(Secrets),
    /// An RSA private key.
    PrivateKey(PrivateKey),
    /// An RSA public key as GENERATE KEY leaves it.
    PublicKey(PublicKey),
}

/// A directory and its files, in the order of their creation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// DF name (AID).
    #[serde(with = "hex::serde")]
    pub name: Vec<u8>,
    /// How many files it may hold.
    pub capacity: u16,
    /// Its files.
    pub files: Vec<File>,
}

/// Records of up to `longest` bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Records {
    /// Longest record, in bytes.
    pub longest: u16,
    /// The records; number 1 is the first.
    pub records: Vec<RecordBytes>,
}

/// The bytes of one record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordBytes(#[serde(with = "hex::serde")] pub Vec<u8>);

/// Secrets, at most `capacity`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// How many secrets fit.
    pub capacity: u8,
    /// The secrets installed.
    pub secrets: Vec<Secret>,
}

/// An RSA private key without its primes: hosts never send them. Both numbers are
/// absent until written; big-endian, as long as the modulus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivateKey {
    /// Size of the modulus in bits.
    pub bits: u16,
    /// n.
    #[serde(with = "hex::serde")]
    pub modulus: Vec<u8>,
    /// d.
    #[serde(with = "hex::serde")]
    pub exponent: Vec<u8>,
}

impl PrivateKey {
    /// input^d mod n, as long as the modulus. *(choice)* 6700 unless the input is just as
    /// long, 6A80 if it is not below n, 6A88 before the key was written.
    pub fn apply(&self, input: &[u8]) -> Result<Vec<u8>, StatusWord> {
        let length = usize::from(self.bits / 8);
        if self.modulus.is_empty() || self.exponent.is_empty() {
            return Err(StatusWord::REFERENCE_NOT_FOUND);
        }
        if input.len() != length {
            return Err(StatusWord::WRONG_LENGTH);
        }
        let modulus = BigUint::from_bytes_be(&self.modulus);
        let input = BigUint::from_bytes_be(input);
        if input >= modulus {
            return Err(StatusWord::BAD_DATA);
        }
        let output = input
            .modpow(&BigUint::from_bytes_be(&self.exponent), &modulus)
            .to_bytes_be();
        let mut padded = vec![0; length - output.len()];
        padded.extend(output);
        Ok(padded)
    }
}

/// An RSA public key; its exponent is always 65537.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicKey {
    /// Size of the modulus in bits.
    pub bits: u16,
    /// n, big-endian; empty until generated.
    #[serde(with = "hex::serde")]
    pub modulus: Vec<u8>,
}

impl File {
    /// The directory this file is, if it is one.
    pub fn as_directory(&self) -> Option<&Directory> {
        match &self.body {
            Body::Directory(directory) => Some(directory),
            _ => None,
        }
    }

    /// The same, to change it.
    pub fn as_directory_mut(&mut self) -> Option<&mut Directory> {
        match &mut self.body {
            Body::Directory(directory) => Some(directory),
            _ => None,
        }
    }

    /// Short EF identifier: the low five bits of a working file's identifier; 0 is none.
    pub fn short_id(&self) -> u16 {
        match self.body {
            Body::Transparent(_) | Body::Records(_) => self.id & 0x1F,
            _ => 0,
        }
    }
}

impl Directory {
    /// The file with this identifier.
    pub fn file(&self, id: u16) -> Option<&File> {
        self.files.iter().find(|file| file.id == id)
    }

    /// The same, to change it.
    pub fn file_mut(&mut self, id: u16) -> Option<&mut File> {
        self.files.iter_mut().find(|file| file.id == id)
    }

    /// Adds a file: 6A89 if its identifier or short identifier is taken, 6A8A if its DF
    /// name is, 6A84 if the directory is full.
    pub fn add(&mut self, file: File) -> Result<(), StatusWord> {
        let taken = |other: &File| {
            other.id == file.id || (file.short_id() != 0 && other.short_id() == file.short_id())
        };
        if self.files.iter().any(taken) {
            return Err(StatusWord::FILE_EXISTS);
        }
        if let Some(new) = file.as_directory()
            && self
                .files
                .iter()
                .filter_map(File::as_directory)
                .any(|other| other.name == new.name)
        {
            return Err(StatusWord::NAME_EXISTS);
        }
        if self.files.len() >= usize::from(self.capacity) {
            return Err(StatusWord::NO_SPACE);
        }
        self.files.push(file);
        Ok(())
    }
}
