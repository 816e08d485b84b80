//! How a command ends when it did not succeed: what is told, and the exit code.

use std::io;
use std::process::ExitCode;

use kagibashi_protocol::{Blame, Failure};
use kagibashi_token::TokenError;

use crate::advice::Advice;
use crate::failure;
use crate::install::InstallError;
use crate::language::Language;
use crate::vendor_modules::ModuleRefusal;

/// The end of a command that did not succeed.
#[derive(Debug)]
pub enum Ending {
    /// A numbered situation.
    Failure(Failure),
    /// The browsers could not be told of this program.
    NotInstalled(InstallError),
    /// A module of another maker was not added, removed or changed.
    Module(ModuleRefusal),
    /// Something that has no number.
    Unexpected(anyhow::Error),
}

impl Ending {
    /// Tells it on standard error and gives the exit code.
    pub fn told(self, language: Language) -> ExitCode {
        match self {
            Self::Failure(failure) => {
                let Advice { situation, advice } = Advice::on(&failure, language);
                eprintln!("{situation}\n{advice}\n[{failure}]");
                if let Some(path) = &failure.detail.path {
                    eprintln!("{path}");
                }
                ExitCode::from(exit_code(failure.code.blame()))
            }
            Self::NotInstalled(error) => {
                eprintln!("{}\n{}", error.situation(language), error.advice(language));
                ExitCode::from(exit_code(Blame::Host))
            }
            Self::Module(refusal) => {
                let (situation, advice) = (refusal.situation(language), refusal.advice(language));
                eprintln!("{situation}\n{advice}\n[{}]", refusal.id());
                ExitCode::from(exit_code(Blame::Host))
            }
            Self::Unexpected(error) => {
                eprintln!("kagibashi: {error:#}");
                ExitCode::FAILURE
            }
        }
    }
}

/// The exit codes of the manual: they never change their meaning.
fn exit_code(blame: Blame) -> u8 {
    match blame {
        Blame::Page | Blame::Extension => 2,
        Blame::User => 3,
        Blame::Card => 4,
        Blame::Host => 5,
        Blame::Policy => 6,
    }
}

impl From<Failure> for Ending {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<TokenError> for Ending {
    fn from(error: TokenError) -> Self {
        Self::Failure(failure::of_token(&error))
    }
}

impl From<InstallError> for Ending {
    fn from(error: InstallError) -> Self {
        Self::NotInstalled(error)
    }
}

impl From<ModuleRefusal> for Ending {
    fn from(refusal: ModuleRefusal) -> Self {
        Self::Module(refusal)
    }
}

impl From<anyhow::Error> for Ending {
    fn from(error: anyhow::Error) -> Self {
        Self::Unexpected(error)
    }
}

impl From<io::Error> for Ending {
    fn from(error: io::Error) -> Self {
        Self::Unexpected(error.into())
    }
}
