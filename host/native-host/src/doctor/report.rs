//! Writes down what was found, for people or for programs.

use std::io::{self, Write};

use kagibashi_protocol::details::{self, CheckState};
use serde::Serialize;

use super::finding::{Observation, State};
use super::{Diagnosis, texts};
use crate::language::Language;

#[derive(Serialize)]
struct Report<'a> {
    checks: Vec<Check<'a>>,
    ok: bool,
}

#[derive(Serialize)]
struct Check<'a> {
    id: &'a str,
    name: &'a str,
    at: Option<&'a str>,
    state: &'a str,
    situation: String,
    advice: Option<String>,
    detail: Option<&'a str>,
}

/// One JSON object. `id` and `state` are for programs and never change their
/// meaning, the rest is for people.
pub fn json(diagnosis: &Diagnosis, out: &mut dyn Write, language: Language) -> io::Result<()> {
    let checks = diagnosis
        .observations
        .iter()
        .map(|observation| Check {
            id: observation.finding.id,
            name: texts::name(observation.finding.subject, language),
            at: observation.at.as_deref(),
            state: observation.finding.state.name(),
            situation: observation.situation(language),
            advice: Some(observation.advice(language)).filter(|advice| !advice.is_empty()),
            detail: observation.detail.as_deref(),
        })
        .collect();
    let report = Report {
        checks,
        ok: diagnosis.is_good(),
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

/// The same for our own window.
pub fn checks(diagnosis: &Diagnosis, language: Language) -> Vec<details::Check> {
    let checks = diagnosis.observations.iter();
    checks
        .map(|observation| details::Check {
            id: observation.finding.id.to_owned(),
            name: texts::name(observation.finding.subject, language).to_owned(),
            at: observation.at.clone(),
            state: match observation.finding.state {
                State::Good => CheckState::Ok,
                State::Trouble => CheckState::Trouble,
                State::NotApplicable => CheckState::NotApplicable,
                State::Unknown => CheckState::Unknown,
            },
            situation: observation.situation(language),
            advice: Some(observation.advice(language)).filter(|advice| !advice.is_empty()),
            detail: observation.detail.clone(),
        })
        .collect()
}

/// Lines to read.
pub fn text(diagnosis: &Diagnosis, out: &mut dyn Write, language: Language) -> io::Result<()> {
    for observation in &diagnosis.observations {
        lines(observation, out, language)?;
    }
    let troubles = diagnosis.count(State::Trouble);
    let unknown = diagnosis.count(State::Unknown);
    writeln!(out, "\n{}", texts::summary(troubles, unknown, language))
}

fn lines(observation: &Observation, out: &mut dyn Write, language: Language) -> io::Result<()> {
    let state = texts::state(observation.finding.state, language);
    let name = texts::name(observation.finding.subject, language);
    let at = match &observation.at {
        Some(at) => language.choose(format!("（{at}）"), format!(" ({at})")),
        None => String::new(),
    };
    writeln!(
        out,
        "[{state}] {name}{at}: {}",
        observation.situation(language)
    )?;
    let advice = observation.advice(language);
    if !advice.is_empty() {
        writeln!(out, "    → {advice}")?;
    }
    if let Some(detail) = &observation.detail {
        writeln!(out, "    {}: {detail}", texts::detail(language))?;
    }
    Ok(())
}
