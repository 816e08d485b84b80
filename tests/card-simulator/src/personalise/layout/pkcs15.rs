//! The file tree of a token as `pkcs15-init --profile pkcs15+onepin` lays it out, filled.

use std::time::{SystemTime, UNIX_EPOCH};

use der::{DateTime, Decode, Encode};
use rsa::RsaPublicKey;
use rsa::pkcs1::EncodeRsaPublicKey;
use rsa::traits::PublicKeyParts;
use sha1::{Digest, Sha1};
use x509_cert::Certificate;

use super::Issue;
use crate::access::AccessBytes;
use crate::file::{Body, File, MASTER_FILE, RecordBytes, Records};
use crate::personalise::file::{
    OPEN, STEP, directory, exact, private_key, secret_keys, transparent, unblocking_pin, user_pin,
};
use crate::personalise::pkcs15::Directory::{
    Authentication, Certificates, PrivateKeys, PublicKeys,
};
use crate::personalise::pkcs15::{self, Key, Origin};
use crate::personalise::{Entry, Request};

/// Everyone reads, who knows the PIN changes and deletes.
const DIRECTORY_FILE: AccessBytes = AccessBytes::new([0x90, 0x96, 0xFF, 0x96]);
/// OpenSC creates a file meant to have 256 bytes with 1300 (hex).
const MISTAKEN_256: usize = 0x1300;

/// iD of the first generated key: what `pkcs15-init` was told by custom.
const FIRST_ID: u8 = 0x45;

/// The whole tree.
pub fn master_file(issue: &Issue) -> File {
    let label = &issue.request.label;
    let application_record = RecordBytes(pkcs15::application(label));
    directory(
        MASTER_FILE,
        b"entersafe-fips",
        vec![
            secret_keys(0x5300, 4, Vec::new()),
            File {
                id: 0x2F00,
                access: AccessBytes::new([0x90; 4]),
                body: Body::Records(Records {
                    longest: 0x40,
                    records: vec![application_record],
                }),
            },
            directory(0x5015, &pkcs15::AID, application(issue)),
        ],
    )
}

fn application(issue: &Issue) -> Vec<File> {
    let Request {
        settings,
        pin,
        puk,
        tries,
        label,
        now,
        ..
    } = issue.request;
    let keys: Vec<Key> = (0..)
        .zip(issue.entries)
        .map(|(reference, entry)| describe(reference, entry))
        .collect();
    let public_keys: Vec<&Key> = keys
        .iter()
        .filter(|key| matches!(key.origin, Origin::Generated))
        .collect();

    let private: Vec<u8> = keys.iter().flat_map(pkcs15::private_key).collect();
    let public: Vec<u8> = public_keys
        .iter()
        .flat_map(|key| pkcs15::public_key(key))
        .collect();
    let mut directories = vec![
        (Authentication, 0x4401),
        (PrivateKeys, 0x4402),
        (Certificates, 0x4404),
    ];
    if !public.is_empty() {
        directories.push((PublicKeys, 0x4403));
    }
    let directory_of_certificates = certificate_directory(issue, &keys);
    let token_info = pkcs15::token_info(settings.serial, label, &date(*now));
    let mut files = vec![
        secret_keys(
            0x5301,
            0x20,
            vec![user_pin(pin, *tries), unblocking_pin(puk, *tries)],
        ),
        transparent(0x9F00, OPEN, &[*tries, *tries], 2),
        transparent(
            0x5031,
            DIRECTORY_FILE,
            &pkcs15::object_directory(&directories),
            512,
        ),
        transparent(0x5032, DIRECTORY_FILE, &token_info, 128),
        transparent(0x5033, DIRECTORY_FILE, &[], 128),
        transparent(0x4401, DIRECTORY_FILE, &pkcs15::user_pin(), MISTAKEN_256),
        transparent(0x4402, DIRECTORY_FILE, &private, private.len().max(1024)),
        transparent(0x4403, DIRECTORY_FILE, &public, public.len().max(1024)),
        transparent(
            0x4404,
            DIRECTORY_FILE,
            &directory_of_certificates,
            directory_of_certificates.len().max(2048),
        ),
        transparent(0x4405, DIRECTORY_FILE, &[], MISTAKEN_256),
        transparent(0x4946, DIRECTORY_FILE, b"\x01\x06pkcs15\x02\x06onepin", 128),
    ];
    for (number, entry) in (0..).zip(issue.entries) {
        files.push(private_key(0x2900 + STEP * number, &entry.key));
        if !entry.imported {
            let public = RsaPublicKey::from(&entry.key)
                .to_pkcs1_der()
                .expect("an RSA key encodes");
            files.push(exact(0x3000 + STEP * number, public.as_bytes()));
        }
    }
    for (number, certificate) in (0..).zip(certificates(issue)) {
        files.push(exact(0x3100 + STEP * number, certificate));
    }
    files
}

/// Clients in the order of their keys, then the chain upwards.
fn certificates<'a>(issue: &'a Issue) -> impl Iterator<Item = &'a [u8]> {
    let clients = issue
        .entries
        .iter()
        .map(|entry| entry.certificate.as_slice());
    clients.chain(
        issue
            .authorities
            .iter()
            .map(|authority| authority.certificate()),
    )
}

fn certificate_directory(issue: &Issue, keys: &[Key]) -> Vec<u8> {
    let clients = keys
        .iter()
        .map(|key| pkcs15::certificate(key.label, &key.id, key.reference, false));
    let first = u8::try_from(keys.len()).expect("a card has at most eight keys");
    let authorities = (first..)
        .zip(issue.authorities)
        .map(|(reference, authority)| {
            // OpenSC counts on from the holder's iD for the certificates that come with it.
            let mut id = keys[0].id.clone();
            if let Some(last) = id.last_mut() {
                *last = last.wrapping_add(reference);
            }
            pkcs15::certificate(authority.common_name(), &id, reference, true)
        });
    clients.chain(authorities).flatten().collect()
}

fn describe(reference: u8, entry: &Entry) -> Key<'_> {
    let (id, origin) = if entry.imported {
        let mut id = Sha1::digest(entry.key.n().to_bytes_be()).to_vec();
        // Room to count on.
        id[19] = 0;
        (
            id,
            Origin::Imported {
                subject: subject(&entry.certificate),
            },
        )
    } else {
        (vec![FIRST_ID + reference], Origin::Generated)
    };
    Key {
        label: &entry.label,
        id,
        reference,
        bits: 2048,
        origin,
    }
}

fn subject(certificate: &[u8]) -> Vec<u8> {
    let certificate = Certificate::from_der(certificate).expect("a certificate made here decodes");
    certificate
        .tbs_certificate
        .subject
        .to_der()
        .expect("what was decoded encodes")
}

/// As ASN.1 writes a generalized time: `YYYYMMDDHHMMSSZ`.
fn date(now: SystemTime) -> String {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let date =
        DateTime::from_unix_duration(since).expect("the demo takes place before the year 9999");
    format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}Z",
        date.year(),
        date.month(),
        date.day(),
        date.hour(),
        date.minutes(),
        date.seconds()
    )
}
