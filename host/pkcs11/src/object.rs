//! Certificates and keys as PKCS#11 objects, made from the certificates alone.

mod public_key;

use cryptoki_sys as ck;
use cryptoki_sys::{CK_ATTRIBUTE_TYPE, CK_ULONG};
use kagibashi_protocol::agent::{LoginBy, SlotCertificate};
use sha1::{Digest, Sha1};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::BasicConstraints;

use crate::mechanism;

pub use public_key::KeyType;
use public_key::PublicKey;

/// The parts of a private key that never leave the token.
fn sensitive(kind: KeyType) -> &'static [CK_ATTRIBUTE_TYPE] {
    match kind {
        KeyType::Rsa => &[
            ck::CKA_PRIVATE_EXPONENT,
            ck::CKA_PRIME_1,
            ck::CKA_PRIME_2,
            ck::CKA_EXPONENT_1,
            ck::CKA_EXPONENT_2,
            ck::CKA_COEFFICIENT,
        ],
        KeyType::EllipticCurve => &[ck::CKA_VALUE],
    }
}

/// Attributes by their types.
type Attributes = Vec<(CK_ATTRIBUTE_TYPE, Vec<u8>)>;

/// An object: its attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    attributes: Attributes,
    /// Whether it shows only after a login.
    pub private: bool,
    /// What it signs with, if it is a private key.
    pub key: Option<Key>,
}

/// A private key, as the host knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Id of its certificate.
    pub certificate: String,
    /// What kind of key it is.
    pub kind: KeyType,
    /// Bytes of a signature.
    pub size: usize,
}

/// What an object says of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute<'a> {
    /// Its value.
    Value(&'a [u8]),
    /// It has one, and keeps it.
    Sensitive,
    /// It has no such attribute.
    Unknown,
}

impl Object {
    /// What the object says of that attribute.
    pub fn attribute(&self, kind: CK_ATTRIBUTE_TYPE) -> Attribute<'_> {
        let found = self.attributes.iter().find(|(known, _)| *known == kind);
        let keeps = |key: &Key| sensitive(key.kind).contains(&kind);
        match found {
            Some((_, value)) => Attribute::Value(value),
            None if self.key.as_ref().is_some_and(keeps) => Attribute::Sensitive,
            None => Attribute::Unknown,
        }
    }

    /// Whether it has every attribute of the template with just that value.
    pub fn matches(&self, template: &[(CK_ATTRIBUTE_TYPE, Vec<u8>)]) -> bool {
        template
            .iter()
            .all(|(kind, value)| self.attribute(*kind) == Attribute::Value(value))
    }
}

/// The objects of a token: each certificate, and for those that can sign a
/// private and a public key.
///
/// All three bear the same `CKA_ID`, the SHA-1 of the public key (the key
/// identifier of RFC 5280, section 4.2.1.2), as ids of a token's own need not
/// be there or be unique. A certificate that can't be read is left out; two
/// for the same key share one pair of key objects.
pub fn objects(certificates: &[SlotCertificate], login: LoginBy) -> Vec<Object> {
    let mut objects: Vec<Object> = Vec::new();
    for certificate in certificates {
        let Some(facts) = Facts::read(certificate) else {
            continue;
        };
        objects.push(facts.certificate(&certificate.der));
        let Some(key) = facts.key.as_ref().filter(|_| certificate.has_key) else {
            continue;
        };
        let id = (ck::CKA_ID, facts.id.clone());
        let known = objects
            .iter()
            .any(|object| object.key.is_some() && object.matches(std::slice::from_ref(&id)));
        if !known {
            objects.push(facts.private_key(key, certificate, login));
            objects.push(facts.public_key(key));
        }
    }
    objects
}

/// What the attributes are made of; all but the label in DER.
struct Facts {
    id: Vec<u8>,
    label: Vec<u8>,
    subject: Vec<u8>,
    issuer: Vec<u8>,
    serial: Vec<u8>,
    public_key_info: Vec<u8>,
    authority: bool,
    key: Option<PublicKey>,
}

impl Facts {
    fn read(slot: &SlotCertificate) -> Option<Self> {
        let certificate = Certificate::from_der(&slot.der).ok()?;
        let body = &certificate.tbs_certificate;
        let info = &body.subject_public_key_info;
        let bits = info.subject_public_key.as_bytes()?;
        Some(Self {
            id: Sha1::digest(bits).to_vec(),
            label: slot.label.as_str().as_bytes().to_vec(),
            subject: body.subject.to_der().ok()?,
            issuer: body.issuer.to_der().ok()?,
            serial: body.serial_number.to_der().ok()?,
            public_key_info: info.to_der().ok()?,
            authority: matches!(
                body.get::<BasicConstraints>(),
                Ok(Some((_, BasicConstraints { ca: true, .. })))
            ),
            key: PublicKey::read(info),
        })
    }

    /// What all our objects have.
    fn storage(&self, class: ck::CK_OBJECT_CLASS, private: bool) -> Attributes {
        vec![
            (ck::CKA_CLASS, number(class)),
            (ck::CKA_TOKEN, truth(true)),
            (ck::CKA_PRIVATE, truth(private)),
            (ck::CKA_MODIFIABLE, truth(false)),
            (ck::CKA_COPYABLE, truth(false)),
            (ck::CKA_DESTROYABLE, truth(false)),
            (ck::CKA_LABEL, self.label.clone()),
            (ck::CKA_ID, self.id.clone()),
            (ck::CKA_SUBJECT, self.subject.clone()),
            (ck::CKA_START_DATE, vec![]),
            (ck::CKA_END_DATE, vec![]),
            (ck::CKA_PUBLIC_KEY_INFO, self.public_key_info.clone()),
        ]
    }

    /// What a key has beyond it. Where it was made is not known here, so
    /// nothing is claimed.
    fn key(&self, class: ck::CK_OBJECT_CLASS, private: bool, key: &PublicKey) -> Attributes {
        let mut attributes = self.storage(class, private);
        attributes.extend([
            (ck::CKA_KEY_TYPE, number(key.cryptoki_type())),
            (ck::CKA_DERIVE, truth(false)),
            (ck::CKA_LOCAL, truth(false)),
            (
                ck::CKA_KEY_GEN_MECHANISM,
                number(ck::CK_UNAVAILABLE_INFORMATION),
            ),
        ]);
        attributes.extend(key.of_both());
        attributes
    }

    fn certificate(&self, der: &[u8]) -> Object {
        let category = if self.authority {
            ck::CK_CERTIFICATE_CATEGORY_AUTHORITY
        } else {
            ck::CK_CERTIFICATE_CATEGORY_TOKEN_USER
        };
        let mut attributes = self.storage(ck::CKO_CERTIFICATE, false);
        attributes.extend([
            (ck::CKA_CERTIFICATE_TYPE, number(ck::CKC_X_509)),
            (ck::CKA_CERTIFICATE_CATEGORY, number(category)),
            // Whether an authority is trusted is for the browser to say.
            (ck::CKA_TRUSTED, truth(false)),
            (ck::CKA_CHECK_VALUE, Sha1::digest(der)[..3].to_vec()),
            (ck::CKA_ISSUER, self.issuer.clone()),
            (ck::CKA_SERIAL_NUMBER, self.serial.clone()),
            (ck::CKA_VALUE, der.to_vec()),
        ]);
        Object {
            attributes,
            private: false,
            key: None,
        }
    }

    fn private_key(&self, key: &PublicKey, slot: &SlotCertificate, login: LoginBy) -> Object {
        let private = login == LoginBy::Module;
        let mut attributes = self.key(ck::CKO_PRIVATE_KEY, private, key);
        attributes.extend([
            (ck::CKA_SIGN, truth(true)),
            (ck::CKA_SIGN_RECOVER, truth(false)),
            (ck::CKA_DECRYPT, truth(false)),
            (ck::CKA_UNWRAP, truth(false)),
            (ck::CKA_SENSITIVE, truth(true)),
            (ck::CKA_ALWAYS_SENSITIVE, truth(false)),
            (ck::CKA_EXTRACTABLE, truth(false)),
            (ck::CKA_NEVER_EXTRACTABLE, truth(false)),
            (ck::CKA_WRAP_WITH_TRUSTED, truth(false)),
            (ck::CKA_ALWAYS_AUTHENTICATE, truth(false)),
            (
                ck::CKA_ALLOWED_MECHANISMS,
                mechanism::list(login, key.kind())
                    .iter()
                    .flat_map(|kind| number(*kind))
                    .collect(),
            ),
        ]);
        Object {
            attributes,
            private,
            key: Some(Key {
                certificate: slot.id.clone(),
                kind: key.kind(),
                size: key.signature_size(),
            }),
        }
    }

    fn public_key(&self, key: &PublicKey) -> Object {
        let mut attributes = self.key(ck::CKO_PUBLIC_KEY, false, key);
        attributes.extend([
            (ck::CKA_TRUSTED, truth(false)),
            (ck::CKA_ENCRYPT, truth(false)),
            // True of the key; this module leaves it to others.
            (ck::CKA_VERIFY, truth(true)),
            (ck::CKA_VERIFY_RECOVER, truth(false)),
            (ck::CKA_WRAP, truth(false)),
        ]);
        attributes.extend(key.of_public());
        Object {
            attributes,
            private: false,
            key: None,
        }
    }
}

fn truth(value: bool) -> Vec<u8> {
    vec![if value { ck::CK_TRUE } else { ck::CK_FALSE }]
}

fn number(value: CK_ULONG) -> Vec<u8> {
    value.to_ne_bytes().to_vec()
}
