//! Issues tokens: files, PINs, keys and certificates as a Japanese certificate service
//! would hand them out, in the PKCS#15 layout that OpenSC writes or in the maker's own.
//!
//! The same [`Request`] gives the same keys and, for the same `now`, the same
//! certificates.

mod authority;
mod file;
mod layout;
mod pkcs15;

use std::time::{Duration, SystemTime};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rsa::RsaPrivateKey;

use self::authority::{Authority, Holder};
use self::layout::Issue;
use crate::card::Card;
use crate::settings::Settings;

pub use self::layout::{Attributes, Layout};

const DAY: Duration = Duration::from_hours(24);

/// What a token shall be like.
#[derive(Debug, Clone)]
pub struct Request {
    /// The card; its seed decides the keys too.
    pub settings: Settings,
    /// User PIN, 4 to 16 ASCII characters.
    pub pin: String,
    /// PUK, likewise.
    pub puk: String,
    /// Tries of PIN and PUK, 1 to 15.
    pub tries: u8,
    /// Name of the token, up to 32 bytes of UTF-8 by the custom of PKCS#11.
    pub label: String,
    /// The day of issue.
    pub now: SystemTime,
    /// How its files are arranged.
    pub layout: Layout,
}

impl Default for Request {
    fn default() -> Self {
        Request {
            settings: Settings::default(),
            pin: "12345678".to_owned(),
            puk: "87654321".to_owned(),
            tries: 10,
            label: "デモトークン".to_owned(),
            now: SystemTime::now(),
            layout: Layout::Pkcs15,
        }
    }
}

/// A token and what there is to know about it. Certificates are DER.
#[derive(Debug, Clone)]
pub struct Token {
    /// The card, ready for use.
    pub card: Card,
    /// The trust anchor.
    pub root: Vec<u8>,
    /// Issued by the root, issues the clients.
    pub intermediate: Vec<u8>,
    /// The holder's certificates, by key reference: key n is in file 2900 + 20n (hex), in the
    /// maker's layout in A020 + 20n.
    pub clients: Vec<Vec<u8>>,
}

/// A company's token: one key, made on the card, one valid client certificate, its chain.
pub fn company(request: &Request) -> Token {
    issue(
        request,
        false,
        &[Term {
            not_before: DAY,
            days: 730,
            certificate_id: "FC12345678",
        }],
    )
}

/// A renewed token: two keys, each stored from a PKCS#12 file with its client certificate,
/// the second expired a month before `now`.
pub fn two_certificates(request: &Request) -> Token {
    let terms = [
        Term {
            not_before: 20 * DAY,
            days: 730,
            certificate_id: "FC23456789",
        },
        Term {
            not_before: 760 * DAY,
            days: 730,
            certificate_id: "FC12345678",
        },
    ];
    issue(request, true, &terms)
}

/// A token that was set up and given to nobody: PINs, and nothing to sign with.
pub fn without_certificates(request: &Request) -> Token {
    issue(request, false, &[])
}

/// A token that is full: the layout has room for eight certificates. Six keys with a valid
/// client certificate each, and the chain.
pub fn eight_certificates(request: &Request) -> Token {
    let terms = [
        "FC10000001",
        "FC10000002",
        "FC10000003",
        "FC10000004",
        "FC10000005",
        "FC10000006",
    ]
    .map(|certificate_id| Term {
        not_before: DAY,
        days: 730,
        certificate_id,
    });
    issue(request, true, &terms)
}

/// A key pair, its certificate, and what both are called.
struct Entry {
    label: String,
    key: RsaPrivateKey,
    certificate: Vec<u8>,
    /// Whether the key came from a PKCS#12 file and not from the card itself.
    imported: bool,
}

/// One certificate to issue: begun how long before now, valid how many days.
struct Term {
    not_before: Duration,
    days: u32,
    certificate_id: &'static str,
}

fn issue(request: &Request, imported: bool, terms: &[Term]) -> Token {
    let mut rng = ChaCha20Rng::seed_from_u64(request.settings.seed);
    let root = Authority::root(&mut rng, request.now);
    let intermediate = root.subordinate(&mut rng, request.now);
    let entries: Vec<Entry> = terms
        .iter()
        .map(|term| {
            let holder = Holder {
                name: "山田 太郎",
                organization: "株式会社サンプル",
                certificate_id: term.certificate_id,
            };
            let key = authority::generate(&mut rng);
            let certificate = intermediate.issue(
                &mut rng,
                &key,
                &holder,
                request.now - term.not_before,
                term.days,
            );
            Entry {
                label: format!("{} {}", holder.name, holder.certificate_id),
                key,
                certificate,
                imported,
            }
        })
        .collect();
    let clients = entries
        .iter()
        .map(|entry| entry.certificate.clone())
        .collect();
    let authorities = [&intermediate, &root];
    let master_file = layout::master_file(&Issue {
        request,
        entries: &entries,
        // They come with the certificates of whom they vouch for.
        authorities: if entries.is_empty() {
            &[]
        } else {
            &authorities
        },
    });
    Token {
        card: Card::with_files(request.settings.clone(), Some(master_file)),
        root: root.certificate().to_vec(),
        intermediate: intermediate.certificate().to_vec(),
        clients,
    }
}
