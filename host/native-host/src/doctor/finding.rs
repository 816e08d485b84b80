//! What a check can find, and what it did find.

use crate::language::Language;

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Good,
    /// Something has to be done.
    Trouble,
    /// It does not matter on this computer.
    NotApplicable,
    /// It could not be told: neither good nor bad.
    Unknown,
}

impl State {
    /// The name in JSON; it never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Trouble => "trouble",
            Self::NotApplicable => "not-applicable",
            Self::Unknown => "unknown",
        }
    }
}

/// The things that are looked at, from the browser to the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// This program.
    Program,
    /// Browsers.
    Browser,
    /// Manifests.
    Registration,
    /// The PKCS#11 module.
    Module,
    /// Where module and host meet.
    MeetingPlace,
    /// The extension in a browser.
    Extension,
    /// Folders of this program.
    Storage,
    /// pcscd and the like.
    Service,
    /// USB devices.
    Usb,
    /// Modules of other makers.
    VendorModule,
    /// Readers.
    Reader,
    /// What is in a reader.
    Token,
    /// The user PIN.
    Pin,
    /// Certificates of the person.
    Certificate,
}

/// One thing that can be found.
#[derive(Debug)]
pub struct Finding {
    /// Its name in JSON; it never changes its meaning.
    pub id: &'static str,
    /// What was looked at.
    pub subject: Subject,
    /// How it stands.
    pub state: State,
    /// For people. `{name}` stands for a value.
    pub japanese: Text,
    /// The same.
    pub english: Text,
}

/// What a person is told.
#[derive(Debug)]
pub struct Text {
    /// What is so.
    pub situation: &'static str,
    /// What to do now; empty where nothing is to be done.
    pub advice: &'static str,
}

/// Something that was found on this computer.
#[derive(Clone, Debug)]
pub struct Observation {
    /// What was found.
    pub finding: &'static Finding,
    /// At which browser, reader or certificate.
    pub at: Option<String>,
    /// For the help desk: a path, an error of the system.
    pub detail: Option<String>,
    values: Vec<(&'static str, String)>,
}

impl Finding {
    /// It was found.
    pub fn seen(&'static self) -> Observation {
        Observation {
            finding: self,
            at: None,
            detail: None,
            values: Vec::new(),
        }
    }

    /// It was found there.
    pub fn seen_at(&'static self, at: impl Into<String>) -> Observation {
        Observation {
            at: Some(at.into()),
            ..self.seen()
        }
    }
}

impl Observation {
    /// What stands for `{name}` in the texts.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &impl ToString) -> Self {
        self.values.push((name, value.to_string()));
        self
    }

    /// What only the help desk can use.
    #[must_use]
    pub fn detail(mut self, detail: &impl ToString) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    /// What is so.
    pub fn situation(&self, language: Language) -> String {
        self.fill(
            language
                .choose(&self.finding.japanese, &self.finding.english)
                .situation,
        )
    }

    /// What to do now; empty where nothing is to be done.
    pub fn advice(&self, language: Language) -> String {
        self.fill(
            language
                .choose(&self.finding.japanese, &self.finding.english)
                .advice,
        )
    }

    /// One pass, so that a value with braces in it is left alone.
    fn fill(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else {
                break;
            };
            filled.push_str(before);
            if let Some((_, value)) = self.values.iter().find(|(known, _)| *known == name) {
                filled.push_str(value);
            }
            rest = after;
        }
        filled + rest
    }
}
