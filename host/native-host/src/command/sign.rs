//! `sign`: signs a hash that a page made, if the site holds a grant.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kagibashi_protocol::message::Outcome;
use kagibashi_protocol::object::{self, CryptoAlgorithm, PaddingScheme};
use kagibashi_protocol::request::Sign;
use kagibashi_protocol::view::{Answer, View};
use kagibashi_protocol::{ErrorCode, Failure};
use kagibashi_token::algorithm::Scheme;
use kagibashi_token::{HashFunction, KeyKind, Signable, SignatureAlgorithm, TokenError};

use crate::command::choice::{Choice, Wanted};
use crate::command::signature;
use crate::grant::Grants;
use crate::inventory::Inventory;
use crate::prompt::{Happening, Prompt};

/// Asks for the site's grant if it holds none yet, then for the PIN.
///
/// A bare hash may be anything, also the challenge of another site, and the
/// keys of these tokens can sign in: hence the grant.
pub fn sign(
    request: &Sign,
    grants: &Grants,
    inventory: &Inventory,
    prompt: &mut dyn Prompt,
) -> Result<Outcome, Failure> {
    let wanted = Wanted::Exactly(request.certificate.clone());
    let mut choice = Choice::offer(prompt, &wanted, inventory)?;
    if !grants.holds(&request.origin)? {
        choice = ask_for_grant(prompt, &wanted, inventory, choice)?;
        grants.give(&request.origin)?;
    }
    let hash = Signable::Digest(&request.hash);
    let signed = signature::sign(prompt, &wanted, inventory, choice, &mut |logged_in, key| {
        let algorithm = algorithm(key.kind.usual_scheme(), request.hash_function)?;
        logged_in.sign_content(key, algorithm, hash)
    })?;
    Ok(Outcome::Sign {
        signature: STANDARD.encode(&signed.signature),
        signature_algorithm: algorithm_shown(signed.kind, request.hash_function),
    })
}

fn ask_for_grant(
    prompt: &mut dyn Prompt,
    wanted: &Wanted,
    inventory: &Inventory,
    mut choice: Choice,
) -> Result<Choice, Failure> {
    loop {
        prompt.show(View::GrantSigning {
            certificate: choice.first()?.shown.clone(),
        })?;
        match prompt.next()? {
            Happening::TokensChanged => choice = Choice::offer(prompt, wanted, inventory)?,
            Happening::Answered(Answer::Grant { grant: true }) => return Ok(choice),
            Happening::Answered(Answer::Grant { grant: false }) => {
                return Err(ErrorCode::SigningNotGranted.into());
            }
            Happening::Answered(_) => {}
        }
    }
}

/// The token's algorithm of that scheme for a page's hash function.
pub fn algorithm(
    scheme: Scheme,
    hash_function: object::HashFunction,
) -> Result<SignatureAlgorithm, TokenError> {
    let hash_function = match hash_function {
        object::HashFunction::Sha256 => HashFunction::Sha256,
        object::HashFunction::Sha384 => HashFunction::Sha384,
        object::HashFunction::Sha512 => HashFunction::Sha512,
    };
    SignatureAlgorithm::new(scheme, hash_function).ok_or(TokenError::AlgorithmUnsupported)
}

/// What is said of a signature by a key of that kind over a page's hash.
pub fn algorithm_shown(
    kind: KeyKind,
    hash_function: object::HashFunction,
) -> object::SignatureAlgorithm {
    let (crypto_algorithm, padding_scheme) = match kind {
        KeyKind::Rsa(_) => (CryptoAlgorithm::Rsa, PaddingScheme::Pkcs1),
        KeyKind::EllipticCurve(_) => (CryptoAlgorithm::Ecc, PaddingScheme::None),
    };
    object::SignatureAlgorithm {
        crypto_algorithm,
        hash_function,
        padding_scheme,
    }
}
