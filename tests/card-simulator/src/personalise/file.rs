//! Files as personalising leaves them, whatever the layout.

use rsa::RsaPrivateKey;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};

use crate::access::{AccessByte, AccessBytes, SecurityLevel};
use crate::file::{Body, Directory, File, PrivateKey, Secrets};
use crate::secret::{Secret, SecretKind, Tries, pin_key};

/// Everyone reads, changes and deletes.
pub const OPEN: AccessBytes = AccessBytes::new([0x90, 0x90, 0xFF, 0x90]);
/// Everyone installs, nobody deletes.
const SECRET_KEYS: AccessBytes = AccessBytes::new([0x90, 0xFF, 0xFF, 0x9F]);
/// Written, used and deleted by who knows the PIN. OpenSC's own profile lets everyone
/// use a key; a service that issues tokens does not.
const PRIVATE_KEY: AccessBytes = AccessBytes::new([0xFF, 0x96, 0x96, 0x96]);

/// Numbered files are this far apart, because their short identifiers must differ.
pub const STEP: u16 = 0x20;
/// A directory that everyone may write into.
pub fn directory(id: u16, name: &[u8], files: Vec<File>) -> File {
    File {
        id,
        access: OPEN,
        body: Body::Directory(Directory {
            name: name.to_vec(),
            capacity: 0x7F,
            files,
        }),
    }
}

/// A secret-key file.
pub fn secret_keys(id: u16, capacity: u8, secrets: Vec<Secret>) -> File {
    File {
        id,
        access: SECRET_KEYS,
        body: Body::Secrets(Secrets { capacity, secrets }),
    }
}

/// A file of `size` bytes, zeros after its content.
pub fn transparent(id: u16, access: AccessBytes, content: &[u8], size: usize) -> File {
    assert!(
        content.len() <= size,
        "file {id:04X} has {size} bytes, its content {}",
        content.len()
    );
    let mut content = content.to_vec();
    content.resize(size, 0x00);
    File {
        id,
        access,
        body: Body::Transparent(content),
    }
}

/// A file as long as its content.
pub fn exact(id: u16, content: &[u8]) -> File {
    transparent(id, OPEN, content, content.len())
}

/// An RSA private key.
pub fn private_key(id: u16, key: &RsaPrivateKey) -> File {
    // A modulus always fills its length; an exponent may begin with zeros.
    let mut exponent = vec![0; key.size()];
    let digits = key.d().to_bytes_be();
    exponent[key.size() - digits.len()..].copy_from_slice(&digits);
    let body = PrivateKey {
        bits: 2048,
        modulus: key.n().to_bytes_be(),
        exponent,
    };
    File {
        id,
        access: PRIVATE_KEY,
        body: Body::PrivateKey(body),
    }
}

/// The PIN with number 01.
pub fn user_pin(pin: &str, tries: u8) -> Secret {
    Secret {
        id: 0x01,
        change: AccessByte(0x96),
        level: SecurityLevel::USER,
        ..pin_secret(pin, tries)
    }
}

/// The PIN with number 02 that unblocks the other.
pub fn unblocking_pin(puk: &str, tries: u8) -> Secret {
    Secret {
        id: 0x02,
        change: AccessByte(0xB8),
        level: SecurityLevel::PUK,
        ..pin_secret(puk, tries)
    }
}

fn pin_secret(pin: &str, tries: u8) -> Secret {
    Secret {
        kind: SecretKind::ExternalAuthentication,
        id: 0,
        usage: AccessByte::EVERYONE,
        change: AccessByte::NEVER,
        level: SecurityLevel::NONE,
        tries: Tries::new(tries),
        value: pin_key(pin).to_vec(),
    }
}
