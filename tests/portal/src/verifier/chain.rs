//! From a holder's certificate up to one that the site trusts.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use der::oid::ObjectIdentifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

use super::certificate::same_name;
use super::{Algorithm, Certificate, EcdsaEncoding, HashFunction, Scheme, VerifyError};

/// Longest path in certificates above the holder's; real ones have two.
const MAX_DEPTH: usize = 6;

/// sha256WithRSAEncryption and its sisters (RFC 4055, section 5), and
/// ecdsa-with-SHA256 and its sisters (RFC 5758, section 3.2). SHA-1 is out.
const CERTIFICATE_ALGORITHMS: [(&str, Scheme, HashFunction); 6] = [
    (
        "1.2.840.113549.1.1.11",
        Scheme::RsaPkcs1,
        HashFunction::Sha256,
    ),
    (
        "1.2.840.113549.1.1.12",
        Scheme::RsaPkcs1,
        HashFunction::Sha384,
    ),
    (
        "1.2.840.113549.1.1.13",
        Scheme::RsaPkcs1,
        HashFunction::Sha512,
    ),
    ("1.2.840.10045.4.3.2", Scheme::Ecdsa, HashFunction::Sha256),
    ("1.2.840.10045.4.3.3", Scheme::Ecdsa, HashFunction::Sha384),
    ("1.2.840.10045.4.3.4", Scheme::Ecdsa, HashFunction::Sha512),
];

/// The certificates a site is configured with: roots, intermediates, or both.
///
/// A configured certificate whose issuer is configured as well is an
/// intermediate and is itself checked against that issuer; every other one is
/// a trust anchor. So a root with its intermediate works, and an intermediate
/// alone works too.
#[derive(Debug, Clone, Default)]
pub struct TrustStore {
    configured: Vec<Certificate>,
}

/// Why the configured certificates could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A file or folder could not be read.
    #[error("cannot read {path}")]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file holds no PEM certificate, or a broken one.
    #[error("{path} holds no usable PEM certificate: {reason}")]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong in it.
        reason: String,
    },
}

impl TrustStore {
    /// A store of these certificates.
    pub fn new(configured: Vec<Certificate>) -> Self {
        Self { configured }
    }

    /// Adds the certificates of a PEM file, or of every `.pem`, `.crt` and
    /// `.cer` file in a folder.
    pub fn add_path(&mut self, path: &Path) -> Result<(), TrustError> {
        let unreadable = |source| TrustError::Read {
            path: path.to_owned(),
            source,
        };
        if !fs::metadata(path).map_err(unreadable)?.is_dir() {
            return self.add_file(path);
        }
        let entries = fs::read_dir(path).map_err(unreadable)?;
        let mut files = Vec::new();
        for entry in entries {
            files.push(entry.map_err(unreadable)?.path());
        }
        files.retain(|file| {
            let extension = file.extension().and_then(|e| e.to_str());
            matches!(extension, Some("pem" | "crt" | "cer"))
        });
        files.sort();
        files.iter().try_for_each(|file| self.add_file(file))
    }

    fn add_file(&mut self, path: &Path) -> Result<(), TrustError> {
        let pem = fs::read(path).map_err(|source| TrustError::Read {
            path: path.to_owned(),
            source,
        })?;
        self.add_pem(&pem).map_err(|reason| TrustError::Content {
            path: path.to_owned(),
            reason,
        })
    }

    /// Adds every certificate of a PEM text; other PEM objects are ignored.
    pub fn add_pem(&mut self, pem: &[u8]) -> Result<(), String> {
        let before = self.configured.len();
        for der in CertificateDer::pem_slice_iter(pem) {
            let der = der.map_err(|e| e.to_string())?;
            let certificate = Certificate::from_der(der.to_vec()).map_err(|e| e.to_string())?;
            self.configured.push(certificate);
        }
        if self.configured.len() == before {
            return Err("no certificate in it".to_owned());
        }
        Ok(())
    }

    /// The number of configured certificates.
    pub fn len(&self) -> usize {
        self.configured.len()
    }

    /// Whether nothing is trusted at all.
    pub fn is_empty(&self) -> bool {
        self.configured.is_empty()
    }

    /// The certificates it was configured with, in that order.
    pub fn certificates(&self) -> &[Certificate] {
        &self.configured
    }

    /// The issuers of `certificate` up to a trust anchor, nearest first, each
    /// valid at `now` and entitled to issue. The certificate's own validity is
    /// not looked at here.
    pub fn path_of<'s>(
        &'s self,
        certificate: &Certificate,
        now: SystemTime,
    ) -> Result<Vec<&'s Certificate>, VerifyError> {
        self.climb(certificate, 0, now).map(|mut path| {
            path.reverse();
            path
        })
    }

    /// The path from the anchor down to the issuer of `certificate`, which
    /// has `below` issuing certificates under it.
    fn climb<'s>(
        &'s self,
        certificate: &Certificate,
        below: usize,
        now: SystemTime,
    ) -> Result<Vec<&'s Certificate>, VerifyError> {
        // The reason why the first issuer of the right name failed says more
        // than "no issuer".
        let mut first_failure = None;
        for issuer in self.named(certificate) {
            let attempt = check_issuer(issuer, certificate, below, now).and_then(|()| {
                if self.is_anchor(issuer) {
                    Ok(vec![issuer])
                } else if below + 1 == MAX_DEPTH {
                    Err(untrusted(issuer))
                } else {
                    let mut path = self.climb(issuer, below + 1, now)?;
                    path.push(issuer);
                    Ok(path)
                }
            });
            match attempt {
                Ok(path) => return Ok(path),
                Err(failure) => first_failure = first_failure.or(Some(failure)),
            }
        }
        Err(first_failure.unwrap_or_else(|| untrusted(certificate)))
    }

    /// Configured certificates that carry the name of the issuer.
    fn named<'s>(&'s self, certificate: &Certificate) -> Vec<&'s Certificate> {
        let mut candidates: Vec<_> = self.configured.iter().collect();
        candidates.retain(|candidate| same_name(candidate.subject(), certificate.issuer()));
        candidates
    }

    fn is_anchor(&self, certificate: &Certificate) -> bool {
        same_name(certificate.subject(), certificate.issuer()) || self.named(certificate).is_empty()
    }
}

fn untrusted(certificate: &Certificate) -> VerifyError {
    VerifyError::UntrustedIssuer {
        issuer: certificate.issuer().to_string(),
    }
}

/// RFC 5280, section 6.1.4: a certification authority, entitled to sign
/// certificates, not above more issuers than it allows.
fn check_issuer(
    issuer: &Certificate,
    certificate: &Certificate,
    below: usize,
    now: SystemTime,
) -> Result<(), VerifyError> {
    let refused = || VerifyError::NotAnIssuer(issuer.subject().to_string());
    let constraints: BasicConstraints = issuer.extension()?.ok_or_else(refused)?;
    let depth_allowed = constraints
        .path_len_constraint
        .is_none_or(|most| below <= usize::from(most));
    let may_sign = issuer
        .extension::<KeyUsage>()?
        .is_none_or(|usage| usage.key_cert_sign());
    if !constraints.ca || !depth_allowed || !may_sign {
        return Err(refused());
    }
    issuer.check_validity(now)?;
    check_certificate_signature(issuer, certificate)
}

fn check_certificate_signature(
    issuer: &Certificate,
    certificate: &Certificate,
) -> Result<(), VerifyError> {
    let named = &certificate.decoded().signature_algorithm;
    let algorithm = certificate_algorithm(named.oid)
        .filter(|_| *named == certificate.decoded().tbs_certificate.signature)
        .ok_or_else(|| VerifyError::CertificateAlgorithm(named.oid.to_string()))?;
    issuer
        .public_key()?
        .verify_hash(
            algorithm,
            &algorithm.hash.digest(certificate.signed_part()),
            certificate.decoded().signature.raw_bytes(),
            EcdsaEncoding::Der,
        )
        .map_err(|_| VerifyError::CertificateSignature {
            issuer: issuer.subject().to_string(),
        })
}

fn certificate_algorithm(oid: ObjectIdentifier) -> Option<Algorithm> {
    CERTIFICATE_ALGORITHMS
        .iter()
        .find(|(dotted, ..)| oid.to_string() == *dotted)
        .map(|&(_, scheme, hash)| Algorithm { scheme, hash })
}
