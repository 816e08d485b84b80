//! Looks at everything between browser and card, and says what is wrong and how
//! to mend it. It changes nothing and costs no try of a PIN.

mod browser;
mod extension;
mod finding;
mod meeting_place;
mod module;
mod report;
mod service;
mod storage;
mod texts;
mod token;
mod usb;
mod vendor_module;

#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use kagibashi_protocol::agent::MeetingPlace;
use kagibashi_protocol::details::Check;

use crate::clock::now;
use crate::install::{Computer, InstallError};
use crate::language::Language;
use finding::{Observation, State, Subject};

/// Some finding is trouble.
const TROUBLE: u8 = 5;

/// What `doctor` may be told.
#[derive(Clone, Debug, Default, Args)]
pub struct DoctorArgs {
    /// Machine-readable. Ids and states never change their meaning.
    #[arg(long)]
    pub json: bool,
}

/// All that was found, in the order from the browser to the card.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    observations: Vec<Observation>,
}

impl Diagnosis {
    /// Whether nothing has to be done. What could not be checked counts as
    /// neither good nor bad.
    pub fn is_good(&self) -> bool {
        self.count(State::Trouble) == 0
    }

    fn count(&self, state: State) -> usize {
        self.observations
            .iter()
            .filter(|observation| observation.finding.state == state)
            .count()
    }
}

/// Runs `kagibashi doctor` at a terminal. Exit code 0: no trouble; 5: some; 1:
/// the report could not be printed.
pub fn run(arguments: &DoctorArgs, language: Language) -> ExitCode {
    match doctor(arguments, &mut io::stdout().lock(), language) {
        Ok(diagnosis) if diagnosis.is_good() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(TROUBLE),
        Err(error) => {
            eprintln!("kagibashi: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Looks at this computer and writes on `out` what was found.
pub fn doctor(
    arguments: &DoctorArgs,
    out: &mut dyn Write,
    language: Language,
) -> Result<Diagnosis, InstallError> {
    let diagnosis = examine(&Computer::this()?, &|_| false);
    let written = if arguments.json {
        report::json(&diagnosis, out, language)
    } else {
        report::text(&diagnosis, out, language)
    };
    written.map_err(InstallError::Output)?;
    Ok(diagnosis)
}

/// The same for a browser's window, beside logins that stay open: a token in a
/// reader that is `logged_in` is left alone.
pub fn checks(
    language: Language,
    logged_in: &dyn Fn(&str) -> bool,
) -> Result<Vec<Check>, InstallError> {
    let mut diagnosis = examine(&Computer::this()?, logged_in);
    // Where the extension cannot be looked for: it is the one that asks.
    diagnosis.observations.retain(|observation| {
        let finding = observation.finding;
        finding.subject != Subject::Extension || finding.state != State::Unknown
    });
    Ok(report::checks(&diagnosis, language))
}

fn examine(computer: &Computer, logged_in: &dyn Fn(&str) -> bool) -> Diagnosis {
    let mut observations = vec![
        texts::PROGRAM
            .seen()
            .with("version", &env!("CARGO_PKG_VERSION"))
            .detail(&computer.program.display()),
    ];
    observations.extend(browser::look(computer));
    observations.extend(module::look(computer));
    observations.extend(storage::look(&computer.folders));
    observations.push(meeting_place::look(&MeetingPlace::of_user()));
    observations.extend(service::look(&computer.places.root, now(), logged_in));
    observations.extend(vendor_module::look(now(), logged_in));
    Diagnosis { observations }
}
