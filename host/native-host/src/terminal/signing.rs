//! `authenticate`, `sign` and `sites`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kagibashi_protocol::object::HashFunction;
use kagibashi_protocol::request::Authenticate;
use kagibashi_protocol::{ErrorCode, Failure, Origin};
use kagibashi_token::Signable;
use kagibashi_token::algorithm::Scheme;

use super::Outcome;
use super::arguments::{AuthenticateArgs, PaddingName, SignArgs};
use super::conversation::Conversation;
use super::print;
use crate::command::choice::{Choice, Wanted};
use crate::command::signature;
use crate::command::{authenticate, sign};
use crate::grant::Grants;
use crate::inventory::Inventory;
use crate::language::Language;

/// Signs a challenge and prints the authentication token.
pub fn authenticate(typed: &AuthenticateArgs, language: Language) -> Outcome {
    let request = Authenticate::new(Origin::parse(&typed.origin)?, typed.nonce.clone())?;
    let mut prompt = Conversation::new(language, typed.pin.clone(), typed.certificate.clone());
    let token = authenticate::authenticate(&request, &Inventory::empty(), &mut prompt)?;
    Ok(print::json(&token)?)
}

/// Signs a hash and prints the signature. The person at the terminal is the
/// one who asks, so no site's grant is needed.
pub fn sign(typed: &SignArgs, language: Language) -> Outcome {
    let hash_function = HashFunction::from_name(&typed.hash_function)
        .ok_or_else(|| Failure::new(ErrorCode::UnknownHashFunction))?;
    let hash = hex::decode(&typed.hash)
        .ok()
        .filter(|hash| hash.len() == hash_function.size())
        .ok_or_else(|| Failure::new(ErrorCode::InvalidHash))?;
    let scheme = typed.padding.map(|padding| match padding {
        PaddingName::Pkcs1 => Scheme::Pkcs1,
        PaddingName::Pss => Scheme::Pss,
    });
    let wanted = Wanted::Named(typed.certificate.clone());
    let mut prompt =
        Conversation::new(language, typed.pin.clone(), Some(typed.certificate.clone()));
    let inventory = Inventory::empty();
    let choice = Choice::offer(&mut prompt, &wanted, &inventory)?;
    let hash = Signable::Digest(&hash);
    let signed = signature::sign(
        &mut prompt,
        &wanted,
        &inventory,
        choice,
        &mut |logged_in, key| {
            let scheme = scheme.unwrap_or(key.kind.usual_scheme());
            let algorithm = sign::algorithm(scheme, hash_function)?;
            logged_in.sign_content(key, algorithm, hash)
        },
    )?;
    Ok(print::lines([STANDARD.encode(&signed.signature)])?)
}

/// Prints the sites that hold a grant.
pub fn list_sites(grants: &Grants, json: bool) -> Outcome {
    let grants = grants.list()?;
    if json {
        return Ok(print::json(&grants)?);
    }
    Ok(print::lines(grants.iter().map(|grant| &grant.origin))?)
}

/// Takes a site's grant back.
pub fn revoke_site(grants: &Grants, origin: &str, language: Language) -> Outcome {
    let origin = Origin::parse(origin)?;
    let revoked = grants.revoke(&origin)?;
    Ok(print::lines([match (revoked, language) {
        (true, Language::Japanese) => format!("{origin} の許可を取り消しました。"),
        (true, Language::English) => format!("The grant of {origin} was taken back."),
        (false, Language::Japanese) => format!("{origin} には許可がありませんでした。"),
        (false, Language::English) => format!("{origin} held no grant."),
    }])?)
}
