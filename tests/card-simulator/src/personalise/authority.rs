//! The demo certificate service: a root, an intermediate, and what it issues.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use der::asn1::{Ia5String, ObjectIdentifier, OctetString};
use der::{Encode, Tag};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::RngCore;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::EncodePublicKey;
use rsa::{RsaPrivateKey, RsaPublicKey};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use x509_cert::builder::{Builder, CertificateBuilder, Profile};
use x509_cert::ext::pkix::certpolicy::{PolicyInformation, PolicyQualifierInfo};
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies, ExtendedKeyUsage, KeyUsage,
    KeyUsages, SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::{Time, Validity};

/// Policy of the demo service, below the number for examples (RFC 5612).
const POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.32473.2.1");
const CPS_QUALIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.2.1");
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
const CPS_ADDRESS: &str = "https://repository.example/cps";

const ROOT: &str = "Kagibashi Demo Root CA";
const INTERMEDIATE: &str = "Enterprise Premium CA - G3 (Demo)";

/// The person a certificate names.
pub struct Holder<'a> {
    /// Common name.
    pub name: &'a str,
    /// Company.
    pub organization: &'a str,
    /// Certificate ID, in an organizational unit.
    pub certificate_id: &'a str,
}

/// A key that issues certificates, and the certificate that says so.
pub struct Authority {
    common_name: &'static str,
    name: Name,
    key: RsaPrivateKey,
    certificate: Vec<u8>,
}

impl Authority {
    /// The self-signed root: 20 years, begun a year before `now`.
    pub fn root(rng: &mut ChaCha20Rng, now: SystemTime) -> Authority {
        let key = generate(rng);
        let name = authority_name(ROOT);
        let validity = validity(now - years(1), years(20));
        let draft = Draft {
            issuer: None,
            subject: &name,
            key: &key,
            validity,
        };
        let certificate = draft.sign(rng, &key, &authority_extensions(&key, &key, None));
        Authority {
            common_name: ROOT,
            name,
            key,
            certificate,
        }
    }

    /// The intermediate below: 10 years, begun half a year before `now`.
    pub fn subordinate(&self, rng: &mut ChaCha20Rng, now: SystemTime) -> Authority {
        let key = generate(rng);
        let name = authority_name(INTERMEDIATE);
        let validity = validity(now - years(1) / 2, years(10));
        let draft = Draft {
            issuer: Some(&self.name),
            subject: &name,
            key: &key,
            validity,
        };
        let certificate = draft.sign(
            rng,
            &self.key,
            &authority_extensions(&key, &self.key, Some(0)),
        );
        Authority {
            common_name: INTERMEDIATE,
            name,
            key,
            certificate,
        }
    }

    /// A client certificate for `key`, valid `days` from `not_before`.
    pub fn issue(
        &self,
        rng: &mut ChaCha20Rng,
        key: &RsaPrivateKey,
        holder: &Holder,
        not_before: SystemTime,
        days: u32,
    ) -> Vec<u8> {
        let Holder {
            name,
            organization,
            certificate_id,
        } = holder;
        let subject = parse_name(&format!(
            "CN={name},OU={certificate_id},O={organization},C=JP"
        ));
        let validity = validity(not_before, Duration::from_hours(24) * days);
        let draft = Draft {
            issuer: Some(&self.name),
            subject: &subject,
            key,
            validity,
        };
        draft.sign(rng, &self.key, &client_extensions(key, &self.key))
    }

    /// Its common name.
    pub fn common_name(&self) -> &'static str {
        self.common_name
    }

    /// Its own certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }
}

/// An RSA-2048 key that the seed decides.
pub fn generate(rng: &mut ChaCha20Rng) -> RsaPrivateKey {
    RsaPrivateKey::new(rng, 2048).expect("there are primes of 1024 bits")
}

/// A certificate before it is signed.
struct Draft<'a> {
    /// `None` signs itself.
    issuer: Option<&'a Name>,
    subject: &'a Name,
    key: &'a RsaPrivateKey,
    validity: Validity,
}

enum Extension {
    Subject(SubjectKeyIdentifier),
    Authority(AuthorityKeyIdentifier),
    Constraints(BasicConstraints),
    Usage(KeyUsage),
    ExtendedUsage(ExtendedKeyUsage),
    Policies(CertificatePolicies),
}

impl Draft<'_> {
    fn sign(
        self,
        rng: &mut ChaCha20Rng,
        issuer_key: &RsaPrivateKey,
        extensions: &[Extension],
    ) -> Vec<u8> {
        let signer = SigningKey::<Sha256>::new(issuer_key.clone());
        let mut serial = [0; 16];
        rng.fill_bytes(&mut serial);
        // Positive, and with no leading zero to drop.
        serial[0] = serial[0] & 0x3F | 0x40;
        let serial = SerialNumber::new(&serial).expect("a serial number may have 20 bytes");
        let key = public_key_info(&RsaPublicKey::from(self.key));
        let profile = Profile::Manual {
            issuer: self.issuer.cloned(),
        };
        let mut builder = CertificateBuilder::new(
            profile,
            serial,
            self.validity,
            self.subject.clone(),
            key,
            &signer,
        )
        .expect("the parts were made to fit");
        for extension in extensions {
            match extension {
                Extension::Subject(value) => builder.add_extension(value),
                Extension::Authority(value) => builder.add_extension(value),
                Extension::Constraints(value) => builder.add_extension(value),
                Extension::Usage(value) => builder.add_extension(value),
                Extension::ExtendedUsage(value) => builder.add_extension(value),
                Extension::Policies(value) => builder.add_extension(value),
            }
            .expect("an extension made here encodes");
        }
        let certificate = builder
            .build::<rsa::pkcs1v15::Signature>()
            .expect("an RSA-2048 key signs SHA-256");
        certificate
            .to_der()
            .expect("a certificate made here encodes")
    }
}

fn authority_extensions(
    key: &RsaPrivateKey,
    issuer: &RsaPrivateKey,
    path_length: Option<u8>,
) -> Vec<Extension> {
    vec![
        Extension::Subject(SubjectKeyIdentifier(key_identifier(key))),
        Extension::Authority(authority_key_identifier(issuer)),
        Extension::Constraints(BasicConstraints {
            ca: true,
            path_len_constraint: path_length,
        }),
        Extension::Usage(KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign)),
    ]
}

fn client_extensions(key: &RsaPrivateKey, issuer: &RsaPrivateKey) -> Vec<Extension> {
    let address = Ia5String::new(CPS_ADDRESS).expect("the address is ASCII");
    let policy = PolicyInformation {
        policy_identifier: POLICY,
        policy_qualifiers: Some(vec![PolicyQualifierInfo {
            policy_qualifier_id: CPS_QUALIFIER,
            qualifier: Some(
                der::Any::new(Tag::Ia5String, address.as_bytes()).expect("the address is short"),
            ),
        }]),
    };
    vec![
        Extension::Subject(SubjectKeyIdentifier(key_identifier(key))),
        Extension::Authority(authority_key_identifier(issuer)),
        Extension::Constraints(BasicConstraints {
            ca: false,
            path_len_constraint: None,
        }),
        Extension::Usage(KeyUsage(KeyUsages::DigitalSignature.into())),
        Extension::ExtendedUsage(ExtendedKeyUsage(vec![CLIENT_AUTH])),
        Extension::Policies(CertificatePolicies(vec![policy])),
    ]
}

fn authority_key_identifier(issuer: &RsaPrivateKey) -> AuthorityKeyIdentifier {
    AuthorityKeyIdentifier {
        key_identifier: Some(key_identifier(issuer)),
        ..AuthorityKeyIdentifier::default()
    }
}

/// SHA-1 of the public key's bits (RFC 5280, section 4.2.1.2, first method).
fn key_identifier(key: &RsaPrivateKey) -> OctetString {
    let info = public_key_info(&RsaPublicKey::from(key));
    let digest = Sha1::digest(info.subject_public_key.raw_bytes());
    OctetString::new(digest.to_vec()).expect("20 bytes fit")
}

fn public_key_info(key: &RsaPublicKey) -> SubjectPublicKeyInfoOwned {
    let document = key.to_public_key_der().expect("an RSA key encodes");
    document
        .as_bytes()
        .try_into()
        .expect("what was encoded decodes")
}

fn authority_name(common_name: &str) -> Name {
    parse_name(&format!(
        "CN={common_name},O=Kagibashi Demo Trust Services,C=JP"
    ))
}

/// Names as RFC 4514 writes them; Japanese becomes `UTF8String`.
fn parse_name(text: &str) -> Name {
    Name::from_str(text).expect("the names of the demo are well-formed")
}

fn validity(not_before: SystemTime, duration: Duration) -> Validity {
    // Whole seconds: certificates know no smaller unit.
    let time =
        |time: SystemTime| Time::try_from(time).expect("the demo takes place before the year 2500");
    Validity {
        not_before: time(not_before),
        not_after: time(not_before + duration),
    }
}

fn years(count: u32) -> Duration {
    Duration::from_hours(24) * 365 * count
}
