//! The certificate of an id on a token that is plugged in now, and the others
//! beside it.

use kagibashi_card::cancel::Cancel;
use kagibashi_protocol::{ErrorCode, Failure};
use kagibashi_token::certificate::chain;

use crate::command::found::Found;
use crate::command::survey::Survey;
use crate::inventory::Inventory;

/// A certificate and its token's others.
pub struct CertificateById {
    /// The one that was asked for.
    pub found: Found,
    /// All of the same token, this one too.
    pub beside: Vec<Found>,
}

impl CertificateById {
    /// Asks the inventory first, and cards only when it does not know them.
    pub fn find(id: &str, inventory: &Inventory, cancel: &Cancel) -> Result<Self, Failure> {
        let known = inventory.snapshot().tokens;
        let of_token = known.into_iter().map(|known| known.reading.certificates);
        if let Some(found) = of_token.into_iter().find_map(|all| Self::among(id, all)) {
            return Ok(found);
        }
        let survey = Survey::in_passing(cancel, inventory)?;
        Self::in_survey(id, &survey).ok_or_else(|| ErrorCode::CertificateNotFound.into())
    }

    /// The one of that id, as the tokens were looked at just now.
    pub fn in_survey(id: &str, survey: &Survey) -> Option<Self> {
        let all = &survey.certificates;
        let token = &all.iter().find(|it| it.shown.id == id)?.shown.token;
        let beside = all.iter().filter(|it| it.shown.token == *token);
        Self::among(id, beside.cloned().collect())
    }

    fn among(id: &str, all: Vec<Found>) -> Option<Self> {
        let found = all.iter().find(|it| it.shown.id == id)?.clone();
        Some(Self { found, beside: all })
    }

    /// The certificates of the token from the issuer of this one to its root,
    /// as far as they are there. Empty for one that can't be read.
    pub fn issuers(&self) -> Vec<&Found> {
        let Some(leaf) = &self.found.parsed else {
            return Vec::new();
        };
        let candidates = self.beside.iter().filter_map(|it| it.parsed.as_ref());
        chain(leaf, candidates)
            .into_iter()
            .skip(1)
            .filter_map(|issuer| {
                let id = &issuer.fingerprint;
                self.beside.iter().find(|it| it.shown.id == *id)
            })
            .collect()
    }
}
