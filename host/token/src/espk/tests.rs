//! The parsers against what a token may hold, and what none should.

use super::attribute::{self, Attributes};
use super::container::{self, Container};
use super::index::{self, FileRecord, Kind};
use super::key::KeyPairs;
use super::token_info;

const INDEX: u16 = 0x6F01;

fn record(id: u16, name: &str, used: u16) -> Vec<u8> {
    let mut record = id.to_le_bytes().to_vec();
    record.extend(b"p11obj\0\0\0\0");
    let mut padded = name.as_bytes().to_vec();
    padded.resize(13, 0);
    record.extend(padded);
    record.push(0x90);
    record.extend(used.to_le_bytes());
    record.extend(used.to_le_bytes());
    record
}

fn attribute(kind: u32, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap();
    [&kind.to_le_bytes(), &length.to_le_bytes(), value].concat()
}

/// Numbers that look random and are the same each time (xorshift).
struct Noise(u32);

impl Noise {
    fn byte(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0.to_le_bytes()[1]
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.byte()).collect()
    }
}

#[test]
fn the_index_lists_files_and_nothing_else() {
    let index = [
        record(0xFFFF, "", 0),
        record(0x2420, "containermap", 56),
        record(0x0000, "", 0),
        record(0x2440, "cert0000", 1200),
        record(0x2460, "pubk0012", 0),
        record(0x2480, "prvk0012", 0xFFFF),
        record(0x24A0, "cert00001", 1),
        record(0x24C0, "certificate_1", 1),
        record(0x24E0, "tokeninfo", 96),
        record(0x2500, "cardid", 16),
    ]
    .concat();
    let files: Vec<(u16, Kind, usize)> = index::parse(&index, INDEX)
        .iter()
        .map(|file| (file.id, file.kind(), file.used))
        .collect();
    assert_eq!(
        files,
        [
            (0x2420, Kind::ContainerMap, 56),
            (0x2440, Kind::Certificate(0), 1200),
            (0x2460, Kind::PublicKey(12), 0),
            (0x2480, Kind::PrivateKey(12), 0xFFFF),
            (0x24A0, Kind::Other, 1),
            (0x24C0, Kind::Other, 1),
            (0x24E0, Kind::TokenInfo, 96),
            (0x2500, Kind::Other, 16),
        ]
    );
}

#[test]
fn an_index_that_names_itself_or_a_file_twice_leads_nowhere() {
    let names = |index: &[Vec<u8>]| -> Vec<(u16, String)> {
        index::parse(&index.concat(), INDEX)
            .into_iter()
            .map(|FileRecord { id, name, .. }| (id, name))
            .collect()
    };
    let first = (0x2440, "cert0000".to_owned());
    for other in [
        record(INDEX, "cert0001", 1200),
        record(0x2440, "cert0001", 1200),
        record(0x2460, "cert0000", 1200),
        record(0x2440, "cert0000", 1200),
    ] {
        let index = [record(0x2440, "cert0000", 1200), other];
        assert_eq!(names(&index), std::slice::from_ref(&first));
    }
}

#[test]
fn an_index_of_thousands_lists_what_a_directory_can_hold() {
    let index: Vec<u8> = (1..2000)
        .flat_map(|id| record(id, &format!("cert{id:04}"), 1))
        .collect();
    let files = index::parse(&index, INDEX);
    assert_eq!(files.len(), 127);
    assert_eq!(files[126].kind(), Kind::Certificate(127));
}

#[test]
fn a_stream_cut_anywhere_keeps_the_attributes_before() {
    let stream = [
        attribute(0, &[1, 0, 0, 0]),
        attribute(attribute::LABEL, b""),
        attribute(attribute::VALUE, &[0x30; 300]),
        attribute(attribute::ID, b"id"),
        attribute(attribute::HANDLE, &[0x20, 0xA0, 0, 0]),
    ]
    .concat();
    let whole: Vec<_> = Attributes::new(&stream).collect();
    assert_eq!(whole.len(), 5);
    for cut in 0..stream.len() {
        let kept: Vec<_> = Attributes::new(&stream[..cut]).collect();
        assert_eq!(kept, whole[..kept.len()], "cut at {cut}");
        let length: usize = kept.iter().map(|(_, value)| 8 + value.len()).sum();
        let next = whole[kept.len()].1.len() + 8;
        assert!(length <= cut && cut < length + next, "cut at {cut}");
        assert!(!Attributes::new(&stream[..cut]).ended(), "cut at {cut}");
    }
    assert_eq!(
        Attributes::new(&stream).number(attribute::HANDLE),
        Some(0xA020)
    );
    let padded = [stream.as_slice(), &[0; 40]].concat();
    assert_eq!(Attributes::new(&padded).collect::<Vec<_>>(), whole);
    assert!(Attributes::new(&padded).ended());
}

#[test]
fn lengths_that_cannot_be_are_survived() {
    let id = attribute(attribute::ID, b"id");
    // Length, and whether what follows can still be found.
    for (length, found) in [
        (u32::MAX, true),
        (u32::MAX - 1, false),
        (0x8000_0000, false),
        (0x0001_0000, false),
        (11, false),
        (0, true),
    ] {
        let label = attribute::LABEL.to_le_bytes();
        let stream = [&label[..], &length.to_le_bytes(), &id].concat();
        let value = Attributes::new(&stream).find(attribute::ID);
        assert_eq!(value, found.then_some(&b"id"[..]), "{length:08X}");
    }
    // A number of another size is none.
    for size in [0, 2, 8] {
        let stream = attribute(attribute::HANDLE, &vec![0xA0; size]);
        assert_eq!(Attributes::new(&stream).number(attribute::HANDLE), None);
    }
}

#[test]
fn a_container_map_ends_where_handles_end() {
    let container = |private: u32, public: u32| {
        let mut record = private.to_le_bytes().to_vec();
        record.extend(public.to_le_bytes());
        record.resize(24, 0);
        record
    };
    let pair = |private, public| Container { private, public };
    let header = vec![0; 32];
    let [first, second] = [container(0xA020, 0x8020), container(0xAFFF, 0x8FFF)];
    let pairs = [pair(0xA020, 0x8020), pair(0xAFFF, 0x8FFF)];
    for (tail, expected) in [
        (vec![], &pairs[..]),
        (vec![0; 48], &pairs),
        (container(0xB000, 0x8040), &pairs),
        (container(0xA040, 0x9000), &pairs),
        (container(0x0001_A040, 0x8040), &pairs),
        (container(0xA040, 0x8040)[..23].to_vec(), &pairs),
    ] {
        let map = [&header[..], &first, &second, &tail].concat();
        assert_eq!(container::parse(&map), expected, "{tail:02X?}");
    }
    let endless = [header.clone(), first.repeat(1300)].concat();
    assert_eq!(container::parse(&endless).len(), 1300);
    for length in 0..=32 {
        assert_eq!(container::parse(&header[..length]), []);
    }
}

#[test]
fn keys_are_put_together_from_wherever_they_are_told() {
    let modulus = attribute(attribute::MODULUS, &[0x00, 0xC1, 0x02]);
    let id = attribute(attribute::ID, b"id");
    let private = attribute(attribute::HANDLE, &[0x20, 0xA0, 0, 0]);
    let public = attribute(attribute::HANDLE, &[0x20, 0x80, 0, 0]);
    let map = [Container {
        private: 0xA020,
        public: 0x8020,
    }];
    let join =
        |parts: &[&Vec<u8>]| -> Vec<u8> { parts.iter().copied().flatten().copied().collect() };
    // prvk, pubk, container map; does the certificate's modulus find it, does its CKA_ID alone?
    let none: &[Container] = &[];
    let cases = [
        (join(&[&id, &modulus, &private]), None, none, true, false),
        (join(&[&id, &private]), None, none, false, true),
        (
            join(&[&private]),
            Some(join(&[&modulus])),
            none,
            true,
            false,
        ),
        (
            join(&[]),
            Some(join(&[&modulus, &public])),
            &map,
            true,
            false,
        ),
        (join(&[&id]), Some(join(&[&public])), &map, false, true),
        (
            join(&[]),
            Some(join(&[&modulus, &private])),
            &map,
            true,
            false,
        ),
        (join(&[]), Some(join(&[&modulus])), &map, true, false),
    ];
    for (number, (prvk, pubk, map, by_modulus, by_id)) in cases.into_iter().enumerate() {
        let mut keys = KeyPairs::default();
        keys.add_private(3, &Attributes::new(&prvk));
        if let Some(pubk) = pubk {
            keys.add_public(3, &Attributes::new(&pubk));
        }
        keys.add_containers(map);
        let modulus = Some(&[0xC1, 0x02][..]);
        let other = Some(&[0xC1, 0x03][..]);
        let id = Some(&b"id"[..]);
        let found = keys.of_certificate(modulus, None);
        assert_eq!(found.is_some(), by_modulus, "{number}");
        // Without a handle a key is known, but cannot be used.
        let handle = (number < 5).then_some(0xA020);
        assert!(found.is_none_or(|pair| pair.handle == handle), "{number}");
        assert_eq!(keys.of_certificate(other, id).is_some(), by_id, "{number}");
        assert!(keys.of_certificate(other, None).is_none(), "{number}");
        assert!(keys.of_certificate(None, None).is_none(), "{number}");
    }

    // A public key alone is nobody's private key.
    let mut keys = KeyPairs::default();
    keys.add_public(0, &Attributes::new(&modulus));
    assert!(keys.of_certificate(Some(&[0xC1, 0x02]), None).is_none());
}

#[test]
fn labels_lose_their_padding() {
    for (content, label) in [
        (&b"Token   "[..], "Token"),
        (b"", ""),
        (&[0; 32], ""),
        (&[b'x'; 40], "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        ("鍵橋\0\0  ".as_bytes(), "鍵橋"),
        (b"\xFF\xFE", "\u{FFFD}\u{FFFD}"),
    ] {
        assert_eq!(token_info::label(content), label);
    }
}

#[test]
fn noise_is_no_trouble() {
    let mut noise = Noise(0x1234_5678);
    for length in (0..600).chain([0x7FFF]) {
        let bytes = noise.bytes(length);
        assert!(index::parse(&bytes, INDEX).len() <= 127);
        assert!(container::parse(&bytes).len() <= length / 24);
        let values: usize = Attributes::new(&bytes)
            .map(|(_, value)| 8 + value.len())
            .sum();
        assert!(values <= length);
        let mut keys = KeyPairs::default();
        keys.add_private(0, &Attributes::new(&bytes));
        keys.add_public(0, &Attributes::new(&bytes));
        assert!(keys.of_certificate(Some(&[1]), None).is_none());
        token_info::label(&bytes);
    }
}
