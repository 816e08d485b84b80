//! A token that a module offers.

use std::sync::Arc;

use kagibashi_card::cancel::Cancel;

use super::messages::{
    Answer, CertificateFacts, Hash, Identity, Mechanism, PinFacts, Request, SecretPin, Signature,
    TokenFacts, Way,
};
use super::module::{Module, Pace};
use crate::algorithm::{HashFunction, Scheme, SignatureAlgorithm};
use crate::certificate::Certificate;
use crate::emsa;
use crate::error::{PinChangeError, TokenError, ValidPin};
use crate::key::KeyKind;
use crate::layout::Layout;
use crate::pin::{Pin, PinFormatError, PinStatus};
use crate::token::{
    KeptLogin, KeyHandle, LoggedIn, PrivateKeys, Signable, Token, TokenCertificate, TokenInfo,
};
use crate::verify::verify;

/// A token of a module. Nothing is held between two requests but a login.
pub struct ModuleToken {
    module: Arc<Module>,
    facts: TokenFacts,
    reader: String,
    certificates: Option<Vec<TokenCertificate>>,
    login: Option<u32>,
    cancel: Cancel,
}

impl ModuleToken {
    pub fn new(module: Arc<Module>, facts: TokenFacts, reader: String, cancel: Cancel) -> Self {
        Self {
            module,
            facts,
            reader,
            certificates: None,
            login: None,
            cancel,
        }
    }

    fn identity(&self) -> Identity {
        self.facts.identity.clone()
    }

    fn ask(&self, request: Request, pace: Pace) -> Result<Answer, TokenError> {
        self.module.ask(request, pace, &self.cancel)
    }

    fn look_again(&mut self) -> Result<(), TokenError> {
        match self.ask(Request::Token(self.identity()), Pace::Work)? {
            Answer::Token(facts) => self.facts = facts,
            _ => return Err(self.module.rubbish()),
        }
        Ok(())
    }

    /// A token with a PIN pad asks there, and gets no PIN from here.
    fn give_pin(&mut self, pin: &Pin) -> Result<(), TokenError> {
        self.log_out();
        if !self.facts.pin.set {
            return Err(TokenError::NoPin);
        }
        let (pin, pace) = if self.facts.pin.pad {
            (None, Pace::Person)
        } else if pin.is_at_token() {
            return Err(PinFormatError::TooShort.into());
        } else {
            (Some(SecretPin::new(pin.expose())), Pace::Work)
        };
        match self.ask(Request::LogIn(self.identity(), pin), pace)? {
            Answer::LoggedIn(number) => self.login = Some(number),
            _ => return Err(self.module.rubbish()),
        }
        Ok(())
    }

    fn log_out(&mut self) {
        if let Some(number) = self.login.take() {
            let request = Request::LogOut(self.identity(), number);
            // Asked to stop or not, nothing stays open.
            let outcome = self.module.ask(request, Pace::Look, &Cancel::new());
            if let Err(error) = outcome {
                tracing::debug!(%error, "a module did not log out");
            }
        }
    }

    fn certificate(&self, facts: CertificateFacts) -> TokenCertificate {
        let parsed = Certificate::from_der(&facts.der);
        let (mut authority, mut kind) = (facts.authority, None);
        if let Ok(certificate) = &parsed {
            authority |= certificate.is_ca;
            kind = certificate.key_kind();
        }
        // Before login most tokens show no private keys: what is no authority's is taken for the
        // owner's.
        let has_private_key = facts.has_private_key.unwrap_or(!authority);
        let key = match (&parsed, kind) {
            (Ok(certificate), Some(kind)) if has_private_key => Some(KeyHandle {
                reader: self.reader.clone(),
                serial: self.facts.identity.serial.clone(),
                reference: 0,
                kind,
                public_key: certificate.public_key.clone(),
            }),
            _ => None,
        };
        TokenCertificate {
            der: facts.der,
            label: facts.label,
            id: facts.id,
            authority,
            has_private_key,
            key,
            parsed,
        }
    }

    fn change(&mut self, current: &Pin, new: &Pin) -> Result<(), TokenError> {
        self.log_out();
        if self.facts.pin.pad {
            return Err(TokenError::PinPad);
        }
        let pins = (
            SecretPin::new(current.expose()),
            SecretPin::new(new.expose()),
        );
        let request = Request::ChangePin(self.identity(), pins.0, pins.1);
        match self.ask(request, Pace::Work) {
            Ok(_) => Ok(()),
            Err(
                error @ (TokenError::PinWrong { .. } | TokenError::PinLocked | TokenError::NoPin),
            ) => Err(error),
            // It may have been in the middle of it.
            Err(error) => Err(PinChangeError {
                valid: match error {
                    TokenError::Module { .. } | TokenError::CardRemoved => ValidPin::Unknown,
                    _ => ValidPin::Current,
                },
                reason: Box::new(error),
            }
            .into()),
        }
    }
}

fn status(facts: PinFacts) -> PinStatus {
    PinStatus {
        tries_left: match facts {
            PinFacts { locked: true, .. } => Some(0),
            PinFacts {
                final_try: true, ..
            } => Some(1),
            _ => None,
        },
        maximum: None,
        locked: facts.locked,
        can_unblock: false,
        pad: facts.pad,
    }
}

impl Token for ModuleToken {
    fn info(&mut self) -> Result<TokenInfo, TokenError> {
        let facts = &self.facts;
        Ok(TokenInfo {
            label: facts.identity.label.clone(),
            serial: facts.identity.serial.clone(),
            manufacturer: facts.manufacturer.clone(),
            model: facts.identity.model.clone(),
            firmware: facts.firmware.clone(),
            reader: self.reader.clone(),
            layout: None,
            secure_messaging: None,
        })
    }

    fn layout(&mut self) -> Result<Option<Layout>, TokenError> {
        Ok(None)
    }

    fn certificates(&mut self) -> Result<Vec<TokenCertificate>, TokenError> {
        if let Some(certificates) = &self.certificates {
            return Ok(certificates.clone());
        }
        let answer = self.ask(Request::Certificates(self.identity()), Pace::Work)?;
        let Answer::Certificates(facts) = answer else {
            return Err(self.module.rubbish());
        };
        let all: Vec<_> = facts.into_iter().map(|it| self.certificate(it)).collect();
        self.certificates = Some(all.clone());
        Ok(all)
    }

    fn pin_status(&mut self) -> Result<PinStatus, TokenError> {
        self.look_again()?;
        if !self.facts.pin.set {
            return Err(TokenError::NoPin);
        }
        Ok(status(self.facts.pin))
    }

    fn pin_status_again(&mut self, _: PinStatus) -> Result<PinStatus, TokenError> {
        self.pin_status()
    }

    fn check_holds(&mut self, key: &KeyHandle) -> Result<(), TokenError> {
        let found = &self.facts.identity.serial;
        if *found == key.serial {
            return self.look_again();
        }
        Err(TokenError::WrongToken {
            expected: key.serial.clone(),
            found: found.clone(),
        })
    }

    fn login(&mut self, pin: &Pin) -> Result<LoggedIn<'_>, TokenError> {
        self.give_pin(pin)?;
        Ok(LoggedIn::new(self))
    }

    fn verify_pin(&mut self, pin: &Pin) -> Result<(), TokenError> {
        self.give_pin(pin)?;
        self.log_out();
        Ok(())
    }

    fn log_in(mut self: Box<Self>, pin: &Pin) -> Result<KeptLogin, TokenError> {
        self.give_pin(pin)?;
        // Whoever asked for it may go, and the login stays.
        self.cancel = Cancel::new();
        Ok(KeptLogin::new(self))
    }

    fn pause(&mut self) {
        self.log_out();
    }

    fn change_pin(&mut self, current: &Pin, new: &Pin) -> Result<(), TokenError> {
        self.change(current, new)?;
        self.verify_pin(new).map_err(|error| {
            PinChangeError {
                valid: ValidPin::Unknown,
                reason: Box::new(error),
            }
            .into()
        })
    }

    fn puk_status(&mut self) -> Result<PinStatus, TokenError> {
        Err(TokenError::NoPuk)
    }

    fn unblock_pin(&mut self, _: &Pin, _: &Pin) -> Result<(), TokenError> {
        Err(TokenError::NoPuk)
    }

    fn find_valid_pin(&mut self, current: Option<&Pin>, new: &Pin) -> Result<ValidPin, TokenError> {
        // How many tries there are is not told: the last one must not be spent on a guess.
        if self.pin_status()?.tries_left.is_some() {
            return Ok(ValidPin::Unknown);
        }
        match self.verify_pin(new) {
            Ok(()) => return Ok(ValidPin::New),
            Err(TokenError::PinWrong { tries_left: None }) => {}
            Err(TokenError::PinWrong { .. } | TokenError::PinLocked) => {
                return Ok(ValidPin::Current);
            }
            Err(error) => return Err(error),
        }
        // The right one gives the try back.
        let Some(current) = current else {
            return Ok(ValidPin::Current);
        };
        match self.verify_pin(current) {
            Ok(()) => Ok(ValidPin::Current),
            Err(TokenError::PinWrong { .. } | TokenError::PinLocked) => Ok(ValidPin::Unknown),
            Err(error) => Err(error),
        }
    }
}

impl PrivateKeys for ModuleToken {
    fn sign(
        &mut self,
        key: &KeyHandle,
        algorithm: SignatureAlgorithm,
        content: Signable,
    ) -> Result<Vec<u8>, TokenError> {
        let login = self.login.ok_or(TokenError::SessionStolen)?;
        let digest = content.digest(algorithm.hash_function());
        let wanted = Signature {
            login,
            public_key: key.public_key.clone(),
            ways: ways(key.kind, algorithm, &digest, content)?,
        };
        let pace = if self.facts.pin.pad {
            Pace::Person
        } else {
            Pace::Work
        };
        let answer = self.ask(Request::Sign(self.identity(), wanted), pace)?;
        let Answer::Signature(signature) = answer else {
            return Err(self.module.rubbish());
        };
        verify(&key.public_key, algorithm, &digest, &signature)?;
        Ok(signature)
    }

    /// Other programs do not see a login of this one's module: the standard keeps it to the process.
    fn pause_with_login(&mut self) {}

    fn forget_login(&mut self) {
        self.login = None;
    }
}

impl Drop for ModuleToken {
    fn drop(&mut self) {
        self.log_out();
    }
}

/// The ways to that signature, the most usual first.
fn ways(
    kind: KeyKind,
    algorithm: SignatureAlgorithm,
    digest: &[u8],
    content: Signable,
) -> Result<Vec<Way>, TokenError> {
    let hash = match algorithm.hash_function() {
        HashFunction::Sha1 => Hash::Sha1,
        HashFunction::Sha256 => Hash::Sha256,
        HashFunction::Sha384 => Hash::Sha384,
        HashFunction::Sha512 => Hash::Sha512,
    };
    let way = |mechanism, data: &[u8]| Way {
        mechanism,
        data: data.to_vec(),
    };
    let mut ways = Vec::new();
    match (kind, algorithm.scheme()) {
        (KeyKind::Rsa(bits), scheme @ (Scheme::Pkcs1 | Scheme::Pss)) => {
            let block = emsa::encode(algorithm, digest, bits)?;
            if scheme == Scheme::Pss {
                ways.push(way(Mechanism::RsaPss(hash), digest));
            } else {
                let info = emsa::digest_info(algorithm.hash_function(), digest);
                ways.push(way(Mechanism::RsaPkcs1, &info));
                if let Signable::Message(message) = content {
                    ways.push(way(Mechanism::RsaPkcs1Hashing(hash), message));
                }
            }
            ways.push(way(Mechanism::RsaRaw, &block));
        }
        (KeyKind::EllipticCurve(curve), Scheme::Ecdsa) => {
            let length = algorithm.hash_function().length();
            if digest.len() != length {
                return Err(TokenError::DigestLength {
                    expected: length,
                    found: digest.len(),
                });
            }
            // The leftmost bits of a digest that is longer than the curve's order count (FIPS
            // 186-5, section 6.4.1); not every module cuts it.
            ways.push(way(Mechanism::Ecdsa, &digest[..length.min(curve.length())]));
        }
        _ => return Err(TokenError::AlgorithmUnsupported),
    }
    Ok(ways)
}
