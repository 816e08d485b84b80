//! PKCS#15 directory entries, in the encodings that OpenSC 0.23 writes.

use crate::tlv::encode;

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const ENUMERATED: u8 = 0x0A;
const UTF8_STRING: u8 = 0x0C;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;

/// AID of a PKCS#15 application.
pub const AID: [u8; 12] = *b"\xA0\x00\x00\x00\x63PKCS-15";

/// `[n]`, constructed.
fn context(number: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    encode(0xA0 | number, &parts.concat())
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    encode(SEQUENCE, &parts.concat())
}

fn path(path: &[u16]) -> Vec<u8> {
    let bytes: Vec<u8> = path.iter().flat_map(|id| id.to_be_bytes()).collect();
    sequence(&[encode(OCTET_STRING, &bytes)])
}

fn label(text: &str) -> Vec<u8> {
    encode(UTF8_STRING, text.as_bytes())
}

/// Record of EF.DIR.
pub fn application(label: &str) -> Vec<u8> {
    encode(
        0x61,
        &[
            encode(0x4F, &AID),
            encode(0x50, label.as_bytes()),
            encode(0x51, &[0x3F, 0x00, 0x50, 0x15]),
        ]
        .concat(),
    )
}

/// What an object directory lists; the number is its tag.
#[derive(Clone, Copy)]
pub enum Directory {
    /// `PrKDF`
    PrivateKeys = 0,
    /// `PuKDF`
    PublicKeys = 1,
    /// `CDF`
    Certificates = 4,
    /// `AODF`
    Authentication = 8,
}

/// Object directory file: where each kind of object is listed.
pub fn object_directory(directories: &[(Directory, u16)]) -> Vec<u8> {
    directories
        .iter()
        .flat_map(|&(kind, id)| context(kind as u8, &[path(&[0x3F00, 0x5015, id])]))
        .collect()
}

/// Token information: version 0, serial, maker, label, flags, last update.
pub fn token_info(serial: [u8; 8], token_label: &str, last_update: &str) -> Vec<u8> {
    sequence(&[
        encode(INTEGER, &[0]),
        encode(OCTET_STRING, &serial),
        label("EnterSafe"),
        encode(0x80, token_label.as_bytes()),
        // Flags: EID compliant.
        encode(BIT_STRING, &[0x04, 0x10]),
        context(5, &[encode(GENERALIZED_TIME, last_update.as_bytes())]),
    ])
}

/// The user PIN: reference 01, 4 to 16 characters, no one to ask but the application.
pub fn user_pin() -> Vec<u8> {
    let attributes = sequence(&[
        encode(BIT_STRING, &[0x02, 0x4C]),
        // ascii-numeric
        encode(ENUMERATED, &[1]),
        encode(INTEGER, &[4]),
        encode(INTEGER, &[16]),
        encode(INTEGER, &[16]),
        encode(0x80, &[1]),
        encode(OCTET_STRING, &[0]),
        path(&[0x3F00, 0x5015]),
    ]);
    sequence(&[
        sequence(&[label("User PIN"), object_flags_private()]),
        sequence(&[encode(OCTET_STRING, &[1])]),
        context(1, &[attributes]),
    ])
}

/// A key pair on the card.
pub struct Key<'a> {
    /// Name of key and certificate.
    pub label: &'a str,
    /// Equal iDs tie key and certificate together.
    pub id: Vec<u8>,
    /// 0 to 7.
    pub reference: u8,
    /// Length of the modulus in bits.
    pub bits: u16,
    /// How it came onto the card; entries differ.
    pub origin: Origin,
}

/// How a key came onto the card.
pub enum Origin {
    /// Generated there.
    Generated,
    /// Stored from a PKCS#12 file whose certificate has this subject (DER).
    Imported { subject: Vec<u8> },
}

/// `PrKDF` entry: signs, PIN 01.
pub fn private_key(key: &Key) -> Vec<u8> {
    // Usage: sign, and signRecover if OpenSC took it from a certificate. Access:
    // sensitive, and if generated here never outside.
    let (usage, access) = match key.origin {
        Origin::Generated => ([0x05, 0x20], [0x03, 0xB8]),
        Origin::Imported { .. } => ([0x04, 0x30], [0x07, 0x80]),
    };
    let mut parts = vec![
        sequence(&[
            label(key.label),
            object_flags_private(),
            encode(OCTET_STRING, &[1]),
        ]),
        sequence(&[
            encode(OCTET_STRING, &key.id),
            encode(BIT_STRING, &usage),
            encode(BIT_STRING, &access),
            encode(INTEGER, &[key.reference]),
        ]),
    ];
    if let Origin::Imported { subject } = &key.origin {
        parts.push(context(0, &[sequence(std::slice::from_ref(subject))]));
    }
    parts.push(key_location(key, 0x2900));
    sequence(&parts)
}

/// `PuKDF` entry: verifies, free for everyone.
pub fn public_key(key: &Key) -> Vec<u8> {
    sequence(&[
        sequence(&[label(key.label), encode(BIT_STRING, &[0x06, 0x40])]),
        sequence(&[
            encode(OCTET_STRING, &key.id),
            encode(BIT_STRING, &[0x01, 0x02]),
            // Not native: a file with the key's DER.
            encode(BOOLEAN, &[0x00]),
            encode(INTEGER, &[0]),
        ]),
        key_location(key, 0x3000),
    ])
}

/// CDF entry of the certificate numbered `reference`, in logical file 3100 + reference.
pub fn certificate(text: &str, id: &[u8], reference: u8, authority: bool) -> Vec<u8> {
    let mut attributes = vec![encode(OCTET_STRING, id)];
    if authority {
        attributes.push(encode(BOOLEAN, &[0xFF]));
    }
    sequence(&[
        sequence(&[label(text), encode(BIT_STRING, &[0x06, 0x40])]),
        sequence(&attributes),
        context(
            1,
            &[sequence(&[path(&[
                0x3F00,
                0x5015,
                0x3100 + u16::from(reference),
            ])])],
        ),
    ])
}

/// Logical file and size. The card multiplies the low byte of such a file by 20 (hex).
fn key_location(key: &Key, first: u16) -> Vec<u8> {
    let [high, low] = key.bits.to_be_bytes();
    context(
        1,
        &[sequence(&[
            path(&[0x3F00, 0x5015, first + u16::from(key.reference)]),
            encode(INTEGER, &[high, low]),
        ])],
    )
}

/// Object flags private and modifiable.
fn object_flags_private() -> Vec<u8> {
    encode(BIT_STRING, &[0x06, 0xC0])
}
