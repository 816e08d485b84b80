//! Which certificates may be chosen for a purpose, and waiting for a token
//! that holds one.

use std::collections::{BTreeSet, HashMap};

use kagibashi_protocol::object::{self, CertificateState, PinStatus};
use kagibashi_protocol::view::View;
use kagibashi_protocol::{ErrorCode, Failure, Text};
use kagibashi_token::Token;

use crate::command::found::{Found, names};
use crate::command::status;
use crate::command::survey::Survey;
use crate::inventory::Inventory;
use crate::prompt::{Happening, Prompt};

/// Which certificates of the tokens may be chosen.
pub enum Wanted {
    /// Those that may sign in to a site.
    Authentication,
    /// Those that may sign documents.
    Signing,
    /// The one of this DER.
    Exactly(Vec<u8>),
    /// The one whose id begins so, for any signature.
    Named(String),
    /// The one of this id, to sign in to a site; on this token, if it is known
    /// on which.
    Handshake(String, Option<Text>),
    /// Any of the token of this id that a key belongs to, to log in to the token.
    OnToken(Text),
}

impl Wanted {
    /// Whether the certificate is worth showing for this purpose.
    fn fits(&self, found: &Found) -> bool {
        match self {
            Self::Authentication | Self::Signing => {
                found.shown.state != CertificateState::Authority
            }
            Self::Exactly(der) => found.der == *der,
            Self::Named(prefix) => names(prefix, &found.shown.id),
            Self::Handshake(id, token) => {
                found.shown.id == *id && token.as_ref().is_none_or(|it| found.shown.token == *it)
            }
            Self::OnToken(token) => found.shown.token == *token && found.key.is_some(),
        }
    }

    /// The one token that will do, if it has to be a certain one.
    fn token(&self) -> Option<&Text> {
        match self {
            Self::Handshake(_, token) => token.as_ref(),
            Self::OnToken(token) => Some(token),
            Self::Authentication | Self::Signing | Self::Exactly(_) | Self::Named(_) => None,
        }
    }

    /// Why the certificate can't be used for this purpose, if it can't.
    fn state(&self, found: &Found) -> CertificateState {
        let purpose = match self {
            Self::Authentication | Self::Handshake(..) => found.shown.can_authenticate,
            Self::Signing | Self::Exactly(_) | Self::Named(_) => found.can_sign,
            Self::OnToken(_) => true,
        };
        match found.shown.state {
            CertificateState::Usable if !purpose => CertificateState::WrongPurpose,
            CertificateState::Usable if found.key.is_none() => CertificateState::NoPrivateKey,
            // The browser has offered it already; whether the server takes it
            // is the server's to say.
            CertificateState::Expired | CertificateState::NotYetValid
                if matches!(self, Self::Handshake(..)) && found.key.is_some() =>
            {
                CertificateState::Usable
            }
            // Nothing is signed yet.
            _ if matches!(self, Self::OnToken(_)) => CertificateState::Usable,
            state => state,
        }
    }

    /// What to say when tokens were read and nothing fits.
    fn missing(&self) -> ErrorCode {
        match self {
            Self::Authentication | Self::Signing | Self::OnToken(_) => {
                ErrorCode::NoUsableCertificate
            }
            Self::Exactly(_) | Self::Named(_) | Self::Handshake(..) => {
                ErrorCode::CertificateNotFound
            }
        }
    }
}

/// The certificates that a window shows for one purpose.
pub struct Choice {
    survey: Survey,
    certificates: Vec<Found>,
    /// By reader: tokens that were read and let go, ready to be taken up again
    /// without a new session.
    paused: HashMap<String, Box<dyn Token>>,
}

impl Choice {
    /// Reads the tokens until one holds a usable certificate, waiting for the
    /// person to plug one in.
    pub fn offer(
        prompt: &mut dyn Prompt,
        wanted: &Wanted,
        inventory: &Inventory,
    ) -> Result<Self, Failure> {
        loop {
            let cancel = prompt.cancel().clone();
            let mut reading = |reader: &str| {
                prompt.show(View::ReadingToken {
                    reader: reader.into(),
                })
            };
            let token = wanted.token();
            let survey = match wanted {
                // The browser has chosen, and a handshake does not wait long.
                Wanted::Handshake(..) => Survey::of_tries(token, &cancel, inventory, &mut reading),
                _ => Survey::take(token, &cancel, inventory, &mut reading),
            }
            .map_err(|failure| end(prompt, failure))?;
            if let Wanted::OnToken(token) = wanted {
                survey.check_holds(token)?;
            }
            let mut choice = Self::of(survey, wanted);
            if choice.certificates.iter().any(is_usable) {
                return Ok(choice);
            }
            if choice.survey.tokens.is_empty() {
                choice.add_absent(wanted, inventory);
            }
            let reason = match choice.survey.trouble {
                // Pulled out while it was read: what matters is that it is wanted.
                Some(ErrorCode::TokenRemoved) if choice.survey.tokens.is_empty() => {
                    ErrorCode::NoToken
                }
                Some(code) if choice.survey.tokens.is_empty() => code,
                _ => wanted.missing(),
            };
            prompt.show(choice.waiting(reason))?;
            while !matches!(prompt.next()?, Happening::TokensChanged) {}
        }
    }

    fn of(mut survey: Survey, wanted: &Wanted) -> Self {
        let mut certificates: Vec<Found> = survey
            .certificates
            .iter()
            .filter(|found| wanted.fits(found))
            .cloned()
            .collect();
        for found in &mut certificates {
            found.shown.state = wanted.state(found);
        }
        certificates.sort_by_key(|found| !is_usable(found));
        Self {
            paused: std::mem::take(&mut survey.paused),
            survey,
            certificates,
        }
    }

    /// Shows whom to wait for, when that is known.
    fn add_absent(&mut self, wanted: &Wanted, inventory: &Inventory) {
        for reading in inventory.absent() {
            self.survey.absent.push(reading.token_shown());
            for mut found in reading.certificates {
                if wanted.fits(&found) && wanted.state(&found) == CertificateState::Usable {
                    found.shown.state = CertificateState::TokenOut;
                    self.certificates.push(found);
                }
            }
        }
    }

    fn waiting(&self, reason: ErrorCode) -> View {
        View::WaitingForToken {
            reason,
            readers: status::readers_shown(&self.survey.readers),
            certificates: self.shown(),
            tokens: self.tokens(),
        }
    }

    /// The view that asks for a certificate alone.
    pub fn certificates_view(&self) -> View {
        View::ChooseCertificate {
            tokens: self.tokens(),
            certificates: self.shown(),
        }
    }

    /// The view that asks for a PIN.
    pub fn pin_view(&self, notice: Option<ErrorCode>, chosen: Option<object::Choice>) -> View {
        View::EnterPin {
            tokens: self.tokens(),
            certificates: self.shown(),
            notice,
            chosen,
        }
    }

    fn shown(&self) -> Vec<object::Certificate> {
        self.certificates
            .iter()
            .map(|found| found.shown.clone())
            .collect()
    }

    /// The tokens that the certificates are on.
    fn tokens(&self) -> Vec<object::Token> {
        let used: BTreeSet<&str> = self
            .certificates
            .iter()
            .map(|found| found.shown.token.as_str())
            .collect();
        let tokens = self.survey.tokens.iter().chain(&self.survey.absent);
        tokens
            .filter(|token| used.contains(token.id.as_str()))
            .cloned()
            .collect()
    }

    /// The certificates that can be chosen.
    fn all_usable(&self) -> impl Iterator<Item = &Found> {
        self.certificates.iter().filter(|found| is_usable(found))
    }

    /// The usable certificate of that id, on whichever token.
    pub fn usable(&self, id: &str) -> Option<&Found> {
        self.all_usable().find(|found| found.shown.id == id)
    }

    /// The usable certificate that was chosen, on the token it was chosen on.
    pub fn chosen(&self, choice: &object::Choice) -> Option<&Found> {
        self.all_usable()
            .find(|found| found.shown.id == choice.certificate && found.shown.token == choice.token)
    }

    /// The first usable certificate; there is one.
    pub fn first(&self) -> Result<&Found, Failure> {
        let first = self.all_usable().next();
        first.ok_or_else(|| ErrorCode::HostFault.into())
    }

    /// What is known of the PIN of a token.
    pub fn pin(&self, token: &Text) -> Option<PinStatus> {
        self.survey.token(token).map(|token| token.pin)
    }

    /// Whether the PIN of a token is typed there.
    pub fn has_pin_pad(&self, token: &Text) -> bool {
        self.survey.token(token).is_some_and(|token| token.pin_pad)
    }

    /// Notes what a login said about a token's PIN.
    pub fn note_pin(&mut self, token: &Text, status: PinStatus) {
        self.survey.note_pin(token, status);
    }

    /// The token in that reader as it was left when it was read.
    pub fn take_up(&mut self, reader: &str) -> Option<Box<dyn Token>> {
        self.paused.remove(reader)
    }
}

fn is_usable(found: &Found) -> bool {
    found.shown.state == CertificateState::Usable && found.key.is_some()
}

/// A request that was ended while the card worked ends as the person or the
/// page ended it, not as the card noticed it.
pub fn end(prompt: &dyn Prompt, failure: Failure) -> Failure {
    if prompt.cancel().is_cancelled() {
        prompt.ended_by()
    } else {
        failure
    }
}
