//! The site's own TLS certificate and the authority behind it, made at run
//! time: no key of this site is ever stored.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::verifier::Origin;

/// The authority's name; people find it by this in a browser's settings.
const AUTHORITY_NAME: &str = "Kagibashi Demo Portal TLS CA";

const LIFE: Duration = Duration::from_hours(90 * 24);

/// Begin of validity before now, for clients whose clock is behind.
const BACKDATING: Duration = Duration::from_hours(24);

/// Why no certificate could be made.
#[derive(Debug, thiserror::Error)]
pub enum ServerCertificateError {
    /// Key or certificate generation failed.
    #[error("cannot make the server certificate")]
    Generation(#[from] rcgen::Error),
    /// TLS did not take the certificate.
    #[error("cannot set up TLS with the new certificate")]
    Tls(#[from] rustls::Error),
}

/// A fresh certificate, in the forms that servers take it in.
pub struct ServerCertificate {
    /// For a server within this program.
    pub tls: ServerConfig,
    /// The server's certificate, PEM.
    pub certificate_pem: String,
    /// The server's private key, PKCS#8 in PEM.
    pub key_pem: String,
    /// The authority's certificate, PEM: what a client must trust.
    pub authority_pem: String,
}

/// Makes an authority, and a certificate by it for the origin's host,
/// `localhost`, `portal.localhost` and the loopback addresses. The authority's
/// key is gone when this returns.
pub fn make(origin: &Origin) -> Result<ServerCertificate, ServerCertificateError> {
    let now = SystemTime::now();
    let mut authority = CertificateParams::default();
    authority
        .distinguished_name
        .push(DnType::CommonName, AUTHORITY_NAME);
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    authority.not_before = (now - BACKDATING).into();
    authority.not_after = (now + LIFE).into();
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let mut server = CertificateParams::default();
    server
        .distinguished_name
        .push(DnType::CommonName, origin.host());
    server.subject_alt_names = names(origin)?;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    server.not_before = (now - BACKDATING).into();
    server.not_after = (now + LIFE).into();
    let key = KeyPair::generate()?;
    let server = server.signed_by(&key, &authority)?;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key_pem = key.serialize_pem();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![server.der().clone()], key)?;
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(ServerCertificate {
        tls,
        certificate_pem: server.pem(),
        key_pem,
        authority_pem: authority.pem(),
    })
}

fn names(origin: &Origin) -> Result<Vec<SanType>, rcgen::Error> {
    let mut hosts = vec!["localhost", "portal.localhost", "127.0.0.1", "::1"];
    if !hosts.contains(&origin.host()) {
        hosts.push(origin.host());
    }
    hosts
        .into_iter()
        .map(|host| match host.parse::<IpAddr>() {
            Ok(address) => Ok(SanType::IpAddress(address)),
            Err(_) => Ok(SanType::DnsName(host.try_into()?)),
        })
        .collect()
}
