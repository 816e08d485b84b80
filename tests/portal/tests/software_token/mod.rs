//! A token made of software: an issuer chain and a client key, made at run
//! time, that signs what a site asks for.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test program uses its own part, and a failure here fails the test"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kagibashi_portal::verifier::{Algorithm, Certificate, Scheme, SignatureAlgorithm, TrustStore};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rsa::pkcs8::EncodePrivateKey;
use rsa::{Pkcs1v15Sign, Pss, RsaPrivateKey};
use serde_json::{Value, json};
use sha2::{Sha256, Sha384, Sha512};

pub type Authority = CertifiedIssuer<'static, KeyPair>;

/// Parameters of a certification authority of that name.
pub fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

pub fn root(params: CertificateParams) -> Authority {
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

pub fn intermediate(params: CertificateParams, issuer: &Issuer<'_, KeyPair>) -> Authority {
    CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), issuer).unwrap()
}

/// Parameters of a company's client certificate.
pub fn client_params(name: &str, certificate_id: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    let subject = &mut params.distinguished_name;
    subject.push(DnType::CountryName, "JP");
    subject.push(DnType::OrganizationName, "株式会社サンプル");
    subject.push(DnType::OrganizationalUnitName, certificate_id);
    subject.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// A client certificate with a fresh P-256 key, for tests of the chain.
pub fn client(params: &CertificateParams, issuer: &Issuer<'_, KeyPair>) -> Certificate {
    let key = KeyPair::generate().unwrap();
    let certificate = params.clone().signed_by(&key, issuer).unwrap();
    Certificate::from_der(certificate.der().to_vec()).unwrap()
}

pub fn certificate_of(authority: &Authority) -> Certificate {
    Certificate::from_der(authority.der().to_vec()).unwrap()
}

/// An RSA-2048 client key with its certificate and chain.
pub struct SoftwareToken {
    root: Authority,
    issuer: Authority,
    key: RsaPrivateKey,
    pub certificate: String,
}

impl SoftwareToken {
    pub fn new(name: &str, certificate_id: &str) -> Self {
        let root = root(authority_params("Test Root"));
        let issuer = intermediate(authority_params("Test Premium CA - G3"), &root);
        Self::issued_by(root, issuer, name, certificate_id)
    }

    fn issued_by(root: Authority, issuer: Authority, name: &str, certificate_id: &str) -> Self {
        let key = RsaPrivateKey::new(&mut rand::thread_rng(), 2048).unwrap();
        let pair = KeyPair::try_from(key.to_pkcs8_der().unwrap().as_bytes()).unwrap();
        let params = client_params(name, certificate_id);
        let certificate = params.signed_by(&pair, &issuer).unwrap();
        Self {
            certificate: STANDARD.encode(certificate.der()),
            root,
            issuer,
            key,
        }
    }

    /// A certificate by the same authority for somebody else.
    pub fn colleague(&self, name: &str, certificate_id: &str) -> String {
        let params = client_params(name, certificate_id);
        STANDARD.encode(client(&params, &self.issuer).der())
    }

    /// Root and intermediate, as a site is configured with them.
    pub fn trust(&self) -> TrustStore {
        let mut trust = TrustStore::default();
        trust.add_pem(self.trust_pem().as_bytes()).unwrap();
        trust
    }

    pub fn trust_pem(&self) -> String {
        format!("{}{}", self.root.pem(), self.issuer.pem())
    }

    /// Base64 of the signature over a finished hash.
    pub fn sign_hash(&self, algorithm: Algorithm, hash: &[u8]) -> String {
        use kagibashi_portal::verifier::HashFunction::{
            Sha256 as S256, Sha384 as S384, Sha512 as S512,
        };
        let mut random = rand::thread_rng();
        let signature = match (algorithm.scheme, algorithm.hash) {
            (Scheme::RsaPkcs1, S256) => self.key.sign(Pkcs1v15Sign::new::<Sha256>(), hash),
            (Scheme::RsaPkcs1, S384) => self.key.sign(Pkcs1v15Sign::new::<Sha384>(), hash),
            (Scheme::RsaPkcs1, S512) => self.key.sign(Pkcs1v15Sign::new::<Sha512>(), hash),
            (Scheme::RsaPss, S256) => {
                self.key
                    .sign_with_rng(&mut random, Pss::new::<Sha256>(), hash)
            }
            (Scheme::RsaPss, S384) => {
                self.key
                    .sign_with_rng(&mut random, Pss::new::<Sha384>(), hash)
            }
            (Scheme::RsaPss, S512) => {
                self.key
                    .sign_with_rng(&mut random, Pss::new::<Sha512>(), hash)
            }
            (Scheme::Ecdsa, _) => panic!("an RSA token"),
        };
        STANDARD.encode(signature.unwrap())
    }

    /// An authentication token for `origin` and `nonce`.
    pub fn authenticate(&self, origin: &str, nonce: &str, algorithm: &str) -> Value {
        let algorithm = Algorithm::from_jwa(algorithm).unwrap();
        let hash = algorithm.hash;
        let signed = [
            hash.digest(origin.as_bytes()),
            hash.digest(nonce.as_bytes()),
        ]
        .concat();
        json!({
            "unverifiedCertificate": self.certificate,
            "algorithm": algorithm.jwa(),
            "signature": self.sign_hash(algorithm, &hash.digest(&signed)),
            "format": "web-eid:1.0",
            "appVersion": "https://example.jp/software-token/1.0.0",
        })
    }

    /// A page's answer to a request for a document signature over the base64
    /// `hash`.
    pub fn sign(&self, hash: &str, algorithm: &str) -> Value {
        let algorithm = Algorithm::from_jwa(algorithm).unwrap();
        json!({
            "signature": self.sign_hash(algorithm, &STANDARD.decode(hash).unwrap()),
            "signatureAlgorithm": SignatureAlgorithm::from(algorithm),
        })
    }
}
