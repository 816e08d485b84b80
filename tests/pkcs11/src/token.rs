//! Tokens that are software.

use std::str::FromStr;
use std::time::Duration;

use kagibashi_protocol::agent::{Algorithm, SlotCertificate, SlotToken};
use kagibashi_protocol::object::PinStatus;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::EncodePublicKey;
use rsa::{Pkcs1v15Sign, Pss, RsaPrivateKey, RsaPublicKey};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_cert::builder::{Builder, CertificateBuilder, Profile};
use x509_cert::der::Encode;
use x509_cert::der::asn1::UtcTime;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::{Time, Validity};

/// A token with a key, its certificate, the authority's, and one that is
/// broken.
#[derive(Debug)]
pub struct SoftToken {
    /// As the module is told of it; `since` is for the host to set.
    pub slot: SlotToken,
    key: RsaPrivateKey,
}

impl SoftToken {
    /// The token of that number; the number decides everything.
    pub fn new(number: u8) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(number.into());
        let key = RsaPrivateKey::new(&mut rng, 2_048).expect("there are primes enough");
        // Nobody relies on it, and it is made faster.
        let authority = RsaPrivateKey::new(&mut rng, 1_024).expect("there are primes enough");
        let holder = format!("CN=山田 {number},O=株式会社サンプル,C=JP");
        let leaf = certificate(
            &holder,
            &key,
            Profile::Leaf {
                issuer: name("CN=Test CA"),
                enable_key_agreement: false,
                enable_key_encipherment: false,
                include_subject_key_identifier: true,
            },
            &authority,
        );
        let root = certificate("CN=Test CA", &authority, Profile::Root, &authority);
        let entry = |der: Vec<u8>, label: &str, has_key| SlotCertificate {
            id: hex::encode(Sha256::digest(&der)),
            der,
            label: label.into(),
            has_key,
        };
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
            certificates: vec![
                entry(leaf, "山田", true),
                entry(root, "Test CA", false),
                entry(vec![0x30, 0x03, 0x02, 0x01], "broken", true),
            ],
        };
        Self { slot, key }
    }

    /// The certificate with the key.
    pub fn certificate(&self) -> &SlotCertificate {
        &self.slot.certificates[0]
    }

    /// The public key.
    pub fn public_key(&self) -> RsaPublicKey {
        self.key.to_public_key()
    }

    /// Signs.
    pub fn sign(&self, algorithm: Algorithm, digest: &[u8]) -> Vec<u8> {
        let mut rng = ChaCha20Rng::from_seed([7; 32]);
        let made = match padding(algorithm) {
            Padding::Pkcs1(padding) => self.key.sign(padding, digest),
            Padding::Pss(padding) => self.key.sign_with_rng(&mut rng, padding, digest),
        };
        made.expect("the digest fits the hash")
    }

    /// Whether a signature is good.
    pub fn verifies(&self, algorithm: Algorithm, digest: &[u8], signature: &[u8]) -> bool {
        let key = self.public_key();
        match padding(algorithm) {
            Padding::Pkcs1(padding) => key.verify(padding, digest, signature),
            Padding::Pss(padding) => key.verify(padding, digest, signature),
        }
        .is_ok()
    }
}

enum Padding {
    Pkcs1(Pkcs1v15Sign),
    Pss(Pss),
}

fn padding(algorithm: Algorithm) -> Padding {
    match algorithm {
        Algorithm::Rs1 => Padding::Pkcs1(Pkcs1v15Sign::new::<Sha1>()),
        Algorithm::Rs256 => Padding::Pkcs1(Pkcs1v15Sign::new::<Sha256>()),
        Algorithm::Rs384 => Padding::Pkcs1(Pkcs1v15Sign::new::<Sha384>()),
        Algorithm::Rs512 => Padding::Pkcs1(Pkcs1v15Sign::new::<Sha512>()),
        Algorithm::Ps256 => Padding::Pss(Pss::new::<Sha256>()),
        Algorithm::Ps384 => Padding::Pss(Pss::new::<Sha384>()),
        Algorithm::Ps512 => Padding::Pss(Pss::new::<Sha512>()),
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => {
            panic!("the key is an RSA key")
        }
    }
}

fn name(text: &str) -> Name {
    Name::from_str(text).expect("a name of our own")
}

fn certificate(
    subject: &str,
    key: &RsaPrivateKey,
    profile: Profile,
    authority: &RsaPrivateKey,
) -> Vec<u8> {
    let public_key = key
        .to_public_key()
        .to_public_key_der()
        .expect("RSA keys have a DER form");
    let public_key = SubjectPublicKeyInfoOwned::try_from(public_key.as_bytes()).expect("as made");
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
        public_key,
        &signer,
    )
    .and_then(CertificateBuilder::build::<rsa::pkcs1v15::Signature>)
    .expect("a certificate of our own")
    .to_der()
    .expect("as built")
}
