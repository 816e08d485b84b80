//! Prompts at a terminal: the same questions that the window asks.

use std::io::{self, BufRead, IsTerminal, Write};

use kagibashi_card::cancel::Cancel;
use kagibashi_protocol::object::{Certificate, CertificateState, Choice, PinStatus, Token};
use kagibashi_protocol::view::{Answer, View};
use kagibashi_protocol::{ErrorCode, Failure};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::arguments::PinSource;
use super::print::plain;
use crate::advice::Advice;
use crate::command::found::names;
use crate::language::Language;
use crate::prompt::{Happening, Prompt};

/// A person at a terminal, or a script that feeds standard input.
pub struct Conversation {
    language: Language,
    pin: PinSource,
    certificate: Option<String>,
    cancel: Cancel,
    view: Option<View>,
}

impl Conversation {
    /// A conversation about that certificate, or about the only usable one.
    pub fn new(language: Language, pin: PinSource, certificate: Option<String>) -> Self {
        Self {
            language,
            pin,
            certificate,
            cancel: Cancel::new(),
            view: None,
        }
    }

    fn enter_pin(
        &self,
        tokens: &[Token],
        certificates: &[Certificate],
        notice: Option<ErrorCode>,
    ) -> Result<Answer, Failure> {
        let usable = |it: &&Certificate| it.state == CertificateState::Usable;
        let mut fitting = certificates.iter().filter(usable).filter(|it| {
            self.certificate
                .as_deref()
                .is_none_or(|prefix| names(prefix, &it.id))
        });
        let certificate = fitting.next().ok_or(ErrorCode::CertificateNotFound)?;
        if fitting.next().is_some() {
            return Err(ErrorCode::AmbiguousCertificate.into());
        }
        let token = tokens.iter().find(|it| it.id == certificate.token);
        let status = token.map(|it| it.pin);
        if let Some(code) = notice {
            let mut failure = Failure::new(code);
            failure.detail.tries_left = status.and_then(|status| status.tries_left);
            // A script has only one PIN to give, and it was wrong.
            if self.pin.pin_stdin {
                return Err(failure);
            }
            eprintln!("{}", Advice::on(&failure, self.language).situation);
        }
        let holder = plain(certificate.holder.as_str());
        eprintln!("{holder} / {}", plain(certificate.issuer.as_str()));
        if token.is_some_and(|it| it.pin_pad) {
            return ask_at_token(certificate, &self.pin, status, self.language);
        }
        let (pin, last_try_confirmed) = ask_pin(&self.pin, status, self.language)?;
        Ok(Answer::Pin {
            choice: Choice {
                certificate: certificate.id.clone(),
                token: certificate.token.clone(),
            },
            pin,
            last_try_confirmed,
        })
    }
}

impl Prompt for Conversation {
    fn show(&mut self, view: View) -> Result<(), Failure> {
        self.view = Some(view);
        Ok(())
    }

    fn next(&mut self) -> Result<Happening, Failure> {
        match self.view.take() {
            Some(View::EnterPin {
                tokens,
                certificates,
                notice,
                ..
            }) => self
                .enter_pin(&tokens, &certificates, notice)
                .map(Happening::Answered),
            // A command line does not wait for a token: it says what is missing.
            Some(View::WaitingForToken { reason, .. }) => Err(reason.into()),
            _ => Err(ErrorCode::HostFault.into()),
        }
    }

    fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    fn ended_by(&self) -> Failure {
        ErrorCode::Cancelled.into()
    }
}

/// Has the person type the PIN at the token, after a yes where it would be the
/// last try.
fn ask_at_token(
    certificate: &Certificate,
    source: &PinSource,
    status: Option<PinStatus>,
    language: Language,
) -> Result<Answer, Failure> {
    let tries = status.and_then(|status| status.tries_left);
    let last_try_confirmed = last_try_confirmed(source, tries, language)?;
    eprintln!("{}", at_token(language));
    Ok(Answer::Pin {
        choice: Choice {
            certificate: certificate.id.clone(),
            token: certificate.token.clone(),
        },
        pin: SecretString::default(),
        last_try_confirmed,
    })
}

/// What a person is told whose token has keys for the PIN.
pub fn at_token(language: Language) -> &'static str {
    language.choose(
        "トークンのキーで PIN を入力してください。",
        "Type the PIN at the token itself.",
    )
}

/// Asks for the PIN, after a yes where it would be the last try. The second
/// value says whether that yes was given.
pub fn ask_pin(
    source: &PinSource,
    status: Option<PinStatus>,
    language: Language,
) -> Result<(SecretString, bool), Failure> {
    if status.is_some_and(|status| status.locked) {
        return Err(ErrorCode::PinLocked.into());
    }
    let tries = status.and_then(|status| status.tries_left);
    let confirmed = last_try_confirmed(source, tries, language)?;
    let left = left(tries, language);
    let question = match language {
        Language::Japanese => format!("ユーザ PIN{left}: "),
        Language::English => format!("User PIN{left}: "),
    };
    read_pin(source, &question).map(|pin| (pin, confirmed))
}

/// The same for the PUK.
pub fn ask_puk(
    source: &PinSource,
    status: PinStatus,
    language: Language,
) -> Result<SecretString, Failure> {
    if status.locked {
        return Err(ErrorCode::PukLocked.into());
    }
    last_try_confirmed(source, status.tries_left, language)?;
    read_pin(
        source,
        &format!("PUK{}: ", left(status.tries_left, language)),
    )
}

fn last_try_confirmed(
    source: &PinSource,
    tries: Option<u8>,
    language: Language,
) -> Result<bool, Failure> {
    if tries != Some(1) || source.last_try {
        return Ok(source.last_try);
    }
    if source.pin_stdin || !io::stdin().is_terminal() {
        return Err(ErrorCode::LastTryNotConfirmed.into());
    }
    let question = match language {
        Language::Japanese => "あと 1 回です。間違えるとロックされます。続けますか? [yes/no] ",
        Language::English => "One try is left. If it is wrong, it locks. Go on? [yes/no] ",
    };
    if ask(question)?.trim() != "yes" {
        return Err(ErrorCode::Cancelled.into());
    }
    Ok(true)
}

fn left(tries: Option<u8>, language: Language) -> String {
    match (tries, language) {
        (Some(tries), Language::Japanese) => format!("(あと {tries} 回)"),
        (Some(tries), Language::English) => format!(" ({tries} tries left)"),
        (None, _) => String::new(),
    }
}

/// Reads one PIN: a line of standard input, or typed without echo.
pub fn read_pin(source: &PinSource, question: &str) -> Result<SecretString, Failure> {
    let missing = |_| Failure::new(ErrorCode::PinMissing);
    let line = if source.pin_stdin {
        let mut line = Zeroizing::new(String::with_capacity(256));
        io::stdin().lock().read_line(&mut line).map_err(missing)?;
        line
    } else {
        Zeroizing::new(rpassword::prompt_password(question).map_err(missing)?)
    };
    let pin = line.trim_end_matches(['\r', '\n']);
    if pin.is_empty() {
        return Err(ErrorCode::PinMissing.into());
    }
    Ok(SecretString::from(pin))
}

fn ask(question: &str) -> Result<String, Failure> {
    let cancelled = |_| Failure::new(ErrorCode::Cancelled);
    eprint!("{question}");
    io::stderr().flush().map_err(cancelled)?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(cancelled)?;
    Ok(line)
}
