//! `sign`: signs a hash that a page made, if the site holds a grant.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kagibashi_protocol::message::Outcome;
use kagibashi_protocol::object::{self, PaddingScheme};
use kagibashi_protocol::request::Sign;
use kagibashi_protocol::view::{Answer, View};
use kagibashi_protocol::{ErrorCode, Failure};
use kagibashi_token::algorithm::Padding;
use kagibashi_token::{Signable, SignatureAlgorithm};

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
    let algorithm = algorithm(request.hash_function, Padding::Pkcs1);
    let hash = Signable::Digest(&request.hash);
    let signed = signature::sign(prompt, &wanted, inventory, choice, algorithm, hash)?;
    Ok(Outcome::Sign {
        signature: STANDARD.encode(&signed.signature),
        signature_algorithm: object::SignatureAlgorithm {
            crypto_algorithm: "RSA",
            hash_function: request.hash_function,
            padding_scheme: PaddingScheme::Pkcs1,
        },
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

/// The token's algorithm for a page's hash function.
pub fn algorithm(hash_function: object::HashFunction, padding: Padding) -> SignatureAlgorithm {
    match (padding, hash_function) {
        (Padding::Pkcs1, object::HashFunction::Sha256) => SignatureAlgorithm::Rs256,
        (Padding::Pkcs1, object::HashFunction::Sha384) => SignatureAlgorithm::Rs384,
        (Padding::Pkcs1, object::HashFunction::Sha512) => SignatureAlgorithm::Rs512,
        (Padding::Pss, object::HashFunction::Sha256) => SignatureAlgorithm::Ps256,
        (Padding::Pss, object::HashFunction::Sha384) => SignatureAlgorithm::Ps384,
        (Padding::Pss, object::HashFunction::Sha512) => SignatureAlgorithm::Ps512,
    }
}
