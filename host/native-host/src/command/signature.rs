//! Certificate, PIN, signature: what every signing command has in common.
//!
//! All rules about PIN tries live here, for the window and the terminal alike:
//! a try is spent only on a PIN that was just typed, never repeated, and the
//! last one only after an explicit yes.

use std::collections::BTreeSet;

use kagibashi_protocol::object::{CertificateState, PinStatus};
use kagibashi_protocol::view::{Answer, Stage, View};
use kagibashi_protocol::{ErrorCode, Failure};
use kagibashi_token::{KeyHandle, Pin, SignatureAlgorithm, Token, TokenError, Tokens};
use secrecy::SecretString;

use crate::command::survey::{Found, Survey, names, pin_shown};
use crate::failure;
use crate::prompt::{Happening, Prompt};

/// Which certificates of the tokens may be chosen.
pub enum Wanted {
    /// Those that may sign in to a site.
    Authentication,
    /// Those that may sign documents.
    Signing,
    /// The one of this DER.
    Exactly(Vec<u8>),
    /// The one whose id begins so.
    Named(String),
}

/// A signature and the certificate that confirms it.
pub struct Signed {
    /// The certificate that was chosen.
    pub certificate: Found,
    /// As long as the modulus.
    pub signature: Vec<u8>,
}

/// From how many tries left on the card is asked again before a PIN is sent:
/// another program may have spent some since the survey.
const FEW_TRIES: u8 = 3;

impl Wanted {
    /// Whether the certificate is worth showing for this purpose.
    fn fits(&self, found: &Found) -> bool {
        match self {
            Self::Authentication | Self::Signing => {
                found.shown.state != CertificateState::Authority
            }
            Self::Exactly(der) => found.der == *der,
            Self::Named(prefix) => names(prefix, &found.shown.id),
        }
    }

    /// Why the certificate can't be used for this purpose, if it can't.
    fn state(&self, found: &Found) -> CertificateState {
        let purpose = match self {
            Self::Authentication => found.shown.can_authenticate,
            Self::Signing | Self::Exactly(_) | Self::Named(_) => found.can_sign,
        };
        match found.shown.state {
            CertificateState::Usable if !purpose => CertificateState::WrongPurpose,
            CertificateState::Usable if found.key.is_none() => CertificateState::NoPrivateKey,
            state => state,
        }
    }

    /// What to say when tokens were read and nothing fits.
    fn missing(&self) -> ErrorCode {
        match self {
            Self::Authentication | Self::Signing => ErrorCode::NoUsableCertificate,
            Self::Exactly(_) | Self::Named(_) => ErrorCode::CertificateNotFound,
        }
    }
}

/// The certificates that a window shows for one purpose.
pub struct Choice {
    survey: Survey,
    certificates: Vec<Found>,
}

impl Choice {
    /// Reads the tokens until one holds a usable certificate, waiting for the
    /// person to plug one in.
    pub fn offer(prompt: &mut dyn Prompt, wanted: &Wanted) -> Result<Self, Failure> {
        let mut removed = false;
        loop {
            let cancel = prompt.cancel().clone();
            let survey = Survey::take(&cancel, |reader| {
                prompt.show(View::ReadingToken {
                    reader: reader.into(),
                })
            })
            .map_err(|failure| end(prompt, failure))?;
            let choice = Self::of(survey, wanted);
            if choice.certificates.iter().any(is_usable) {
                return Ok(choice);
            }
            let reason = match choice.survey.trouble {
                Some(ErrorCode::NoToken) if removed => ErrorCode::TokenRemoved,
                Some(code) if choice.survey.tokens.is_empty() => code,
                _ => wanted.missing(),
            };
            removed |= !choice.survey.tokens.is_empty();
            prompt.show(choice.waiting(reason))?;
            while !matches!(prompt.next()?, Happening::TokensChanged) {}
        }
    }

    fn of(survey: Survey, wanted: &Wanted) -> Self {
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
            survey,
            certificates,
        }
    }

    fn waiting(&self, reason: ErrorCode) -> View {
        View::WaitingForToken {
            reason,
            readers: super::status::readers_shown(&self.survey.readers),
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

    fn pin_view(&self, notice: Option<ErrorCode>, chosen: Option<String>) -> View {
        View::EnterPin {
            tokens: self.tokens(),
            certificates: self.shown(),
            notice,
            chosen,
        }
    }

    fn shown(&self) -> Vec<kagibashi_protocol::object::Certificate> {
        self.certificates
            .iter()
            .map(|found| found.shown.clone())
            .collect()
    }

    /// The tokens that the certificates are on.
    fn tokens(&self) -> Vec<kagibashi_protocol::object::Token> {
        let used: BTreeSet<&str> = self
            .certificates
            .iter()
            .map(|found| found.shown.token.as_str())
            .collect();
        self.survey
            .tokens
            .iter()
            .filter(|token| used.contains(token.id.as_str()))
            .cloned()
            .collect()
    }

    /// The usable certificate of that id.
    pub fn usable(&self, id: &str) -> Option<&Found> {
        self.certificates
            .iter()
            .find(|found| found.shown.id == id && is_usable(found))
    }

    /// The first usable certificate; there is one.
    pub fn first(&self) -> Result<&Found, Failure> {
        self.certificates
            .iter()
            .find(|found| is_usable(found))
            .ok_or_else(|| ErrorCode::HostFault.into())
    }
}

fn is_usable(found: &Found) -> bool {
    found.shown.state == CertificateState::Usable && found.key.is_some()
}

/// A request that was ended while the card worked ends as the person or the
/// page ended it, not as the card noticed it.
fn end(prompt: &dyn Prompt, failure: Failure) -> Failure {
    if prompt.cancel().is_cancelled() {
        prompt.ended_by()
    } else {
        failure
    }
}

/// What came of one PIN.
enum Attempt {
    Signed(Vec<u8>),
    /// Ask again in the same window, with this notice and what is known of the PIN now.
    AskAgain(ErrorCode, Option<PinStatus>),
    /// Look at the tokens anew first.
    LookAgain,
}

/// Asks for certificate and PIN until a signature over `digest` is made.
/// `choice` is what the tokens held when they were last looked at.
pub fn sign(
    prompt: &mut dyn Prompt,
    wanted: &Wanted,
    mut choice: Choice,
    algorithm: SignatureAlgorithm,
    digest: &[u8],
) -> Result<Signed, Failure> {
    let mut notice = None;
    let mut chosen = None;
    loop {
        prompt.show(choice.pin_view(notice, chosen.clone()))?;
        let (certificate, pin, confirmed) = match prompt.next()? {
            Happening::TokensChanged => {
                (notice, chosen) = (None, None);
                choice = Choice::offer(prompt, wanted)?;
                continue;
            }
            Happening::Answered(Answer::Pin {
                certificate,
                pin,
                last_try_confirmed,
            }) => (certificate, pin, last_try_confirmed),
            Happening::Answered(_) => continue,
        };
        let Some(found) = choice.usable(&certificate).cloned() else {
            continue;
        };
        chosen = Some(certificate);
        let known = choice
            .survey
            .token(&found.shown.token)
            .map(|token| token.pin);
        let attempt = try_pin(prompt, &found, known, pin, confirmed, algorithm, digest)
            .map_err(|failure| end(prompt, failure))?;
        match attempt {
            Attempt::Signed(signature) => {
                return Ok(Signed {
                    certificate: found,
                    signature,
                });
            }
            Attempt::AskAgain(code, status) => {
                notice = Some(code);
                if let Some(status) = status {
                    choice.survey.note_pin(&found.shown.token, status);
                }
            }
            Attempt::LookAgain => {
                (notice, chosen) = (None, None);
                choice = Choice::offer(prompt, wanted)?;
            }
        }
    }
}

fn try_pin(
    prompt: &mut dyn Prompt,
    found: &Found,
    known: Option<PinStatus>,
    pin: SecretString,
    confirmed: bool,
    algorithm: SignatureAlgorithm,
    digest: &[u8],
) -> Result<Attempt, Failure> {
    let pin = match Pin::new(pin) {
        Ok(pin) => pin,
        Err(error) => return Ok(Attempt::AskAgain(failure::code_of_pin_format(error), None)),
    };
    let key = found.key.as_ref().ok_or(ErrorCode::HostFault)?;
    prompt.show(View::Working {
        stage: Stage::VerifyingPin,
    })?;
    let cancel = prompt.cancel().clone();
    let outcome = Tokens::connect()
        .and_then(|tokens| tokens.open(&key.reader, &cancel))
        .and_then(|mut token| {
            log_in_and_sign(
                prompt,
                token.as_mut(),
                key,
                known,
                &pin,
                confirmed,
                algorithm,
                digest,
            )
        });
    let maximum = known.and_then(|status| status.maximum);
    let status = |tries_left, locked| PinStatus {
        tries_left,
        maximum,
        locked,
    };
    Ok(match outcome {
        Ok(attempt) => attempt,
        Err(TokenError::PinWrong { tries_left }) => Attempt::AskAgain(
            ErrorCode::WrongPin,
            Some(status(tries_left, tries_left == Some(0))),
        ),
        Err(TokenError::PinLocked) => {
            Attempt::AskAgain(ErrorCode::WrongPin, Some(status(Some(0), true)))
        }
        Err(TokenError::SessionStolen) => Attempt::AskAgain(ErrorCode::SessionStolen, None),
        Err(TokenError::ReaderBusy { .. }) => Attempt::AskAgain(ErrorCode::TokenInUse, None),
        Err(
            TokenError::CardRemoved
            | TokenError::NoCard
            | TokenError::NoSuchReader { .. }
            | TokenError::ServiceUnavailable
            | TokenError::WrongToken { .. },
        ) => Attempt::LookAgain,
        Err(error) => {
            tracing::warn!(?error, "no signature");
            return Err(failure::of_token(&error));
        }
    })
}

#[allow(
    clippy::too_many_arguments,
    reason = "one step of `try_pin`, with what it has"
)]
fn log_in_and_sign(
    prompt: &mut dyn Prompt,
    token: &mut dyn Token,
    key: &KeyHandle,
    known: Option<PinStatus>,
    pin: &Pin,
    confirmed: bool,
    algorithm: SignatureAlgorithm,
    digest: &[u8],
) -> Result<Attempt, TokenError> {
    token.check_holds(key)?;
    if !confirmed
        && known
            .and_then(|status| status.tries_left)
            .is_none_or(|tries| tries <= FEW_TRIES)
    {
        let now = token.pin_status()?;
        if now.tries_left == Some(1) {
            return Ok(Attempt::AskAgain(
                ErrorCode::LastTryNotConfirmed,
                Some(pin_shown(now)),
            ));
        }
    }
    let mut logged_in = token.login(pin)?;
    // A window that can't be told any more has ended the request, and the
    // cancel flag stops the card.
    drop(prompt.show(View::Working {
        stage: Stage::Signing,
    }));
    logged_in.sign(key, algorithm, digest).map(Attempt::Signed)
}
