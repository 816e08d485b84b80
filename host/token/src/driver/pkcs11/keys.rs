//! Finding the private key of a certificate, with or without an identifier that they share, and
//! signing with it. In the module's process.

use der::asn1::OctetString;
use der::{Decode, Encode};
use kagibashi_vendor_module::{
    Attribute, Class, HashFunction, KeyType, Mechanism as ModuleMechanism, Object, ReturnValue,
    Session,
};
use x509_cert::Certificate;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::messages::{Hash, Mechanism, Signature, Trouble};
use crate::verify;

/// Bytes of a modulus, of a point, and of an identifier.
const VALUE_MAX: usize = 4096;

/// Bytes of a certificate.
const CERTIFICATE_MAX: usize = 64 * 1024;

/// A private key, as far as it can be seen.
pub struct PrivateKey {
    object: Object,
    key_type: Option<KeyType>,
    id: Vec<u8>,
    modulus: Option<Vec<u8>>,
}

/// The private keys that can be seen: before login these are often none.
pub fn private(session: &Session) -> Result<Vec<PrivateKey>, Trouble> {
    let objects = session.objects(Class::PrivateKey)?;
    let keys = objects.into_iter().map(|object| PrivateKey {
        object,
        key_type: session.key_type(object).ok().flatten(),
        id: value(session, object, Attribute::Id).unwrap_or_default(),
        modulus: value(session, object, Attribute::Modulus).map(|it| without_zeros(&it)),
    });
    Ok(keys.collect())
}

/// Whether one of these is the key of that certificate.
pub fn any_belongs(keys: &[PrivateKey], session: &Session, id: &[u8], der: &[u8]) -> bool {
    let Some(public) = PublicKey::of_certificate(der) else {
        return !id.is_empty() && keys.iter().any(|key| key.id == id);
    };
    public.find(keys, session).is_some()
}

/// Whether a key wants the PIN anew for each signature.
pub fn any_wants_pin_again(session: &Session) -> bool {
    let keys = session.objects(Class::PrivateKey).unwrap_or_default();
    keys.into_iter().any(|key| wants_pin_again(session, key))
}

fn wants_pin_again(session: &Session, key: Object) -> bool {
    session
        .flag(key, Attribute::AlwaysAuthenticate)
        .unwrap_or(false)
}

/// Signs with the key of that public half, in the first way that the token takes. A key that wants
/// the PIN anew gets it from `log_in_again`.
pub fn sign(
    session: &Session,
    wanted: &Signature,
    log_in_again: impl Fn(&Session) -> Result<(), Trouble>,
) -> Result<Vec<u8>, Trouble> {
    let keys = private(session)?;
    let public = PublicKey::of(&wanted.public_key).ok_or(Trouble::NoKey)?;
    let key = public.find(&keys, session).ok_or(Trouble::NoKey)?;
    let again = wants_pin_again(session, key);
    let mut refusal = String::new();
    for way in &wanted.ways {
        match session.begin_signature(mechanism(way.mechanism), key) {
            Ok(()) => {}
            Err(error) if error.value().is_some_and(is_of_way) => {
                refusal = error.to_string();
                continue;
            }
            Err(error) => return Err(error.into()),
        }
        if again {
            log_in_again(session)?;
        }
        match session.finish_signature(&way.data) {
            // The PIN would have to be given a third time.
            Err(error) if error.value().is_some_and(is_of_way) && !again => {
                refusal = error.to_string();
            }
            signed => return Ok(signed?),
        }
    }
    Err(Trouble::NoWay(refusal))
}

/// Whether another way may do.
fn is_of_way(value: ReturnValue) -> bool {
    matches!(
        value,
        ReturnValue::MECHANISM_INVALID
            | ReturnValue::MECHANISM_PARAM_INVALID
            | ReturnValue::FUNCTION_NOT_SUPPORTED
            | ReturnValue::KEY_FUNCTION_NOT_PERMITTED
            | ReturnValue::KEY_TYPE_INCONSISTENT
    )
}

fn mechanism(mechanism: Mechanism) -> ModuleMechanism {
    let function = |hash| match hash {
        Hash::Sha1 => HashFunction::Sha1,
        Hash::Sha256 => HashFunction::Sha256,
        Hash::Sha384 => HashFunction::Sha384,
        Hash::Sha512 => HashFunction::Sha512,
    };
    match mechanism {
        Mechanism::RsaRaw => ModuleMechanism::RsaRaw,
        Mechanism::RsaPkcs1 => ModuleMechanism::RsaPkcs1,
        Mechanism::RsaPkcs1Hashing(hash) => ModuleMechanism::RsaPkcs1Hashing(function(hash)),
        Mechanism::RsaPss(hash) => ModuleMechanism::RsaPss(function(hash)),
        Mechanism::Ecdsa => ModuleMechanism::Ecdsa,
    }
}

/// The public half by which a private key is looked for.
struct PublicKey {
    info: Vec<u8>,
    /// What is in the `SubjectPublicKeyInfo`: of a curve, the point.
    bits: Vec<u8>,
    modulus: Option<Vec<u8>>,
}

impl PublicKey {
    fn of(info: &[u8]) -> Option<Self> {
        let parsed = SubjectPublicKeyInfoOwned::from_der(info).ok()?;
        Some(Self {
            modulus: verify::modulus(info),
            bits: parsed.subject_public_key.as_bytes()?.to_vec(),
            info: info.to_vec(),
        })
    }

    fn of_certificate(der: &[u8]) -> Option<Self> {
        Self::of(&public_key_of(der)?)
    }

    fn key_type(&self) -> KeyType {
        match self.modulus {
            Some(_) => KeyType::Rsa,
            None => KeyType::EllipticCurve,
        }
    }

    /// By the modulus, where the private key tells it; else by the identifier that it shares with the
    /// certificate or the public key; else the only one that there is.
    fn find(&self, keys: &[PrivateKey], session: &Session) -> Option<Object> {
        let fits = |key: &&PrivateKey| {
            key.key_type.is_none_or(|type_| type_ == self.key_type())
                && (key.modulus.is_none() || key.modulus == self.modulus)
        };
        let candidates: Vec<&PrivateKey> = keys.iter().filter(fits).collect();
        let by_modulus = candidates.iter().find(|key| key.modulus.is_some());
        if let Some(key) = by_modulus {
            return Some(key.object);
        }
        let ids = self.identifiers(session);
        let by_id = candidates.iter().find(|key| ids.contains(&key.id));
        match (by_id, candidates.as_slice()) {
            (Some(key), _) => Some(key.object),
            (None, [key]) if keys.len() == 1 && (ids.is_empty() || key.id.is_empty()) => {
                Some(key.object)
            }
            _ => None,
        }
    }

    /// The identifiers of the certificates and public keys that hold this key.
    fn identifiers(&self, session: &Session) -> Vec<Vec<u8>> {
        let objects = |class| session.objects(class).unwrap_or_default().into_iter();
        let certificates = objects(Class::Certificate).filter(|&object| {
            let der = session.attribute(object, Attribute::Value, CERTIFICATE_MAX);
            let der = der.ok().flatten();
            der.and_then(|der| public_key_of(&der))
                .is_some_and(|info| info == self.info)
        });
        let public_keys = objects(Class::PublicKey).filter(|&object| {
            if self.modulus.is_some() {
                value(session, object, Attribute::Modulus).map(|it| without_zeros(&it))
                    == self.modulus
            } else {
                value(session, object, Attribute::EcPoint).is_some_and(|it| self.is_at(&it))
            }
        });
        let all = certificates.chain(public_keys);
        all.filter_map(|object| value(session, object, Attribute::Id))
            .filter(|id| !id.is_empty())
            .collect()
    }

    /// In an OCTET STRING, as the standard wants it, or without, as some modules have it.
    fn is_at(&self, point: &[u8]) -> bool {
        let wrapped = OctetString::from_der(point);
        point == self.bits || wrapped.is_ok_and(|it| it.as_bytes() == self.bits)
    }
}

fn public_key_of(der: &[u8]) -> Option<Vec<u8>> {
    let certificate = Certificate::from_der(der).ok()?;
    let info = certificate.tbs_certificate.subject_public_key_info;
    info.to_der().ok()
}

fn value(session: &Session, object: Object, attribute: Attribute) -> Option<Vec<u8>> {
    let value = session.attribute(object, attribute, VALUE_MAX);
    value.ok().flatten().filter(|value| !value.is_empty())
}

fn without_zeros(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    number[zeros..].to_vec()
}
