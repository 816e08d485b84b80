//! Who issued whom.

use super::Certificate;

/// The certificates from `leaf` up to its root, as far as they are among `candidates`. Issuers are
/// found by name and, where both sides have one, by key identifier; no signature is checked.
pub fn chain<'a>(
    leaf: &'a Certificate,
    candidates: impl IntoIterator<Item = &'a Certificate>,
) -> Vec<&'a Certificate> {
    let candidates: Vec<&Certificate> = candidates.into_iter().collect();
    let mut chain = vec![leaf];
    let mut last = leaf;
    while let Some(issuer) = candidates
        .iter()
        .find(|candidate| issued(candidate, last) && !chain.iter().any(|found| found == *candidate))
    {
        chain.push(issuer);
        last = issuer;
    }
    chain
}

fn issued(issuer: &Certificate, certificate: &Certificate) -> bool {
    let identifiers_agree = match (&certificate.authority_key_id, &issuer.subject_key_id) {
        (Some(wanted), Some(found)) => wanted == found,
        _ => true,
    };
    certificate.issuer.der == issuer.subject.der && identifiers_agree
}
