//! File control parameters: how CREATE FILE describes a file and SELECT answers.

use crate::access::AccessBytes;
use crate::file::{Body, Directory, File, PrivateKey, PublicKey, RecordBytes, Records, Secrets};
use crate::tlv;

const CREATE_TEMPLATE: u8 = 0x62;
const SELECT_TEMPLATE: u8 = 0x6F;
const SIZE: u8 = 0x80;
const DESCRIPTOR: u8 = 0x82;
const IDENTIFIER: u8 = 0x83;
const DF_NAME: u8 = 0x84;
const CAPACITY: u8 = 0x85;
const ACCESS: u8 = 0x86;
const PUBLIC_KEY: u8 = 0x87;

/// Makes the empty file that the data field of CREATE FILE describes; `None` if it
/// describes none this card knows.
pub fn parse(data: &[u8]) -> Option<File> {
    let (CREATE_TEMPLATE, template, []) = tlv::split(data)? else {
        return None;
    };
    let objects = tlv::parse(template)?;
    let find = |tag| {
        objects
            .iter()
            .find(|object| object.0 == tag)
            .map(|object| object.1)
    };
    let number = |tag| Some(u16::from_be_bytes(*find(tag)?.as_array()?));
    let body = match *find(DESCRIPTOR)? {
        [0x38, 0x00] => Body::Directory(Directory {
            name: find(DF_NAME)?.to_vec(),
            capacity: number(CAPACITY)?,
            files: Vec::new(),
        }),
        [0x01, 0x00] => Body::Transparent(vec![0; usize::from(number(SIZE)?)]),
        [0x04, 0x00, high, low, _] => Body::Records(Records {
            longest: u16::from_be_bytes([high, low]),
            records: Vec::new(),
        }),
        [0x10, 0x00] => {
            let &[capacity] = find(CAPACITY)? else {
                return None;
            };
            Body::Secrets(Secrets {
                capacity,
                secrets: Vec::new(),
            })
        }
        [0x11, 0x00] => Body::PrivateKey(PrivateKey {
            bits: rsa_bits(number(CAPACITY)?)?,
            modulus: Vec::new(),
            exponent: Vec::new(),
        }),
        [0x12, 0x00] => Body::PublicKey(PublicKey {
            bits: rsa_bits(number(CAPACITY)?)?,
            modulus: Vec::new(),
        }),
        _ => return None,
    };
    Some(File {
        id: number(IDENTIFIER)?,
        access: AccessBytes(*find(ACCESS)?.as_array()?),
        body,
    })
}

/// RSA sizes hosts ask for: 1024 to 2048 bits in steps of 32.
pub fn rsa_bits(bits: u16) -> Option<u16> {
    ((1024..=2048).contains(&bits) && bits.is_multiple_of(32)).then_some(bits)
}

/// What SELECT answers about a file.
pub fn describe(file: &File) -> Vec<u8> {
    let mut objects = Vec::new();
    let mut add = |tag, value: &[u8]| objects.extend(tlv::encode(tag, value));
    let descriptor = match &file.body {
        Body::Directory(_) => vec![0x38, 0x00],
        Body::Transparent(content) => {
            add(SIZE, &length(content));
            vec![0x01, 0x00]
        }
        Body::Records(Records { longest, records }) => {
            let [high, low] = longest.to_be_bytes();
            vec![0x04, 0x00, high, low, count(records)]
        }
        Body::Secrets(_) => vec![0x10, 0x00],
        Body::PrivateKey(_) => vec![0x11, 0x00],
        Body::PublicKey(_) => vec![0x12, 0x00],
    };
    add(DESCRIPTOR, &descriptor);
    add(IDENTIFIER, &file.id.to_be_bytes());
    match &file.body {
        Body::Directory(directory) => {
            if !directory.name.is_empty() {
                add(DF_NAME, &directory.name);
            }
            add(CAPACITY, &directory.capacity.to_be_bytes());
        }
        Body::Secrets(secrets) => add(CAPACITY, &[secrets.capacity]),
        Body::PrivateKey(PrivateKey { bits, .. }) | Body::PublicKey(PublicKey { bits, .. }) => {
            add(CAPACITY, &bits.to_be_bytes());
        }
        Body::Transparent(_) | Body::Records(_) => {}
    }
    add(ACCESS, &file.access.0);
    if matches!(file.body, Body::PublicKey(_)) {
        add(PUBLIC_KEY, &[0x00, 0x66]);
    }
    tlv::encode(SELECT_TEMPLATE, &objects)
}

fn length(content: &[u8]) -> [u8; 2] {
    u16::try_from(content.len())
        .expect("the size of a file is given in two bytes")
        .to_be_bytes()
}

fn count(records: &[RecordBytes]) -> u8 {
    u8::try_from(records.len()).unwrap_or(u8::MAX)
}
