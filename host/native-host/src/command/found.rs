//! A certificate that was found on a token.

use kagibashi_protocol::Text;
use kagibashi_protocol::object::{self, CertificateState};
use kagibashi_token::certificate::{KeyUsage, Name};
use kagibashi_token::{Certificate, KeyHandle, KeyKind, TokenCertificate, Usability};
use sha2::{Digest, Sha256};

/// A certificate on a token.
#[derive(Clone, Debug)]
pub struct Found {
    /// As a person sees it.
    pub shown: object::Certificate,
    /// The name in the card's directory; may be empty.
    pub label: String,
    /// As it is on the card.
    pub der: Vec<u8>,
    /// What it says, if it can be read.
    pub parsed: Option<Certificate>,
    /// What to sign with.
    pub key: Option<KeyHandle>,
    /// Its purposes allow signing documents.
    pub can_sign: bool,
}

impl Found {
    pub fn new(token: &str, certificate: TokenCertificate, now: i64) -> Self {
        let mut shown = object::Certificate {
            id: hex::encode(Sha256::digest(&certificate.der)),
            token: Text::new(token),
            holder: Text::new(&certificate.label),
            organisation: None,
            certificate_id: None,
            issuer: Text::default(),
            serial: Text::default(),
            not_before: 0,
            not_after: 0,
            state: CertificateState::Unreadable,
            can_authenticate: false,
        };
        let mut can_sign = false;
        if let Ok(parsed) = &certificate.parsed {
            can_sign = may_sign(parsed);
            shown.can_authenticate = may_authenticate(parsed);
            shown.holder = name_shown(&parsed.subject, &certificate.label);
            shown.organisation = parsed.subject.organization.as_deref().map(Text::new);
            shown.certificate_id = parsed.certificate_id.as_deref().map(Text::new);
            shown.issuer = name_shown(&parsed.issuer, "");
            shown.serial = Text::new(&parsed.serial);
            shown.not_before = parsed.not_before;
            shown.not_after = parsed.not_after;
            shown.state = match parsed.usability(certificate.has_private_key, now) {
                Usability::Authority => CertificateState::Authority,
                Usability::NoPrivateKey => CertificateState::NoPrivateKey,
                _ if certificate.key.is_none() => match parsed.key_kind() {
                    Some(KeyKind::Rsa(_)) => CertificateState::NoPrivateKey,
                    _ => CertificateState::UnsupportedKey,
                },
                _ if !can_sign && !shown.can_authenticate => CertificateState::WrongPurpose,
                _ if now > parsed.not_after => CertificateState::Expired,
                _ if now < parsed.not_before => CertificateState::NotYetValid,
                _ => CertificateState::Usable,
            };
        }
        Self {
            shown,
            label: certificate.label,
            der: certificate.der,
            parsed: certificate.parsed.ok(),
            key: certificate.key,
            can_sign,
        }
    }
}

/// Purposes that a site's sign-in asks for: those that Web eID's verifiers and
/// TLS servers accept.
fn may_authenticate(certificate: &Certificate) -> bool {
    let within = certificate.not_before;
    certificate.usability(true, within) == Usability::Usable
}

/// Any signing purpose will do for a document; portals judge the rest.
fn may_sign(certificate: &Certificate) -> bool {
    !certificate.is_ca
        && certificate.key_usage.as_ref().is_none_or(|usages| {
            usages.contains(&KeyUsage::DigitalSignature)
                || usages.contains(&KeyUsage::NonRepudiation)
        })
}

/// What a person would call the one who is named.
fn name_shown(name: &Name, otherwise: &str) -> Text {
    let parts = [&name.common_name, &name.organization];
    let first = parts.into_iter().flatten().find(|part| !part.is_empty());
    match first {
        Some(part) => Text::new(part),
        None if otherwise.is_empty() => Text::from(name.to_string()),
        None => Text::new(otherwise),
    }
}

/// The shortest beginning of an id that may stand for it.
const ID_PREFIX_MIN: usize = 8;

/// Whether what a person typed stands for that id.
pub fn names(prefix: &str, id: &str) -> bool {
    prefix.len() >= ID_PREFIX_MIN && id.starts_with(&prefix.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use kagibashi_card_simulator::personalise::{self, Request};
    use kagibashi_token::certificate::KeyAlgorithm;

    use super::*;
    use crate::clock::now;

    #[test]
    fn a_key_that_is_there_but_of_a_kind_that_is_not_known_is_said_to_be_that() {
        let issued = personalise::company(&Request::default());
        let der = &issued.clients[0];
        let state = |key_algorithm, has_private_key| {
            let mut parsed = Certificate::from_der(der).unwrap();
            parsed.key_algorithm = key_algorithm;
            let certificate = TokenCertificate {
                der: der.clone(),
                label: String::new(),
                id: vec![],
                authority: false,
                has_private_key,
                key: None,
                parsed: Ok(parsed),
            };
            Found::new("t", certificate, now()).shown.state
        };
        let rsa = KeyAlgorithm::Rsa { bits: 2048 };
        let p256 = KeyAlgorithm::EllipticCurve {
            curve: "1.2.840.10045.3.1.7".into(),
        };
        let ed25519 = KeyAlgorithm::Other("1.3.101.112".into());
        for (key, has_private_key, expected) in [
            (rsa, true, CertificateState::NoPrivateKey),
            (p256.clone(), true, CertificateState::UnsupportedKey),
            (p256, false, CertificateState::NoPrivateKey),
            (ed25519, true, CertificateState::UnsupportedKey),
        ] {
            assert_eq!(state(key, has_private_key), expected);
        }
    }
}
