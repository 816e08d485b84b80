//! The file tree of a token as the maker's own software lays it out, filled.
//!
//! What owners of such tokens published is kept to; file identifiers, sizes, directory names,
//! the order of attributes and access bytes were not, and are *choices*.

use rsa::traits::PublicKeyParts;
use sha1::{Digest, Sha1};

use super::Issue;
use crate::file::{File, MASTER_FILE};
use crate::personalise::Entry;
use crate::personalise::file::{
    OPEN, STEP, directory, exact, private_key, secret_keys, transparent, unblocking_pin, user_pin,
};

/// What the attribute streams of keys and certificates hold; they differ from one version of the
/// maker's software to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attributes {
    /// Everything.
    All,
    /// No `CKA_ID`.
    WithoutId,
    /// No `CKA_ID`, and in the private key neither modulus nor handle.
    Few,
}

const NAME: &[u8; 16] = b"ENTERSAFE-ESPK\0\0";
const APPLICATION: u16 = 0x2003;
const INDEX: u16 = 0x6F01;
const FIRST_FILE: u16 = 0x2420;
const FIRST_PRIVATE_KEY: u16 = 0xA020;
const FIRST_PUBLIC_KEY: u16 = 0x8020;

/// Room in the index.
const INDEX_RECORDS: usize = 40;
const INDEX_RECORD: usize = 30;

const INTERNAL: &str = "internal";
const TOKEN_INFO: &str = "tkinfdir";
const MINIDRIVER: &str = "mscp";
const OBJECTS: &str = "p11obj";

const CKA_CLASS: u32 = 0x000;
const CKA_TOKEN: u32 = 0x001;
const CKA_PRIVATE: u32 = 0x002;
const CKA_LABEL: u32 = 0x003;
const CKA_VALUE: u32 = 0x011;
const CKA_CERTIFICATE_TYPE: u32 = 0x080;
const CKA_KEY_TYPE: u32 = 0x100;
const CKA_ID: u32 = 0x102;
const CKA_DECRYPT: u32 = 0x105;
const CKA_SIGN: u32 = 0x108;
const CKA_VERIFY: u32 = 0x10A;
const CKA_MODULUS: u32 = 0x120;
const CKA_PUBLIC_EXPONENT: u32 = 0x122;
/// The maker's own: which key of the card this is.
const HANDLE: u32 = 0x8000_0100;

const CKO_CERTIFICATE: u32 = 1;
const CKO_PUBLIC_KEY: u32 = 2;
const CKO_PRIVATE_KEY: u32 = 3;

/// The whole tree.
pub fn master_file(issue: &Issue, attributes: Attributes) -> File {
    directory(
        MASTER_FILE,
        b"",
        vec![directory(APPLICATION, NAME, application(issue, attributes))],
    )
}

fn application(issue: &Issue, attributes: Attributes) -> Vec<File> {
    let request = issue.request;
    let mut index = Index::default();
    index.label(INTERNAL);
    index.label(TOKEN_INFO);
    index.label(MINIDRIVER);
    index.label(OBJECTS);
    index.file(INTERNAL, "containermap", &container_map(issue), 0x200);
    index.file(TOKEN_INFO, "tokeninfo", &token_info(&request.label), 0x80);
    let card_id = Sha1::digest(request.settings.serial);
    index.file(MINIDRIVER, "cardid", &card_id[..16], 16);
    index.file(MINIDRIVER, "cmapfile", &[0; 0x60], 0x60);
    let mut number = 0;
    for (key, entry) in (0..).zip(issue.entries) {
        let objects = [
            ("cert", client(entry, attributes)),
            ("pubk", public_key(key, entry, attributes)),
            ("prvk", private_key_object(key, entry, attributes)),
        ];
        for (kind, object) in objects {
            let room = object.len() + 0x40;
            index.file(OBJECTS, &format!("{kind}{number:04}"), &object, room);
        }
        number += 1;
    }
    for authority in issue.authorities {
        let object = certificate(b"", None, authority.certificate());
        let room = object.len();
        index.file(OBJECTS, &format!("cert{number:04}"), &object, room);
        number += 1;
    }

    let Index {
        mut records,
        mut files,
    } = index;
    // One that was deleted, before the last.
    let end = records.len() - INDEX_RECORD;
    records.splice(end..end, [0; INDEX_RECORD]);
    files.push(transparent(
        INDEX,
        OPEN,
        &records,
        INDEX_RECORDS * INDEX_RECORD,
    ));
    files.push(secret_keys(
        0x5301,
        0x20,
        vec![
            user_pin(&request.pin, request.tries),
            unblocking_pin(&request.puk, request.tries),
        ],
    ));
    files.extend((0..).zip(issue.entries).map(|(number, entry)| {
        let id = FIRST_PRIVATE_KEY + STEP * number;
        private_key(id, &entry.key)
    }));
    files
}

/// The index and what it lists.
#[derive(Default)]
struct Index {
    records: Vec<u8>,
    files: Vec<File>,
}

impl Index {
    /// The name of a directory, which is no file.
    fn label(&mut self, name: &str) {
        self.record(0xFFFF, name, "", 0, 0);
    }

    fn file(&mut self, folder: &str, name: &str, content: &[u8], room: usize) {
        let id = (FIRST_FILE..)
            .step_by(usize::from(STEP))
            .nth(self.files.len())
            .expect("there are more numbers than files");
        self.record(id, folder, name, content.len(), room);
        self.files.push(if content.len() == room {
            exact(id, content)
        } else {
            transparent(id, OPEN, content, room)
        });
    }

    fn record(&mut self, id: u16, folder: &str, name: &str, used: usize, room: usize) {
        let text = |text: &str, length| {
            let mut bytes = text.as_bytes().to_vec();
            bytes.resize(length, 0);
            bytes
        };
        let size = |size| u16::try_from(size).expect("a file has less than 64 KiB");
        let (folder, name) = (text(folder, 10), text(name, 13));
        self.records.extend(id.to_le_bytes());
        self.records.extend(folder);
        self.records.extend(name);
        self.records.push(0x90);
        self.records.extend(size(used).to_le_bytes());
        self.records.extend(size(room).to_le_bytes());
    }
}

/// 32 bytes of name; what follows was not published.
fn token_info(label: &str) -> Vec<u8> {
    let mut info = label.as_bytes().to_vec();
    info.resize(32, b' ');
    info.resize(0x60, 0);
    info
}

fn container_map(issue: &Issue) -> Vec<u8> {
    let mut map = vec![0; 32];
    for number in 0..issue.entries.len() {
        let [private, public] = handles(number);
        map.extend(private.to_le_bytes());
        map.extend(public.to_le_bytes());
        map.extend([0; 16]);
    }
    map
}

/// Of the private and the public half of a key.
fn handles(number: usize) -> [u32; 2] {
    let step = usize::from(STEP) * number;
    let step = u32::try_from(step).expect("a card has few keys");
    [FIRST_PRIVATE_KEY, FIRST_PUBLIC_KEY].map(|first| u32::from(first) + step)
}

fn id(entry: &Entry, attributes: Attributes) -> Option<Vec<u8>> {
    let id = || Sha1::digest(entry.key.n().to_bytes_be()).to_vec();
    (attributes == Attributes::All).then(id)
}

fn client(entry: &Entry, attributes: Attributes) -> Vec<u8> {
    let id = id(entry, attributes);
    certificate(entry.label.as_bytes(), id.as_deref(), &entry.certificate)
}

fn certificate(label: &[u8], id: Option<&[u8]>, der: &[u8]) -> Vec<u8> {
    let mut stream = object(CKO_CERTIFICATE, false, label);
    stream.number(CKA_CERTIFICATE_TYPE, 0);
    stream.attribute(CKA_VALUE, der);
    if let Some(id) = id {
        stream.attribute(CKA_ID, id);
    }
    stream.0
}

fn public_key(number: usize, entry: &Entry, attributes: Attributes) -> Vec<u8> {
    let mut stream = object(CKO_PUBLIC_KEY, false, b"");
    stream.number(CKA_KEY_TYPE, 0);
    if let Some(id) = id(entry, attributes) {
        stream.attribute(CKA_ID, &id);
    }
    stream.attribute(CKA_VERIFY, &[1]);
    stream.public_numbers(entry);
    stream.number(HANDLE, handles(number)[1]);
    stream.0
}

fn private_key_object(number: usize, entry: &Entry, attributes: Attributes) -> Vec<u8> {
    let mut stream = object(CKO_PRIVATE_KEY, true, b"");
    stream.number(CKA_KEY_TYPE, 0);
    if let Some(id) = id(entry, attributes) {
        stream.attribute(CKA_ID, &id);
    }
    stream.attribute(CKA_DECRYPT, &[1]);
    stream.attribute(CKA_SIGN, &[1]);
    if attributes != Attributes::Few {
        stream.public_numbers(entry);
        stream.number(HANDLE, handles(number)[0]);
    }
    stream.0
}

fn object(class: u32, private: bool, label: &[u8]) -> Stream {
    let mut stream = Stream(Vec::new());
    stream.number(CKA_CLASS, class);
    stream.attribute(CKA_TOKEN, &[1]);
    stream.attribute(CKA_PRIVATE, &[u8::from(private)]);
    stream.attribute(CKA_LABEL, label);
    stream
}

/// PKCS#11 attributes in a row: type and length of four bytes each, little-endian, then the value.
struct Stream(Vec<u8>);

impl Stream {
    fn attribute(&mut self, kind: u32, value: &[u8]) {
        let length = u32::try_from(value.len()).expect("a file has less than 64 KiB");
        self.0.extend(kind.to_le_bytes());
        self.0.extend(length.to_le_bytes());
        self.0.extend(value);
    }

    fn number(&mut self, kind: u32, value: u32) {
        self.attribute(kind, &value.to_le_bytes());
    }

    fn public_numbers(&mut self, entry: &Entry) {
        let modulus = [&[0x00], entry.key.n().to_bytes_be().as_slice()].concat();
        self.attribute(CKA_MODULUS, &modulus);
        self.attribute(CKA_PUBLIC_EXPONENT, &entry.key.e().to_bytes_be());
    }
}
