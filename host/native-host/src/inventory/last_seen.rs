//! The tokens that were in last, in a file: what is public of them, so that a
//! browser that starts without a token still knows which one to ask for.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kagibashi_protocol::limit::{CERTIFICATE_MAX, CERTIFICATES_MAX};
use kagibashi_token::certificate::Certificate;
use kagibashi_token::{KeyHandle, PinStatus, TokenCertificate, TokenInfo};
use serde::{Deserialize, Serialize};

use super::Known;
use crate::command::reading::Reading;

const FILE: &str = "tokens-last-seen.json";

/// More are not kept: the PKCS#11 module shows no more at one time.
const TOKENS_MAX: usize = 4;

/// A larger file is none of ours.
const FILE_MAX: u64 = 4 * 1024 * 1024;

/// The file of the tokens that were in last.
#[derive(Clone, Debug)]
pub struct LastSeen {
    file: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct KeptToken {
    info: TokenInfo,
    certificates: Vec<KeptCertificate>,
}

#[derive(Serialize, Deserialize)]
struct KeptCertificate {
    label: String,
    der: String,
    key: Option<KeyHandle>,
}

impl LastSeen {
    /// Kept in that folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            file: folder.join(FILE),
        }
    }

    /// The file; the installer takes it away again.
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// The tokens of the file. One that can't be read or understood holds none.
    pub(super) fn read(&self) -> Vec<Known> {
        let tokens = self.bytes().ok().and_then(|bytes| parse(&bytes));
        let tokens = tokens.unwrap_or_default().into_iter().take(TOKENS_MAX);
        tokens
            .map(|token| Known {
                reading: token.into_reading(),
                since: 0,
                seen_since: 0,
            })
            .collect()
    }

    /// Keeps these. Without a place for them, the next browser has to be shown
    /// the token before it starts, as if it were the first.
    pub(super) fn write(&self, tokens: &[Reading]) {
        let kept: Vec<KeptToken> = tokens.iter().take(TOKENS_MAX).map(kept).collect();
        let Ok(json) = serde_json::to_vec_pretty(&kept) else {
            return;
        };
        if self.bytes().is_ok_and(|bytes| bytes == json) {
            return;
        }
        if let Err(error) = self.replace(&json) {
            tracing::warn!(%error, "the tokens that were seen can't be noted");
        }
    }

    fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(&self.file)?
            .take(FILE_MAX)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn replace(&self, json: &[u8]) -> io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(folder)?;
        // Readable by its owner alone: tempfile's own mode is 0600.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(json)?;
        file.persist(&self.file)
            .map(drop)
            .map_err(|error| error.error)
    }
}

fn parse(bytes: &[u8]) -> Option<Vec<KeptToken>> {
    serde_json::from_slice(bytes)
        .inspect_err(|error| tracing::warn!(%error, "the file of seen tokens is damaged"))
        .ok()
}

fn kept(reading: &Reading) -> KeptToken {
    KeptToken {
        info: reading.info.clone(),
        certificates: reading
            .certificates
            .iter()
            .map(|found| KeptCertificate {
                label: found.label.clone(),
                der: STANDARD.encode(&found.der),
                key: found.key.clone(),
            })
            .collect(),
    }
}

impl KeptToken {
    fn into_reading(self) -> Reading {
        let certificates = self.certificates.into_iter().take(CERTIFICATES_MAX);
        // The card alone knows the tries, and is asked before anybody types.
        let pin = PinStatus::default();
        let certificates = certificates.filter_map(KeptCertificate::into_certificate);
        Reading::of(self.info, pin, certificates.collect())
    }
}

impl KeptCertificate {
    fn into_certificate(self) -> Option<TokenCertificate> {
        let der = STANDARD.decode(self.der).ok()?;
        (der.len() <= CERTIFICATE_MAX).then(|| TokenCertificate {
            parsed: Certificate::from_der(&der),
            der,
            label: self.label,
            id: vec![],
            authority: false,
            has_private_key: self.key.is_some(),
            key: self.key,
        })
    }
}

#[cfg(test)]
mod tests {
    use kagibashi_token::{Curve, KeyKind, Layout};

    use super::*;

    fn reading(serial: &str) -> Reading {
        let certificate = KeptCertificate {
            label: "山田 太郎".into(),
            der: STANDARD.encode([0x30, 0x00]),
            key: Some(KeyHandle {
                reader: "r".into(),
                serial: serial.into(),
                reference: 0x2900,
                kind: KeyKind::Rsa(2048),
                public_key: vec![1, 2, 3],
            }),
        };
        let info = TokenInfo {
            label: "デモトークン".into(),
            serial: serial.into(),
            manufacturer: "m".into(),
            model: "ePass2003".into(),
            firmware: "01.00.11".into(),
            reader: "r".into(),
            layout: Some(Layout::Pkcs15),
            secure_messaging: None,
        };
        let token = KeptToken {
            info,
            certificates: vec![certificate],
        };
        token.into_reading()
    }

    #[test]
    fn what_was_written_is_read_by_the_next_browser() {
        let folder = tempfile::tempdir().unwrap();
        let file = LastSeen::in_folder(&folder.path().join("not there yet"));
        assert!(file.read().is_empty());
        file.write(&[reading("01"), reading("02")]);
        let known = file.read();
        assert_eq!(known.len(), 2);
        assert!(known[0].is_same_as(&reading("01")));
        assert!(!known[1].is_same_as(&reading("01")));
        assert!(known[0].can_sign());
        assert_eq!(known[0].reading.info.label, "デモトークン");
        assert_eq!(
            known[0].reading.certificates[0].shown.holder.as_str(),
            "山田 太郎"
        );
    }

    #[test]
    fn a_damaged_or_huge_file_holds_no_token() {
        let folder = tempfile::tempdir().unwrap();
        let file = LastSeen::in_folder(folder.path());
        file.write(&[reading("01")]);
        let whole = fs::read(folder.path().join(FILE)).unwrap();
        for damaged in [&b""[..], &whole[..whole.len() / 2], b"\xff", b"{}", b"[{}]"] {
            fs::write(folder.path().join(FILE), damaged).unwrap();
            assert!(file.read().is_empty());
        }
        let huge = [b"[".as_slice(), &vec![b' '; 5 << 20], &whole[1..]].concat();
        fs::write(folder.path().join(FILE), huge).unwrap();
        assert!(file.read().is_empty());
        file.write(&[reading("01")]);
        assert_eq!(file.read().len(), 1);
    }

    #[test]
    fn keys_of_every_kind_are_kept_and_those_of_an_older_program_known() {
        let mut key = reading("01").certificates[0].key.clone().unwrap();
        let kept = serde_json::to_value(&key).unwrap();
        assert_eq!(kept["modulus_bits"], 2048);
        assert_eq!(
            serde_json::from_value::<KeyHandle>(kept.clone()).unwrap(),
            key
        );
        key.kind = KeyKind::EllipticCurve(Curve::P384);
        let kept = serde_json::to_value(&key).unwrap();
        assert_eq!(kept["curve"], "P-384");
        assert_eq!(serde_json::from_value::<KeyHandle>(kept).unwrap(), key);
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_the_file() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        LastSeen::in_folder(folder.path()).write(&[reading("01")]);
        let mode = fs::metadata(folder.path().join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
