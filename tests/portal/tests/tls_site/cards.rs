//! Client certificates with their keys in files, as curl takes them.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair};
use tempfile::TempDir;

use super::software_token::{Authority, authority_params, client_params, intermediate, root};

pub struct Card {
    pem: String,
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Card {
    /// The certificate as nginx puts it into a header.
    pub fn escaped(&self) -> String {
        self.pem
            .bytes()
            .map(|b| match b {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(b).to_string(),
                _ => format!("%{b:02X}"),
            })
            .collect()
    }
}

pub struct Cards {
    pub good: Card,
    pub colleague: Card,
    pub expired: Card,
    pub of_a_stranger: Card,
    pub not_for_clients: Card,
    /// By an authority of the right name with another key.
    pub forged: Card,
    /// Root and intermediate.
    pub trust: PathBuf,
    pub intermediate_pem: String,
    pub folder: TempDir,
}

impl Cards {
    pub fn issue() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = || {
            let root = root(authority_params("Test Root"));
            let issuer = intermediate(authority_params("Test Premium CA - G3"), &root);
            (root, issuer)
        };
        let (top, issuer) = authority();
        let (_, impostor) = authority();
        let stranger = root(authority_params("Stranger"));
        let trust = folder.path().join("trust.pem");
        std::fs::write(&trust, format!("{}{}", top.pem(), issuer.pem())).unwrap();

        let card = |name: &str, issuer: &Authority, change: fn(&mut CertificateParams)| {
            let mut params = client_params("山田 太郎", "FC12345678");
            change(&mut params);
            let key = KeyPair::generate().unwrap();
            let pem = params.signed_by(&key, issuer).unwrap().pem();
            let certificate = folder.path().join(format!("{name}.pem"));
            let key_file = folder.path().join(format!("{name}.key"));
            std::fs::write(&certificate, &pem).unwrap();
            std::fs::write(&key_file, key.serialize_pem()).unwrap();
            Card {
                pem,
                certificate,
                key: key_file,
            }
        };
        Self {
            good: card("good", &issuer, |_| ()),
            colleague: card("colleague", &issuer, |p| {
                *p = client_params("佐藤 花子", "FC00000002");
            }),
            expired: card("expired", &issuer, |p| {
                p.not_after = (SystemTime::now() - Duration::from_hours(1)).into();
            }),
            of_a_stranger: card("stranger", &stranger, |_| ()),
            not_for_clients: card("server", &issuer, |p| {
                p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            }),
            forged: card("forged", &impostor, |_| ()),
            trust,
            intermediate_pem: issuer.pem(),
            folder,
        }
    }
}
