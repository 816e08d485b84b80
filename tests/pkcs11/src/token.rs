//! Tokens that are software.

use std::str::FromStr;
use std::time::Duration;

use kagibashi_protocol::agent::{Algorithm, SlotCertificate, SlotToken};
use kagibashi_protocol::object::PinStatus;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::SigningKey;
use sha2::{Digest, Sha256};
use x509_cert::builder::{Builder, CertificateBuilder, Profile};
use x509_cert::der::Encode;
use x509_cert::der::asn1::UtcTime;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::{Time, Validity};

use crate::key::SoftKey;

/// A token with certificates for its keys, the authority's, and one that is
/// broken.
#[derive(Debug)]
pub struct SoftToken {
    /// As the module is told of it; `since` is for the host to set.
    pub slot: SlotToken,
    /// In the order of the certificates.
    keys: Vec<SoftKey>,
}

/// From this number on, a token has a key on P-256.
pub const P256: u8 = 100;

/// From this number on, a token has keys on P-256 and P-521, and an RSA key.
pub const MIXED: u8 = 200;

impl SoftToken {
    /// The token of that number; the number decides everything. Below
    /// [`P256`] it has an RSA key.
    pub fn new(number: u8) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(number.into());
        let keys = match number {
            ..P256 => vec![SoftKey::rsa(&mut rng, 2_048)],
            P256..MIXED => vec![SoftKey::p256(&mut rng)],
            MIXED.. => vec![
                SoftKey::p256(&mut rng),
                SoftKey::p521(&mut rng),
                SoftKey::rsa(&mut rng, 2_048),
            ],
        };
        // Nobody relies on it, and it is made faster.
        let authority = RsaPrivateKey::new(&mut rng, 1_024).expect("there are primes enough");
        let holder = format!("CN=山田 {number},O=株式会社サンプル,C=JP");
        let leaf = |key: &SoftKey| {
            let profile = Profile::Leaf {
                issuer: name("CN=Test CA"),
                enable_key_agreement: false,
                enable_key_encipherment: false,
                include_subject_key_identifier: true,
            };
            certificate(&holder, key, profile, &authority)
        };
        let own = SoftKey::Rsa(Box::new(authority.clone()));
        let root = certificate("CN=Test CA", &own, Profile::Root, &authority);
        let entry = |der: Vec<u8>, label: &str, has_key| SlotCertificate {
            id: hex::encode(Sha256::digest(&der)),
            der,
            label: label.into(),
            has_key,
        };
        let mut certificates: Vec<SlotCertificate> = keys
            .iter()
            .map(|key| entry(leaf(key), "山田", true))
            .collect();
        certificates.extend([
            entry(root, "Test CA", false),
            entry(vec![0x30, 0x03, 0x02, 0x01], "broken", true),
        ]);
        let slot = SlotToken {
            id: format!("ePass2003:00000000000000{number:02x}")
                .as_str()
                .into(),
            since: 0,
            reader: format!("Reader {number}").as_str().into(),
            label: "デモトークン".into(),
            serial: format!("00000000000000{number:02x}").as_str().into(),
            manufacturer: "Feitian".into(),
            model: "ePass2003".into(),
            firmware: Some("01.00.11".into()),
            pin: PinStatus {
                tries_left: Some(10),
                maximum: Some(10),
                locked: false,
            },
            certificates,
        };
        Self { slot, keys }
    }

    /// The certificate of the first key.
    pub fn certificate(&self) -> &SlotCertificate {
        &self.slot.certificates[0]
    }

    /// Signs with the key of a certificate; `None` if there is none, or if it
    /// does not sign in that way.
    pub fn sign(&self, certificate: &str, algorithm: Algorithm, digest: &[u8]) -> Option<Vec<u8>> {
        let mut keys = self.keys.iter().zip(&self.slot.certificates);
        let (key, _) = keys.find(|(_, found)| found.id == certificate)?;
        key.sign(algorithm, digest)
    }

    /// Whether a signature is one of its keys'.
    pub fn verifies(&self, algorithm: Algorithm, digest: &[u8], signature: &[u8]) -> bool {
        let mut keys = self.keys.iter();
        keys.any(|key| key.verifies(algorithm, digest, signature))
    }
}

fn name(text: &str) -> Name {
    Name::from_str(text).expect("a name of our own")
}

fn certificate(
    subject: &str,
    key: &SoftKey,
    profile: Profile,
    authority: &RsaPrivateKey,
) -> Vec<u8> {
    // From 2026 to 2046, so that every process makes the same one.
    let time = |seconds| {
        let time = UtcTime::from_unix_duration(Duration::from_secs(seconds));
        Time::UtcTime(time.expect("before 2050"))
    };
    let validity = Validity {
        not_before: time(1_767_225_600),
        not_after: time(2_398_377_600),
    };
    let signer = SigningKey::<Sha256>::new(authority.clone());
    CertificateBuilder::new(
        profile,
        SerialNumber::from(0x00C0_FFEE_u32),
        validity,
        name(subject),
        key.public_key_info(),
        &signer,
    )
    .and_then(CertificateBuilder::build::<rsa::pkcs1v15::Signature>)
    .expect("a certificate of our own")
    .to_der()
    .expect("as built")
}
