//! What an authority is for, in the flags of NSS.

use std::collections::BTreeSet;

use kagibashi_token::Certificate;
use kagibashi_token::certificate::chain;

use crate::command::certificate_by_id::CertificateById;

/// Trust flags as certutil takes them: for TLS, e-mail and code. `C` lets it
/// vouch for servers (in the first) or for what the place is for, `T` for
/// clients.
///
/// By the authority's own purposes, or else by those of the certificates on the
/// token that lead up to it; if these say nothing either, for clients, which is
/// what tokens are for.
pub fn flags(authority: &CertificateById) -> String {
    let own = purposes(authority.found.parsed.as_ref());
    let purposes = if own.is_empty() {
        issued_by(authority)
    } else {
        own
    };
    let has = |oid: &str| purposes.contains(oid);
    let [server, email, code] = [
        "1.3.6.1.5.5.7.3.1",
        "1.3.6.1.5.5.7.3.4",
        "1.3.6.1.5.5.7.3.3",
    ]
    .map(|oid| if has(oid) { "C" } else { "" });
    let nothing = [server, email, code].iter().all(|flag| flag.is_empty());
    let client = if has("1.3.6.1.5.5.7.3.2") || nothing {
        "T"
    } else {
        ""
    };
    format!("{server}{client},{email},{code}")
}

fn purposes(certificate: Option<&Certificate>) -> BTreeSet<String> {
    let extended = certificate.and_then(|it| it.extended_key_usage.as_ref());
    extended.into_iter().flatten().cloned().collect()
}

fn issued_by(authority: &CertificateById) -> BTreeSet<String> {
    let all: Vec<&Certificate> = authority
        .beside
        .iter()
        .filter_map(|found| found.parsed.as_ref())
        .collect();
    let id = &authority.found.shown.id;
    all.iter()
        .filter(|leaf| {
            let above = chain(leaf, all.iter().copied());
            above.iter().skip(1).any(|it| it.fingerprint == *id)
        })
        .flat_map(|leaf| purposes(Some(leaf)))
        .collect()
}
