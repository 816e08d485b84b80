use kagibashi_card::tlv::encode;

use super::*;

const UTF8: u8 = 0x0C;
const PRINTABLE: u8 = 0x13;
const TELETEX: u8 = 0x14;
const BMP: u8 = 0x1E;

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0A];
const UNIT: &[u8] = &[0x55, 0x04, 0x0B];

/// A certificate with a signature that nobody checks.
struct Made {
    serial: Vec<u8>,
    subject: Vec<(&'static [u8], u8, Vec<u8>)>,
    extensions: Vec<(&'static str, Vec<u8>)>,
    elliptic: bool,
}

impl Default for Made {
    fn default() -> Self {
        let subject = vec![(COMMON_NAME, UTF8, "山田 太郎".into())];
        Self {
            serial: vec![0x12],
            subject,
            extensions: Vec::new(),
            elliptic: false,
        }
    }
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    encode(0x30, &parts.concat())
}

fn identifier(digits: &str) -> Vec<u8> {
    encode(0x06, &hex::decode(digits).unwrap())
}

impl Made {
    fn der(&self) -> Vec<u8> {
        let subject: Vec<Vec<u8>> = self
            .subject
            .iter()
            .map(|(kind, tag, text)| {
                encode(0x31, &sequence(&[encode(0x06, kind), encode(*tag, text)]))
            })
            .collect();
        let extensions: Vec<Vec<u8>> = self
            .extensions
            .iter()
            .map(|(kind, value)| sequence(&[identifier(kind), encode(0x04, value)]))
            .collect();
        let algorithm = sequence(&[identifier("2A864886F70D01010B"), encode(0x05, &[])]);
        let body = sequence(&[
            vec![0xA0, 3, 2, 1, 2],
            encode(0x02, &self.serial),
            algorithm.clone(),
            sequence(&[]),
            sequence(&[
                encode(0x17, b"260101000000Z"),
                encode(0x17, b"271231235959Z"),
            ]),
            sequence(&subject),
            self.public_key(),
            encode(0xA3, &sequence(&extensions)),
        ]);
        sequence(&[body, algorithm, encode(0x03, &[0; 257])])
    }

    fn public_key(&self) -> Vec<u8> {
        if self.elliptic {
            let algorithm =
                sequence(&[identifier("2A8648CE3D0201"), identifier("2A8648CE3D030107")]);
            return sequence(&[algorithm, encode(0x03, &[0; 66])]);
        }
        let mut modulus = vec![0xC3; 257];
        modulus[0] = 0;
        let key = sequence(&[encode(0x02, &modulus), encode(0x02, &[1, 0, 1])]);
        let algorithm = sequence(&[identifier("2A864886F70D010101"), encode(0x05, &[])]);
        sequence(&[algorithm, encode(0x03, &[&[0][..], &key].concat())])
    }

    fn parsed(&self) -> Certificate {
        Certificate::from_der(&self.der()).unwrap()
    }
}

#[test]
fn names_in_every_string_type() {
    let utf16 = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect::<Vec<u8>>()
    };
    let cases: [(u8, &str, Vec<u8>, &str); 8] = [
        (UTF8, "UTF8String", "山田 太郎".into(), "山田 太郎"),
        (UTF8, "UTF8String", vec![0x41, 0xFF], "A\u{FFFD}"),
        (
            PRINTABLE,
            "PrintableString",
            b"Taro Yamada".to_vec(),
            "Taro Yamada",
        ),
        (TELETEX, "TeletexString", b"M\xFCller".to_vec(), "Müller"),
        (TELETEX, "TeletexString", "山田".into(), "山田"),
        (BMP, "BMPString", utf16("山田 𠮷郎"), "山田 𠮷郎"),
        (
            BMP,
            "BMPString",
            vec![0xD8, 0x00, 0x00, 0x41, 0x00],
            "\u{FFFD}A",
        ),
        (0x04, "ANY", vec![0xAB], "#0401ab"),
    ];
    for (tag, encoding, value, shown) in cases {
        let made = Made {
            subject: vec![(COMMON_NAME, tag, value)],
            ..Made::default()
        };
        let subject = made.parsed().subject;
        assert_eq!(subject.common_name.as_deref(), Some(shown), "{tag:02X}");
        assert_eq!(subject.attributes[0].encoding, encoding);
        assert_eq!(subject.attributes[0].oid, "2.5.4.3");
    }
}

#[test]
fn parts_of_a_name_stay_in_order() {
    let text = |kind, text: &str| (kind, UTF8, text.as_bytes().to_vec());
    let made = Made {
        subject: vec![
            text(ORGANIZATION, "株式会社サンプル"),
            text(UNIT, "総務部"),
            text(UNIT, "FC12345678"),
            text(&[0x2A, 0x03, 0x04], "?"),
            text(COMMON_NAME, "山田 太郎"),
        ],
        ..Made::default()
    };
    let certificate = made.parsed();
    assert_eq!(
        certificate.subject.to_string(),
        "O=株式会社サンプル, OU=総務部, OU=FC12345678, 1.2.3.4=?, CN=山田 太郎"
    );
    assert_eq!(
        certificate.subject.organizational_units,
        ["総務部", "FC12345678"]
    );
    assert_eq!(certificate.certificate_id.as_deref(), Some("FC12345678"));
}

#[test]
fn what_is_a_certificate_id() {
    for (text, is_one) in [
        ("FC12345678", true),
        ("FCAB12", true),
        ("FC123", false),
        ("FC1234x", false),
        ("XFC1234", false),
        ("FC 12345", false),
        ("FC１２３４", false),
    ] {
        let made = Made {
            subject: vec![(COMMON_NAME, UTF8, text.into())],
            ..Made::default()
        };
        assert_eq!(made.parsed().certificate_id.is_some(), is_one, "{text}");
    }
}

#[test]
fn serial_numbers_of_any_length() {
    for serial in [vec![0x01], vec![0x00, 0xFF], vec![0x7F; 21], vec![0x80; 40]] {
        let made = Made {
            serial: serial.clone(),
            ..Made::default()
        };
        assert_eq!(made.parsed().serial, hex::encode_upper(&serial));
    }
}

#[test]
fn validity_and_key() {
    let certificate = Made::default().parsed();
    assert_eq!(
        (certificate.not_before, certificate.not_after),
        (1_767_225_600, 1_830_297_599)
    );
    assert_eq!(certificate.key_algorithm, KeyAlgorithm::Rsa { bits: 2048 });
    let elliptic = Made {
        elliptic: true,
        ..Made::default()
    }
    .parsed();
    let curve = "1.2.840.10045.3.1.7".to_owned();
    assert_eq!(
        elliptic.key_algorithm,
        KeyAlgorithm::EllipticCurve { curve }
    );
}

const KEY_USAGE: &str = "551D0F";
const EXTENDED_KEY_USAGE: &str = "551D25";
const BASIC_CONSTRAINTS: &str = "551D13";

#[test]
fn usability_at_a_time() {
    let (before, during, after) = (1_767_225_599, 1_800_000_000, 1_830_297_600);
    let bits = |byte| encode(0x03, &[0, byte]);
    let client = || sequence(&[identifier("2B06010505070302")]);
    let server = || sequence(&[identifier("2B06010505070301")]);
    let any = || sequence(&[identifier("551D2500")]);
    let authority = || sequence(&[encode(0x01, &[0xFF])]);
    let wrong = |key_usage, extended_key_usage| Usability::WrongPurpose {
        key_usage,
        extended_key_usage,
    };
    let cases = [
        (vec![], during, Usability::Usable),
        (vec![], before, Usability::NotYetValid),
        (vec![], after, Usability::Expired),
        (
            vec![(KEY_USAGE, bits(0x80)), (EXTENDED_KEY_USAGE, client())],
            during,
            Usability::Usable,
        ),
        (vec![(EXTENDED_KEY_USAGE, any())], during, Usability::Usable),
        (vec![(KEY_USAGE, bits(0x60))], during, wrong(true, false)),
        (
            vec![(EXTENDED_KEY_USAGE, server())],
            during,
            wrong(false, true),
        ),
        (
            vec![(KEY_USAGE, bits(0x60)), (EXTENDED_KEY_USAGE, server())],
            after,
            wrong(true, true),
        ),
        (
            vec![(BASIC_CONSTRAINTS, authority())],
            during,
            Usability::Authority,
        ),
        (
            vec![(BASIC_CONSTRAINTS, sequence(&[]))],
            during,
            Usability::Usable,
        ),
        // An extension that cannot be read counts as absent.
        (vec![(KEY_USAGE, vec![0xFF])], during, Usability::Usable),
    ];
    for (extensions, now, expected) in cases {
        let certificate = Made {
            extensions,
            ..Made::default()
        }
        .parsed();
        assert_eq!(
            certificate.usability(true, now),
            expected,
            "{:?}",
            certificate.key_usage
        );
        if expected == Usability::Usable {
            assert_eq!(certificate.usability(false, now), Usability::NoPrivateKey);
        }
    }
}

#[test]
fn damage_is_an_error_and_no_panic() {
    let whole = Made {
        extensions: vec![(KEY_USAGE, encode(0x03, &[0, 0x80]))],
        ..Made::default()
    }
    .der();
    for length in 0..whole.len() {
        let cut = Certificate::from_der(&whole[..length]);
        assert_eq!(cut, Err(CertificateError::Malformed), "{length}");
    }
    assert!(
        Certificate::from_der(&[&whole[..], &[0]].concat()).is_err(),
        "something after it"
    );
    for position in 0..whole.len() {
        for value in [0x00, 0x01, 0x7F, 0x80, 0x84, 0xFF] {
            let mut damaged = whole.clone();
            damaged[position] = value;
            // Many changes leave a certificate, only another one.
            let _ = Certificate::from_der(&damaged);
        }
    }
}
